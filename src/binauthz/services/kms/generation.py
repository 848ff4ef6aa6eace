"""How a key version comes to be: recorded first, then made, so that no key exists that nobody knows of.

Making a key may take longer than a call may. The call waits a while, and answers PENDING_GENERATION after that; the
work goes on. A server that stops meanwhile leaves a version that fails by itself (``states``).
"""

import asyncio
import dataclasses
import datetime as dt
import logging
from collections.abc import Callable

from binauthz.base.errors import ApiError, Code
from binauthz.services.context import Context
from binauthz.services.kms import states
from binauthz.services.kms.algorithms import SIGNING
from binauthz.services.kms.backend import NewKey
from binauthz.services.kms.custody import Custody
from binauthz.store.interface import Writer
from binauthz.store.records import CryptoKey, CryptoKeyVersion

_log = logging.getLogger(__name__)
PATIENCE_SECONDS = 20.0


def custody(ctx: Context) -> Custody:
    """Who holds this server's private keys; FAILED_PRECONDITION where nobody does."""
    if ctx.settings.custody is None:
        raise ApiError(Code.FAILED_PRECONDITION, "This server keeps no private keys.")
    return ctx.settings.custody


async def check(ctx: Context, level: str) -> None:
    """Return if a key of this protection level can be made now; nothing is recorded for one that cannot."""
    custody(ctx).check_room(level)
    await custody(ctx).call(level, lambda backend: backend.check())


async def create(
    ctx: Context, find: Callable[[Writer], CryptoKey], now: dt.datetime
) -> tuple[CryptoKey, CryptoKeyVersion]:
    """Record the next version of the key that ``find`` finds or makes, and make it."""

    def body(tx: Writer) -> tuple[CryptoKey, CryptoKeyVersion]:
        key = find(tx)
        number = key.last_version + 1
        key = dataclasses.replace(key, last_version=number)
        version = CryptoKeyVersion(
            name=f"{key.name}/cryptoKeyVersions/{number}",
            state=states.PENDING_GENERATION,
            algorithm=key.algorithm,
            protection_level=key.protection_level,
            create_time=now,
        )
        tx.put(key)
        tx.insert(version)
        return key, version

    key, version = await ctx.store.write(body)
    making = custody(ctx).in_background(_make(ctx, version))
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return key, await asyncio.shield(making)
    except TimeoutError:
        return key, version


async def _make(ctx: Context, version: CryptoKeyVersion) -> CryptoKeyVersion:
    keys = custody(ctx)
    try:
        made = await keys.generate(version.protection_level, version.name, SIGNING[version.algorithm])
    except ApiError as error:
        return await _settle(ctx, version, error.message)
    except Exception:  # noqa: BLE001 - it becomes the version's state, and the log has it whole
        _log.exception("making %s failed", version.name)
        return await _settle(ctx, version, "an error inside the server; its log has the cause")
    kept = False
    try:
        settled = await _settle(ctx, version, made)
        kept = settled.material == made.material
    finally:
        if not kept:
            await keys.call(version.protection_level, lambda backend: backend.destroy(version.name, made.material))
    return settled


async def _settle(ctx: Context, version: CryptoKeyVersion, result: NewKey | str) -> CryptoKeyVersion:
    """Write what became of a version, unless it was given up meanwhile; as it is then."""
    now = ctx.clock.now()

    def body(tx: Writer) -> CryptoKeyVersion:
        current = states.at(tx.get(CryptoKeyVersion, version.name) or version, now)
        if current.state != states.PENDING_GENERATION:
            return current
        if isinstance(result, str):
            current = dataclasses.replace(
                current, state=states.GENERATION_FAILED, generation_failure_reason=result[:1000]
            )
        else:
            current = dataclasses.replace(
                current,
                state=states.ENABLED,
                generate_time=now,
                public_pem=result.public_pem,
                material=result.material,
            )
        tx.put(current)
        return current

    return await ctx.store.write(body)
