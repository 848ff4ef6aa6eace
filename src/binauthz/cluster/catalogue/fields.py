"""Reading parts of an object that a client wrote: a missing, null or mistyped part reads as empty, never as an error.

Types are checked against Kubernetes' schema before an object comes here; these accessors make sure that a gap in that
check cannot crash a write.
"""

from typing import Any

Object = dict[str, Any]


def mapping(obj: Object, *keys: str) -> Object:
    """The nested mapping, or a new empty one that is not part of ``obj``."""
    for key in keys:
        value = obj.get(key)
        if not isinstance(value, dict):
            return {}
        obj = value
    return obj


def attach(obj: Object, *keys: str) -> Object:
    """The nested mapping, created in ``obj`` where it is missing or null."""
    for key in keys:
        value = obj.get(key)
        if not isinstance(value, dict):
            value = obj[key] = {}
        obj = value
    return obj


def items(obj: Object, *keys: str) -> list[Object]:
    """The mappings in a nested list."""
    value = mapping(obj, *keys[:-1]).get(keys[-1])
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(obj: Object, *keys: str) -> str:
    """The nested string, or the empty one."""
    value = mapping(obj, *keys[:-1]).get(keys[-1])
    return value if isinstance(value, str) else ""


def integer(obj: Object, *keys: str, default: int = 0) -> int:
    """The nested integer, or ``default``."""
    value = mapping(obj, *keys[:-1]).get(keys[-1])
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def strings(obj: Object, *keys: str) -> dict[str, str]:
    """A nested map of strings, such as labels."""
    return {key: value for key, value in mapping(obj, *keys).items() if isinstance(value, str)}


def default(obj: Object, **values: Any) -> None:
    """Set members that are missing or null."""
    for key, value in values.items():
        if obj.get(key) is None:
            obj[key] = value


def condition(obj: Object, kind: str) -> Object:
    """The member of ``status.conditions`` of that type, or an empty mapping."""
    for item in items(obj, "status", "conditions"):
        if item.get("type") == kind:
            return item
    return {}
