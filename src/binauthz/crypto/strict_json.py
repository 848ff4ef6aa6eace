"""JSON with one reading: signed documents and token headers, where two parsers must not disagree (THREATS B69).

Refused: anything but UTF-8 without a byte order mark, duplicate names, anything after the document, numbers that are
not numbers, and more bytes or deeper nesting than a bound.
"""

import json
from typing import NoReturn

from binauthz.base.limits import MAX_PAYLOAD_BYTES, MAX_PAYLOAD_DEPTH

JsonObject = dict[str, object]


class NotStrictJsonError(ValueError):
    """Bytes that are not one JSON object with one reading; the message says why."""


def parse_object(data: bytes, *, limit: int = MAX_PAYLOAD_BYTES) -> JsonObject:
    """The one JSON object that ``data`` is, of at most ``limit`` bytes. Raises NotStrictJsonError."""
    if len(data) > limit:
        raise NotStrictJsonError(f"got {len(data)} bytes, expected at most {limit}")
    if data.startswith(b"\xef\xbb\xbf"):
        raise NotStrictJsonError("got a byte order mark")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise NotStrictJsonError("got bytes that are not UTF-8") from None
    _bound_depth(text)
    try:
        document = _DECODER.decode(text)
    except NotStrictJsonError:
        raise
    except json.JSONDecodeError as error:
        raise NotStrictJsonError(f"line {error.lineno}, column {error.colno}: {error.msg.lower()}") from None
    except (ValueError, RecursionError):
        raise NotStrictJsonError("got a number or nesting beyond reason") from None
    if not isinstance(document, dict):
        raise NotStrictJsonError("got a document that is not an object")
    return document


def _bound_depth(text: str) -> None:
    """Refuse nesting beyond the bound before the parser recurses; brackets inside strings only make this stricter
    when there are more of them than the bound, and are then counted exactly."""
    if text.count("{") + text.count("[") <= MAX_PAYLOAD_DEPTH:
        return
    depth, in_string, escaped = 0, False, False
    for character in text:
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "{[":
            depth += 1
            if depth > MAX_PAYLOAD_DEPTH:
                raise NotStrictJsonError(f"got nesting deeper than {MAX_PAYLOAD_DEPTH}")
        elif character in "}]":
            depth -= 1


def _object(pairs: list[tuple[str, object]]) -> JsonObject:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise NotStrictJsonError(f"got the name `{name[:64]}` twice in one object")
            seen.add(name)
    return members


def _no_constant(name: str) -> NoReturn:
    raise NotStrictJsonError(f"got `{name}`, which is not JSON")


# Built once: ``json.loads`` with hooks builds one for each document, which costs more than parsing a payload.
_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_constant)
