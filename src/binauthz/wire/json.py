"""JSON to protobuf and back, by proto3's JSON mapping, with Google's refusals.

Written by hand because json_format words its errors for programmers, decodes base64 loosely, and accepts duplicate
names: here every name is accounted for, every refusal names the field, and depth and number of faults are bounded.
Knows nothing of HTTP.
"""

import functools
import json
from collections.abc import Iterator
from typing import Any

import msgspec
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, EncodeError, Message

from binauthz.base.errors import ApiError, FieldViolation, invalid
from binauthz.wire import descriptors
from binauthz.wire.json_scalars import Refused, scalar, shown, type_name

_MAX_DEPTH = 100
# A level of google.protobuf.Struct costs three levels of messages, and protobuf itself stops at 100.
_MAX_STRUCT_DEPTH = 30
_MAX_VIOLATIONS = 20
# A Pod of 10,000 containers has about 50,000 values; each costs microseconds to place, whatever its size.
_MAX_VALUES = 250_000
_MAX_MASK = 10_000
_PAYLOAD = "Invalid JSON payload received."


class _DuplicateName(ValueError):  # noqa: N818 - reads as what happened
    pass


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise _DuplicateName(name)
            seen.add(name)
    return members


def _no_constant(name: str) -> float:
    raise json.JSONDecodeError(f"`{name}` is not JSON", "", 0)


def parse(body: bytes) -> Any:
    """A JSON document from a stranger; raises INVALID_ARGUMENT for bad UTF-8, bad JSON, duplicate names or depth."""
    # Each value but the first follows one of these, so their number bounds the work before any is done.
    if sum(map(body.count, (b",", b"[", b"{"))) > _MAX_VALUES:
        raise _too_many()
    try:
        text = body.decode()
        document = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise invalid(f"{_PAYLOAD} Not UTF-8 at byte {error.start}.") from None
    except json.JSONDecodeError as error:
        raise invalid(f"{_PAYLOAD} {error.msg}.\n{_excerpt(error)}") from None
    except RecursionError:
        raise _too_deep() from None
    except _DuplicateName as error:
        raise invalid(f"{_PAYLOAD} Duplicate name {shown(str(error))}.") from None
    except ValueError:
        raise invalid(f"{_PAYLOAD} A number has thousands of digits.") from None
    _check_depth(document)
    return document


def _excerpt(error: json.JSONDecodeError) -> str:
    """The text around a fault with a mark under it, as Google shows it."""
    start = max(0, error.pos - 20)
    window = error.doc[start : error.pos + 20]
    line = "".join(character if character.isprintable() else " " for character in window)
    return f"{line}\n{' ' * (error.pos - start)}^ (line {error.lineno}, column {error.colno})"


def _too_deep() -> ApiError:
    return invalid(f"{_PAYLOAD} Message too deep. Max recursion depth reached: {_MAX_DEPTH} levels.")


def _too_many() -> ApiError:
    return invalid(f"The request holds more than {_MAX_VALUES} values.")


def _check_depth(document: object) -> None:
    level = [document]
    for _ in range(_MAX_DEPTH + 1):
        level = [
            member
            for item in level
            if isinstance(item, dict | list)
            for member in (item.values() if isinstance(item, dict) else item)
            if isinstance(member, dict | list)
        ]
        if not level:
            return
    raise _too_deep()


def decode(body: bytes, message: Message, *, path: str = "") -> None:
    """Merge a JSON document into ``message``; an empty body is an empty message. ``path`` says where the message
    stands in the request, for the errors."""
    if body.strip():
        merge(parse(body), message, path=path)


def merge(document: Any, message: Message, *, path: str = "") -> None:
    """Merge a parsed document into ``message``; raises INVALID_ARGUMENT that lists every fault found."""
    decoder = _Decoder()
    if isinstance(document, dict) or message.DESCRIPTOR.full_name in _WELL_KNOWN:
        decoder.into(message, document, path)
    else:
        decoder.fault(path, f"{_PAYLOAD} Root element must be a message.")
    decoder.finish()


@functools.cache
def _names(descriptor: Descriptor) -> dict[str, FieldDescriptor]:
    names = {field.name: field for field in descriptor.fields}
    names.update((field.camelcase_name, field) for field in descriptor.fields)
    names.update((field.json_name, field) for field in descriptor.fields)
    return names


def field_named(descriptor: Descriptor, name: str) -> FieldDescriptor | None:
    """A field by its JSON or its proto name: both spellings are legal everywhere (SPEC 0.1)."""
    return _names(descriptor).get(name)


