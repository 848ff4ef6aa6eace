"""Keys and attestations as a client makes them."""

import base64
import json
import uuid

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def payload(digest: str) -> bytes:
    """The payload that create-signature-payload prints (SPEC 3.1)."""
    document = {
        "critical": {
            "identity": {"docker-reference": "us-docker.pkg.dev/p1/r/img"},
            "image": {"docker-manifest-digest": f"sha256:{digest}"},
            "type": "Google cloud binauthz container signature",
        }
    }
    return (json.dumps(document, indent=2, sort_keys=True) + "\n").encode()


class Signer:
    """A P-256 key pair."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        public = self._key.public_key()
        self.pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, message: bytes) -> bytes:
        """A DER signature."""
        return self._key.sign(message, ec.ECDSA(hashes.SHA256()))


def websafe(data: bytes) -> str:
    """Bytes as gcloud spells them in JSON: URL-safe base64 (SPEC 0.1)."""
    return base64.urlsafe_b64encode(data).decode()


def fresh(prefix: str) -> str:
    """An id that no other test uses."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"
