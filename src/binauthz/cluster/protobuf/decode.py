"""A request body in Kubernetes' protobuf envelope into the JSON object that it stands for.

Nothing is lost in silence: a field or kind that the tables do not know fails the request by its name. A singular field
that occurs twice is refused rather than merged, since no client writes one.
"""

import base64
import datetime as dt
from typing import Any

from binauthz.cluster import limits
from binauthz.cluster.client import Object
from binauthz.cluster.protobuf import wire
from binauthz.cluster.protobuf.messages import Field, Repeat, Sort, message_of, messages
from binauthz.cluster.schema.body import bound_depth

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
MAGIC = b"k8s\x00"
_TYPE_META, _RAW, _ENCODING, _CONTENT_TYPE = 1, 2, 3, 4
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
            case 3 | 4:
                said = _text(value, "contentType")
                if said not in ("", MEDIA_TYPE):
                    raise _unread(f"content {said[:100]!r} inside of a protobuf envelope cannot be read")
            case _:
                raise wire.malformed(f"unknown field {number} of runtime.Unknown")
    api_version, kind = meta.get(1, ""), meta.get(2, "")
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

    def _fields(self, data: memoryview) -> "list[tuple[int, Value]]":
        found = []
        for one in wire.fields(data):
            self._left -= 1
            if self._left < 0:
                raise wire.malformed(f"more than {limits.PROTOBUF_FIELDS} fields")
            found.append(one)
        return found

    def _elements(self, field: Field, value: Value, where: str) -> list[Any]:
        if field.sort is not Sort.INTEGER or isinstance(value, int):
            return [self._value(field, value, where)]
        packed, at = [], 0
        while at < len(value):
            element, at = wire.varint(value, at)
            packed.append(wire.signed(element))
        self._left -= len(packed)
        return packed

    def _entry(self, out: Object, field: Field, value: Value, where: str) -> None:
        key = ""
        member: Any = _ZERO.get(field.sort)
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
                return [_text(part, where) for part in self._parts(value, where, 1, many=True)]
            case Sort.QUANTITY:
                return next((_text(part, where) for part in self._parts(value, where, 1)), "") or "0"
            case Sort.RAW:
                return next((_json(_bytes(part, where)) for part in self._parts(value, where, 1)), None)
            case Sort.INT_OR_STRING:
                return self._int_or_string(value, where)
            case Sort.TIME | Sort.MICRO_TIME:
                return self._time(value, where, micro=field.sort is Sort.MICRO_TIME)

    def _parts(self, value: Value, where: str, last: int, *, many: bool = False) -> list[Value]:
        return list(self._numbered(value, where, last, many=many).values()) if not many else self._all(value, where)

    def _all(self, value: Value, where: str) -> list[Value]:
        found = self._fields(_bytes(value, where))
        if any(number != 1 for number, _ in found):
            raise wire.malformed(f"unknown field in {where}")
        return [part for _, part in found]

    def _numbered(self, value: Value, where: str, last: int, *, many: bool = False) -> dict[int, Value]:
        return {}
