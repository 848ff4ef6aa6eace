"""Server-side apply, the merging half: a configuration goes into the live object, what its manager let go of leaves."""

from typing import Any

import msgspec

from binauthz.cluster.client import Object
from binauthz.cluster.patching.fields import Path, element
from binauthz.cluster.schema.definitions import Field, Shape, Type


def merge(kind: Type, live: Object, applied: Object) -> Object:
    """A new object: the live one with everything that the configuration sets."""
    merged: Object = _merge(Field(type=kind), live, applied)
    return merged


def _merge(field: Field, live: Any, applied: Any) -> Any:
    shape = field.type.shape
    if isinstance(applied, dict) and isinstance(live, dict) and not field.atomic and shape in (Shape.STRUCT, Shape.MAP):
        merged = dict(live)
        for key, value in applied.items():
            below = field.type.items if shape is Shape.MAP else field.type.fields.get(key)
            merged[key] = value if below is None else _merge(below, live.get(key), value)
        return merged
    if isinstance(applied, list) and isinstance(live, list) and (field.map_keys or field.is_set):
        items = field.type.items
        if items is None:
            return applied
        names = [element(field, one) for one in live]
        out = list(live)
        for one in applied:
            name = element(field, one)
            if name not in names:
                names.append(name)
                out.append(one)
            elif field.map_keys:
                at = names.index(name)
                out[at] = _merge(items, out[at], one)
        return out
    return applied


def prune(kind: Type, obj: Object, gone: set[Path], kept: set[Path]) -> Object:
    """A copy without the fields that the manager no longer sets and nobody else owns."""
    copied: Object = msgspec.json.decode(msgspec.json.encode(obj))
    for path in sorted(gone):
        if not any(other[: len(path)] == path for other in kept):
            _remove(Field(type=kind), copied, path)
    return copied


def _remove(field: Field, value: Any, path: Path) -> None:
    head, rest = path[0], path[1:]
    if head.startswith("f:") and isinstance(value, dict):
        name = head[2:]
        if not rest:
            value.pop(name, None)
            return
        below = field.type.items if field.type.shape is Shape.MAP else field.type.fields.get(name)
        if below is not None and name in value:
            _remove(below, value[name], rest)
            if value[name] in ({}, []):
                del value[name]
    elif isinstance(value, list) and field.type.items is not None:
        for at, member in enumerate(value):
            if element(field, member) == head:
                if rest:
                    _remove(Field(type=field.type.items.type), member, rest)
                else:
                    del value[at]
                return
