"""Strategic merge patch: lists merge by the key that Kubernetes' OpenAPI document names, and directives steer it.

Directives: ``$patch`` (replace, delete, merge), ``$deleteFromPrimitiveList/FIELD``, ``$setElementOrder/FIELD`` and
``$retainKeys``.
"""

from typing import Any

from binauthz.cluster.client import Object
from binauthz.cluster.schema.definitions import ANY, Field, Shape, Type
from binauthz.cluster.status import bad_request

_PATCH = "$patch"
_RETAIN = "$retainKeys"
_DELETE_FROM = "$deleteFromPrimitiveList/"
_ORDER = "$setElementOrder/"
_UNTYPED = Field(type=ANY)


def apply_strategic_patch(kind: Type, target: Object, patch: Any) -> Object:
    """A new object: the target with the patch merged in.

    Raises:
        StatusError: 400, for what is no patch.
    """
    if not isinstance(patch, dict):
        raise bad_request("error decoding patch: expected an object")
    return _merge(kind, target, patch)


def _member(kind: Type, key: str) -> Field:
    if kind.shape is Shape.MAP and kind.items is not None:
        return kind.items
    return kind.fields.get(key, _UNTYPED)


def _merge(kind: Type, target: Any, patch: Object) -> Object:  # noqa: PLR0912 - one arm a directive.
    match patch.get(_PATCH):
        case "replace":
            return {key: value for key, value in patch.items() if key != _PATCH}
        case "delete":
            return {}
        case None | "merge":
            pass
        case unknown:
            raise bad_request(f"Unknown patch type found: {unknown}")
    merged = dict(target) if isinstance(target, dict) else {}
    retained = patch.get(_RETAIN)
    if isinstance(retained, list):
        merged = {key: value for key, value in merged.items() if key in retained}
    for key, value in patch.items():
        if key.startswith(_DELETE_FROM):
            name = key.removeprefix(_DELETE_FROM)
            merged[name] = [one for one in merged.get(name) or [] if one not in _list(value, key)]
    for key, value in patch.items():
        if key.startswith("$"):
            continue
        field = _member(kind, key)
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            merged[key] = _object(field, merged.get(key), value)
            if value.get(_PATCH) == "delete":
                merged.pop(key)
        elif isinstance(value, list) and "merge" in field.strategies:
            merged[key] = _merge_list(field, merged.get(key) or [], value)
        else:
            merged[key] = _plain(value)
    for key, value in patch.items():
        if key.startswith(_ORDER):
            name = key.removeprefix(_ORDER)
            if isinstance(merged.get(name), list):
                merged[name] = _ordered(_member(kind, name), merged[name], _list(value, key))
    return merged


def _object(field: Field, target: Any, patch: Object) -> Object:
    if "replace" in field.strategies:
        return {key: value for key, value in patch.items() if key != _PATCH}
    return _merge(field.type, target, patch)


def _plain(value: Any) -> Any:
    """A list that replaces, without the directives that are only meant for merging."""
    if isinstance(value, list):
        return [
            _plain(one) for one in value if not (isinstance(one, dict) and one.get(_PATCH) in ("delete", "replace"))
        ]
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items() if not key.startswith("$")}
    return value


def _list(value: Any, directive: str) -> list[Any]:
    if not isinstance(value, list):
        raise bad_request(f"error decoding patch: {directive} must be a list")
    return value


def _merge_list(field: Field, target: list[Any], patch: list[Any]) -> list[Any]:
    key = field.merge_key
    if not key:
        return target + [one for one in _unique(patch) if one not in target]
    if any(isinstance(one, dict) and one.get(_PATCH) == "replace" for one in patch):
        return [one for one in patch if not (isinstance(one, dict) and one.get(_PATCH) == "replace")]
    kind = field.type.items.type if field.type.items else ANY
    merged = list(target)
    for one in patch:
        if not isinstance(one, dict) or key not in one:
            raise bad_request(f"map: {one} does not contain declared merge key: {key}")
        at = next((i for i, had in enumerate(merged) if isinstance(had, dict) and had.get(key) == one[key]), None)
        if one.get(_PATCH) == "delete":
            merged = [had for had in merged if not (isinstance(had, dict) and had.get(key) == one[key])]
        elif at is None:
            merged.append(_merge(kind, {}, one))
        else:
            merged[at] = _merge(kind, merged[at], one)
    return merged


def _unique(values: list[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found


def _ordered(field: Field, merged: list[Any], order: list[Any]) -> list[Any]:
    """Elements that the client ordered, in its order; each other element stays behind its former neighbour."""
    key = field.merge_key

    def identity(one: Any) -> Any:
        return one.get(key) if key and isinstance(one, dict) else one

    wanted = [identity(one) for one in order]
    listed = sorted((one for one in merged if identity(one) in wanted), key=lambda one: wanted.index(identity(one)))
    out: list[Any] = []
    for one in merged:
        if identity(one) in wanted:
            out.append(listed.pop(0))
        else:
            out.append(one)
    return out
