"""The keys of one issuer, kept: fetched when first needed, again when they age, and when a token names an unknown one.

An issuer that is down keeps being believed for a bounded time. However many unknown key ids arrive, it is asked at
most once in a while, and by one request at a time.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from typing import Protocol

from binauthz.crypto.pkix import PublicKey
from binauthz.transports.oidc.fetch import FetchFailedError
from binauthz.transports.oidc.keys import Keys, KeySetRefusedError, parse_key_set
from binauthz.transports.oidc.settings import Issuer

LOG = logging.getLogger(__name__)
PAUSE_SECONDS = 15.0


class KeysUnavailableError(Exception):
    """There are no keys that may still be believed."""


class KeySets(Protocol):
    """Where key sets come from."""

    async def key_set(self) -> bytes:
        """The key set as it is now. Raises FetchFailedError."""

    async def close(self) -> None:
        """Let go of it."""


class KeySource:
    """The keys of one issuer. ``monotonic`` tells seconds that never go back."""

    def __init__(self, issuer: Issuer, sets: KeySets, monotonic: Callable[[], float]) -> None:
        self._issuer = issuer
        self._sets = sets
        self._monotonic = monotonic
        self._keys: Keys = {}
        self._fetched: float | None = None
        self._asked: float | None = None
        self._asking: asyncio.Task[None] | None = None

    async def key(self, kid: str, algorithm: str) -> PublicKey | None:
        """The key of that id for that algorithm; None when the issuer has none. Raises KeysUnavailableError."""
        if not self._believable():
            await self._ask()
            if not self._believable():
                raise KeysUnavailableError
        elif self._age() > self._issuer.refresh_seconds:
            # Those who call meanwhile are judged by the keys at hand.
            self._ask_soon()
        if (kid, algorithm) not in self._keys:
            await self._ask()
        return self._keys.get((kid, algorithm))

    async def close(self) -> None:
        """End what is under way."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
        await self._sets.close()

    def _believable(self) -> bool:
        return self._age() <= self._issuer.stale_seconds

    def _age(self) -> float:
        return math.inf if self._fetched is None else self._monotonic() - self._fetched

    async def _ask(self) -> None:
        waiting = self._ask_soon()
        if waiting is not None:
            # Whoever gives up waiting does not end the question for the others.
            await asyncio.shield(waiting)

    def _ask_soon(self) -> Awaitable[None] | None:
        if self._asking is not None and not self._asking.done():
            return self._asking
        now = self._monotonic()
        if self._asked is not None and now - self._asked < PAUSE_SECONDS:
            return None
        self._asked = now
        self._asking = asyncio.create_task(self._refresh())
        return self._asking

    async def _refresh(self) -> None:
        try:
            self._keys = parse_key_set(await self._sets.key_set(), self._issuer.algorithms)
        except (FetchFailedError, KeySetRefusedError) as error:
            LOG.warning("the keys of the issuer %s were not refreshed: %s", self._issuer.issuer, error)
        else:
            self._fetched = self._monotonic()
