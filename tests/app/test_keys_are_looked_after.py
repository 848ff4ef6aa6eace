"""What a server does to private keys without being asked: destroys what is due, and seals again under a new key."""

import asyncio
import datetime as dt
import hashlib
from pathlib import Path

import pytest

from binauthz.app.key_custody import custody, keep
from binauthz.app.sealing_key import SealingKeyFile, create
from binauthz.app.sections import Keys
from binauthz.base.clock import FixedClock
from binauthz.base.errors import ApiError
from binauthz.crypto.sealing import SealingKey
from binauthz.services import bootstrap
from binauthz.services.context import Caller, Context, Settings
from binauthz.services.kms import crypto_keys, key_rings, signing, versions
from binauthz.services.kms.signing import SigningRequest
from binauthz.store.database import open_store
from binauthz.store.records import CryptoKeyVersion

NOW = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
LOCATION = "projects/demo-project/locations/global"
RING = f"{LOCATION}/keyRings/r"
REQUEST = SigningRequest(digest_function="sha256", digest=hashlib.sha256(b"x").digest())
DRAFT = crypto_keys.Draft(
    purpose="ASYMMETRIC_SIGN", algorithm="EC_SIGN_P256_SHA256", protection_level="SOFTWARE", destroy_after_seconds=86400
)


def test_what_is_due_is_destroyed_and_the_rest_sealed_again(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    create(path)
    sealing, clock = SealingKeyFile(path), FixedClock(NOW)

    async def body() -> None:
        store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
        await bootstrap.prepare(store, clock)
        holders = custody(sealing, Keys())
        owner = Context(
            caller=Caller(principal=bootstrap.OWNER), clock=clock, store=store, settings=Settings(custody=holders)
        )
        await key_rings.create_key_ring(owner, LOCATION, "r")
        kept, gone = (f"{RING}/cryptoKeys/{key}/cryptoKeyVersions/1" for key in ("kept", "gone"))
        for key in ("kept", "gone"):
            await crypto_keys.create_crypto_key(owner, RING, key, DRAFT)
        await versions.destroy_version(owner, gone)
        before = await store.read(lambda tx: tx.get(CryptoKeyVersion, kept))
        clock.advance(dt.timedelta(days=1))
        newest = SealingKey.generate()
        path.write_text(f"{newest.line}\n{path.read_text()}")

        keeping = asyncio.create_task(keep(store, clock, holders, sealing))
        # The store sets no event when a record changes.
        while await store.read(lambda tx: tx.get(CryptoKeyVersion, kept)) == before:  # noqa: ASYNC110
            await asyncio.sleep(0)
        keeping.cancel()

        erased = await store.read(lambda tx: tx.get(CryptoKeyVersion, gone))
        assert erased is not None
        assert (erased.state, erased.material) == ("DESTROYED", b"")
        path.write_text(f"{newest.line}\n")
        assert (await signing.asymmetric_sign(owner, kept, REQUEST))[0]
        with pytest.raises(ApiError, match="current state is: DESTROYED"):
            await signing.asymmetric_sign(owner, gone, REQUEST)
        await store.close()

    asyncio.run(body())
