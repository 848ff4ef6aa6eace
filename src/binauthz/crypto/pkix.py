"""PKIX keys: a PEM SubjectPublicKeyInfo with one algorithm, and detached signatures by it (SPEC 2.4, 2.5).

Refused here: more or less than one PEM block, private keys and certificates, keys whose kind or size is not what the
algorithm needs, DER in any but its one canonical form, and ECDSA signatures as raw r||s (SPEC 13.40).
"""

import base64
import functools
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from binauthz.base.limits import MAX_KEY_BYTES, MAX_SIGNATURE_BYTES
from binauthz.crypto.algorithms import ALGORITHM_FIELD, Ecdsa, RsaPkcs1, RsaPss, Scheme, SignatureAlgorithm, scheme_of
from binauthz.crypto.errors import KeyRefusedError, SignatureRefusedError
from binauthz.crypto.pem import ArmorError, read_block

PEM_FIELD = "pkixPublicKey.publicKeyPem"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """A parsed key that is known to fit its algorithm; ``id`` is its default name (RFC 6920)."""

    id: str
    algorithm: SignatureAlgorithm
    scheme: Scheme
    material: ec.EllipticCurvePublicKey | rsa.RSAPublicKey

    def verify(self, signature: bytes, message: bytes) -> None:
        """Return if this key made this signature over exactly these bytes; else raise SignatureRefusedError."""
        if not 0 < len(signature) <= MAX_SIGNATURE_BYTES:
            raise SignatureRefusedError(
                f"got a signature of {len(signature)} bytes, expected 1 to {MAX_SIGNATURE_BYTES}"
            )
        match self.scheme, self.material:
            case Ecdsa() as scheme, ec.EllipticCurvePublicKey() as key:
                _verify_ecdsa(key, scheme, signature, message)
            case (RsaPss() | RsaPkcs1()) as scheme, rsa.RSAPublicKey() as key:
                _verify_rsa(key, scheme, signature, message)
            case _:
                raise AssertionError("a public key was built without `load_public_key`")


def check_public_pem(pem: str) -> None:
    """Return for a public key of a kind that somebody signs with, whatever its algorithm. Raises KeyRefusedError."""
    try:
        key = load_der_public_key(_der_of(pem))
    except (ValueError, UnsupportedAlgorithm):
        raise KeyRefusedError(PEM_FIELD, "got a block that is not a SubjectPublicKeyInfo of a known kind") from None
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey):
        raise KeyRefusedError(PEM_FIELD, "got a key that does not sign, expected one of EC, RSA or Ed25519")


@functools.lru_cache(maxsize=4096)
def load_public_key(pem: str, algorithm: SignatureAlgorithm) -> PublicKey:
    """Parse a key and bind it to its algorithm. Raises KeyRefusedError."""
    scheme = scheme_of(algorithm)
    der = _der_of(pem)
    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        raise KeyRefusedError(PEM_FIELD, "got a block that is not a SubjectPublicKeyInfo of a known kind") from None
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey) or not _fits(key, scheme):
        raise KeyRefusedError(ALGORITHM_FIELD, f"got `{algorithm.value}` for {_kind(key)}; it needs {scheme.key_kind}")
    if key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != der:
        raise KeyRefusedError(
            PEM_FIELD, "got a key in another than its canonical DER form (uncompressed point, plain RSA identifier)"
        )
    return PublicKey(id=_default_id(der), algorithm=algorithm, scheme=scheme, material=key)


def _der_of(pem: str) -> bytes:
    if len(pem) > MAX_KEY_BYTES:
        raise KeyRefusedError(PEM_FIELD, f"got {len(pem)} characters, expected at most {MAX_KEY_BYTES}")
    if "PRIVATE KEY-----" in pem:
        raise KeyRefusedError(PEM_FIELD, "got a private key, expected a public one; treat that key as exposed")
    try:
        return read_block(pem, "PUBLIC KEY")
    except ArmorError as error:
        raise KeyRefusedError(PEM_FIELD, str(error)) from None


def _default_id(der: bytes) -> str:
    """The RFC 6920 name of the SHA-256 of the DER, base64url without padding (SPEC 2.4)."""
    name = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).decode("ascii").rstrip("=")
    return f"ni:///sha-256;{name}"


def _fits(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey, scheme: Scheme) -> bool:
    match scheme, key:
        case Ecdsa(), ec.EllipticCurvePublicKey():
            return key.curve.name == scheme.curve.name
        case ((RsaPss() | RsaPkcs1()), rsa.RSAPublicKey()):
            # An exponent of 1 would make every padded message its own signature.
            exponent = key.public_numbers().e
            return key.key_size == scheme.bits and exponent >= 3 and exponent % 2 == 1
        case _:
            return False


def _kind(key: object) -> str:
    match key:
        case ec.EllipticCurvePublicKey():
            return f"an EC key on {key.curve.name}"
        case rsa.RSAPublicKey():
            return f"an RSA key of {key.key_size} bits"
        case _:
            return "a key that is neither EC nor RSA"


def _verify_ecdsa(key: ec.EllipticCurvePublicKey, scheme: Ecdsa, signature: bytes, message: bytes) -> None:
    try:
        key.verify(signature, message, ec.ECDSA(scheme.digest))
    except InvalidSignature:
        if len(signature) == 2 * scheme.coordinate_size and signature[0] != 0x30:
            raise SignatureRefusedError(
                "got a signature of the length of raw r||s, expected ASN.1 DER as openssl and KMS emit"
            ) from None
        raise SignatureRefusedError("the signature does not verify with the key") from None


def _verify_rsa(key: rsa.RSAPublicKey, scheme: RsaPss | RsaPkcs1, signature: bytes, message: bytes) -> None:
    """Any salt length is accepted for PSS: clients differ, and the salt carries no meaning (SPEC 2.5)."""
    pad: padding.AsymmetricPadding
    match scheme:
        case RsaPss():
            pad = padding.PSS(mgf=padding.MGF1(scheme.digest), salt_length=padding.PSS.AUTO)
        case RsaPkcs1():
            pad = padding.PKCS1v15()
    try:
        key.verify(signature, message, pad, scheme.digest)
    except InvalidSignature:
        raise SignatureRefusedError("the signature does not verify with the key") from None