class _Decoder:
    """Walks a document beside a message and collects what does not fit."""

    def __init__(self) -> None:
        self.violations: list[FieldViolation] = []

    def fault(self, field: str, description: str) -> None:
        self.violations.append(FieldViolation(field, description))
        if len(self.violations) >= _MAX_VIOLATIONS:
            self.finish()

    def finish(self) -> None:
        if self.violations:
            raise invalid("\n".join(each.description for each in self.violations), *self.violations)

    def unfit(self, path: str, kind: str, detail: str) -> None:
        self.fault(path, f"Invalid value at '{path}' ({kind}), {detail}")

    def unknown(self, name: str, path: str, why: str) -> None:
        at = f" at '{path}'" if path else ""
        self.fault(path, f"{_PAYLOAD} Unknown name {shown(name)}{at}: {why}")

    def into(self, message: Message, value: Any, path: str) -> None:
        special = _WELL_KNOWN.get(message.DESCRIPTOR.full_name)
        kind = f"type.googleapis.com/{message.DESCRIPTOR.full_name}"
        if special is not None:
            try:
                special(message, value)
            except (Refused, ApiError) as error:
                self.unfit(path, kind, str(error))
            return
        if not isinstance(value, dict):
            self.unfit(path, kind, shown(value))
            return
        seen: dict[str, str] = {}
        for name, member in value.items():
            field = _names(message.DESCRIPTOR).get(name)
            if field is None:
                self.unknown(name, path, "Cannot find field.")
                continue
            owner = field.containing_oneof.name if field.containing_oneof else field.name
            if field.name in seen or (owner in seen and member is not None):
                why = f"'{seen.get(field.name) or seen[owner]}' is already set. Cannot set '{name}'"
                self.unfit(f"{path}.{field.name}" if path else field.name, "oneof", f"oneof field {why}")
                continue
            if member is None and not _takes_null(field):
                continue
            seen[owner] = seen[field.name] = name
            self.field(message, field, member, name, path)

    def field(self, message: Message, field: FieldDescriptor, value: Any, name: str, path: str) -> None:
        here = f"{path}.{field.name}" if path else field.name
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            self.map(message, field, value, here)
        elif field.is_repeated:
            self.repeated(message, field, value, here)
        elif isinstance(value, list) and not _takes_list(field):
            self.unknown(name, path, "Proto field is not repeating, cannot start list.")
        elif field.message_type is not None:
            child = getattr(message, field.name)
            child.SetInParent()
            self.into(child, value, here)
        else:
            for found in self.scalar(field, value, here):
                setattr(message, field.name, found)

    def scalar(self, field: FieldDescriptor, value: Any, path: str) -> Iterator[Any]:
        try:
            yield scalar(field, value)
        except Refused as error:
            self.unfit(path, type_name(field), str(error))

    def repeated(self, message: Message, field: FieldDescriptor, value: Any, path: str) -> None:
        container = getattr(message, field.name)
        # Google takes a lone value as a list of one.
        for index, item in enumerate(value if isinstance(value, list) else [value]):
            here = f"{path}[{index}]"
            if item is None and not _takes_null(field):
                self.unfit(here, type_name(field), "null")
            elif field.message_type is not None:
                self.into(container.add(), item, here)
            else:
                container.extend(self.scalar(field, item, here))

    def map(self, message: Message, field: Any, value: Any, path: str) -> None:
        if not isinstance(value, dict):
            self.unfit(path, "Map", shown(value))
            return
        entry = _names(field.message_type)
        container = getattr(message, field.name)
        for name, item in value.items():
            here = f"{path}[{shown(name)}]"
            for key in self.scalar(entry["key"], name, here):
                if item is None and not _takes_null(entry["value"]):
                    self.unfit(here, type_name(entry["value"]), "null")
                elif entry["value"].message_type is not None:
                    self.into(container[key], item, here)
                else:
                    for found in self.scalar(entry["value"], item, here):
                        container[key] = found


def _takes_null(field: FieldDescriptor) -> bool:
    kind = field.message_type or field.enum_type
    return kind is not None and kind.full_name in {"google.protobuf.Value", "google.protobuf.NullValue"}


def _takes_list(field: FieldDescriptor) -> bool:
    kind = field.message_type
    return kind is not None and kind.full_name in {"google.protobuf.Value", "google.protobuf.ListValue"}


def _by_library(message: Message, value: Any) -> None:
    try:
        json_format.ParseDict(value, message, descriptor_pool=descriptors.pool())
    except (json_format.ParseError, ValueError, TypeError, ArithmeticError):
        raise Refused(shown(value)) from None


