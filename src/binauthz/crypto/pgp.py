"""OpenPGP certificates and the messages they sign (SPEC 2.4, 3.5). The only module that knows the OpenPGP library.

Refused here: more than one certificate or anything beside it, secret keys, other than version 4 keys; messages that are
detached, encrypted, nested, unsigned, too large or too large once decompressed; revoked certificates and subkeys.
Expiry is not judged here: it is handed on with the proof, to be compared with the moment of the decision.
"""

import contextlib
import datetime as dt
import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pysequoia
from pysequoia.packet import Packet as ParsedPacket
from pysequoia.packet import PacketPile, SignatureType
from pysequoia.packet import Tag as ParsedTag

from binauthz.base.limits import (
    MAX_KEY_BYTES,
    MAX_PGP_CERTIFICATE_PACKETS,
    MAX_PGP_CONTENT_BYTES,
    MAX_PGP_MESSAGE_PACKETS,
    MAX_SIGNATURE_BYTES,
)
from binauthz.crypto.errors import KeyRefusedError, SignatureRefusedError
from binauthz.crypto.packets import PacketError, Tag, read_packets, read_signed_message
from binauthz.crypto.pem import ArmorError, read_block
from binauthz.crypto.validity import Validity

ARMOR_FIELD = "asciiArmoredPgpPublicKey"

