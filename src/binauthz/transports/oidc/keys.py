"""A JSON Web Key Set (RFC 7517) as keys that are bound to their algorithms.

Only public RSA and EC keys for signatures count. A key id that two keys share names neither, and what cannot be read
is left out: a set may hold keys of kinds that came after us.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from binauthz.crypto.algorithms import SCHEMES, Ecdsa, SignatureAlgorithm
from binauthz.crypto.errors import KeyRefusedError
from binauthz.crypto.pkix import PublicKey, load_public_key
from binauthz.crypto.strict_json import JsonObject, NotStrictJsonError, parse_object

MAX_KEYS = 100
MAX_SET_BYTES = 256 * 1024
_MAX_NUMBER = 1024
_CURVES: Mapping[str, ec.EllipticCurve] = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}

Keys = Mapping[tuple[str, str], PublicKey]
"""Keys by key id and JWS algorithm."""


class KeySetRefusedError(Exception):
    """Not a key set; the message says why."""


def parse_key_set(document: bytes, algorithms: tuple[str, ...]) -> Keys:
    """The keys of a set for the allowed algorithms. Raises KeySetRefusedError."""
    try:
        listed = parse_object(document, limit=MAX_SET_BYTES).get("keys")
    except NotStrictJsonError as error:
        raise KeySetRefusedError(f"the key set is not JSON: {error}") from None
    if not isinstance(listed, list) or len(listed) > MAX_KEYS:
        raise KeySetRefusedError(f"the key set has no list of at most {MAX_KEYS} `keys`")
    found: dict[tuple[str, str], PublicKey] = {}
    ids: dict[str, int] = {}
    for each in listed:
        if not isinstance(each, dict):
            continue
        kid = each.get("kid")
        if not isinstance(kid, str) or not kid:
            continue
        ids[kid] = ids.get(kid, 0) + 1
        found |= {(kid, algorithm): key for algorithm, key in _keys(each, algorithms)}
    return {(kid, algorithm): key for (kid, algorithm), key in found.items() if ids[kid] == 1}


def _keys(jwk: JsonObject, algorithms: tuple[str, ...]) -> Iterator[tuple[str, PublicKey]]:
    operations = jwk.get("key_ops")
    if jwk.get("use", "sig") != "sig" or (isinstance(operations, list) and "verify" not in operations):
        return
    try:
        material = _material(jwk)
        pem = material.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    except (ValueError, TypeError, binascii.Error):
        return
    for algorithm, scheme in SCHEMES.items():
        declared = jwk.get("alg", scheme.jws)
        if scheme.jws in algorithms and declared == scheme.jws and _fits(material, algorithm):
            try:
                yield scheme.jws, load_public_key(pem, algorithm)
            except KeyRefusedError:
                continue


def _fits(material: rsa.RSAPublicKey | ec.EllipticCurvePublicKey, algorithm: SignatureAlgorithm) -> bool:
    match SCHEMES[algorithm], material:
        case Ecdsa() as scheme, ec.EllipticCurvePublicKey():
            return scheme.curve.name == material.curve.name
        case Ecdsa(), _:
            return False
        case scheme, rsa.RSAPublicKey():
            return scheme.bits == material.key_size
        case _:
            return False


def _material(jwk: JsonObject) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
    match jwk.get("kty"):
        case "RSA":
            return rsa.RSAPublicNumbers(_number(jwk, "e"), _number(jwk, "n")).public_key()
        case "EC":
            curve = _CURVES.get(str(jwk.get("crv")))
            if curve is None:
                raise ValueError("an unknown curve")
            return ec.EllipticCurvePublicNumbers(_number(jwk, "x"), _number(jwk, "y"), curve).public_key()
        case _:
            # Symmetric keys above all: a public key must never be used as one (THREATS B67).
            raise ValueError("neither RSA nor EC")


def _number(jwk: JsonObject, name: str) -> int:
    value = jwk.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_NUMBER:
        raise ValueError(f"`{name}` is not a number")
    return int.from_bytes(base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True), "big")
