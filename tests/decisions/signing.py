"""Fixed P-256 keys, derived from their names, and the attestations that they sign. Test material: never a real key."""

import hashlib
import json
from functools import lru_cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@lru_cache(maxsize=64)
def private_key(name: str) -> ec.EllipticCurvePrivateKey:
    """The key of that name; the same everywhere and always."""
    seed = int.from_bytes(hashlib.sha512(f"binauthz test key {name}".encode()).digest(), "big")
    return ec.derive_private_key(seed % (P256_ORDER - 1) + 1, ec.SECP256R1())


@lru_cache(maxsize=64)
def public_pem(name: str) -> str:
    """The public half in PEM."""
    return private_key(name).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


@lru_cache(maxsize=4096)
def sign(name: str, payload: bytes) -> bytes:
    """A signature in DER, as openssl and KMS make it; deterministic, so that cases replay alike."""
    return private_key(name).sign(payload, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


@lru_cache(maxsize=4096)
def payload_for(digest: str) -> bytes:
    """What gcloud would have signed for a digest (64 hexadecimal digits)."""
    document = {
        "critical": {
            "identity": {"docker-reference": "us-docker.pkg.dev/p1/r/img"},
            "image": {"docker-manifest-digest": f"sha256:{digest}"},
            "type": "Google cloud binauthz container signature",
        }
    }
    return json.dumps(document, indent=2, sort_keys=True).encode() + b"\n"
