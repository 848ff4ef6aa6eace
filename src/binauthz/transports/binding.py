"""Strings from a URL into a request message: variables of the path and parameters of the query.

The standard parameters, legal on every method and read by none (SPEC 0.1), are set aside here.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from binauthz.base.errors import ApiError, FieldViolation, invalid
from binauthz.wire.json import field_named, merge
from binauthz.wire.json_scalars import Refused, scalar, shown, type_name

_MAX_QUERY = 65_536
_MAX_PARAMETERS = 500
_MAX_NESTING = 10
_STANDARD = {
    *("$.xgafv", "$alt", "$callback", "$ct", "$fields", "$key", "$prettyPrint", "$unique", "access_token", "alt"),
    *("bearer_token", "callback", "fields", "key", "oauth_token", "passwd", "pp", "prettyPrint", "quotaUser", "trace"),
    *("uploadProtocol", "uploadType", "upload_protocol", "userIp", "userProject", "xgafv"),
}
_PARAMETER_TYPES = {
    *(f"google.protobuf.{kind}" for kind in ("Duration", "FieldMask", "Timestamp")),
    *(f"google.protobuf.{kind}Value" for kind in ("Bool", "Bytes", "Double", "Float", "Int32", "Int64", "String")),
    *(f"google.protobuf.{kind}Value" for kind in ("UInt32", "UInt64")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """How the caller wants the response."""

    numeric_enums: bool = False
    pretty: bool = True


def split_query(query: bytes) -> tuple[list[tuple[str, str]], Rendering]:
    """The parameters that belong to the request message, and how to render the response."""
    if len(query) > _MAX_QUERY:
        raise invalid(f"The query has {len(query)} bytes: at most {_MAX_QUERY} are accepted.")
    try:
        pairs = parse_qsl(
            query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_PARAMETERS
        )
    except UnicodeError:
        raise invalid("The query is not UTF-8 once decoded.") from None
    except ValueError:
        raise invalid(f"The query has more than {_MAX_PARAMETERS} parameters.") from None
    numeric_enums, pretty = False, True
    for name, value in pairs:
        if name in {"alt", "$alt"}:
            kind, *options = value.split(";")
            if kind not in {"", "json"}:
                raise invalid(f"Invalid value at '{name}': expected \"json\", got {shown(value)}")
            numeric_enums = numeric_enums or "enum-encoding=int" in options
        elif name in {"prettyPrint", "$prettyPrint", "pp"}:
            pretty = value.lower() not in {"false", "0"}
    request = [(name, value) for name, value in pairs if name not in _STANDARD]
    return request, Rendering(numeric_enums=numeric_enums, pretty=pretty)


def bind_query(message: Message, parameters: list[tuple[str, str]], *, body: str, path: set[str]) -> None:
    """Set the fields that query parameters name; raises INVALID_ARGUMENT that lists every one that fits none.

    ``body`` is the field that the HTTP body fills, and ``path`` the fields that the path fills: the path wins.
    """
    faults: list[str] = []
    seen: set[str] = set()
    for name, value in parameters:
        try:
            owner, field, full = _resolve(message, name, body)
            if full in path:
                continue
            if full in seen and not field.is_repeated:
                faults.append(f"Invalid value at '{full}' ({type_name(field)}), the parameter was given twice")
                continue
            seen.add(full)
            _bind(owner, field, value, full)
        except _Unbound as error:
            faults.append(
                f"Invalid JSON payload received. Unknown name {shown(name)}: Cannot bind query parameter. {error}"
            )
        except ApiError as error:
            faults.append(error.message)
    if faults:
        raise invalid("\n".join(faults), *(FieldViolation("", fault) for fault in faults))


class _Unbound(ValueError):  # noqa: N818 - reads as what happened
    pass


def _resolve(message: Message, name: str, body: str) -> tuple[Message, FieldDescriptor, str]:
    """The message that holds the field that a dotted name means, that field, and its proto path."""
    owner: Any = message
    parts, path = name.split(".", _MAX_NESTING), []
    for index, part in enumerate(parts):
        field = field_named(owner.DESCRIPTOR, part)
        if field is None or (index == 0 and field.name == body):
            raise _Unbound(f"Field '{_short(part)}' could not be found in request message.")
        path.append(field.name)
        kind = field.message_type
        if index == len(parts) - 1:
            if kind is not None and kind.full_name not in _PARAMETER_TYPES:
                raise _Unbound(f"'{_short(name)}' is a message type. Parameters can only be bound to primitive types.")
            return owner, field, ".".join(path)
        if kind is None or field.is_repeated or kind.full_name in _PARAMETER_TYPES:
            raise _Unbound(f"Field '{_short(part)}' has no members that a parameter could name.")
        owner = getattr(owner, field.name)
    raise _Unbound("The name is empty.")


def _short(text: str) -> str:
    return shown(text)[1:-1]


def _bind(owner: Message, field: FieldDescriptor, value: str, path: str) -> None:
    if field.message_type is not None:
        target: Any = getattr(owner, field.name)
        if field.is_repeated:
            target = target.add()
        target.SetInParent()
        merge(value, target, path=path)
        return
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        # Python clients write False, others 0 and 1 (SPEC 7.2).
        value = {"0": "false", "1": "true"}.get(value, value.lower())
    try:
        found = scalar(field, value)
    except Refused as error:
        raise invalid(f"Invalid value at '{path}' ({type_name(field)}), {error}") from None
    if field.is_repeated:
        getattr(owner, field.name).append(found)
    else:
        setattr(owner, field.name, found)


def bind_path(message: Message, values: dict[str, str]) -> None:
    """Set the fields that the path's variables name."""
    for path, value in values.items():
        *parents, last = path.split(".")
        owner: Any = message
        for parent in parents:
            owner = getattr(owner, parent)
            owner.SetInParent()
        field = owner.DESCRIPTOR.fields_by_name[last]
        try:
            setattr(owner, last, scalar(field, value))
        except Refused as error:
            raise invalid(f"Invalid value at '{path}' ({type_name(field)}), {error}") from None
