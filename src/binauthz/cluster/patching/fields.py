"""Which fields an object sets, as sets of paths, and their form in ``metadata.managedFields`` (FieldsV1).

A path is a tuple of FieldsV1 elements: ``f:NAME``, ``k:{"name":"x"}`` for an element of an associative list,
``v:VALUE`` for an element of a set. Atomic lists and maps are one field.
"""

from typing import Any

import msgspec

from binauthz.cluster.client import Object
from binauthz.cluster.schema.definitions import Field, Shape, Type

Path = tuple[str, ...]
Leaves = dict[Path, Any]

_KEY_DEFAULTS = {"protocol": "TCP"}
_UNOWNED = frozenset(
    {("f:apiVersion",), ("f:kind",)}
    | {
        ("f:metadata", f"f:{name}")
        for name in (
            "name",
            "namespace",
            "creationTimestamp",
            "selfLink",
            "uid",
            "resourceVersion",
            "generation",
            "managedFields",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
        )
    }
)


def leaves(kind: Type, obj: Object) -> Leaves:
    """Every field that the object sets, with its value; fields that belong to the server are left out."""
    found: Leaves = {}
    _walk(Field(type=kind), obj, (), found)
    return {path: value for path, value in found.items() if path[:1] not in _UNOWNED and path[:2] not in _UNOWNED}


def _walk(field: Field, value: Any, path: Path, found: Leaves) -> None:
    shape = field.type.shape
    if isinstance(value, dict) and not field.atomic and shape in (Shape.STRUCT, Shape.MAP) and value:
        for key, member in value.items():
            below = field.type.items if shape is Shape.MAP else field.type.fields.get(key)
            if below is None:
                found[(*path, f"f:{key}")] = member
            else:
                _walk(below, member, (*path, f"f:{key}"), found)
    elif isinstance(value, list) and field.type.items is not None and (field.map_keys or field.is_set) and value:
        for member in value:
            here = (*path, element(field, member))
            found[here] = True
            if field.map_keys:
                _walk(Field(type=field.type.items.type), member, here, found)
    else:
        found[path] = value


def element(field: Field, member: Any) -> str:
    """The FieldsV1 element of a member of an associative list or set."""
    if field.map_keys and isinstance(member, dict):
        keys = {key: member.get(key, _KEY_DEFAULTS.get(key)) for key in sorted(field.map_keys)}
        keys = {key: value for key, value in keys.items() if value is not None}
        return "k:" + msgspec.json.encode(keys).decode()
    return "v:" + msgspec.json.encode(member).decode()


def changed(old: Leaves, new: Leaves) -> set[Path]:
    """Fields that were added or have another value."""
    absent = object()
    return {path for path, value in new.items() if old.get(path, absent) != value}


def to_tree(paths: set[Path]) -> Object:
    """Paths as FieldsV1."""
    tree: Object = {}
    for path in sorted(paths):
        node = tree
        for part in path:
            node = node.setdefault(part, {})
        node["."] = {}
    return _prune(tree)


def _prune(node: Object) -> Object:
    """``.`` is only written beside other members: a leaf is an empty object."""
    if set(node) == {"."}:
        return {}
    return {key: _prune(below) if key != "." else {} for key, below in node.items()}


def from_tree(tree: Any, path: Path = ()) -> set[Path]:
    """FieldsV1 as paths; what is not FieldsV1 sets nothing."""
    if not isinstance(tree, dict):
        return set()
    found: set[Path] = {path} if path and (not tree or "." in tree) else set()
    for key, below in tree.items():
        if key != ".":
            found |= from_tree(below, (*path, key))
    return found
