"""The signing algorithms of Cloud KMS by its names, and what is said of those that we do not serve."""

from collections.abc import Mapping
from types import MappingProxyType

from binauthz.base.errors import ApiError, Code, invalid_field
from binauthz.crypto.algorithms import SignatureAlgorithm

SIGNING: Mapping[str, SignatureAlgorithm] = MappingProxyType(
    {
        "EC_SIGN_P256_SHA256": SignatureAlgorithm.ECDSA_P256_SHA256,
        "EC_SIGN_P384_SHA384": SignatureAlgorithm.ECDSA_P384_SHA384,
        "RSA_SIGN_PSS_2048_SHA256": SignatureAlgorithm.RSA_PSS_2048_SHA256,
        "RSA_SIGN_PSS_3072_SHA256": SignatureAlgorithm.RSA_PSS_3072_SHA256,
        "RSA_SIGN_PSS_4096_SHA256": SignatureAlgorithm.RSA_PSS_4096_SHA256,
        "RSA_SIGN_PSS_4096_SHA512": SignatureAlgorithm.RSA_PSS_4096_SHA512,
        "RSA_SIGN_PKCS1_2048_SHA256": SignatureAlgorithm.RSA_SIGN_PKCS1_2048_SHA256,
        "RSA_SIGN_PKCS1_3072_SHA256": SignatureAlgorithm.RSA_SIGN_PKCS1_3072_SHA256,
        "RSA_SIGN_PKCS1_4096_SHA256": SignatureAlgorithm.RSA_SIGN_PKCS1_4096_SHA256,
        "RSA_SIGN_PKCS1_4096_SHA512": SignatureAlgorithm.RSA_SIGN_PKCS1_4096_SHA512,
    }
)
PURPOSE = "ASYMMETRIC_SIGN"
_SIGNS = ("EC_SIGN_", "RSA_SIGN_", "PQ_SIGN_")


def check_purpose(field: str, purpose: str) -> None:
    """Return for the one purpose that is served; INVALID_ARGUMENT without one, UNIMPLEMENTED for the others."""
    if purpose == "CRYPTO_KEY_PURPOSE_UNSPECIFIED":
        raise invalid_field(field, f"a purpose is required, expected `{PURPOSE}`")
    if purpose != PURPOSE:
        raise ApiError(Code.UNIMPLEMENTED, f"Keys of purpose {purpose} are not served here, only {PURPOSE}.")


def check_algorithm(field: str, algorithm: str) -> str:
    """The algorithm itself; INVALID_ARGUMENT for one that is absent or of another purpose, UNIMPLEMENTED for a signing
    algorithm that is not served."""
    if algorithm in SIGNING:
        return algorithm
    if algorithm.startswith(_SIGNS):
        raise ApiError(
            Code.UNIMPLEMENTED, f"{field}: {algorithm} is not served here, expected one of {', '.join(SIGNING)}"
        )
    if algorithm == "CRYPTO_KEY_VERSION_ALGORITHM_UNSPECIFIED":
        raise invalid_field(field, f"an algorithm is required, expected one of {', '.join(SIGNING)}")
    raise invalid_field(field, f"got `{algorithm}`, which is not for keys of purpose {PURPOSE}")
