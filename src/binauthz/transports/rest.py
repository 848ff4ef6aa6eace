"""The REST door: raw ASGI in, a method call, Google's JSON shapes out.

Order matters: route, then authenticate, and only then read a body, so that a stranger cannot make us hold one.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from google.protobuf.message import Message

from binauthz.base.errors import ApiError, Code, invalid
from binauthz.transports.binding import Rendering, bind_path, bind_query, split_query
from binauthz.transports.dispatch import Dispatcher, internal, unimplemented
from binauthz.transports.errors import HttpError, rest_error, too_large
from binauthz.transports.routes import Route, Router
from binauthz.wire import descriptors
from binauthz.wire.json import decode, encode

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_BODY = 10 * 1024 * 1024
_BODY_SECONDS = 60.0
# Above this, parsing moves to a thread, so that other requests keep being answered meanwhile.
_INLINE_BODY = 128 * 1024


class RestTranscoder:
    """Serves every method of the descriptor set that has an HTTP rule."""

    def __init__(self, dispatcher: Dispatcher, *, max_body: int = MAX_BODY) -> None:
        self._dispatcher = dispatcher
        self._max_body = max_body
        self._router = Router(descriptors.methods().values())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        rendering = Rendering()
        try:
            response, rendering = await self._answer(scope, receive)
            body = await _off_loop(
                response.ByteSize(), encode, response, numeric_enums=rendering.numeric_enums, pretty=rendering.pretty
            )
            await respond(send, 200, body)
        except _Disconnected:
            return
        except ApiError as error:
            status, headers, body = rest_error(error)
            await respond(send, status, body, headers)
        except Exception:  # noqa: BLE001 - the last line before a stranger
            status, headers, body = rest_error(internal(f"{scope['method']} request"))
            await respond(send, status, body, headers)

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[Message, Rendering]:
        headers = _headers(scope)
        verb, query = str(scope["method"]), bytes(scope["query_string"])
        raw_path = scope.get("raw_path") or scope["path"].encode()
        overridden = headers.get("x-http-method-override", "").upper()
        if verb == "POST" and overridden == "GET":
            # Google's Python client sends a GET whose URL would pass 2 KB as a form.
            verb = "GET"
        route, path = self._router.match(verb, raw_path)
        client = scope.get("client")
        caller = await self._dispatcher.authenticate(
            headers.get("authorization"),
            ip=str(client[0]) if client else "",
            user_agent=headers.get("user-agent", ""),
        )
        if not self._dispatcher.serves(route.method.full_name):
            raise unimplemented(route.method.full_name)
        body = await self._body(headers, receive)
        if verb != scope["method"]:
            query, body = b"&".join(filter(None, (query, body))), b""
        parameters, rendering = split_query(query)
        request: Message = descriptors.message_class(route.method.input_type.full_name)()
        if route.body:
            await _off_loop(len(body), _decode_body, request, route, body)
        bind_query(request, parameters, body=route.body, path=set(path))
        bind_path(request, path)
        return await self._dispatcher.call(route.method, caller, request), rendering

    async def _body(self, headers: dict[str, str], receive: Receive) -> bytes:
        """The whole body, never more than the limit of it."""
        if headers.get("content-encoding", "identity").lower() not in {"", "identity"}:
            raise HttpError(415, invalid("Content-Encoding is not supported: expected an uncompressed body."))
        length = headers.get("content-length", "0")
        if length.isascii() and length.isdecimal() and int(length[:20]) > self._max_body:
            raise too_large(self._max_body)
        chunks: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise _Disconnected
                    chunk = message.get("body", b"")
                    size += len(chunk)
                    if size > self._max_body:
                        raise too_large(self._max_body)
                    chunks.append(chunk)
                    if not message.get("more_body", False):
                        return b"".join(chunks)
        except TimeoutError:
            late = f"The body did not arrive within {_BODY_SECONDS:g} seconds."
            raise HttpError(408, ApiError(Code.DEADLINE_EXCEEDED, late)) from None


class _Disconnected(Exception):  # noqa: N818 - reads as what happened
    pass


async def _off_loop(size: int, work: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
    if size <= _INLINE_BODY:
        return work(*arguments, **named)
    return await asyncio.to_thread(work, *arguments, **named)


def _decode_body(request: Message, route: Route, body: bytes) -> None:
    if route.body == "*":
        decode(body, request)
        return
    target = getattr(request, route.body)
    target.SetInParent()
    decode(body, target, path=route.body)


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


async def respond(
    send: Send,
    status: int,
    body: bytes,
    headers: tuple[tuple[bytes, bytes], ...] = (),
    content_type: bytes = b"application/json; charset=UTF-8",
) -> None:
    """Send a whole response."""
    common = (
        (b"content-type", content_type),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"private, no-store"),
    )
    await send({"type": "http.response.start", "status": status, "headers": [*common, *headers]})
    await send({"type": "http.response.body", "body": body})
