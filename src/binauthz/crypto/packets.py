"""OpenPGP packets, as far as a signed message needs them (RFC 4880 4.2, 11.3): framing, bounds and grammar.

The library that verifies decompresses without a bound, so messages are taken apart here first: compressed data is
inflated up to a limit (THREATS B46), and the packets must spell exactly one signed message. What is then verified is
that message written anew, uncompressed, so that nothing is parsed twice with two meanings.
"""

import bz2
import enum
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from binauthz.base.limits import MAX_PGP_CONTENT_BYTES, MAX_PGP_MESSAGE_PACKETS

# Room for one-pass and signature packets beside the content of a message.
_MAX_INFLATED = MAX_PGP_CONTENT_BYTES + 64 * 1024


class Tag(enum.IntEnum):
    """The packet types that this module tells apart; others keep their number."""

    SIGNATURE = 2
    ONE_PASS_SIGNATURE = 4
    SECRET_KEY = 5
    PUBLIC_KEY = 6
    SECRET_SUBKEY = 7
    COMPRESSED = 8
    LITERAL = 11
    TRUST = 12
    USER_ID = 13
    PUBLIC_SUBKEY = 14
    USER_ATTRIBUTE = 17


class PacketError(ValueError):
    """Bytes that are not the packets asked for, or are too many; the message says which."""


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet with all its parts put together."""

    tag: int
    body: bytes

    def encode(self) -> bytes:
        """The packet with a new-format header and a five-octet length."""
        return b"%c\xff%b%b" % (0xC0 | self.tag, len(self.body).to_bytes(4, "big"), self.body)


def read_packets(data: bytes, limit: int) -> list[Packet]:
    """All packets of a sequence, at most ``limit``, filling ``data`` to its end. Raises PacketError."""
    packets: list[Packet] = []
    for packet in _packets(data):
        if len(packets) == limit:
            raise PacketError(f"got more than {limit} packets")
        packets.append(packet)
    if not packets:
        raise PacketError("got no packets")
    return packets


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedMessage:
    """One-pass signatures, one literal, and as many signatures: the form in which every client signs."""

    packets: tuple[Packet, ...]
    content: bytes

    def encode(self) -> bytes:
        """The message, uncompressed, with definite lengths."""
        return b"".join(packet.encode() for packet in self.packets)


def read_signed_message(data: bytes) -> SignedMessage:
    """The signed message that ``data`` is, possibly inside one compressed packet. Raises PacketError."""
    packets = read_packets(data, MAX_PGP_MESSAGE_PACKETS)
    if packets[0].tag == Tag.COMPRESSED and len(packets) == 1:
        packets = read_packets(_inflate(packets[0].body), MAX_PGP_MESSAGE_PACKETS)
    tags = [packet.tag for packet in packets]
    if set(tags) == {Tag.SIGNATURE}:
        raise PacketError("got a detached signature, expected a message that carries what it signs")
    if not {*tags} <= {Tag.ONE_PASS_SIGNATURE, Tag.LITERAL, Tag.SIGNATURE}:
        raise PacketError("got a message that is encrypted, nested or of another kind, expected a signed one")
    signers = len(tags) // 2
    expected = [Tag.ONE_PASS_SIGNATURE] * signers + [Tag.LITERAL] + [Tag.SIGNATURE] * signers
    if not signers or tags != expected:
        raise PacketError("got packets that are not one signed message")
    return SignedMessage(packets=tuple(packets), content=_literal_content(packets[signers].body))


def _literal_content(body: bytes) -> bytes:
    """Format, file name and date are not signed and are not looked at (RFC 4880 5.9)."""
    start = 2 + (body[1] if len(body) > 1 else 0) + 4
    if len(body) < start:
        raise PacketError("got a truncated literal packet")
    if len(body) - start > MAX_PGP_CONTENT_BYTES:
        raise PacketError(f"got a message of {len(body) - start} bytes, expected at most {MAX_PGP_CONTENT_BYTES}")
    return body[start:]


def _inflate(body: bytes) -> bytes:
    """Decompress without ever holding more than the bound (RFC 4880 5.6, 9.3)."""
    algorithm, compressed = body[:1], body[1:]
    try:
        match algorithm:
            case b"\x00":
                inflated, complete = compressed, True
            case b"\x01" | b"\x02":
                inflator = zlib.decompressobj(-15 if algorithm == b"\x01" else 15)
                inflated = inflator.decompress(compressed, _MAX_INFLATED + 1)
                complete = inflator.eof and not inflator.unused_data
            case b"\x03":
                bunzip = bz2.BZ2Decompressor()
                inflated = bunzip.decompress(compressed, _MAX_INFLATED + 1)
                complete = bunzip.eof and not bunzip.unused_data
            case _:
                raise PacketError("got an unknown compression algorithm")
    except (zlib.error, OSError, EOFError):
        raise PacketError("got compressed data that does not decompress") from None
    if len(inflated) > _MAX_INFLATED:
        raise PacketError(f"got a message that decompresses to more than {_MAX_INFLATED} bytes")
    if not complete:
        raise PacketError("got compressed data that is truncated or followed by something else")
    return inflated


def _packets(data: bytes) -> Iterator[Packet]:
    at, end = 0, len(data)
    while at < end:
        header = data[at]
        at += 1
        if not header & 0x80:
            raise PacketError("got bytes that are not OpenPGP packets")
        if header & 0x40:
            body, at = _new_format_body(data, at)
            yield Packet(header & 0x3F, body)
        else:
            body, at = _old_format_body(data, at, header & 0x03)
            yield Packet((header >> 2) & 0x0F, body)


def _old_format_body(data: bytes, at: int, length_type: int) -> tuple[bytes, int]:
    """RFC 4880 4.2.1; the indeterminate length means: to the end."""
    if length_type == 3:
        return data[at:], len(data)
    width = (1, 2, 4)[length_type]
    return _take(data, at + width, int.from_bytes(_take(data, at, width)[0], "big"))


def _new_format_body(data: bytes, at: int) -> tuple[bytes, int]:
    """RFC 4880 4.2.2, with partial lengths put together; an input of bounded size has a bounded number of them."""
    pieces: list[bytes] = []
    while True:
        first, at = _take(data, at, 1)
        octet = first[0]
        partial = 224 <= octet < 255
        if octet < 192:
            length = octet
        elif octet < 224:
            second, at = _take(data, at, 1)
            length = ((octet - 192) << 8) + second[0] + 192
        elif partial:
            length = 1 << (octet & 0x1F)
        else:
            four, at = _take(data, at, 4)
            length = int.from_bytes(four, "big")
        piece, at = _take(data, at, length)
        pieces.append(piece)
        if not partial:
            return b"".join(pieces), at


def _take(data: bytes, at: int, length: int) -> tuple[bytes, int]:
    """The next ``length`` bytes, which must be there: a declared size allocates nothing."""
    if at + length > len(data):
        raise PacketError("got a truncated packet")
    return data[at : at + length], at + length
