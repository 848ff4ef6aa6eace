"""Field masks: which members of a resource an update replaces (AIP-134)."""

from typing import Any

from google.protobuf.descriptor import Descriptor

from binauthz.base.errors import invalid_field

_OUTPUT_ONLY = {"name", "kind", "create_time", "update_time"}
_PATHS_LIMIT = 100


def merged(current: Any, update: Any, mask: Any) -> Any:
    """The current resource with the masked members of the update; with no mask, the whole update.

    Members that only the server writes are left as they are, whether the mask names them or not.
    """
    paths = [path for path in mask.paths if path not in _OUTPUT_ONLY]
    if len(mask.paths) > _PATHS_LIMIT:
        raise invalid_field("updateMask", f"got {len(mask.paths)} paths, expected at most {_PATHS_LIMIT}")
    if not mask.paths or list(mask.paths) == ["*"]:
        whole = type(current)()
        whole.CopyFrom(update)
        for field in ("name", "create_time", "update_time"):
            whole.ClearField(field)
        return whole
    for path in paths:
        if not _exists(current.DESCRIPTOR, path):
            raise invalid_field("updateMask", f"`{path[:120]}` is not a field of {current.DESCRIPTOR.name}")
    chosen = type(mask)(paths=paths)
    result = type(current)()
    result.CopyFrom(current)
    chosen.MergeMessage(update, result, True, True)
    return result


def _exists(descriptor: Descriptor | None, path: str) -> bool:
    """Whether a dotted path leads through singular messages to a field."""
    for name in path.split("."):
        field = descriptor.fields_by_name.get(name) if descriptor is not None else None
        if field is None:
            return False
        descriptor = None if field.is_repeated else field.message_type
    return True
