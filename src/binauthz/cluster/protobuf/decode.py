"""A request body in Kubernetes' protobuf envelope into the JSON object that it stands for.

Nothing is lost in silence: a field or kind that the tables do not know fails the request by its name. A singular field
that occurs twice is refused rather than merged, since no client writes one.
"""

import base64
import datetime as dt
from collections.abc import Iterator
from typing import Any

from binauthz.cluster import limits
from binauthz.cluster.client import Object, StatusError
from binauthz.cluster.protobuf import wire
from binauthz.cluster.protobuf.messages import Field, Repeat, Sort, message_of, messages
from binauthz.cluster.schema.body import bound_depth, read_json
from binauthz.cluster.status import failure

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
MAGIC = b"k8s\x00"
_API_VERSION, _KIND = 1, 2
_ADVICE = f"send it as application/json instead of {MEDIA_TYPE}"
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_LATEST = 253402300799
_EARLIEST = -62135596800
_NANOSECONDS = 1_000_000_000

Value = int | memoryview


def read_protobuf(body: bytes) -> Object:
    """The object in a body.

    Raises:
        StatusError: 400 for bytes that are not a message of its kind, 415 for a kind that is not read as protobuf.
    """
    if not body.startswith(MAGIC):
        raise wire.malformed("the body does not begin with the bytes of a Kubernetes protobuf object")
    meta: dict[int, str] = {}
    raw = memoryview(b"")
    seen: set[int] = set()
    for number, value in wire.fields(memoryview(body)[len(MAGIC) :]):
        _once(seen, number, "Unknown")
        match number:
            case 1:
                meta = _type_meta(_bytes(value, "typeMeta"))
            case 2:
                raw = _bytes(value, "raw")
            case 3:
                if _bytes(value, "contentEncoding"):
                    raise _unread("an encoded object in a protobuf envelope cannot be read")
            case 4:
                if _text(value, "contentType") not in ("", MEDIA_TYPE):
                    raise _unread("only protobuf can be read from a protobuf envelope")
            case _:
                raise wire.malformed(f"unknown field {number} of runtime.Unknown")
    api_version, kind = meta.get(_API_VERSION, ""), meta.get(_KIND, "")
    name = message_of(api_version, kind)
    if name is None:
        raise _unread(f'no kind "{kind[:100]}" in version "{api_version[:100]}" can be read from protobuf; {_ADVICE}')
    obj = {"kind": kind, "apiVersion": api_version} | _Reader().message(name, raw)
    bound_depth(obj)
    return obj


