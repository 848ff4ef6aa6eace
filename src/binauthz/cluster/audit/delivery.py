"""Sending audit events: on disk first, in order, again until the backend has said 2xx. Nothing is dropped.

An event that the backend refuses for good (4xx other than 401, 403, 408, 429) is retried like any other failure, since
losing evidence is worse than a stuck queue; the spool is bounded by size, and a full one stops writes, loudly.
"""

import asyncio
import contextlib
import ssl
from dataclasses import dataclass, field

import httpx2

from binauthz.cluster import limits
from binauthz.cluster.audit.event import encode_list
from binauthz.cluster.storage.disk import Disk

_TIMEOUT = 10.0
_FIRST_DELAY, _LAST_DELAY = 0.1, 5.0
_COALESCE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """Where events go."""

    url: str
    authorities: str
    token: str = field(repr=False)


class Delivery:
    """The queue in front of one backend. Without a backend nothing is kept."""

    def __init__(self, disk: Disk, backend: Backend | None) -> None:
        self._disk = disk
        self._backend = backend
        self.waiting, self._bytes, self._last = disk.spooled()
        self._delivered = 0
        self._wake = asyncio.Event()
        self._empty = asyncio.Event()
        (self._wake if self.waiting else self._empty).set()

    @property
    def full(self) -> bool:
        """Whether there is no room left for evidence."""
        return self._bytes >= limits.AUDIT_SPOOL_BYTES

    def add(self, body: bytes) -> None:
        """Queue an event; it is on disk with the next ``Disk.flushed``."""
        if self._backend is None:
            return
        self._last += 1
        self._disk.spool(self._last, body)
        self.waiting += 1
        self._bytes += len(body)
        self._empty.clear()
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        if self._backend is None:
            return
        context = ssl.create_default_context(cadata=self._backend.authorities or None)
        async with httpx2.AsyncClient(verify=context, trust_env=False, timeout=_TIMEOUT) as client:
            delay = _FIRST_DELAY
            while True:
                if not self.waiting:
                    self._empty.set()
                    self._wake.clear()
                    await self._wake.wait()
                    await asyncio.sleep(_COALESCE)
                # Only what is on disk leaves: after a crash no number may stand for another event.
                await self._disk.flushed()
                batch = self._batch()
                if await self._send(client, self._backend, [body for _, body in batch]):
                    self._forget(batch)
                    delay = _FIRST_DELAY
                else:
                    await asyncio.sleep(delay)
                    delay = min(delay * 2, _LAST_DELAY)

    async def drain(self, seconds: float) -> None:
        """Wait for the queue to empty, for a while; what is left stays on disk."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._empty.wait(), seconds)

    def _batch(self) -> list[tuple[int, bytes]]:
        batch: list[tuple[int, bytes]] = []
        size = 0
        for seq, body in self._disk.spool_after(self._delivered, limits.AUDIT_BATCH):
            if batch and size + len(body) > limits.AUDIT_BATCH_BYTES:
                break
            batch.append((seq, body))
            size += len(body)
        return batch

    def _forget(self, batch: list[tuple[int, bytes]]) -> None:
        self.waiting -= len(batch)
        self._bytes -= sum(len(body) for _, body in batch)
        if batch:
            self._delivered = batch[-1][0]
            self._disk.unspool(self._delivered)

    async def _send(self, client: httpx2.AsyncClient, backend: Backend, events: list[bytes]) -> bool:
        if not events:
            return True
        headers = {"content-type": "application/json", "authorization": f"Bearer {backend.token}"}
        try:
            response = await client.post(backend.url, content=encode_list(events), headers=headers)
        except (httpx2.HTTPError, OSError):
            return False
        return response.is_success
