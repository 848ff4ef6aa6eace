"""A client's object against the type of its kind: what is kept, what is unknown, and what is of the wrong type.

It follows Go's decoding of Kubernetes types: null is absent, an unknown field is dropped and reported, a value of the
wrong JSON type fails the whole request. Required members and ranges are the concern of the kind itself.
"""

import base64
import binascii
import re
from typing import Any

from binauthz.cluster.client import Object
from binauthz.cluster.schema.definitions import Field, Shape, Type
from binauthz.cluster.status import bad_request

_QUANTITY = re.compile(r"[+-]?[0-9.]{1,64}[eEinumkKMGTP]{0,4}[-+]?[0-9]{0,16}")
_BOUNDS = {32: 1 << 31, 64: 1 << 63}
_GO_KINDS = {str: "string", bool: "bool", int: "number", float: "number", dict: "object", list: "array"}


def decode(kind: Type, obj: Object) -> tuple[Object, list[str]]:
    """The object with only known, non-null members, and the paths of those that are unknown.

    Raises:
        StatusError: 400, for a value of the wrong type.
    """
    unknown: list[str] = []
    decoded = _decode(kind, obj, "", unknown)
    return decoded, unknown


def _decode(kind: Type, value: Any, path: str, unknown: list[str]) -> Any:  # noqa: PLR0911, PLR0912 - one arm a shape.
    match kind.shape:
        case Shape.STRUCT:
            if not isinstance(value, dict):
                raise _mistyped(value, path, kind)
            out = {}
            fields = kind.fields
            for key, member in value.items():
                field = fields.get(key)
                where = f"{path}.{key}" if path else key
                if field is None:
                    unknown.append(where)
                elif member is not None:
                    out[key] = _decode(field.type, member, where, unknown)
            return out
        case Shape.MAP:
            if not isinstance(value, dict):
                raise _mistyped(value, path, kind)
            return {key: _element(kind, member, f"{path}.{key}", unknown) for key, member in value.items()}
        case Shape.LIST:
            if not isinstance(value, list):
                raise _mistyped(value, path, kind)
            return [_element(kind, member, f"{path}[{index}]", unknown) for index, member in enumerate(value)]
        case Shape.STRING:
            if isinstance(value, str):
                return value
        case Shape.BYTES:
            if isinstance(value, str):
                return _base64(value)
        case Shape.BOOLEAN:
            if isinstance(value, bool):
                return value
        case Shape.INTEGER:
            whole = _whole(value)
            if whole is not None and -_BOUNDS[kind.bits] <= whole < _BOUNDS[kind.bits]:
                return whole
        case Shape.NUMBER:
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                return value
        case Shape.QUANTITY:
            return _quantity(value, path, kind)
        case Shape.INT_OR_STRING:
            whole = _whole(value)
            if whole is not None and -_BOUNDS[32] <= whole < _BOUNDS[32]:
                return whole
            if isinstance(value, str):
                return value
        case Shape.ANY:
            return value
    raise _mistyped(value, path, kind)


def _element(kind: Type, value: Any, path: str, unknown: list[str]) -> Any:
    items: Field | None = kind.items
    if items is None:
        return value
    if value is None:
        return _ZERO.get(items.type.shape)
    return _decode(items.type, value, path, unknown)


_ZERO: dict[Shape, Any] = {
    Shape.STRING: "",
    Shape.BYTES: "",
    Shape.BOOLEAN: False,
    Shape.INTEGER: 0,
    Shape.QUANTITY: "0",
}


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1 << 63 else None


def _quantity(value: Any, path: str, kind: Type) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise _mistyped(value, path, kind)
    if len(value) > 100 or not _QUANTITY.fullmatch(value):
        raise bad_request(
            f"quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$': {path}"
        )
    return value


def _base64(value: str) -> str:
    try:
        return base64.b64encode(base64.b64decode(value.replace("\n", "").replace("\r", ""), validate=True)).decode()
    except (binascii.Error, ValueError):
        raise bad_request("illegal base64 data at input byte 0") from None


def _mistyped(value: Any, path: str, kind: Type) -> Exception:
    got = _GO_KINDS.get(type(value), "null")
    expected = {"list": "[]interface", "map": "map[string]interface"}.get(kind.name, kind.name.rpartition(".")[2])
    expected = {"integer": "int64", "boolean": "bool"}.get(expected, expected)
    if got == "number" and kind.shape is Shape.INTEGER:
        got = f"number {value}"
    return bad_request(f"json: cannot unmarshal {got} into Go struct field {path or '.'} of type {expected}")
