"""Private keys in the database, sealed: protection level SOFTWARE."""

import secrets

from binauthz.crypto.algorithms import SignatureAlgorithm
from binauthz.crypto.prehashed import sign_digest
from binauthz.crypto.sealing import SealingError, SealingKeySource
from binauthz.crypto.signing import generate_key_pair
from binauthz.services import sealing
from binauthz.services.kms.backend import NewKey


class SoftwareBackend:
    """Keys made and used by this process, and kept in the store under its sealing keys."""

    def __init__(self, source: SealingKeySource | None) -> None:
        self._source = source

    def check(self) -> None:
        """See KeyBackend."""
        sealing.seal(self._source, b"", "check")

    def generate(self, name: str, algorithm: SignatureAlgorithm) -> NewKey:
        """See KeyBackend."""
        pair = generate_key_pair(algorithm)
        return NewKey(public_pem=pair.public_pem, material=sealing.seal(self._source, pair.private_pem, name))

    def sign(self, name: str, material: bytes, algorithm: SignatureAlgorithm, digest: bytes) -> bytes:
        """See KeyBackend."""
        return sign_digest(sealing.unseal(self._source, material, name), algorithm, digest)

    def destroy(self, name: str, material: bytes) -> None:
        """See KeyBackend; what is sealed is gone with the row that held it."""

    def renew(self, name: str, material: bytes) -> bytes | None:
        """See KeyBackend."""
        if self._source is None:
            return None
        try:
            keys = self._source.keys()
            if keys.is_current(material):
                return None
            return keys.seal(keys.open(material, name), name)
        except SealingError as error:
            raise sealing.refused(error, name) from None

    def random(self, length: int) -> bytes:
        """See KeyBackend."""
        return secrets.token_bytes(length)
