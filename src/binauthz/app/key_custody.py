"""Which holders of private keys a server has, and what it does to their keys without being asked."""

import asyncio
import logging

from binauthz.app.sections import Keys
from binauthz.base.clock import Clock
from binauthz.crypto.sealing import SealingError, SealingKeySource
from binauthz.services.kms.backend import KeyBackend
from binauthz.services.kms.custody import HSM, SOFTWARE, Custody
from binauthz.services.kms.housekeeping import destroy_what_is_due, seal_again
from binauthz.services.kms.pkcs11 import Pkcs11Backend
from binauthz.services.kms.software import SoftwareBackend
from binauthz.store.interface import Store, StoreUnavailable

_log = logging.getLogger(__name__)
_EVERY_SECONDS = 60.0


def custody(sealing: SealingKeySource | None, keys: Keys) -> Custody:
    """Software keys always, and a PKCS#11 token's where one is configured."""
    backends: dict[str, KeyBackend] = {SOFTWARE: SoftwareBackend(sealing)}
    if keys.pkcs11_module:
        backends[HSM] = Pkcs11Backend(module=keys.pkcs11_module, token=keys.pkcs11_token, pin_file=keys.pkcs11_pin_file)
    return Custody(backends, deadline_seconds=keys.deadline_seconds)


async def keep(store: Store, clock: Clock, holders: Custody, sealing: SealingKeySource | None) -> None:
    """Destroy what is due, and seal again under a new sealing key, for as long as the server runs."""
    sealed_under = b""
    while True:
        try:
            await destroy_what_is_due(store, clock, holders)
            newest, older = await asyncio.to_thread(_newest, sealing)
            if older and newest != sealed_under:
                await seal_again(store, holders)
            sealed_under = newest
        except StoreUnavailable as error:
            _log.warning("keys were not looked after: the store is unavailable: %s", error)
        except Exception:  # noqa: BLE001 - it must not be the end of looking after keys
            _log.exception("keys were not looked after")
        await asyncio.sleep(_EVERY_SECONDS)


def _newest(sealing: SealingKeySource | None) -> tuple[bytes, bool]:
    """The id of the newest sealing key, and whether there are older ones."""
    try:
        members = sealing.keys().members if sealing is not None else ()
    except SealingError as error:
        _log.warning("private keys cannot be used: %s", error)
        return b"", False
    return (members[0].id if members else b""), len(members) > 1
