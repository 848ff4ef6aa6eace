"""JSON Patch (RFC 6902) and JSON Merge Patch (RFC 7386), bounded in operations and in what ``copy`` may add up to."""

from typing import Any

import msgspec

from binauthz.cluster import limits
from binauthz.cluster.client import Object, StatusError
from binauthz.cluster.status import bad_request, failure, too_large


def _rejected(why: str) -> StatusError:
    message = f"the server rejected our request due to an error in our request: {why}"
    return failure(422, "Invalid", message)


def apply_json_patch(target: Object, operations: Any) -> Any:  # noqa: PLR0912 - one arm an operation.
    """The target, changed in place and returned, after every operation.

    Raises:
        StatusError: 400 for what is no patch, 422 for one that does not apply.
    """
    if not isinstance(operations, list) or not all(isinstance(one, dict) for one in operations):
        raise bad_request("error decoding patch: expected a list of operations")
    if len(operations) > limits.PATCH_OPERATIONS:
        raise too_large(limits.PATCH_OPERATIONS)
    document: list[Any] = [target]
    copied = 0
    for operation in operations:
        path = ["0", *_pointer(operation.get("path"))]
        match operation.get("op"):
            case "add":
                _add(document, path, _value(operation))
            case "remove":
                _remove(document, path)
            case "replace":
                _get(document, path)
                _put(document, path, _value(operation))
            case "move":
                source = ["0", *_pointer(operation.get("from"))]
                if path[: len(source)] == source and path != source:
                    raise _rejected("a value cannot be moved into itself")
                moved = _remove(document, source)
                _add(document, path, moved)
            case "copy":
                body = msgspec.json.encode(_get(document, ["0", *_pointer(operation.get("from"))]))
                copied += len(body)
                if copied > limits.COPIED_BYTES:
                    raise too_large(limits.COPIED_BYTES)
                _add(document, path, msgspec.json.decode(body))
            case "test":
                if not _same(_get(document, path, missing=None), _value(operation)):
                    raise _rejected(f"testing value {operation.get('path')} failed")
            case unknown:
                raise _rejected(f"Unexpected kind: {unknown}")
    return document[0]


_ABSENT = object()


def _value(operation: Object) -> Any:
    if "value" not in operation:
        raise _rejected(f"{operation.get('op')} operation is missing a value")
    return operation["value"]


def _same(left: Any, right: Any) -> bool:
    return isinstance(left, bool) is isinstance(right, bool) and bool(left == right)


def _pointer(path: Any) -> list[str]:
    if not isinstance(path, str) or (path and not path.startswith("/")):
        raise _rejected(f"invalid path {path!r}")
    return [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]


def _step(value: Any, key: str, missing: Any = _ABSENT) -> Any:
    if isinstance(value, dict) and key in value:
        return value[key]
    if isinstance(value, list):
        return value[_index(key, len(value) - 1)]
    if missing is not _ABSENT:
        return missing
    raise _rejected(f"path does not exist: {key}")


def _index(key: str, last: int) -> int:
    if not (key.isascii() and key.isdigit() and len(key) < 8 and (key == "0" or key[0] != "0")) or int(key) > last:
        raise _rejected(f"index out of bounds: {key[:16]}")
    return int(key)


def _get(document: Any, path: list[str], missing: Any = _ABSENT) -> Any:
    for key in path[:-1]:
        document = _step(document, key)
    return _step(document, path[-1], missing)


def _parent(document: Any, path: list[str]) -> Any:
    for key in path[:-1]:
        document = _step(document, key)
    return document


def _put(document: Any, path: list[str], value: Any) -> None:
    parent = _parent(document, path)
    if isinstance(parent, list):
        parent[_index(path[-1], len(parent) - 1)] = value
    else:
        parent[path[-1]] = value


def _add(document: Any, path: list[str], value: Any) -> None:
    parent, key = _parent(document, path), path[-1]
    if len(path) == 1:
        document[0] = value
    elif isinstance(parent, list):
        parent.insert(len(parent) if key == "-" else _index(key, len(parent)), value)
    elif isinstance(parent, dict):
        parent[key] = value
    else:
        raise _rejected(f"path does not exist: {key}")


def _remove(document: Any, path: list[str]) -> Any:
    if len(path) == 1:
        raise _rejected("the whole document cannot be removed")
    parent, key = _parent(document, path), path[-1]
    if isinstance(parent, list):
        return parent.pop(_index(key, len(parent) - 1))
    if isinstance(parent, dict) and key in parent:
        return parent.pop(key)
    raise _rejected(f"Unable to remove nonexistent key: {key}")


def apply_merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7386: null removes, objects merge, everything else replaces."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = apply_merge_patch(merged.get(key), value)
    return merged