_CERTIFICATE_TAGS = frozenset(
    {Tag.PUBLIC_KEY, Tag.PUBLIC_SUBKEY, Tag.USER_ID, Tag.USER_ATTRIBUTE, Tag.SIGNATURE, Tag.TRUST}
)
_CLEARSIGNED = b"-----BEGIN PGP SIGNED MESSAGE-----"
_CLEARSIGNED_SIGNATURE = "-----BEGIN PGP SIGNATURE-----"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """One parsed certificate. ``revoked`` names the fingerprints of keys that must not be believed any more, and
    ``validities`` the spans of those that have one; fingerprints inside are lower-case, ``fingerprint`` is not."""

    fingerprint: str
    parsed: pysequoia.Cert
    revoked: frozenset[str]
    validities: tuple[tuple[str, Validity], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedContent:
    """What a certificate has signed, and when the signature and the keys behind it count."""

    content: bytes
    validities: tuple[Validity, ...]


@functools.lru_cache(maxsize=1024)
def load_certificate(armored: str) -> Certificate:
    """Parse exactly one armored certificate. Raises KeyRefusedError.

    A certificate that is revoked or expired is read all the same: replacing a key by its revoked self must stay
    possible, and what it signed is refused when it is judged.
    """
    data = _certificate_bytes(armored)
    try:
        with _library():
            parsed = pysequoia.Cert.from_bytes(data)
            pile = list(PacketPile.from_bytes(data))
            expiration = parsed.expiration
            is_revoked = parsed.is_revoked
    except _LibraryError as error:
        raise KeyRefusedError(ARMOR_FIELD, f"got a certificate that does not parse: {error}") from None
    if len(parsed.fingerprint) != 40:
        raise KeyRefusedError(ARMOR_FIELD, "got a key of another version than 4, which has no 40-digit fingerprint")
    primary = parsed.fingerprint.lower()
    revoked, validities = _revocations_and_expiries(pile, primary)
    if is_revoked:
        revoked.add(primary)
    if expiration is not None:
        validities.append((primary, Validity(subject="the OpenPGP primary key", not_after=expiration)))
    return Certificate(
        fingerprint=primary.upper(), parsed=parsed, revoked=frozenset(revoked), validities=tuple(validities)
    )


def verify_message(certificate: Certificate, message: bytes) -> SignedContent:
    """The content that this certificate signed in this message. Raises SignatureRefusedError.

    Of several signatures in one message one by this certificate is enough, and only that one is believed.
    """
    if not 0 < len(message) <= MAX_SIGNATURE_BYTES:
        raise SignatureRefusedError(f"got a message of {len(message)} bytes, expected 1 to {MAX_SIGNATURE_BYTES}")
    if certificate.fingerprint.lower() in certificate.revoked:
        raise SignatureRefusedError("the OpenPGP certificate is revoked")
    readable, content, signatures = _take_apart(message)
    try:
        with _library():
            result = pysequoia.verify(bytes=readable, store=lambda _: [certificate.parsed])
            signers = {signature.signing_key.lower() for signature in result.valid_sigs}
            verified = result.bytes
            parsed = [packet for packet in PacketPile.from_bytes(signatures) if packet.tag == ParsedTag.Signature]
    except _LibraryError as error:
        # The library looks at the clock, so its refusals do not last.
        why = f"the OpenPGP message does not verify with the key: {error}"
        raise SignatureRefusedError(why, lasting=False) from None
    if verified is None or (content is not None and verified != content) or len(verified) > MAX_PGP_CONTENT_BYTES:
        raise SignatureRefusedError("got an OpenPGP message with two readings")
    trusted = signers - certificate.revoked
    if not trusted:
        why = "was made by a revoked subkey" if signers else "is missing"
        raise SignatureRefusedError(f"the signature of the OpenPGP message {why}")
    spans = [span for fingerprint, span in certificate.validities if _concerns(fingerprint, certificate, trusted)]
    return SignedContent(content=verified, validities=(*spans, *_signature_spans(parsed, trusted)))


def _certificate_bytes(armored: str) -> bytes:
    if len(armored) > MAX_KEY_BYTES:
        raise KeyRefusedError(ARMOR_FIELD, f"got {len(armored)} characters, expected at most {MAX_KEY_BYTES}")
    if "PRIVATE KEY BLOCK-----" in armored:
        raise KeyRefusedError(ARMOR_FIELD, "got a private key, expected a public one; treat that key as exposed")
    try:
        data = read_block(armored, "PGP PUBLIC KEY BLOCK", headers=True)
        packets = read_packets(data, MAX_PGP_CERTIFICATE_PACKETS)
    except (ArmorError, PacketError) as error:
        raise KeyRefusedError(ARMOR_FIELD, str(error)) from None
    tags = [packet.tag for packet in packets]
    if Tag.SECRET_KEY in tags or Tag.SECRET_SUBKEY in tags:
        raise KeyRefusedError(ARMOR_FIELD, "got a private key, expected a public one; treat that key as exposed")
    if tags[0] != Tag.PUBLIC_KEY or not _CERTIFICATE_TAGS.issuperset(tags):
        raise KeyRefusedError(ARMOR_FIELD, "got packets that are not a certificate")
    if tags.count(Tag.PUBLIC_KEY) != 1:
        raise KeyRefusedError(ARMOR_FIELD, f"got {tags.count(Tag.PUBLIC_KEY)} certificates, expected exactly one")
    return data


def _revocations_and_expiries(
    pile: Iterable[ParsedPacket], primary: str
) -> tuple[set[str], list[tuple[str, Validity]]]:
    """Which keys carry a revocation, and when each subkey expires by its newest binding.

    The library believes a signature that was made before its key expired or was retired. We do not: a key that is
    not good now proves nothing now. A revocation counts without looking at who signed it, which can only refuse more.
    """
    revoked: set[str] = set()
    newest: dict[str, tuple[dt.datetime, dt.datetime | None]] = {}
    current, created = primary, None
    for packet in pile:
        if packet.fingerprint is not None:
            current, created = packet.fingerprint.lower(), packet.key_created
        elif packet.signature_type in (SignatureType.KeyRevocation, SignatureType.SubkeyRevocation):
            revoked.add(current)
        elif packet.signature_type == SignatureType.SubkeyBinding and created is not None:
            made = packet.signature_created or created
            lifetime = packet.key_validity_period
            if current not in newest or made >= newest[current][0]:
                newest[current] = (made, created + lifetime if lifetime else None)
    return revoked, [
        (fingerprint, Validity(subject="the OpenPGP subkey", not_after=expiry))
        for fingerprint, (_, expiry) in newest.items()
        if expiry is not None
    ]


def _take_apart(message: bytes) -> tuple[bytes, bytes | None, bytes]:
    """What to verify, the content if it is known before, and the packets to read dates from."""
    try:
        if message.lstrip().startswith(_CLEARSIGNED):
            readable, signatures = _clearsigned(message)
            return readable, None, signatures
        signed = read_signed_message(_dearmored(message))
    except (ArmorError, PacketError) as error:
        raise SignatureRefusedError(f"not a signed OpenPGP message: {error}") from None
    encoded = signed.encode()
    return encoded, signed.content, encoded


def _dearmored(message: bytes) -> bytes:
    if message[0] & 0x80:
        return message
    try:
        text = message.decode("ascii")
    except UnicodeDecodeError:
        raise ArmorError("got bytes that are neither armor nor packets") from None
    if _CLEARSIGNED_SIGNATURE in text:
        raise ArmorError("got a detached signature, expected a message that carries what it signs")
    return read_block(text, "PGP MESSAGE", headers=True)


def _clearsigned(message: bytes) -> tuple[bytes, bytes]:
    """A clearsigned text and its signature packets; the block may hold nothing but signatures (RFC 4880 7)."""
    try:
        text = message.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise ArmorError("got a clearsigned text that is not UTF-8") from None
    head, mark, block = text.rpartition(_CLEARSIGNED_SIGNATURE)
    if not mark or _CLEARSIGNED_SIGNATURE in head or head.count(_CLEARSIGNED.decode("ascii")) != 1:
        raise ArmorError("got a text that is not clearsigned exactly once")
    header, _, _ = head.replace("\r\n", "\n").partition("\n\n")
    if not all(line.startswith("Hash: ") for line in header.split("\n")[1:]):
        raise ArmorError("got a clearsigned text with other headers than `Hash`")
    signatures = read_block(f"{mark}{block}", "PGP SIGNATURE", headers=True)
    packets = read_packets(signatures, MAX_PGP_MESSAGE_PACKETS // 2)
    if any(packet.tag != Tag.SIGNATURE for packet in packets):
        raise PacketError("got packets other than signatures below a clearsigned text")
    return text.encode("utf-8"), signatures


def _concerns(fingerprint: str, certificate: Certificate, signers: set[str]) -> bool:
    return fingerprint in signers or fingerprint == certificate.fingerprint.lower()


def _signature_spans(packets: list[ParsedPacket], signers: set[str]) -> tuple[Validity, ...]:
    """The span of each signature that may be the one believed: all of them, where the issuer cannot be told."""
    ours = [packet for packet in packets if _issued_by(packet, signers)] or packets
    return tuple(
        Validity(
            subject="the OpenPGP signature",
            not_before=packet.signature_created,
            not_after=packet.signature_expiration_time,
        )
        for packet in ours
    )


def _issued_by(packet: ParsedPacket, signers: set[str]) -> bool:
    if packet.issuer_fingerprint is not None:
        return packet.issuer_fingerprint.lower() in signers
    key_id = packet.issuer_key_id
    return key_id is not None and any(signer.endswith(key_id.lower()) for signer in signers)


class _LibraryError(Exception):
    """Whatever the library raised on hostile bytes, in one sentence of bounded length."""


@contextlib.contextmanager
def _library() -> Iterator[None]:
    """Turn every failure of the library into one type: its exceptions carry stack traces, and its panics are not even
    exceptions, yet bytes that make it give up are bytes that prove nothing."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  # That is the point: see above.
        lines = str(error).splitlines()
        raise _LibraryError(lines[0][:200] if lines else type(error).__name__) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise _LibraryError("the OpenPGP library gave up on it") from None
