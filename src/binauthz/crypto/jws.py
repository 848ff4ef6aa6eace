"""Compact JWS (RFC 7515): a token that carries its own payload, verified with the algorithm of the key record.

The header never chooses anything (THREATS B67): ``kid`` picks among the attestor's keys by exact equality, and ``alg``
must agree with the key's algorithm. Refused: ``none``, every HMAC, headers that bring or point to a key (``jwk``,
``jku``, ``x5c``, ``x5u``), critical extensions, detached payloads, and base64url in any but its one canonical form.
"""

import base64
import binascii
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from binauthz.base.limits import MAX_TOKEN_BYTES
from binauthz.crypto.algorithms import Ecdsa
from binauthz.crypto.errors import SignatureRefusedError
from binauthz.crypto.pkix import PublicKey
from binauthz.crypto.strict_json import NotStrictJsonError, parse_object

# Verified: they must be what the key record says. Informational: allowed to be there. Everything else is refused,
# because a header that we do not understand is a request we would silently not follow.
VERIFIED_HEADERS = frozenset({"alg", "kid", "typ"})
# Issuers of identities add the thumbprint of a certificate; it chooses nothing here.
INFORMATIONAL_HEADERS = frozenset({"cty", "x5t", "x5t#S256"})
JWT = frozenset({"JWT"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactToken:
    """A token taken apart and not verified: nothing but ``kid`` may be used, and only to find a key."""

    kid: str
    alg: str
    signed: bytes
    payload: bytes
    signature: bytes


def split_token(token: str, *, types: frozenset[str] = JWT) -> CompactToken:
    """Take a compact JWS of one of the ``types`` (in upper case) apart. Raises SignatureRefusedError."""
    if not 0 < len(token) <= MAX_TOKEN_BYTES:
        raise SignatureRefusedError(f"got a token of {len(token)} characters, expected 1 to {MAX_TOKEN_BYTES}")
    parts = token.split(".", 3)
    if len(parts) != 3 or not all(parts):
        raise SignatureRefusedError("got a token that is not `header.payload.signature`")
    header = _header(_decode(parts[0], "header"), types)
    kid, alg = header.get("kid"), header.get("alg")
    if not isinstance(kid, str) or not kid:
        raise SignatureRefusedError("got a token without `kid`, expected the id of a key of the attestor")
    if not isinstance(alg, str):
        raise SignatureRefusedError("got a token without `alg`")
    payload, signature = _decode(parts[1], "payload"), _decode(parts[2], "signature")
    return CompactToken(
        kid=kid, alg=alg, signed=f"{parts[0]}.{parts[1]}".encode("ascii"), payload=payload, signature=signature
    )


def verify_token(token: CompactToken, key: PublicKey) -> bytes:
    """The payload that this key signed. Raises SignatureRefusedError."""
    if token.alg != key.scheme.jws:
        raise SignatureRefusedError(f"got `alg` `{token.alg[:32]}`, expected `{key.scheme.jws}` as the key is declared")
    signature = token.signature
    match key.scheme:
        case Ecdsa() as scheme:
            size = scheme.coordinate_size
            if len(signature) != 2 * size:
                raise SignatureRefusedError(f"got a signature of {len(signature)} bytes, expected r||s of {2 * size}")
            signature = encode_dss_signature(
                int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
            )
        case _:
            pass
    key.verify(signature, token.signed)
    return token.payload


def _header(encoded: bytes, types: frozenset[str]) -> dict[str, object]:
    try:
        header = parse_object(encoded)
    except NotStrictJsonError as error:
        raise SignatureRefusedError(f"got a token whose header is not plain JSON: {error}") from None
    strange = sorted(header.keys() - VERIFIED_HEADERS - INFORMATIONAL_HEADERS)
    if strange:
        raise SignatureRefusedError(f"got the header parameter `{strange[0][:32]}`, expected only alg, kid and typ")
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.upper() not in types:
        raise SignatureRefusedError(f"got another `typ` than {' or '.join(sorted(types))}")
    return header


def _decode(text: str, what: str) -> bytes:
    """Unpadded base64url whose spare bits are zero, so that one value has one spelling."""
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise SignatureRefusedError(f"got a {what} that is not base64url") from None
    if base64.urlsafe_b64encode(decoded).decode("ascii").rstrip("=") != text:
        raise SignatureRefusedError(f"got a {what} that is not canonical base64url")
    return decoded
