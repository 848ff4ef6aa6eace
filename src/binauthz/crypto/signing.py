"""Key pairs, and signatures over messages for people at a keyboard and for pipelines, offline.

What the server signs is a digest, by a key that it keeps: see ``prehashed``.
"""

from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from binauthz.crypto.algorithms import SCHEMES, Ecdsa, RsaPkcs1, RsaPss, SignatureAlgorithm, scheme_of
from binauthz.crypto.errors import KeyRefusedError
from binauthz.crypto.pae import pae
from binauthz.crypto.pkix import load_public_key

PRIVATE_KEY_FIELD = "privateKey"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """A fresh key pair. The private half is unencrypted PKCS #8 and is kept out of every representation."""

    algorithm: SignatureAlgorithm
    id: str
    public_pem: str
    private_pem: bytes

    def __repr__(self) -> str:
        return f"KeyPair(algorithm={self.algorithm.value}, id={self.id!r})"


def generate_key_pair(algorithm: SignatureAlgorithm = SignatureAlgorithm.ECDSA_P256_SHA256) -> KeyPair:
    """A new key pair for one algorithm. Raises KeyRefusedError for an algorithm that is not supported."""
    scheme = scheme_of(algorithm)
    private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    match scheme:
        case Ecdsa():
            private = ec.generate_private_key(scheme.curve)
        case RsaPss() | RsaPkcs1():
            private = rsa.generate_private_key(public_exponent=65537, key_size=scheme.bits)
    public_pem = _public_pem(private)
    return KeyPair(
        algorithm=algorithm,
        id=load_public_key(public_pem, algorithm).id,
        public_pem=public_pem,
        private_pem=private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )


def public_pem_of(private_pem: bytes, password: bytes | None = None) -> str:
    """The public half of a private key, as attestors hold it. Raises KeyRefusedError."""
    return _public_pem(_load(private_pem, password))


def algorithm_for(private_pem: bytes, password: bytes | None = None) -> SignatureAlgorithm:
    """The algorithm a private key is used with when none is named: ECDSA by curve, or PSS by size with SHA-256."""
    return _algorithm_of(_load(private_pem, password))


def sign(
    private_pem: bytes,
    payload: bytes,
    *,
    algorithm: SignatureAlgorithm | None = None,
    dsse_type: str | None = None,
    password: bytes | None = None,
) -> bytes:
    """A detached signature over a payload, or over its pre-authentication encoding if a DSSE type is named.

    EC signatures are ASN.1 DER; PSS salts are as long as the digest, as KMS makes them. Raises KeyRefusedError if the
    key is not one or is not of the kind that the algorithm needs.
    """
    private = _load(private_pem, password)
    chosen = algorithm or _algorithm_of(private)
    load_public_key(_public_pem(private), chosen)
    message = payload if dsse_type is None else pae(payload, dsse_type)
    match scheme_of(chosen), private:
        case Ecdsa() as scheme, ec.EllipticCurvePrivateKey():
            return private.sign(message, ec.ECDSA(scheme.digest))
        case RsaPss() as scheme, rsa.RSAPrivateKey():
            salted = padding.PSS(mgf=padding.MGF1(scheme.digest), salt_length=padding.PSS.DIGEST_LENGTH)
            return private.sign(message, salted, scheme.digest)
        case RsaPkcs1() as scheme, rsa.RSAPrivateKey():
            return private.sign(message, padding.PKCS1v15(), scheme.digest)
        case _:
            raise AssertionError("`load_public_key` let a key through that does not fit its algorithm")


def _algorithm_of(private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> SignatureAlgorithm:
    for algorithm, scheme in SCHEMES.items():
        match scheme, private:
            case Ecdsa(), ec.EllipticCurvePrivateKey() if scheme.curve.name == private.curve.name:
                return algorithm
            case RsaPss(), rsa.RSAPrivateKey() if scheme.bits == private.key_size:
                return algorithm
            case _:
                continue
    raise KeyRefusedError(PRIVATE_KEY_FIELD, "got a key of a curve or size that no algorithm uses")


def _load(private_pem: bytes, password: bytes | None) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    try:
        private = load_pem_private_key(private_pem, password)
    except TypeError:
        wanted = "needs a password" if password is None else "is not encrypted, yet a password was given"
        raise KeyRefusedError(PRIVATE_KEY_FIELD, f"got a private key that {wanted}") from None
    except (ValueError, UnsupportedAlgorithm):
        raise KeyRefusedError(
            PRIVATE_KEY_FIELD, "got bytes that are not a PEM private key, or a wrong password"
        ) from None
    if not isinstance(private, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise KeyRefusedError(PRIVATE_KEY_FIELD, "got a key that is neither EC nor RSA")
    return private


def _public_pem(private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")
