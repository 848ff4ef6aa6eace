"""Answers as ASGI messages: objects, bytes and streams."""

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from typing import Any

import msgspec

from binauthz.cluster.client import Object

Send = Callable[[dict[str, Any]], Awaitable[None]]

JSON = (b"content-type", b"application/json")


async def send_object(send: Send, code: int, obj: Object, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
    """Send an object as JSON; a Status that says when to try again says so in a header too."""
    more = [*headers, JSON]
    seconds = (obj.get("details") or {}).get("retryAfterSeconds") if obj.get("kind") == "Status" else None
    if isinstance(seconds, int):
        more.append((b"retry-after", str(seconds).encode()))
    await send_bytes(send, code, msgspec.json.encode(obj), more)


async def send_bytes(send: Send, code: int, body: bytes, headers: Sequence[tuple[bytes, bytes]]) -> None:
    """Send a body; nobody keeps it unless the headers say who may."""
    names = {name for name, _ in headers}
    default = [] if b"cache-control" in names else [(b"cache-control", b"no-cache, private")]
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": code, "headers": [*headers, *default, length]})
    await send({"type": "http.response.body", "body": body})


async def each(chunks: Iterator[bytes]) -> AsyncGenerator[bytes]:
    """The chunks, for ``send_stream``."""
    for chunk in chunks:
        yield chunk


async def send_stream(send: Send, chunks: AsyncGenerator[bytes]) -> None:
    """Send JSON chunk by chunk."""
    await send(
        {"type": "http.response.start", "status": 200, "headers": [JSON, (b"cache-control", b"no-cache, private")]}
    )
    await send({"type": "http.response.body", "body": b"", "more_body": True})
    async with contextlib.aclosing(chunks):
        async for chunk in chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def warning(text: str) -> tuple[bytes, bytes]:
    """The header that warns (RFC 7234, section 5.5)."""
    printable = "".join(character if " " <= character <= "~" else "?" for character in text)
    escaped = printable.replace("\\", "\\\\").replace('"', '\\"')
    return b"warning", f'299 - "{escaped}"'.encode("ascii")
