"""The ASGI pieces that the admission doors share: bounded bodies, credentials, JSON answers.

Nothing here knows what a review is. A body is never kept beyond its bound: what comes after it is read and dropped up
to a second bound, so that a client that writes before it reads still sees the answer, and then the connection ends.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

import msgspec

from binauthz.base import status

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_DRAIN_BYTES = 64 * 1024 * 1024
_DRAIN_SECONDS = 10
_HEAD_BYTES = 4096
_BODY_SECONDS = 30
_JSON = b"application/json"


class Refused(Exception):  # noqa: N818 - an answer, not a fault of ours
    """The request is answered with an HTTP error and a Kubernetes Status; ``message`` says got and expected."""

    def __init__(self, code: int, message: str, *, close: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.close = close


class TooLargeError(Refused):
    """413; ``head`` is how the body began."""

    def __init__(self, limit: int, got: str, head: bytes) -> None:
        super().__init__(413, f"got {got}, expected at most {limit} bytes", close=True)
        self.head = head[:_HEAD_BYTES]


class Disconnected(Exception):  # noqa: N818
    """The client left before its request was complete; nobody is there to be answered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete response."""

    code: int
    body: bytes
    close: bool = False


def header(scope: Scope, name: bytes) -> bytes | None:
    """The first header of that lower-case name."""
    for key, value in scope["headers"]:
        if key == name:
            return value if isinstance(value, bytes) else None
    return None


def bearer(scope: Scope) -> str:
    """The bearer token of the request, or nothing."""
    value = header(scope, b"authorization")
    if value is None or len(value) > 16384 or value[:7].lower() != b"bearer ":
        return ""
    return value[7:].strip().decode("latin-1")


def raw_path(scope: Scope) -> str:
    """The path as sent, not decoded: a name that hides in percent signs matches no route (B113)."""
    raw = scope.get("raw_path")
    if not isinstance(raw, bytes):
        raw = str(scope["path"]).encode()
    return raw.partition(b"?")[0].decode("latin-1")


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The request's body; raises TooLargeError beyond ``limit`` bytes, having kept no more than its beginning."""
    declared = header(scope, b"content-length") or b"0"
    if len(declared) > 18 or (declared.isdigit() and int(declared) > limit):
        raise TooLargeError(limit, f"a body of {declared[:18].decode('latin-1')} bytes", await drain(receive))
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Disconnected
    if not message.get("more_body", False):
        whole: bytes = message.get("body", b"")
        if len(whole) > limit:
            raise TooLargeError(limit, f"a body of {len(whole)} bytes", whole)
        return whole
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            return await _collect(message, receive, limit)
    except TimeoutError:
        raise Refused(408, f"got no complete body within {_BODY_SECONDS} seconds", close=True) from None


async def _collect(message: Message, receive: Receive, limit: int) -> bytes:
    parts = bytearray(message.get("body", b""))
    while message.get("more_body", False):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        parts += message.get("body", b"")
        if len(parts) > limit:
            head = bytes(parts[:_HEAD_BYTES])
            parts.clear()
            if message.get("more_body", False):
                await drain(receive)
            raise TooLargeError(limit, "a longer body", head)
    return bytes(parts)


async def drain(receive: Receive) -> bytes:
    """Read and drop the rest of a body, up to a bound of bytes and of time; how it began."""
    dropped, head = 0, b""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            while dropped < _DRAIN_BYTES:
                message = await receive()
                if message["type"] != "http.request":
                    break
                body: bytes = message.get("body", b"")
                dropped += len(body)
                if len(head) < _HEAD_BYTES:
                    head += body[:_HEAD_BYTES]
                if not message.get("more_body", False):
                    break
    return head


async def send_answer(send: Send, answer: Answer) -> None:
    """Send a JSON response."""
    headers = [(b"content-type", _JSON), (b"content-length", str(len(answer.body)).encode())]
    if answer.close:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": answer.code, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


def refusal(refused: Refused) -> Answer:
    """A refusal as a Kubernetes Status, which an apiserver treats as a failed call."""
    return Answer(refused.code, msgspec.json.encode(status.failure(refused.code, refused.message)), refused.close)
