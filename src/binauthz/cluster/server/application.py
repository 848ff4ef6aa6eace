"""The ASGI application: a request in, a Call made of it, an answer out. No framework, no reflection."""

import asyncio
import contextlib
from collections.abc import Sequence

from binauthz.cluster import selectors
from binauthz.cluster.api import UNSERVED, Answer, Api
from binauthz.cluster.call import Call, User
from binauthz.cluster.client import StatusError
from binauthz.cluster.resource import Resource
from binauthz.cluster.reviews import VIRTUAL
from binauthz.cluster.schema.openapi import OpenApi
from binauthz.cluster.server import discovery, reading, tables
from binauthz.cluster.server.authentication import Tokens, impersonated
from binauthz.cluster.server.calls import call_of, with_body
from binauthz.cluster.server.documents import Documents
from binauthz.cluster.server.media import form_of
from binauthz.cluster.server.request import Receive, Request, Scope, disconnected, read_request
from binauthz.cluster.server.response import Send, each, send_bytes, send_object, send_stream, warning
from binauthz.cluster.server.routes import Routes
from binauthz.cluster.status import method_not_allowed

_HEALTH = frozenset({"healthz", "livez", "readyz"})


class Application:
    """The door. ``ready`` is set once everything behind it works; ``stopping`` ends watches."""

    def __init__(self, api: Api, tokens: Tokens, openapi: OpenApi, resources: Sequence[Resource]) -> None:
        self._api = api
        self._tokens = tokens
        self._documents = Documents(openapi, resources)
        self._routes = Routes(resources)
        self.ready = False
        self.stopping = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            return
        try:
            await self._serve(scope, receive, send)
        except StatusError as error:
            await send_object(send, error.code, error.status)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = read_request(scope)
        if request.parts[0] in _HEALTH:
            await self._health(request, send)
        elif request.parts == ["version"]:
            await send_object(send, 200, discovery.VERSION)
        else:
            user = self._tokens.authenticate(request.headers)
            acting = impersonated(user, request.headers)
            if not await self._documents.serve(request, send):
                await self._resource(request, user, acting, receive, send)

    async def _health(self, request: Request, send: Send) -> None:
        well = not self._api.registry.objects.disk.failed and (self.ready or request.parts[0] != "readyz")
        body = b"ok" if well else f"{request.parts[0]} check failed".encode()
        await send_bytes(send, 200 if well else 500, body, [(b"content-type", b"text/plain; charset=utf-8")])

    async def _resource(self, request: Request, user: User, acting: User | None, receive: Receive, send: Send) -> None:
        route = self._routes.find(request.parts)
        wanted = form_of(request.header("accept"))
        call = call_of(request, route, user, acting, self._api.clock.now())
        if call.verb in ("list", "watch"):
            await self._read(request, call, wanted, receive, send)
            return
        if call.writes and call.subresource in ("", *call.resource.subresources) and call.subresource not in UNSERVED:
            try:
                call = await with_body(request, call, receive)
            except StatusError as error:
                await _answer(send, call, await self._api.refuse(call, error), wanted, request)
                return
        await _answer(send, call, await self._api.answer(call), wanted, request)

    async def _read(self, request: Request, call: Call, form: str, receive: Receive, send: Send) -> None:
        self._api.authorize(call)
        if call.resource.key in VIRTUAL:
            raise method_not_allowed()
        query = reading.Query(
            resource=call.resource,
            namespace=call.namespace,
            labels=selectors.parse_labels(call.labels),
            fields=selectors.parse_fields(call.fields, call.resource.key),
            form=form,
            include=request.first("includeObject"),
        )
        objects = self._api.registry.objects
        if call.verb == "list":
            chunks = reading.list_chunks(objects, query, request.number("limit"), request.first("continue"))
            await send_stream(send, each(chunks))
            return
        initial_end = request.flag("sendInitialEvents")
        options = reading.WatchOptions(
            since=None if initial_end else (request.number("resourceVersion") or None),
            seconds=reading.watch_seconds(request.number("timeoutSeconds")),
            bookmarks=request.flag("allowWatchBookmarks"),
            initial_end=initial_end,
        )
        events = reading.watch_chunks(objects, query, options, self.stopping)
        streaming = asyncio.create_task(send_stream(send, events))
        gone = asyncio.create_task(disconnected(receive))
        await asyncio.wait({streaming, gone}, return_when=asyncio.FIRST_COMPLETED)
        for task in (streaming, gone):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await streaming


async def _answer(send: Send, call: Call, answer: Answer, form: str, request: Request) -> None:
    obj = answer.obj
    if form and answer.code < 300 and obj.get("kind") == call.resource.kind and not call.subresource:
        if form == "Table":
            version = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
            obj = tables.table(call.resource, [obj], request.first("includeObject"), version)
        else:
            obj = tables.partial(obj)
    headers = [(b"audit-id", call.audit_id.encode())]
    headers += [warning(text) for text in call.warnings]
    await send_object(send, answer.code, obj, headers)