def _text(message: Message, value: Any) -> None:
    if not isinstance(value, str) or len(value) > 64 or not value.isascii():
        raise Refused(shown(value))
    _by_library(message, value)


def _structured(message: Message, value: Any) -> None:
    level = [value]
    for _ in range(_MAX_STRUCT_DEPTH):
        level = [
            member
            for item in level
            if isinstance(item, dict | list)
            for member in (item.values() if isinstance(item, dict) else item)
        ]
    if level:
        raise Refused(f"nested deeper than {_MAX_STRUCT_DEPTH} levels")
    _by_library(message, value)


def _field_mask(message: Any, value: Any) -> None:
    if not isinstance(value, str) or len(value) > _MAX_MASK:
        raise Refused(shown(value))
    for path in filter(None, value.split(",")):
        message.paths.append("".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in path.strip()))
    try:
        message.ToJsonString()
    except ValueError:
        raise Refused(shown(value)) from None


def _wrapper(message: Any, value: Any) -> None:
    message.value = scalar(message.DESCRIPTOR.fields_by_name["value"], value)


def _any(message: Any, value: Any) -> None:
    if not isinstance(value, dict):
        raise Refused(shown(value))
    if not value:
        return
    url = value.get("@type")
    try:
        inner = descriptors.message_class(url.rpartition("/")[2] if isinstance(url, str) and "/" in url else "")()
    except KeyError:
        raise Refused(f"unknown type {shown(url)}") from None
    members = {name: member for name, member in value.items() if name != "@type"}
    if inner.DESCRIPTOR.full_name in _WELL_KNOWN:
        if set(members) != {"value"}:
            raise Refused('expected the member "value" beside "@type"')
        members = members["value"]
    merge(members, inner)
    try:
        message.type_url, message.value = url, inner.SerializeToString()
    except EncodeError:
        raise Refused("nested too deep") from None


_WRAPPED = ("Bool", "Bytes", "Double", "Float", "Int32", "Int64", "String", "UInt32", "UInt64")
_WELL_KNOWN = {
    "google.protobuf.Any": _any,
    "google.protobuf.Duration": _text,
    "google.protobuf.FieldMask": _field_mask,
    "google.protobuf.ListValue": _structured,
    "google.protobuf.Struct": _structured,
    "google.protobuf.Timestamp": _text,
    "google.protobuf.Value": _structured,
    **{f"google.protobuf.{kind}Value": _wrapper for kind in _WRAPPED},
}


def to_json(message: Message, *, numeric_enums: bool = False) -> Any:
    """The message as JSON values: defaults omitted, int64 as strings, standard base64."""
    try:
        document = json_format.MessageToDict(
            message, use_integers_for_enums=numeric_enums, descriptor_pool=descriptors.pool()
        )
        return _plain(document)
    except (json_format.SerializeToJsonError, DecodeError, TypeError, ValueError, ArithmeticError) as error:
        raise ValueError(f"`{message.DESCRIPTOR.full_name}` cannot be written as JSON") from error


def check(message: Message) -> None:
    """Raise INVALID_ARGUMENT for values that binary protobuf can carry and JSON cannot: an Any of unknown type, a
    time outside the calendar. What one door accepts, the other must be able to show.

    Too many values are refused as well."""
    _count(message)
    try:
        to_json(message)
    except ValueError as error:
        raise invalid(f"The request holds a value that JSON cannot carry: {shown(str(error.__cause__))}.") from None


def _count(message: Message) -> None:
    left = _MAX_VALUES
    pending: list[Any] = [message]
    while pending:
        for field, value in pending.pop().ListFields():
            left -= len(value) if field.is_repeated else 1
            if left < 0:
                raise _too_many()
            kind = field.message_type
            if kind is None:
                continue
            if not field.is_repeated:
                pending.append(value)
            elif not kind.GetOptions().map_entry:
                pending.extend(value)
            elif kind.fields_by_name["value"].message_type is not None:
                pending.extend(value.values())


def _plain(value: Any) -> Any:
    """Whole floats as Google writes them: ``1``, not ``1.0``."""
    if isinstance(value, dict):
        return {name: _plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def encode(message: Message, *, numeric_enums: bool = False, pretty: bool = True) -> bytes:
    """The message as a JSON document."""
    document = msgspec.json.encode(to_json(message, numeric_enums=numeric_enums))
    return msgspec.json.format(document, indent=2) + b"\n" if pretty else document
