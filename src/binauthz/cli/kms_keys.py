"""Keys that never leave the server, for attestors and attestations: gcloud's `--keyversion` flags (SPEC 3.6)."""

import base64
import binascii
import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import click

from binauthz.cli.session import Session

_PARTS = ("projects", "locations", "keyRings", "cryptoKeys", "cryptoKeyVersions")
_EXPECTED = "projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/N"
DIGEST_BYTES = {"sha256": 32, "sha384": 48, "sha512": 64}
_DIGESTS = {"SHA256": "sha256", "SHA384": "sha384", "SHA512": "sha512"}


def _name(_context: click.Context, _parameter: click.Parameter, given: str | None) -> str | None:
    if given is None:
        return None
    segments = given.split("/")
    if tuple(segments[::2]) != _PARTS or len(segments) != 10 or not all(segments):
        raise click.ClickException(f"got the key version `{given}`, expected {_EXPECTED}")
    return given


def keyversion_option(purpose: str) -> Callable[[Any], Any]:
    """``--keyversion``."""
    return click.option("--keyversion", metavar="NAME", callback=_name, help=purpose)


def key_id(session: Session, keyversion: str) -> str:
    """The id that gcloud gives such a key: its address without the scheme, whatever the host is (SPEC 2.4)."""
    return f"//{urlsplit(session.base_url).netloc}/v1/{keyversion}"


def public_key(session: Session, keyversion: str) -> tuple[str, str]:
    """The PEM, and the algorithm that the key is for."""
    answer = session.call("GET", f"/v1/{keyversion}/publicKey")
    return str(answer.get("pem", "")), str(answer.get("algorithm", ""))


def spelt(algorithm: str) -> str:
    """``ec-sign-p256-sha256`` as the API spells it."""
    return algorithm.upper().replace("-", "_")


def sign(session: Session, keyversion: str, message: bytes) -> bytes:
    """A signature over the message, whose digest alone is sent."""
    _, algorithm = public_key(session, keyversion)
    name = _DIGESTS.get(algorithm.rpartition("_")[2])
    if name is None:
        raise click.ClickException(f"a key with the algorithm `{algorithm}` cannot sign here")
    return sign_digest(session, keyversion, name, hashlib.new(name, message).digest())


def sign_digest(session: Session, keyversion: str, function: str, digest: bytes) -> bytes:
    """A signature over a digest; neither of them was damaged on the way, which their checksums show."""
    from binauthz.crypto.crc32c import crc32c  # noqa: PLC0415 - start-up time

    sent = base64.b64encode(digest).decode()
    body = {"digest": {function: sent}, "digestCrc32c": str(crc32c(digest))}
    answer = session.call("POST", f"/v1/{keyversion}:asymmetricSign", body)
    try:
        signature = base64.b64decode(str(answer.get("signature", "")), validate=True)
    except binascii.Error:
        raise click.ClickException(f"{session.base_url} answered with a signature that is not base64") from None
    if answer.get("verifiedDigestCrc32c") is not True or answer.get("signatureCrc32c") != str(crc32c(signature)):
        raise click.ClickException(f"{session.base_url} answered with a signature whose checksum does not agree")
    return signature
