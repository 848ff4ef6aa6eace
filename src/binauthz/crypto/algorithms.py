"""The closed set of signature algorithms, and for each the one kind of key it may be used with (SPEC 2.5).

The algorithm is always taken from the key record. Nothing that arrives with a signature may choose it.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from binauthz.crypto.errors import KeyRefusedError

ALGORITHM_FIELD = "pkixPublicKey.signatureAlgorithm"


class SignatureAlgorithm(enum.Enum):
    """PkixPublicKey.signatureAlgorithm, first name of each alias pair (SPEC 2.5)."""

    UNSPECIFIED = "SIGNATURE_ALGORITHM_UNSPECIFIED"
    RSA_PSS_2048_SHA256 = "RSA_PSS_2048_SHA256"
    RSA_PSS_3072_SHA256 = "RSA_PSS_3072_SHA256"
    RSA_PSS_4096_SHA256 = "RSA_PSS_4096_SHA256"
    RSA_PSS_4096_SHA512 = "RSA_PSS_4096_SHA512"
    RSA_SIGN_PKCS1_2048_SHA256 = "RSA_SIGN_PKCS1_2048_SHA256"
    RSA_SIGN_PKCS1_3072_SHA256 = "RSA_SIGN_PKCS1_3072_SHA256"
    RSA_SIGN_PKCS1_4096_SHA256 = "RSA_SIGN_PKCS1_4096_SHA256"
    RSA_SIGN_PKCS1_4096_SHA512 = "RSA_SIGN_PKCS1_4096_SHA512"
    ECDSA_P256_SHA256 = "ECDSA_P256_SHA256"
    ECDSA_P384_SHA384 = "ECDSA_P384_SHA384"
    ECDSA_P521_SHA512 = "ECDSA_P521_SHA512"
    ML_DSA_65 = "ML_DSA_65"


@dataclass(frozen=True, slots=True)
class Ecdsa:
    """ECDSA on one curve with one digest; signatures are ASN.1 DER, but raw r||s inside a JWS (RFC 7518 3.4)."""

    curve: ec.EllipticCurve
    digest: hashes.HashAlgorithm
    jws: str

    @property
    def coordinate_size(self) -> int:
        """Bytes of r, and of s, in a JWS."""
        return (self.curve.key_size + 7) // 8

    @property
    def key_kind(self) -> str:
        """The key it needs, for people."""
        return f"an EC key on {self.curve.name}"


@dataclass(frozen=True, slots=True)
class RsaPss:
    """RSASSA-PSS with MGF1 on the same digest and a modulus of exactly ``bits``."""

    bits: int
    digest: hashes.HashAlgorithm
    jws: str

    @property
    def key_kind(self) -> str:
        """The key it needs, for people."""
        return f"an RSA key of {self.bits} bits"


@dataclass(frozen=True, slots=True)
class RsaPkcs1:
    """RSASSA-PKCS1-v1_5 with a modulus of exactly ``bits``."""

    bits: int
    digest: hashes.HashAlgorithm
    jws: str

    @property
    def key_kind(self) -> str:
        """The key it needs, for people."""
        return f"an RSA key of {self.bits} bits"


Scheme = Ecdsa | RsaPss | RsaPkcs1

SCHEMES: Mapping[SignatureAlgorithm, Scheme] = MappingProxyType(
    {
        SignatureAlgorithm.RSA_PSS_2048_SHA256: RsaPss(2048, hashes.SHA256(), "PS256"),
        SignatureAlgorithm.RSA_PSS_3072_SHA256: RsaPss(3072, hashes.SHA256(), "PS256"),
        SignatureAlgorithm.RSA_PSS_4096_SHA256: RsaPss(4096, hashes.SHA256(), "PS256"),
        SignatureAlgorithm.RSA_PSS_4096_SHA512: RsaPss(4096, hashes.SHA512(), "PS512"),
        SignatureAlgorithm.RSA_SIGN_PKCS1_2048_SHA256: RsaPkcs1(2048, hashes.SHA256(), "RS256"),
        SignatureAlgorithm.RSA_SIGN_PKCS1_3072_SHA256: RsaPkcs1(3072, hashes.SHA256(), "RS256"),
        SignatureAlgorithm.RSA_SIGN_PKCS1_4096_SHA256: RsaPkcs1(4096, hashes.SHA256(), "RS256"),
        SignatureAlgorithm.RSA_SIGN_PKCS1_4096_SHA512: RsaPkcs1(4096, hashes.SHA512(), "RS512"),
        SignatureAlgorithm.ECDSA_P256_SHA256: Ecdsa(ec.SECP256R1(), hashes.SHA256(), "ES256"),
        SignatureAlgorithm.ECDSA_P384_SHA384: Ecdsa(ec.SECP384R1(), hashes.SHA384(), "ES384"),
        SignatureAlgorithm.ECDSA_P521_SHA512: Ecdsa(ec.SECP521R1(), hashes.SHA512(), "ES512"),
    }
)


def scheme_of(algorithm: SignatureAlgorithm) -> Scheme:
    """How to verify with an algorithm. Raises KeyRefusedError for one that is unspecified or not supported."""
    scheme = SCHEMES.get(algorithm)
    if scheme is None:
        what = "is unsupported" if algorithm is SignatureAlgorithm.ML_DSA_65 else "names no algorithm"
        expected = ", ".join(known.value for known in SCHEMES)
        raise KeyRefusedError(ALGORITHM_FIELD, f"got `{algorithm.value}`, which {what}; expected one of {expected}")
    return scheme
