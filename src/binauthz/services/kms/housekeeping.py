"""What is done to key versions without being asked: material whose time has come is destroyed, and material under an
older sealing key is sealed again, so that the older key can be taken away.

Several servers may do both at once; each step is harmless when repeated.
"""

import dataclasses
import logging
from collections.abc import Iterator, Sequence

from binauthz.base.clock import Clock
from binauthz.base.errors import ApiError
from binauthz.services.kms import states
from binauthz.services.kms.custody import Custody
from binauthz.store.interface import Reader, Store, Writer
from binauthz.store.records import CryptoKey, CryptoKeyVersion, KeyRing, Project, ScheduledDestruction

_log = logging.getLogger(__name__)
_BATCH = 100


async def destroy_what_is_due(store: Store, clock: Clock, custody: Custody) -> int:
    """Destroy the material of every version whose time has come; how many there were.

    A version whose holder does not answer stays scheduled and is tried again; it cannot be used meanwhile.
    """
    done, after = 0, ""
    while True:
        found = await store.read(lambda tx, after=after: _scheduled(tx, after))  # type: ignore[misc]
        for each in found:
            if each.time > clock.now():
                return done
            done += await _destroy(store, clock, custody, each)
            after = each.name
        if len(found) < _BATCH:
            return done


def _scheduled(tx: Reader, after: str) -> Sequence[ScheduledDestruction]:
    return tx.list(ScheduledDestruction, "", after=after, limit=_BATCH)


async def _destroy(store: Store, clock: Clock, custody: Custody, scheduled: ScheduledDestruction) -> bool:
    stored = await store.read(lambda tx: tx.get(CryptoKeyVersion, scheduled.version))
    now = clock.now()
    due = stored is not None and states.at(stored, now).state == states.DESTROYED
    if stored is not None and due and stored.material:
        name, material = stored.name, stored.material
        try:
            await custody.call(stored.protection_level, lambda backend: backend.destroy(name, material))
        except ApiError as error:
            _log.warning("%s cannot be destroyed yet: %s", name, error.message)
            return False

    def body(tx: Writer) -> bool:
        tx.delete(ScheduledDestruction, scheduled.name)
        version = tx.get(CryptoKeyVersion, scheduled.version)
        if version is None or states.at(version, now).state != states.DESTROYED:
            return False
        tx.put(states.at(version, now))
        return True

    return await store.write(body)


async def seal_again(store: Store, custody: Custody) -> int:
    """Seal every version's material under the newest sealing key; how many were under an older one."""
    done = 0
    names = await store.read(lambda tx: [each.name for each in _sealed(tx)])
    for name in names:
        version = await store.read(lambda tx, name=name: tx.get(CryptoKeyVersion, name))  # type: ignore[misc]
        if version is not None and version.material and await _seal_again(store, custody, version):
            done += 1
    if done:
        _log.warning("key versions sealed again under the newest sealing key: %d", done)
    return done


async def _seal_again(store: Store, custody: Custody, version: CryptoKeyVersion) -> bool:
    old = version.material
    try:
        renewed = await custody.call(version.protection_level, lambda backend: backend.renew(version.name, old))
    except ApiError as error:
        _log.warning("%s cannot be sealed again: %s", version.name, error.message)
        return False
    if renewed is None:
        return False

    def body(tx: Writer) -> bool:
        current = tx.get(CryptoKeyVersion, version.name)
        if current is None or current.material != old:
            return False
        tx.put(dataclasses.replace(current, material=renewed))
        return True

    return await store.write(body)


def _sealed(tx: Reader) -> Iterator[CryptoKeyVersion]:
    for project in tx.list(Project, ""):
        for ring in tx.list(KeyRing, f"{project.name}/locations/-"):
            for key in tx.list(CryptoKey, ring.name):
                yield from tx.list(CryptoKeyVersion, key.name)
