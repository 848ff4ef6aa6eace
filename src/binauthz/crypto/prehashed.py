"""Signatures over digests, as a key service makes them: the data never leaves its owner.

Whoever opened the private key proved that it is what was sealed, so its numbers are not checked again. A signature is
checked against the public key before it leaves: a fault while an RSA signature is made would give the key away.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from binauthz.crypto.algorithms import Ecdsa, RsaPkcs1, RsaPss, SignatureAlgorithm, scheme_of
from binauthz.crypto.errors import SignatureRefusedError
from binauthz.crypto.pkix import load_public_key


def digest_size(algorithm: SignatureAlgorithm) -> int:
    """How many bytes a digest for this algorithm has."""
    return scheme_of(algorithm).digest.digest_size


def sign_digest(trusted_private_pem: bytes, algorithm: SignatureAlgorithm, digest: bytes) -> bytes:
    """A signature over data with this digest. The key must be one that we made and kept: it is not validated."""
    private = load_pem_private_key(trusted_private_pem, None, unsafe_skip_rsa_key_validation=True)
    match scheme_of(algorithm), private:
        case Ecdsa() as scheme, ec.EllipticCurvePrivateKey():
            return private.sign(digest, ec.ECDSA(utils.Prehashed(scheme.digest)))
        case (RsaPss() | RsaPkcs1()) as scheme, rsa.RSAPrivateKey():
            return private.sign(digest, _padding(scheme), utils.Prehashed(scheme.digest))
        case _:
            raise AssertionError("a key was kept that does not fit its algorithm")


def check_digest_signature(public_pem: str, algorithm: SignatureAlgorithm, digest: bytes, signature: bytes) -> None:
    """Return if the key made this signature over data with this digest; else raise SignatureRefusedError.

    Raises KeyRefusedError when the public key is none of the algorithm's.
    """
    key = load_public_key(public_pem, algorithm)
    try:
        match key.scheme, key.material:
            case Ecdsa() as scheme, ec.EllipticCurvePublicKey() as material:
                material.verify(signature, digest, ec.ECDSA(utils.Prehashed(scheme.digest)))
            case (RsaPss() | RsaPkcs1()) as scheme, rsa.RSAPublicKey() as material:
                material.verify(signature, digest, _padding(scheme), utils.Prehashed(scheme.digest))
            case _:
                raise AssertionError("`load_public_key` let a key through that does not fit its algorithm")
    except InvalidSignature:
        raise SignatureRefusedError("got a signature that is not by this key over this digest") from None


def _padding(scheme: RsaPss | RsaPkcs1) -> padding.PSS | padding.PKCS1v15:
    match scheme:
        case RsaPss():
            return padding.PSS(mgf=padding.MGF1(scheme.digest), salt_length=padding.PSS.DIGEST_LENGTH)
        case RsaPkcs1():
            return padding.PKCS1v15()
