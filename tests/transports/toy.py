"""A small method table over a dictionary, and an in-memory ASGI client: the doors without the house."""

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast

from google.protobuf.message import Message

from binauthz.base.clock import FixedClock
from binauthz.base.errors import ApiError, Code, invalid_field
from binauthz.services.context import Caller, Context
from binauthz.store.interface import Store
from binauthz.transports.dispatch import Call, Dispatcher, Observation
from binauthz.transports.method import Method
from binauthz.transports.server import Hooks, application
from binauthz.wire import descriptors

BINAUTHZ = "google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1"
TOKEN = "good-token"


@dataclass(frozen=True)
class Outcome:
    """What became of a call."""

    resource: str
    caller: Caller
    code: Code | None


@dataclass(frozen=True)
class _Watched:
    context: Context
    call: Call
    outcomes: list[Outcome]

    async def settle(self, failure: ApiError | None) -> None:
        self.outcomes.append(Outcome(self.call.resource, self.call.caller, failure.code if failure else None))


@dataclass
class Toy:
    """Attestors in a dictionary; the id decides which trouble there is."""

    attestors: dict[str, Any] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    requests: list[Any] = field(default_factory=list)

    async def authenticate(self, token: str) -> Caller | None:
        return Caller(principal="user:toy@example.com") if token == TOKEN else None

    async def authorize(self, context: Context, permission: str, resource: str) -> None:
        if "forbidden" in resource:
            raise ApiError(
                Code.PERMISSION_DENIED,
                f"Permission '{permission}' denied on resource '//example/{resource}'.",
                reason="IAM_PERMISSION_DENIED",
                metadata={"permission": permission, "resource": resource},
            )

    def observe(self, call: Call, context: Context) -> Observation:
        return _Watched(context, call, self.outcomes)

    async def create(self, context: Context, request: Any) -> Message:
        self.requests.append(request)
        if not request.attestor_id:
            raise invalid_field("attestor_id", "expected an id, got nothing")
        name = f"{request.parent}/attestors/{request.attestor_id}"
        if name in self.attestors:
            raise ApiError(Code.ALREADY_EXISTS, f"Attestor `{name}` already exists.")
        request.attestor.name = name
        self.attestors[name] = request.attestor
        return cast("Message", request.attestor)

    async def get(self, context: Context, request: Any) -> Message:
        if request.name.endswith("/broken"):
            raise RuntimeError("SECRET internal text")
        if request.name not in self.attestors:
            raise ApiError(Code.NOT_FOUND, f"Attestor `{request.name}` does not exist.")
        return cast("Message", self.attestors[request.name])

    async def every(self, context: Context, request: Any) -> Message:
        self.requests.append(request)
        return descriptors.message_class("google.cloud.binaryauthorization.v1.ListAttestorsResponse")(
            attestors=self.attestors.values()
        )

    async def update(self, context: Context, request: Any) -> Message:
        self.requests.append(request)
        self.attestors[request.attestor.name] = request.attestor
        return cast("Message", request.attestor)

    async def delete(self, context: Context, request: Any) -> Message:
        self.attestors.pop(request.name, None)
        return descriptors.message_class("google.protobuf.Empty")()

    async def iam(self, context: Context, request: Any) -> Message:
        self.requests.append(request)
        return descriptors.message_class("google.iam.v1.Policy")(version=request.options.requested_policy_version)

    def table(self) -> list[Method]:
        rows = (
            (f"{BINAUTHZ}.CreateAttestor", self.create, lambda request: request.parent),
            (f"{BINAUTHZ}.GetAttestor", self.get, lambda request: request.name),
            (f"{BINAUTHZ}.ListAttestors", self.every, lambda request: request.parent),
            (f"{BINAUTHZ}.UpdateAttestor", self.update, lambda request: request.attestor.name),
            (f"{BINAUTHZ}.DeleteAttestor", self.delete, lambda request: request.name),
            ("google.iam.v1.IAMPolicy.GetIamPolicy", self.iam, lambda request: request.resource),
        )
        return [
            Method(full_name=name, permission=f"toy.{name.rpartition('.')[2]}", resource=resource, handler=handler)
            for name, handler, resource in rows
        ]

    def dispatcher(self, methods: Iterable[Method] | None = None) -> Dispatcher:
        clock = FixedClock(dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
        return Dispatcher(
            self.table() if methods is None else methods,
            authenticator=self.authenticate,
            authorizer=self.authorize,
            context=lambda caller: Context(caller=caller, clock=clock, store=cast("Store", None)),
            observer=self.observe,
        )


@dataclass(frozen=True)
class Response:
    """What the application sent."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> Any:
        return self.json["error"]


class Client:
    """Calls an ASGI application without a socket."""

    def __init__(self, dispatcher: Dispatcher, *, hooks: Hooks | None = None, max_body: int = 1 << 20) -> None:
        self.app = application(dispatcher, hooks=hooks, max_body=max_body)
        self.chunks_read = 0

    async def call(
        self,
        verb: str,
        target: str,
        body: bytes | list[bytes] | object = b"",
        *,
        token: str | None = TOKEN,
        headers: dict[str, str] | None = None,
    ) -> Response:
        if not isinstance(body, bytes | list):
            body = json.dumps(body).encode()
        chunks = body if isinstance(body, list) else [body]
        path, _, query = target.partition("?")
        sent: list[Any] = []
        pending = list(chunks)
        self.chunks_read = 0
        all_headers = {"host": "localhost", **(headers or {})}
        if token is not None:
            all_headers["authorization"] = f"Bearer {token}"

        async def receive() -> Any:
            self.chunks_read += 1
            if not pending:
                return {"type": "http.disconnect"}
            chunk = pending.pop(0)
            return {"type": "http.request", "body": chunk, "more_body": bool(pending)}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": verb,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in all_headers.items()],
            "client": ("192.0.2.1", 1234),
        }
        await self.app(scope, receive, send)
        start, *rest = sent
        return Response(
            start["status"],
            {name.decode(): value.decode() for name, value in start["headers"]},
            b"".join(message.get("body", b"") for message in rest),
        )
