"""Protobuf's wire format: the fields of one message, and nothing about what they mean."""

from collections.abc import Iterator

from binauthz.cluster.client import StatusError
from binauthz.cluster.status import bad_request

VARINT, DELIMITED = 0, 2
_FIXED = {1: 8, 5: 4}
_MOST_NUMBER = (1 << 29) - 1
_VARINT_BYTES = 10


def malformed(why: str) -> StatusError:
    """The body is not the protobuf that it claims to be."""
    return bad_request(f"couldn't get version/kind; proto: {why}")


def fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """The fields of a message in their order: a number, and an integer or bytes.

    Raises:
        StatusError: 400, when the bytes are not a message, or hold one of the wire types that Kubernetes never uses.
    """
    at, end = 0, len(data)
    while at < end:
        key, at = varint(data, at)
        number, kind = key >> 3, key & 7
        if not 0 < number <= _MOST_NUMBER:
            raise malformed(f"illegal tag {number}")
        if kind == VARINT:
            value, at = varint(data, at)
            yield number, value
        elif kind == DELIMITED:
            length, at = varint(data, at)
            if length > end - at:
                raise malformed("unexpected EOF")
            yield number, data[at : at + length]
            at += length
        elif kind in _FIXED:
            raise malformed(f"wrong wireType = {kind} for field {number}")
        else:
            raise malformed(f"illegal wireType {kind}")


def varint(data: memoryview, at: int) -> tuple[int, int]:
    """An unsigned integer of at most 64 bits, and where it ends."""
    value = 0
    for count in range(_VARINT_BYTES):
        if at + count >= len(data):
            raise malformed("unexpected EOF")
        byte = data[at + count]
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            if value >> 64:
                break
            return value, at + count + 1
    raise malformed("integer overflow")


def signed(value: int) -> int:
    """An int32 or int64 out of its 64 bits."""
    return value - (1 << 64) if value >> 63 else value


def write_varint(value: int) -> bytes:
    """An unsigned integer."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def write_field(number: int, *parts: bytes | str) -> bytes:
    """A field of bytes: a string, or a message in parts."""
    body = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
    return write_varint(number << 3 | DELIMITED) + write_varint(len(body)) + body
