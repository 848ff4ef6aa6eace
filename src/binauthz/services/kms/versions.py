"""Key versions: create, read, list, enable and disable, schedule for destruction and restore.

Versions are numbered from 1 without gaps, listed in that order, and never deleted; only their material is.
"""

import dataclasses
import datetime as dt
import hashlib

from binauthz.base import names
from binauthz.services import projects
from binauthz.services.context import Context
from binauthz.services.kms import crypto_keys, generation, states
from binauthz.services.kms.lists import PAGE_DEFAULT, PAGE_MAXIMUM, check_list
from binauthz.services.paging import Page, PageRequest, window
from binauthz.store.interface import Reader, Writer
from binauthz.store.records import CryptoKeyVersion, ScheduledDestruction


async def create_version(ctx: Context, parent: str) -> CryptoKeyVersion:
    """Make the key's next version, by its template; raises as ``create_crypto_key`` does."""
    key = await ctx.store.read(lambda tx: crypto_keys.existing(tx, parent, "parent"))
    await generation.check(ctx, key.protection_level)
    _, version = await generation.create(ctx, lambda tx: crypto_keys.existing(tx, parent, "parent"), ctx.clock.now())
    return version


async def get_version(ctx: Context, name: str) -> CryptoKeyVersion:
    """One version as it is now; raises NOT_FOUND."""
    now = ctx.clock.now()
    return await ctx.store.read(lambda tx: existing(tx, name, now))


async def list_versions(
    ctx: Context, parent: str, request: PageRequest, *, filter: str = "", order_by: str = ""
) -> tuple[Page[CryptoKeyVersion], int]:
    """A page of a key's versions by number, and how many there are."""
    check_list(filter=filter, order_by=order_by)
    now = ctx.clock.now()

    def body(tx: Reader) -> tuple[Page[CryptoKeyVersion], int]:
        key = crypto_keys.existing(tx, parent, "parent")
        where = window(request, "cryptoKeyVersions", key.name, default=PAGE_DEFAULT, maximum=PAGE_MAXIMUM)
        first = int(where.after or 0) + 1
        numbers = range(first, min(first + where.size, key.last_version) + 1)
        found = (tx.get(CryptoKeyVersion, f"{key.name}/cryptoKeyVersions/{number}") for number in numbers)
        page = where.page(
            [states.at(each, now) for each in found if each is not None], lambda each: each.name.rpartition("/")[2]
        )
        return page, key.last_version

    return await ctx.store.read(body)


async def set_state(ctx: Context, name: str, state: str) -> CryptoKeyVersion:
    """Enable or disable a version that is one or the other; FAILED_PRECONDITION in any other state."""
    now = ctx.clock.now()

    def body(tx: Writer) -> CryptoKeyVersion:
        version = existing(tx, name, now)
        states.require(version, state.lower(), states.ENABLED, states.DISABLED)
        version = dataclasses.replace(version, state=state)
        tx.put(version)
        return version

    return await ctx.store.write(body)


async def destroy_version(ctx: Context, name: str) -> CryptoKeyVersion:
    """Schedule the destruction of a version that is enabled or disabled, after the time that its key says."""
    now = ctx.clock.now()

    def body(tx: Writer) -> CryptoKeyVersion:
        version = existing(tx, name, now)
        states.require(version, "destroyed", states.ENABLED, states.DISABLED)
        key = crypto_keys.existing(tx, version.name.rpartition("/cryptoKeyVersions/")[0])
        due = now + dt.timedelta(seconds=key.destroy_after_seconds)
        version = dataclasses.replace(version, state=states.DESTROY_SCHEDULED, destroy_time=due)
        tx.put(version)
        tx.put(_schedule(version.name, due))
        return version

    return await ctx.store.write(body)


async def restore_version(ctx: Context, name: str) -> CryptoKeyVersion:
    """Disable a version that is scheduled for destruction, before its time has come."""
    now = ctx.clock.now()

    def body(tx: Writer) -> CryptoKeyVersion:
        version = existing(tx, name, now)
        states.require(version, "restored", states.DESTROY_SCHEDULED)
        if version.destroy_time is not None:
            tx.delete(ScheduledDestruction, _schedule(version.name, version.destroy_time).name)
        version = dataclasses.replace(version, state=states.DISABLED, destroy_time=None)
        tx.put(version)
        return version

    return await ctx.store.write(body)


def existing(tx: Reader, name: str, now: dt.datetime) -> CryptoKeyVersion:
    """The version as it is at a moment; raises NOT_FOUND."""
    return states.at(projects.existing(tx, CryptoKeyVersion, names.CRYPTO_KEY_VERSION, name), now)


def _schedule(version: str, due: dt.datetime) -> ScheduledDestruction:
    """The record of a destruction; its name sorts by time, so that what is due comes first."""
    moment = due.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%S.%f")
    digest = hashlib.sha256(version.encode()).hexdigest()[:32]
    return ScheduledDestruction(name=f"scheduledDestructions/{moment}-{digest}", version=version, time=due)
