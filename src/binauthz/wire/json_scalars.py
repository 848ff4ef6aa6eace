"""One JSON value to one protobuf scalar, and the sentences in which Google refuses it."""

import base64
import binascii
import math
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

_INTEGERS = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}
_TYPE_NAMES = {
    number: name for name, number in vars(FieldDescriptor).items() if name.startswith("TYPE_") and name != "TYPE_NAME"
}
_SHOWN = 100
_URL_SAFE = str.maketrans("-_", "+/", " \t\r\n")


class Refused(ValueError):  # noqa: N818 - reads as what happened
    """The value does not fit its field; the text is the end of Google's sentence, after the type."""


def shown(value: object) -> str:
    """A value as an error quotes it: bounded, strings in double quotes."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    text = text.encode("utf-8", "backslashreplace").decode()
    if len(text) > _SHOWN:
        text = text[:_SHOWN] + "..."
    return f'"{text}"' if isinstance(value, str) else text


def type_name(field: FieldDescriptor) -> str:
    """The type as Google's messages name it: ``TYPE_BOOL`` or ``type.googleapis.com/full.Name``."""
    kind = field.enum_type or field.message_type
    return f"type.googleapis.com/{kind.full_name}" if kind else _TYPE_NAMES[field.type]


def scalar(field: FieldDescriptor, value: object) -> Any:
    """The value for a field that is no message; raises Refused."""
    if isinstance(value, dict):
        raise Refused("Starting an object on a scalar field")
    if field.cpp_type in _INTEGERS:
        return _integer(value, *_INTEGERS[field.cpp_type])
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_BOOL:
            return _boolean(value)
        case FieldDescriptor.CPPTYPE_ENUM:
            return _enum(field, value)
        case FieldDescriptor.CPPTYPE_DOUBLE | FieldDescriptor.CPPTYPE_FLOAT:
            return _floating(value)
    if not isinstance(value, str):
        raise Refused(shown(value))
    if field.type == FieldDescriptor.TYPE_BYTES:
        return _bytes(value)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Refused(f"{shown(value)}: the string holds an unpaired surrogate") from None
    return value


def _integer(value: object, low: int, high: int) -> int:
    number: int | None = None
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, float) and value.is_integer():
        number = int(value)
    elif isinstance(value, str) and 0 < len(value) <= 20 and value.isascii() and value.lstrip("-").isdecimal():
        number = int(value) if value.count("-") <= 1 else None
    if number is None or not low <= number <= high:
        raise Refused(shown(value))
    return number


def _floating(value: object) -> float:
    if isinstance(value, str):
        named = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
        if value in named:
            return named[value]
        try:
            number = float(value) if len(value) <= 40 and value.strip() == value and "_" not in value else math.nan
        except ValueError:
            raise Refused(shown(value)) from None
        if math.isfinite(number):
            return number
        raise Refused(shown(value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            raise Refused(shown(value)) from None
    raise Refused(shown(value))


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise Refused(shown(value))


def _enum(field: FieldDescriptor, value: object) -> int:
    described = field.enum_type
    if described is None:
        raise TypeError(f"{field.full_name} is not an enum")
    values = described.values_by_name
    if isinstance(value, str):
        found = values.get(value) or values.get(value.upper().replace("-", "_"))
        if found is not None:
            return found.number
    try:
        number = _integer(value, *_INTEGERS[FieldDescriptor.CPPTYPE_INT32])
    except Refused:
        raise Refused(shown(value)) from None
    if number not in described.values_by_number:
        raise Refused(shown(value))
    return number


def _bytes(value: str) -> bytes:
    """Both base64 alphabets, padded or not: gcloud sends URL-safe, others standard (SPEC 0.1)."""
    compact = value.translate(_URL_SAFE)
    bare = compact.rstrip("=")
    padding = "=" * (-len(bare) % 4) if len(compact) - len(bare) <= 2 else "*"
    try:
        return base64.b64decode(bare + padding, validate=True)
    except (binascii.Error, ValueError):
        raise Refused(f"Base64 decoding failed for {shown(value)}") from None
