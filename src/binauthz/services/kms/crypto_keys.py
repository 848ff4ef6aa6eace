"""Signing keys: create, read, list, update. A key has versions, and each version is a key pair of its own.

Purpose, protection level and the time until a scheduled destruction never change; labels and the algorithm of future
versions do. Only keys that encrypt have a primary version, so none has one here.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field

from binauthz.base import names
from binauthz.base.errors import ApiError, Code, invalid_field
from binauthz.services import projects
from binauthz.services.context import Context
from binauthz.services.kms import generation, key_rings
from binauthz.services.kms.algorithms import check_algorithm, check_purpose
from binauthz.services.kms.custody import HSM, SOFTWARE
from binauthz.services.kms.labels import check_labels
from binauthz.services.kms.lists import PAGE_DEFAULT, PAGE_MAXIMUM, check_list
from binauthz.services.paging import Page, PageRequest, window
from binauthz.store.interface import Reader, Writer
from binauthz.store.records import CryptoKey

DAY = 24 * 3600
_DESTROY_AFTER = 30 * DAY
_TEMPLATE = "cryptoKey.versionTemplate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A key as a caller asks for it, with the API's names; an unset duration is None."""

    purpose: str
    algorithm: str
    protection_level: str
    destroy_after_seconds: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


async def create_crypto_key(
    ctx: Context, parent: str, crypto_key_id: str, draft: Draft, *, with_version: bool = True
) -> CryptoKey:
    """Create a key and, unless told otherwise, its version 1.

    Raises INVALID_ARGUMENT, NOT_FOUND for an unknown key ring, ALREADY_EXISTS, UNIMPLEMENTED for what Cloud KMS has and
    we have not, and FAILED_PRECONDITION or UNAVAILABLE where this server cannot keep such a key.
    """
    names.KEY_RING.parse(parent, "parent")
    names.parse_id("crypto_key", crypto_key_id, "cryptoKeyId")
    check_purpose("cryptoKey.purpose", draft.purpose)
    algorithm = check_algorithm(f"{_TEMPLATE}.algorithm", draft.algorithm)
    level = _level(draft.protection_level)
    labels = check_labels("cryptoKey.labels", draft.labels)
    after = _destroy_after(draft.destroy_after_seconds)
    await generation.check(ctx, level)
    now = ctx.clock.now()

    def body(tx: Writer) -> CryptoKey:
        ring = key_rings.existing(tx, parent, "parent")
        key = CryptoKey(
            name=f"{ring.name}/cryptoKeys/{crypto_key_id}",
            create_time=now,
            algorithm=algorithm,
            protection_level=level,
            destroy_after_seconds=after,
            labels=labels,
        )
        if tx.get(CryptoKey, key.name) is not None:
            raise key_rings.already_exists("CryptoKey", key.name)
        tx.insert(key)
        return key

    if not with_version:
        return await ctx.store.write(body)
    made, _ = await generation.create(ctx, body, now)
    return made


async def get_crypto_key(ctx: Context, name: str) -> CryptoKey:
    """One key; raises NOT_FOUND."""
    return await ctx.store.read(lambda tx: existing(tx, name))


async def list_crypto_keys(
    ctx: Context, parent: str, request: PageRequest, *, filter: str = "", order_by: str = ""
) -> tuple[Page[CryptoKey], int]:
    """A page of a key ring's keys by name, and how many there are."""
    check_list(filter=filter, order_by=order_by)

    def body(tx: Reader) -> tuple[Page[CryptoKey], int]:
        ring = key_rings.existing(tx, parent, "parent").name
        where = window(request, "cryptoKeys", ring, default=PAGE_DEFAULT, maximum=PAGE_MAXIMUM)
        found = tx.list(CryptoKey, ring, after=where.after, limit=where.size + 1)
        return where.page(found, lambda each: each.name), tx.count(CryptoKey, ring)

    return await ctx.store.read(body)


async def update_crypto_key(
    ctx: Context, name: str, *, labels: Mapping[str, str] | None = None, algorithm: str | None = None
) -> CryptoKey:
    """Replace the labels, the algorithm of future versions, or both."""
    if labels is not None:
        labels = check_labels("cryptoKey.labels", labels)
    if algorithm is not None:
        algorithm = check_algorithm(f"{_TEMPLATE}.algorithm", algorithm)

    def body(tx: Writer) -> CryptoKey:
        key = existing(tx, name)
        changed = dataclasses.replace(
            key,
            labels=key.labels if labels is None else labels,
            algorithm=key.algorithm if algorithm is None else algorithm,
        )
        tx.put(changed)
        return changed

    return await ctx.store.write(body)


def existing(tx: Reader, name: str, field: str = "name") -> CryptoKey:
    """The key; raises NOT_FOUND."""
    return projects.existing(tx, CryptoKey, names.CRYPTO_KEY, name, field)


def _level(asked: str) -> str:
    if asked in {"PROTECTION_LEVEL_UNSPECIFIED", SOFTWARE}:
        return SOFTWARE
    if asked == HSM:
        return HSM
    raise ApiError(
        Code.UNIMPLEMENTED, f"Keys of protection level {asked} are not served here, only {SOFTWARE} and {HSM}."
    )


def _destroy_after(seconds: int | None) -> int:
    """The time from a destruction's schedule to the destruction: a day to 120 days, 30 days where none is given."""
    if seconds is None:
        return _DESTROY_AFTER
    if not DAY <= seconds <= 120 * DAY:
        raise invalid_field(
            "cryptoKey.destroyScheduledDuration", f"got {seconds} seconds, expected {DAY} to {120 * DAY}"
        )
    return seconds
