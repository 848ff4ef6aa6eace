"""The store's revision, read afresh: once for a batch of reviews in flight, never older than the start of a review."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

_PATIENCE_SECONDS = 0.05
_READS_AT_ONCE = 8


class FreshRevision:
    """Coalesces reads of the revision.

    A caller may only be answered by a read that began after it asked: joining one that is already running could
    return a number from before its review started, and a revocation acknowledged in between would be missed (D3).
    A read that takes long does not hold up those that came after it: they get another one (B106).
    """

    def __init__(self, read: Callable[[], Awaitable[int]], *, deadline_seconds: float) -> None:
        self._read = read
        self._deadline_seconds = deadline_seconds
        self._waiting: list[asyncio.Future[int]] = []
        self._readers: set[asyncio.Task[Any] | None] = set()
        self._relief: asyncio.TimerHandle | None = None

    async def get(self) -> int:
        """The revision now; raises what the store raises, or TimeoutError.

        Whoever finds that nobody reads does it without a task of its own: a store that answers without waiting then
        costs no turn of the event loop.
        """
        if not self._readers:
            reader = asyncio.current_task()
            self._readers.add(reader)
            try:
                async with asyncio.timeout(self._deadline_seconds):
                    return await self._read()
            finally:
                self._readers.discard(reader)
                if self._waiting and not self._readers:
                    self._start()
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        if self._relief is None:
            self._relief = asyncio.get_running_loop().call_later(_PATIENCE_SECONDS, self._relieve)
        return await future

    def _start(self) -> None:
        self._readers.add(asyncio.get_running_loop().create_task(self._serve()))

    def _relieve(self) -> None:
        self._relief = None
        if self._waiting and len(self._readers) < _READS_AT_ONCE:
            self._start()

    async def _serve(self) -> None:
        try:
            while self._waiting:
                await self._answer_batch()
        finally:
            # Here and not when the task is done: who asks in between must find that nobody serves.
            self._readers.discard(asyncio.current_task())

    async def _answer_batch(self) -> None:
        batch, self._waiting = self._waiting, []
        try:
            async with asyncio.timeout(self._deadline_seconds):
                revision = await self._read()
        except Exception as error:  # noqa: BLE001 - every waiter is told, none is left waiting
            for future in batch:
                if not future.done():
                    future.set_exception(error)
        else:
            for future in batch:
                if not future.done():
                    future.set_result(revision)
