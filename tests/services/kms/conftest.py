"""A world whose server keeps private keys under a sealing key of its own."""

import dataclasses
from dataclasses import dataclass

import pytest

from binauthz.crypto.sealing import SealingKey, SealingKeys
from binauthz.services.context import Context, Settings
from binauthz.services.kms import crypto_keys, key_rings
from binauthz.services.kms.custody import SOFTWARE, Custody
from binauthz.services.kms.software import SoftwareBackend
from tests.services.conftest import PROJECT, World

LOCATION = f"{PROJECT}/locations/global"
RING = f"{LOCATION}/keyRings/ring"
KEY = f"{RING}/cryptoKeys/signer"
VERSION = f"{KEY}/cryptoKeyVersions/1"
EC = "EC_SIGN_P256_SHA256"


class Sealing:
    """A source of sealing keys that a test can change or take away."""

    def __init__(self) -> None:
        self.current = SealingKeys((SealingKey.generate(),))
        self.trouble: Exception | None = None

    def keys(self) -> SealingKeys:
        if self.trouble is not None:
            raise self.trouble
        return self.current


@dataclass
class Keys:
    """The world, its owner with a custody, and the sealing keys."""

    world: World
    sealing: Sealing
    custody: Custody
    owner: Context

    def ring(self) -> str:
        self.world.run(key_rings.create_key_ring(self.owner, LOCATION, "ring"))
        return RING

    def key(self, algorithm: str = EC, **fields: object) -> str:
        """A key ring with one key; returns the name of its version 1."""
        self.ring()
        draft = dataclasses.replace(draft_of(algorithm), **fields)  # type: ignore[arg-type]
        self.world.run(crypto_keys.create_crypto_key(self.owner, RING, "signer", draft))
        return VERSION


def draft_of(algorithm: str = EC) -> crypto_keys.Draft:
    return crypto_keys.Draft(
        purpose="ASYMMETRIC_SIGN", algorithm=algorithm, protection_level="PROTECTION_LEVEL_UNSPECIFIED"
    )


@pytest.fixture
def keys(world: World) -> Keys:
    sealing = Sealing()
    custody = Custody({SOFTWARE: SoftwareBackend(sealing)})
    return Keys(world, sealing, custody, world.with_settings(Settings(sealing=sealing, custody=custody)))
