"""The ASGI application: a request in, a Call made of it, an answer out. No framework, no reflection."""

import asyncio
import contextlib
import urllib.parse
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from binauthz.cluster import limits, selectors
from binauthz.cluster.api import UNSERVED, Answer, Api
from binauthz.cluster.call import Call, User
from binauthz.cluster.client import Object, StatusError
from binauthz.cluster.protobuf import swagger
from binauthz.cluster.protobuf.decode import MEDIA_TYPE, read_protobuf
from binauthz.cluster.registry import APPLY
from binauthz.cluster.resource import Resource
from binauthz.cluster.reviews import VIRTUAL
from binauthz.cluster.schema.body import read_json, read_object
from binauthz.cluster.schema.openapi import OpenApi
from binauthz.cluster.server import discovery, reading, tables
from binauthz.cluster.server.authentication import Tokens, impersonated
from binauthz.cluster.server.routes import Route, Routes, split
from binauthz.cluster.status import (
    bad_request,
    failure,
    method_not_allowed,
    no_such_path,
    not_acceptable,
    too_large,
    unsupported_body,
)

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_HEALTH = frozenset({"healthz", "livez", "readyz"})
_TEXTS = frozenset({"", "application/json", "application/yaml"})
_BODIES = _TEXTS | {MEDIA_TYPE}
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch"}
_AGGREGATED = {"v2": "v2", "v2beta1": "v2beta1"}
_JSON = (b"content-type", b"application/json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The parts of an HTTP request that matter here. ``headers`` are lower-case; a repeated one has several values."""

    method: str
    parts: list[str]
    query: Mapping[str, list[str]]
    headers: Mapping[str, list[str]]
    source: str
    uri: str

    def first(self, name: str) -> str:
        """A query parameter, or nothing."""
        values = self.query.get(name)
        return values[0] if values else ""

    def header(self, name: str) -> str:
        """A header, or nothing."""
        values = self.headers.get(name)
        return values[0] if values else ""

    def flag(self, name: str) -> bool:
        """A boolean query parameter."""
        return self.first(name).lower() in ("true", "1")

    def number(self, name: str) -> int:
        """A numeric query parameter, 0 when absent.

        Raises:
            StatusError: 400.
        """
        text = self.first(name)
        if not text:
            return 0
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            raise bad_request(f'strconv.ParseInt: parsing "{text[:32]}": invalid syntax')
        return int(text)


class Application:
    """The door. ``ready`` is set once everything behind it works; ``stopping`` ends watches."""

    def __init__(self, api: Api, tokens: Tokens, openapi: OpenApi, resources: Sequence[Resource]) -> None:
        self._api = api
        self._tokens = tokens
        self._openapi = openapi
        self._resources = resources
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
            await _send_object(send, error.code, error.status)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = _request(scope)
        if request.parts[0] in _HEALTH:
            await self._health(request, send)
        elif request.parts == ["version"]:
            await _send_object(send, 200, discovery.VERSION)
        else:
            user = self._tokens.authenticate(request.headers)
            acting = impersonated(user, request.headers)
            if not await self._documents(request, send):
                await self._resource(request, user, acting, receive, send)

    async def _health(self, request: Request, send: Send) -> None:
        well = not self._api.registry.objects.disk.failed and (self.ready or request.parts[0] != "readyz")
        body = b"ok" if well else f"{request.parts[0]} check failed".encode()
        await _send_bytes(send, 200 if well else 500, body, [(b"content-type", b"text/plain; charset=utf-8")])

    async def _documents(self, request: Request, send: Send) -> bool:
        """Serve discovery and OpenAPI; False when the path is neither."""
        parts = request.parts
        match parts:
            case ["openapi", "v2"] | ["swagger-2.0.0.pb-v1"]:
                await self._send_v2(request, send)
            case ["openapi", "v3"]:
                await _send_bytes(send, 200, self._openapi.index, [_JSON])
            case ["openapi", "v3", *place]:
                document = self._openapi.v3("/".join(place))
                if document is None:
                    raise no_such_path()
                await _send_bytes(send, 200, document, [_JSON, (b"cache-control", b"private")])
            case ["api"] | ["apis"]:
                await self._send_discovery(request, send, core=parts == ["api"])
            case ["api", version]:
                await _send_object(send, 200, self._listed("", version))
            case ["apis", group]:
                versions = discovery.group_versions(self._resources).get(group)
                if not versions:
                    raise no_such_path()
                await _send_object(send, 200, discovery.api_group(group, versions))
            case ["apis", group, version]:
                await _send_object(send, 200, self._listed(group, version))
            case [""]:
                paths = ["/api", "/apis", "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"]
                await _send_object(send, 200, {"paths": paths})
            case _:
                return False
        return True

    async def _send_v2(self, request: Request, send: Send) -> None:
        accept = request.header("accept") or "*/*"
        if request.parts[0] != "openapi" or swagger.ASKED_TYPE in accept or swagger.MEDIA_TYPE in accept:
            document = swagger.swagger(self._resources)
            await _send_bytes(send, 200, document, [(b"content-type", swagger.MEDIA_TYPE.encode())])
        elif "json" in accept or "*/*" in accept:
            await _send_bytes(send, 200, self._openapi.v2, [_JSON])
        else:
            raise not_acceptable()

    def _listed(self, group: str, version: str) -> Object:
        document = discovery.resource_list(group, version, self._resources)
        if not document["resources"]:
            raise no_such_path()
        return document

    async def _send_discovery(self, request: Request, send: Send, *, core: bool) -> None:
        for parameters in _accepted(request.header("accept")):
            version = _AGGREGATED.get(parameters.get("v", ""))
            if parameters.get("as") == "APIGroupDiscoveryList" and version:
                document = discovery.aggregated(self._resources, version, core=core)
                kind = f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
                await _send_bytes(send, 200, msgspec.json.encode(document), [(b"content-type", kind.encode())])
                return
        await _send_object(send, 200, discovery.api_versions() if core else discovery.api_groups(self._resources))

    async def _resource(self, request: Request, user: User, acting: User | None, receive: Receive, send: Send) -> None:
        route = self._routes.find(request.parts)
        form = _form(request.header("accept"))
        call = self._call(request, route, user, acting)
        if call.verb in ("list", "watch"):
            await self._read(request, call, form, receive, send)
            return
        if call.writes and call.subresource in ("", *call.resource.subresources) and call.subresource not in UNSERVED:
            try:
                call = await _with_body(request, call, receive)
            except StatusError as error:
                await _answer(send, call, await self._api.refuse(call, error), form, request)
                return
        await _answer(send, call, await self._api.answer(call), form, request)

    def _call(self, request: Request, route: Route, user: User, acting: User | None) -> Call:
        name, fields = route.name, request.first("fieldSelector")
        verb = _verb(request, route)
        if verb == "watch" and name:
            name, fields = "", f"metadata.name={name}"
        agent = request.header("user-agent")
        return Call(
            user=user,
            impersonated=acting,
            verb=verb,
            resource=route.resource,
            namespace=route.namespace,
            name=name,
            subresource=route.subresource,
            content_type=request.header("content-type").partition(";")[0].strip().lower(),
            dry_run=_dry_run(request.query.get("dryRun", [])),
            manager=(request.first("fieldManager") or agent.partition("/")[0])[:128] or "unknown",
            validation=_validation(request.first("fieldValidation")),
            force=request.flag("force"),
            options={key: values[0] for key, values in request.query.items() if values},
            labels=request.first("labelSelector"),
            fields=fields,
            source=request.source,
            agent=agent,
            uri=request.uri,
            audit_id=str(uuid.uuid4()),
            received=self._api.clock.now(),
        )

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
            await _stream(send, _each(chunks), [_JSON])
            return
        initial_end = request.flag("sendInitialEvents")
        options = reading.WatchOptions(
            since=None if initial_end else (request.number("resourceVersion") or None),
            seconds=reading.watch_seconds(request.number("timeoutSeconds")),
            bookmarks=request.flag("allowWatchBookmarks"),
            initial_end=initial_end,
        )
        events = reading.watch_chunks(objects, query, options, self.stopping)
        streaming = asyncio.create_task(_stream(send, events, [_JSON]))
        gone = asyncio.create_task(_disconnected(receive))
        await asyncio.wait({streaming, gone}, return_when=asyncio.FIRST_COMPLETED)
        for task in (streaming, gone):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await streaming


def _request(scope: Scope) -> Request:
    headers: dict[str, list[str]] = {}
    for key, value in scope["headers"]:
        headers.setdefault(key.decode("latin-1"), []).append(value.decode("latin-1"))
    query_text = scope["query_string"].decode("latin-1")
    try:
        query = urllib.parse.parse_qs(query_text, keep_blank_values=True, max_num_fields=limits.QUERY_FIELDS)
    except ValueError:
        raise bad_request(f"more than {limits.QUERY_FIELDS} query parameters") from None
    path = (scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0]
    uri = path.decode("latin-1") + (f"?{query_text}" if query_text else "")
    peer = scope.get("client")
    return Request(
        method=scope["method"],
        parts=split(path),
        query=query,
        headers=headers,
        source=peer[0] if peer else "",
        uri=uri,
    )


def _verb(request: Request, route: Route) -> str:
    everywhere = route.resource.namespaced and not route.namespace
    match request.method:
        case "GET" if request.flag("watch") and not route.subresource:
            return "watch"
        case "GET":
            return "get" if route.name else "list"
        case "POST" if bool(route.name) == bool(route.subresource) and not everywhere:
            return "create"
        case "PUT" | "PATCH" if route.name:
            return _VERBS[request.method]
        case "DELETE" if route.name:
            return "delete"
        case "DELETE" if not everywhere and route.resource.key != "namespaces":
            return "deletecollection"
        case _:
            raise method_not_allowed()


def _dry_run(values: list[str]) -> bool:
    if any(value != "All" for value in values):
        raise failure(422, "Invalid", f'dryRun: Unsupported value: "{values[0][:32]}": supported values: "All"')
    return bool(values)


def _validation(value: str) -> str:
    if value not in ("", "Ignore", "Warn", "Strict"):
        supported = 'supported values: "Ignore", "Strict", "Warn"'
        raise failure(422, "Invalid", f'fieldValidation: Unsupported value: "{value[:32]}": {supported}')
    return value or "Warn"


async def _with_body(request: Request, call: Call, receive: Receive) -> Call:
    declared = request.header("content-length")
    if declared.isdigit() and int(declared) > limits.BODY_BYTES:
        raise too_large(limits.BODY_BYTES)
    raw = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise bad_request("the client went away")
        raw += message.get("body", b"")
        if len(raw) > limits.BODY_BYTES:
            raise too_large(limits.BODY_BYTES)
        if not message.get("more_body"):
            break
    body = bytes(raw)
    if call.verb == "patch":
        decoded = read_object(body) if call.content_type == APPLY else read_json(body)
    elif body:
        if call.content_type not in _BODIES:
            raise unsupported_body()
        decoded = read_protobuf(body) if call.content_type == MEDIA_TYPE else read_object(body)
    elif call.verb in ("create", "update"):
        raise bad_request("the request has no body")
    else:
        decoded = None
    dry_run = call.dry_run
    if call.verb.startswith("delete") and isinstance(decoded, dict) and decoded.get("dryRun"):
        dry_run = _dry_run([str(value) for value in decoded["dryRun"]])
    raw_kept = body if call.content_type in (*_TEXTS, APPLY) and not call.verb.startswith("delete") else b""
    return replace(call, raw=raw_kept, body=decoded, dry_run=dry_run)


def _accepted(header: str) -> Iterator[dict[str, str]]:
    """The alternatives of an Accept header that we can write, in the client's order, as their parameters."""
    for alternative in header.split(",")[:16] if header else ["application/json"]:
        kind, *rest = (part.strip() for part in alternative.split(";"))
        if kind in ("application/json", "*/*", "application/*"):
            yield dict(pair.split("=", 1) for pair in rest if "=" in pair)


def _form(accept: str) -> str:
    for parameters in _accepted(accept):
        wanted = parameters.get("as", "")
        if not wanted:
            return ""
        if parameters.get("g") != "meta.k8s.io" or parameters.get("v") not in ("v1", "v1beta1"):
            continue
        if wanted == "Table":
            return "Table"
        if wanted in ("PartialObjectMetadata", "PartialObjectMetadataList"):
            return "PartialObjectMetadata"
    raise not_acceptable()


async def _answer(send: Send, call: Call, answer: Answer, form: str, request: Request) -> None:
    obj = answer.obj
    if form and answer.code < 300 and obj.get("kind") == call.resource.kind and not call.subresource:
        if form == "Table":
            version = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
            obj = tables.table(call.resource, [obj], request.first("includeObject"), version)
        else:
            obj = tables.partial(obj)
    headers = [(b"audit-id", call.audit_id.encode())]
    headers += [(b"warning", _warning(text)) for text in call.warnings]
    await _send_object(send, answer.code, obj, headers)


def _warning(text: str) -> bytes:
    printable = "".join(character if " " <= character <= "~" else "?" for character in text)
    escaped = printable.replace("\\", "\\\\").replace('"', '\\"')
    return f'299 - "{escaped}"'.encode("ascii")


async def _send_object(send: Send, code: int, obj: Object, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
    more = [*headers, _JSON]
    seconds = (obj.get("details") or {}).get("retryAfterSeconds") if obj.get("kind") == "Status" else None
    if isinstance(seconds, int):
        more.append((b"retry-after", str(seconds).encode()))
    await _send_bytes(send, code, msgspec.json.encode(obj), more)


async def _send_bytes(send: Send, code: int, body: bytes, headers: Sequence[tuple[bytes, bytes]]) -> None:
    names = {name for name, _ in headers}
    default = [] if b"cache-control" in names else [(b"cache-control", b"no-cache, private")]
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": code, "headers": [*headers, *default, length]})
    await send({"type": "http.response.body", "body": body})


async def _each(chunks: Iterator[bytes]) -> AsyncGenerator[bytes]:
    for chunk in chunks:
        yield chunk


async def _stream(send: Send, chunks: AsyncGenerator[bytes], headers: list[tuple[bytes, bytes]]) -> None:
    await send(
        {"type": "http.response.start", "status": 200, "headers": [*headers, (b"cache-control", b"no-cache, private")]}
    )
    await send({"type": "http.response.body", "body": b"", "more_body": True})
    async with contextlib.aclosing(chunks):
        async for chunk in chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
