"""The HTTP request that says the same as a message, on one of its method's routes; None where no URL can say it."""

import re
from typing import Any
from urllib.parse import quote

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from binauthz.wire.json import encode, to_json

_VARIABLE = re.compile(r"\{([^{}=]*)(?:=([^{}]*))?\}")


def variables(template: str) -> dict[str, str]:
    """The fields that a template's path fills, each with its pattern."""
    return {path: pattern or "*" for path, pattern in _VARIABLE.findall(template)}


def transcoded(message: Message, verb: str, template: str, body: str) -> tuple[str, str, bytes] | None:
    """Verb, path with query, and body; clears from ``message`` what this route cannot carry."""
    path = template
    for field, pattern in variables(template).items():
        value = _value(message, field)
        shape = "/".join(
            "[^/]+" if part == "*" else ".+" if part == "**" else re.escape(part) for part in pattern.split("/")
        )
        if not re.fullmatch(shape, value, re.DOTALL):
            return None
        segments = value.split("/")
        # A path says these otherwise, or not at all.
        if any(each in {"", ".", ".."} or any(ord(c) < 32 or ord(c) == 127 for c in each) for each in segments):
            return None
        if ":" in segments[-1] or "%" in value:
            return None
        path = path.replace(
            "{" + field + (f"={pattern}" if f"{field}=" in path else "") + "}",
            "/".join(quote(each, safe="") for each in segments),
        )
    try:
        payload, query = _carried(message, template, body)
    except ValueError:
        # JSON cannot say every message: a mask's paths, for one, have no upper-case letters.
        return None
    target = f"{path}?{query}" if query else path
    return (verb, target, payload) if len(target) < 8000 else None


def _carried(message: Any, template: str, body: str) -> tuple[bytes, str]:
    """What a body and a query carry of a message."""
    payload, query = b"", ""
    if body == "*":
        payload = encode(message)
    else:
        rest = type(message)()
        rest.CopyFrom(message)
        if body:
            target = getattr(message, body)
            payload = encode(target)
            getattr(message, body).SetInParent()
        for field in variables(template):
            _clear(rest, field)
        if body:
            rest.ClearField(body)
        query = _query(message, rest)
    return payload, query


def _value(message: Message, path: str) -> str:
    found: Any = message
    for part in path.split("."):
        found = getattr(found, part)
    return str(found)


def _clear(message: Any, path: str) -> None:
    *parents, last = path.split(".")
    for parent in parents:
        message = getattr(message, parent)
    message.ClearField(last)


def _query(message: Any, rest: Any) -> str:
    """The fields left as query parameters; messages other than masks are cleared from both."""
    pairs: list[tuple[str, str]] = []
    for field, value in rest.ListFields():
        if field.message_type is not None:
            if field.message_type.full_name == "google.protobuf.FieldMask":
                if "" in value.paths:
                    raise ValueError("JSON separates a mask's paths by commas, and has no empty one")
                pairs.append((field.json_name, str(to_json(value))))
            else:
                message.ClearField(field.name)
            continue
        pairs.extend((field.json_name, _text(field, each)) for each in (value if field.is_repeated else [value]))
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs)


def _text(field: FieldDescriptor, value: Any) -> str:
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return "true" if value else "false"
    if field.cpp_type == FieldDescriptor.CPPTYPE_ENUM:
        return str(field.enum_type.values_by_number[value].name)
    return str(value)
