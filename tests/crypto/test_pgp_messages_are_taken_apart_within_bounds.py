"""Messages are walked packet by packet before anything decompresses or verifies them (THREATS B46, B71)."""

import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binauthz.base.limits import MAX_PGP_CONTENT_BYTES
from binauthz.crypto.errors import SignatureRefusedError
from binauthz.crypto.packets import Packet, PacketError, Tag, read_packets, read_signed_message
from binauthz.crypto.pgp import load_certificate, verify_message

from .keys import certificate


def _deflated(data: bytes) -> bytes:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    return b"\xa3\x01" + squeeze.compress(data) + squeeze.flush()


def _signed(content: bytes, signers: int = 1) -> bytes:
    ops = Packet(Tag.ONE_PASS_SIGNATURE, b"\3\0\x08\x16" + b"k" * 8 + b"\1").encode()
    signature = Packet(Tag.SIGNATURE, b"\4\0\x16\x08" + b"\0" * 20).encode()
    return ops * signers + Packet(Tag.LITERAL, b"b\0\0\0\0\0" + content).encode() + signature * signers


def test_B46_a_bomb_costs_no_more_than_its_bound() -> None:
    bomb = _deflated(_signed(b" " * (200 << 20)))
    tracemalloc.start()
    try:
        with pytest.raises(PacketError, match="decompresses to more than"):
            read_signed_message(bomb)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20


@pytest.mark.parametrize("signers", [1, 2, 8])
def test_a_signed_message_is_found_with_or_without_compression(signers: int) -> None:
    message = _signed(b"content", signers)
    assert read_signed_message(message).content == b"content"
    again = read_signed_message(_deflated(message))
    assert again.content == b"content"
    assert again.encode() == message


def test_partial_and_old_lengths_are_put_together() -> None:
    body = b"b\0\0\0\0\0" + b"x" * 600
    partial = b"\xcb\xe9" + body[:512] + bytes([len(body) - 512]) + body[512:]
    old = b"\xad" + len(body).to_bytes(2, "big") + body
    indeterminate = b"\xaf" + body
    for data in (partial, old, indeterminate):
        assert read_packets(data, 1) == [Packet(Tag.LITERAL, body)]


BAD = {
    "nothing": b"",
    "no packets": b"hello",
    "too many signers": _signed(b"", 9),
    "no signature": Packet(Tag.LITERAL, b"b\0\0\0\0\0x").encode(),
    "signature missing": _signed(b"")[: -len(Packet(Tag.SIGNATURE, b"\4\0\x16\x08" + b"\0" * 20).encode())],
    "two literals": _signed(b"") + _signed(b""),
    "signature before": Packet(Tag.SIGNATURE, b"x").encode() + Packet(Tag.LITERAL, b"b\0\0\0\0\0x").encode(),
    "content too large": _signed(b" " * (MAX_PGP_CONTENT_BYTES + 1)),
    "literal without header": b"".join(Packet(tag, b"").encode() for tag in (4, 11, 2)),
    "nested compression": _deflated(_deflated(_signed(b""))),
    "compressed and more": Packet(Tag.COMPRESSED, b"\0" + _signed(b"")).encode() + _signed(b""),
    "unknown compression": b"\xa3\x09abc",
    "truncated compression": _deflated(_signed(b"x" * 100))[:-5],
    "garbage behind compression": _deflated(_signed(b"x")) + b"garbage",
    "empty compressed": b"\xa3",
    "marker": Packet(10, b"PGP").encode() + _signed(b""),
    "partial without end": b"\xcb\xe9" + b"x" * 512,
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(PacketError):
        read_signed_message(data)


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=300) | st.binary(max_size=300).map(lambda data: b"\xa3\x01" + data) | st.text().map(str.encode)
)
def test_arbitrary_bytes_are_refused_and_nothing_else_happens(data: bytes) -> None:
    with pytest.raises(SignatureRefusedError):
        verify_message(load_certificate(certificate("ed25519")), data)


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_clearsigned_nonsense_is_refused_and_nothing_else_happens(text: bytes, block: bytes) -> None:
    message = b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n" + text + b"\n-----BEGIN PGP SIGNATURE-----\n\n"
    for ending in (block, block + b"\n-----END PGP SIGNATURE-----\n"):
        with pytest.raises(SignatureRefusedError):
            verify_message(load_certificate(certificate("ed25519")), message + ending)
