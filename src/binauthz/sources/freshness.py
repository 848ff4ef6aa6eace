"""The store's revision, read afresh: once for a batch of reviews in flight, never older than the start of a review."""

import asyncio
from collections.abc import Awaitable, Callable


class FreshRevision:
    """Coalesces reads of the revision.

    A caller may only be answered by a read that began after it asked: joining one that is already running could
    return a number from before its review started, and a revocation acknowledged in between would be missed (D3).
    """

    def __init__(self, read: Callable[[], Awaitable[int]], *, deadline_seconds: float) -> None:
        self._read = read
        self._deadline_seconds = deadline_seconds
        self._waiting: list[asyncio.Future[int]] = []
        self._reader: asyncio.Task[None] | None = None

    async def get(self) -> int:
        """The revision now; raises what the store raises, or TimeoutError."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[int] = loop.create_future()
        self._waiting.append(future)
        if self._reader is None or self._reader.done():
            self._reader = loop.create_task(self._serve())
        return await future

    async def _serve(self) -> None:
        while self._waiting:
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
