"""One HTTP exchange with the caller: its body as it comes, the answer as it comes, and noticing when it leaves."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

import httpx2
import msgspec

from binauthz.base import status
from binauthz.kube.headers import downstream

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class CallerLeftError(Exception):
    """The caller closed the connection; nobody is there to be answered."""


class Exchange:
    """Reads the caller's request and writes its answer; nothing is collected on the way."""

    def __init__(self, receive: Receive, send: Send, *, has_body: bool) -> None:
        self._receive = receive
        self._send = send
        self._started = False
        self._body_read = asyncio.Event()
        if not has_body:
            self._body_read.set()

    async def body(self) -> AsyncIterator[bytes]:
        """The request's body, piece by piece; each is asked for only when the cluster took the one before."""
        while True:
            message = await self._receive()
            if message["type"] != "http.request":
                raise CallerLeftError
            if piece := message.get("body", b""):
                yield piece
            if not message.get("more_body", False):
                self._body_read.set()
                return

    async def gone(self) -> None:
        """Return when the caller, having sent its body, closes the connection."""
        await self._body_read.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def relay(self, response: httpx2.Response, *, idle_seconds: float | None) -> None:
        """Send the cluster's answer on; raises what the cluster's connection raises, or TimeoutError."""
        self._started = True
        headers = downstream(response.headers.raw)
        await self._send({"type": "http.response.start", "status": response.status_code, "headers": headers})
        pieces = response.aiter_raw()
        while True:
            try:
                async with asyncio.timeout(idle_seconds):
                    piece = await anext(pieces)
            except StopAsyncIteration:
                await self._send({"type": "http.response.body", "body": b""})
                return
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})

    async def fail(self, code: int, message: str) -> None:
        """Answer with a Kubernetes Status.

        Once an answer has begun it cannot be taken back: it is left unfinished, and the server cuts the connection,
        so that the caller does not take a part for the whole.
        """
        if self._started:
            return
        self._started = True
        body = msgspec.json.encode(status.failure(code, message))
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await self._send({"type": "http.response.start", "status": code, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})
