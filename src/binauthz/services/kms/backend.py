"""Who holds private keys: what the key service asks of software and of a hardware token alike."""

from dataclasses import dataclass
from typing import Protocol

from binauthz.crypto.algorithms import SignatureAlgorithm


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key that a backend made: its public half, and what the backend needs to use the private one again, which is
    fit to be stored in the database as it is."""

    public_pem: str
    material: bytes


class KeyBackend(Protocol):
    """One holder of private keys. Every method may block and is called on a thread; every one raises ApiError.

    ``name`` is the key version's resource name. Material that was made for one name is refused for another.
    """

    def check(self) -> None:
        """Return if keys can be made and used now; raise UNAVAILABLE or FAILED_PRECONDITION with the reason."""

    def generate(self, name: str, algorithm: SignatureAlgorithm) -> NewKey:
        """Make a key pair."""

    def sign(self, name: str, material: bytes, algorithm: SignatureAlgorithm, digest: bytes) -> bytes:
        """A signature over data with this digest; ECDSA in ASN.1 DER."""

    def destroy(self, name: str, material: bytes) -> None:
        """Make the private key unusable for ever; one that is gone already is no error."""

    def renew(self, name: str, material: bytes) -> bytes | None:
        """The material under the newest sealing key, or None where it is already."""

    def random(self, length: int) -> bytes:
        """Random bytes."""
