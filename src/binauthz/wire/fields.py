"""Reading and writing single protobuf fields: enums by name, unknown fields as bytes, times."""

import datetime as dt
from typing import Any

from google.protobuf.message import Message

from binauthz.base.errors import invalid_field


def enum_name(message: Any, field: str, path: str) -> str:
    """The first name of an enum field's value, so that aliases read as one; INVALID_ARGUMENT for a value unknown to
    us, which proto3 lets through as a number."""
    number = getattr(message, field)
    for value in message.DESCRIPTOR.fields_by_name[field].enum_type.values:
        if value.number == number:
            return str(value.name)
    camel = message.DESCRIPTOR.fields_by_name[field].camelcase_name
    raise invalid_field(f"{path}.{camel}", f"got the unknown value {number}")


def set_enum(message: Any, field: str, name: str) -> bool:
    """Set an enum field by name; False, and nothing set, when this version of the API lacks the name."""
    value = message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_name.get(name)
    if value is None:
        return False
    setattr(message, field, value.number)
    return True


def unknown_fields(message: Message) -> bytes:
    """The serialized fields that our descriptors lack, so that they survive a round trip."""
    rest = type(message)()
    rest.CopyFrom(message)
    for field in message.DESCRIPTOR.fields:
        rest.ClearField(field.name)
    return rest.SerializeToString()


def rfc3339(moment: dt.datetime) -> str:
    """A moment for APIs that keep times in string fields."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