class _Reader:
    """Reads one body, counting the fields it has met."""

    def __init__(self) -> None:
        self._left = limits.PROTOBUF_FIELDS
        self._messages = messages()

    def message(self, name: str, data: memoryview) -> Object:
        """A message as a JSON object."""
        out: Object = {}
        self._into(out, name, data)
        return out

    def _into(self, out: Object, name: str, data: memoryview) -> None:
        known = self._messages[name]
        seen: set[int] = set()
        for number, value in self._fields(data):
            field = known.get(number)
            if field is None:
                raise wire.malformed(f"unknown field {number} of {name}; {_ADVICE}")
            where = f"{name}.{field.name or field.message}"
            if field.repeat is Repeat.LIST:
                out.setdefault(field.name, []).extend(self._elements(field, value, where))
            elif field.repeat is Repeat.MAP:
                self._entry(out.setdefault(field.name, {}), field, value, where)
            else:
                _once(seen, number, where)
                if field.inline:
                    self._into(out, field.message, _bytes(value, where))
                    continue
                member = self._value(field, value, where)
                if member is not None and (member or not _droppable(field)):
                    out[field.name] = member

    def _fields(self, data: memoryview) -> Iterator[tuple[int, Value]]:
        for one in wire.fields(data):
            self._spend()
            yield one

    def _spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise wire.malformed(f"more than {limits.PROTOBUF_FIELDS} fields")

    def _elements(self, field: Field, value: Value, where: str) -> list[Any]:
        if field.sort is not Sort.INTEGER or isinstance(value, int):
            return [self._value(field, value, where)]
        packed, at = [], 0
        while at < len(value):
            element, at = wire.varint(value, at)
            packed.append(wire.signed(element))
            self._spend()
        return packed

    def _entry(self, out: Object, field: Field, value: Value, where: str) -> None:
        key = ""
        member: Any = _ZERO_OF_ENTRY.get(field.sort)
        seen: set[int] = set()
        for number, part in self._fields(_bytes(value, where)):
            _once(seen, number, where)
            match number:
                case 1:
                    key = _text(part, where)
                case 2:
                    member = self._value(field, part, where)
                case _:
                    raise wire.malformed(f"unknown field {number} of an entry of {where}")
        if key in out:
            raise wire.malformed(f"key {key[:100]!r} twice in {where}")
        out[key] = member

    def _value(self, field: Field, value: Value, where: str) -> Any:  # noqa: PLR0911 - one return a sort.
        match field.sort:
            case Sort.STRING:
                return _text(value, where)
            case Sort.BOOLEAN:
                return _integer(value, where) != 0
            case Sort.INTEGER:
                return _integer(value, where)
            case Sort.BYTES:
                return base64.b64encode(_bytes(value, where)).decode()
            case Sort.MESSAGE:
                return self.message(field.message, _bytes(value, where))
            case Sort.WORDS:
                return [
                    _text(word, where) for number, word in self._fields(_bytes(value, where)) if _only(number, where)
                ]
            case Sort.QUANTITY:
                return _text(self._singular(value, where, 1).get(1, _NOTHING), where) or "0"
            case Sort.RAW:
                raw = _bytes(self._singular(value, where, 1).get(1, _NOTHING), where)
                return read_json(bytes(raw)) if raw else None
            case Sort.INT_OR_STRING:
                parts = self._singular(value, where, 3)
                if _integer(parts.get(1, 0), where):
                    return _text(parts.get(3, _NOTHING), where)
                return _integer(parts.get(2, 0), where)
            case Sort.TIME | Sort.MICRO_TIME:
                return _time(self._singular(value, where, 2), where, micro=field.sort is Sort.MICRO_TIME)

    def _singular(self, value: Value, where: str, last: int) -> dict[int, Value]:
        """The fields of a small message, numbered up to ``last``, each at most once."""
        found: dict[int, Value] = {}
        for number, part in self._fields(_bytes(value, where)):
            if number > last:
                raise wire.malformed(f"unknown field {number} in {where}")
            if number in found:
                raise _twice(where)
            found[number] = part
        return found


def _droppable(field: Field) -> bool:
    return not field.keep_zero and field.sort in _ZERO


_NOTHING = memoryview(b"")
_ZERO: dict[Sort, Any] = {Sort.STRING: "", Sort.BOOLEAN: False, Sort.INTEGER: 0, Sort.BYTES: ""}
_ZERO_OF_ENTRY = _ZERO | {Sort.QUANTITY: "0"}


def _once(seen: set[int], number: int, where: str) -> None:
    if number in seen:
        raise _twice(where)
    seen.add(number)


def _twice(where: str) -> StatusError:
    return wire.malformed(f"{where} occurs twice")


def _only(number: int, where: str) -> bool:
    if number != 1:
        raise wire.malformed(f"unknown field {number} in {where}")
    return True


def _bytes(value: Value, where: str) -> memoryview:
    if isinstance(value, int):
        raise wire.malformed(f"wrong wireType = {wire.VARINT} for {where}")
    return value


def _text(value: Value, where: str) -> str:
    try:
        return str(_bytes(value, where), "utf-8")
    except UnicodeDecodeError:
        raise wire.malformed(f"{where} is not valid UTF-8") from None


def _integer(value: Value, where: str) -> int:
    if isinstance(value, int):
        return wire.signed(value)
    raise wire.malformed(f"wrong wireType = {wire.DELIMITED} for {where}")


def _time(parts: dict[int, Value], where: str, *, micro: bool) -> str | None:
    """RFC 3339; None for Go's zero time, which is written as nothing. Only a MicroTime has a fraction in JSON."""
    if not parts:
        return None
    seconds, nanos = _integer(parts.get(1, 0), where), _integer(parts.get(2, 0), where)
    if not _EARLIEST <= seconds <= _LATEST or not 0 <= nanos < _NANOSECONDS:
        raise wire.malformed(f"{where} is not a time")
    whole = (_EPOCH + dt.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    return f"{whole}.{nanos // 1000:06d}Z" if micro else f"{whole}Z"


def _type_meta(data: memoryview) -> dict[int, str]:
    found: dict[int, str] = {}
    for number, value in wire.fields(data):
        if number in found:
            raise _twice("TypeMeta")
        if number not in (_API_VERSION, _KIND):
            raise wire.malformed(f"unknown field {number} of runtime.TypeMeta")
        found[number] = _text(value, "TypeMeta")
    return found


def _unread(message: str) -> StatusError:
    return failure(415, "UnsupportedMediaType", message)
