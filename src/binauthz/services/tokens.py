"""Bearer tokens: the plaintext is returned once, only its SHA-256 is stored, and the hash is the lookup key.

Looking a token up by its hash leaks nothing through timing: an attacker cannot steer the hash of a guess.
"""

import datetime as dt
import hashlib
import secrets

from binauthz.base.clock import Clock
from binauthz.services.context import Caller
from binauthz.store.interface import Store
from binauthz.store.records import Token

_PREFIX = "bza_"
_TOKEN_LIMIT = 4096


def fingerprint(token: str) -> str:
    """The hex SHA-256 of a token: all that we keep of it."""
    return hashlib.sha256(token.encode()).hexdigest()


def record(
    token: str, principal: str, now: dt.datetime, *, lifetime: dt.timedelta | None = None, groups: tuple[str, ...] = ()
) -> Token:
    """What is stored of a token."""
    expire_time = None if lifetime is None else now + lifetime
    return Token(name=fingerprint(token), principal=principal, create_time=now, expire_time=expire_time, groups=groups)


def generate() -> str:
    """A new token of 256 random bits."""
    return _PREFIX + secrets.token_urlsafe(32)


async def issue(
    store: Store,
    clock: Clock,
    principal: str,
    *,
    lifetime: dt.timedelta | None = None,
    groups: tuple[str, ...] = (),
) -> str:
    """Issue a token for a principal such as ``user:a@b``; the returned plaintext is not kept anywhere."""
    token = generate()
    row = record(token, principal, clock.now(), lifetime=lifetime, groups=groups)
    await store.write(lambda tx: tx.insert(row))
    return token


async def authenticate(store: Store, clock: Clock, token: str) -> Caller | None:
    """Who holds the token; None for one that is unknown, expired or oversized."""
    if not token or len(token) > _TOKEN_LIMIT:
        return None
    name = fingerprint(token)
    row = await store.read(lambda tx: tx.get(Token, name))
    if row is None or (row.expire_time is not None and row.expire_time <= clock.now()):
        return None
    return Caller(principal=row.principal, groups=row.groups)


async def revoke(store: Store, token: str) -> bool:
    """Forget a token; False when it was not known."""
    name = fingerprint(token)
    return await store.write(lambda tx: tx.delete(Token, name))
