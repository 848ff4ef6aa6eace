"""Key pairs that suites share; RSA ones come from the committed files, because making them is slow."""

import functools
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from binauthz.crypto.algorithms import SCHEMES, Ecdsa, SignatureAlgorithm

KEYS = Path(__file__).resolve().parent.parent / "vectors" / "keys"
ALGORITHMS = tuple(SCHEMES)


@functools.cache
def private_pem(algorithm: SignatureAlgorithm) -> bytes:
    scheme = SCHEMES[algorithm]
    name = f"{algorithm.value.lower()}.pem" if isinstance(scheme, Ecdsa) else f"rsa-{scheme.bits}.pem"
    return (KEYS / name).read_bytes()


@functools.cache
def public_pem(algorithm: SignatureAlgorithm) -> str:
    key = load_pem_private_key(private_pem(algorithm), None).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def certificate(name: str) -> str:
    return (KEYS / f"pgp-{name}.asc").read_text(encoding="ascii")
