"""What a signed token claims (SPEC 3.5): the digest it is about, for whom it is meant, and when it counts.

The API asks a token to claim the resource and enforces nothing; here a token that is bound to no digest is refused,
because it would attest every image. ``sub`` may be ``container:digest:sha256:...`` (the form of the published signing
library), a bare ``sha256:...``, or an image reference by digest.
"""

import datetime as dt
from dataclasses import dataclass

from binauthz.attestation.account import CLAIMS, DIGEST_PATH, REFERENCE_PATH, TYPE_PATH, informational, unlisted
from binauthz.attestation.payload import Statement, digest_of_payload, hex_of_digest, member, read_document
from binauthz.base.image import digest_of_resource_uri
from binauthz.crypto.errors import SignatureRefusedError
from binauthz.crypto.strict_json import JsonObject
from binauthz.crypto.validity import Validity

AUDIENCE = "//binaryauthorization.googleapis.com"
SUBJECT_PREFIX = "container:digest:"

# The moments that a datetime can hold: 0001-01-01 to 9999-12-31 would do, but no token needs what is before 1970.
_LAST_MOMENT = 253_402_300_799


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenStatement:
    """A statement with the span during which its token counts."""

    statement: Statement
    validity: Validity


def read_claims(payload: bytes) -> TokenStatement:
    """The statement in a verified token. Raises SignatureRefusedError."""
    claims = read_document(payload)
    _check_audience(claims)
    return TokenStatement(
        statement=Statement(
            digest=_bound_digest(claims),
            docker_reference=informational(member(claims, REFERENCE_PATH)),
            type=informational(member(claims, TYPE_PATH)),
            unlisted=unlisted(claims, CLAIMS),
        ),
        validity=Validity(subject="the token", not_before=_moment(claims, "nbf"), not_after=_moment(claims, "exp")),
    )


def _bound_digest(claims: JsonObject) -> str:
    """The digest of every claim that may hold one: each that is there must hold it, and all must agree."""
    digests: set[str | None] = set()
    if "sub" in claims:
        digests.add(_digest_of_subject(claims["sub"]))
    if member(claims, DIGEST_PATH) is not None:
        digests.add(digest_of_payload(claims))
    if not digests:
        raise SignatureRefusedError("signature verified, but the token is bound to no digest: it has no `sub`")
    digest = digests.pop()
    if digests or digest is None:
        raise SignatureRefusedError(
            "signature verified, but the claims of the token do not name one digest of `sha256:` and 64 lower-case "
            "hexadecimal digits"
        )
    return digest


def _digest_of_subject(subject: object) -> str | None:
    if not isinstance(subject, str):
        return None
    return hex_of_digest(subject.removeprefix(SUBJECT_PREFIX)) or digest_of_resource_uri(subject)


def _check_audience(claims: JsonObject) -> None:
    """A token that names its audiences must name this one (RFC 7519 4.1.3)."""
    if "aud" not in claims:
        return
    audience = claims["aud"]
    if AUDIENCE not in (audience if isinstance(audience, list) else [audience]):
        raise SignatureRefusedError(
            f"signature verified, but the token is meant for another audience than `{AUDIENCE}`"
        )


def _moment(claims: JsonObject, name: str) -> dt.datetime | None:
    if name not in claims:
        return None
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LAST_MOMENT:
        raise SignatureRefusedError(f"signature verified, but `{name}` of the token is not a moment in seconds")
    return dt.datetime.fromtimestamp(value, dt.UTC)
