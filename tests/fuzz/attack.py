"""Send generated requests to a server, and say which answers no server should give."""

import contextlib
import http.client
import json
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import grpc
from google.protobuf.descriptor import MethodDescriptor

from binauthz.base.errors import ApiError
from binauthz.transports.routes import Router
from binauthz.wire import descriptors
from binauthz.wire.json import to_json
from tests.conformance.error_log import ErrorLog
from tests.conformance.server import Target
from tests.conformance.witness.schemas import Schemas
from tests.fuzz.requests import Generator, RestRequest, RpcRequest, described
from tests.fuzz.world import seed

_GIVE_UP_SECONDS = 60
# What the requests find is deleted by other requests.
_SEED_EVERY = 150
_BAD_CODES = {
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.DATA_LOSS,
}


@dataclass
class Findings:
    """What a run met."""

    faults: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    served: set[str] = field(default_factory=set)
    slowest: tuple[float, str] = (0.0, "")

    @property
    def sent(self) -> int:
        """How many requests were sent."""
        return sum(self.answers.values())


class Attacker:
    """One client of both doors."""

    def __init__(
        self, target: Target, methods: list[MethodDescriptor], start: int, *, schemas: Schemas, within: float
    ) -> None:
        self.findings = Findings()
        self.log = ErrorLog()
        self._target = target
        self._rng = random.Random(start)
        self._generator = Generator(self._rng, methods)
        self._schemas = schemas
        self._within = within
        self._router = Router(descriptors.methods().values())
        self._host = urlsplit(target.url).netloc
        self._channel = grpc.insecure_channel(target.grpc_address)
        self._connection = http.client.HTTPConnection(self._host, timeout=_GIVE_UP_SECONDS)

    def __enter__(self) -> "Attacker":
        self.log.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.log.__exit__()
        self._connection.close()
        self._channel.close()

    def step(self) -> None:
        """Send one request and judge its answer."""
        if self.findings.sent % _SEED_EVERY == 0:
            seed(self._target)
        request = self._generator.rest() if self._rng.random() < 0.6 else self._generator.rpc()
        started = time.monotonic()
        fault = self.rest(request) if isinstance(request, RestRequest) else self.rpc(request)
        seconds = time.monotonic() - started
        if seconds > self.findings.slowest[0]:
            self.findings.slowest = (seconds, described(request)[:300])
        if seconds > self._within:
            fault = fault or f"took {seconds:.1f} s"
        if self.log.seen:
            fault = f"{fault}; the server logged:\n{self.log.seen[0]}"
            self.log.seen.clear()
        if fault:
            self.findings.faults.append(f"{fault}\n{described(request)}")

    def rest(self, request: RestRequest) -> str:
        """Send one HTTP request; what is wrong with its answer, or nothing."""
        try:
            status, headers, body = self._send(request)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            self.findings.answers["no answer"] += 1
            return f"no answer: {error!r}"
        self.findings.answers[str(status)] += 1
        if status >= 500 and status != 501:
            return f"HTTP {status}: {body[:500]!r}"
        if request.verb == "HEAD":
            return ""
        try:
            document = json.loads(body)
        except ValueError:
            # What is no HTTP never reaches us: the web server says so in plain text.
            return (
                "" if status == 400 and headers.startswith("text/plain") else f"HTTP {status}: not JSON: {body[:200]!r}"
            )
        if status >= 400:
            return self._schemas.error_fault(status, document)
        return self._shape(request, document)

    def _send(self, request: RestRequest) -> tuple[int, str, bytes]:
        for attempt in (0, 1):
            try:
                self._connection.putrequest(request.verb, request.target, skip_accept_encoding=True)
                self._connection.putheader("Authorization", f"Bearer {self._target.token}")
                self._connection.putheader("Content-Type", "application/json")
                self._connection.putheader("Content-Length", str(len(request.body)))
                # A server that refuses a request need not read its body.
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    self._connection.endheaders(request.body or None)
                response = self._connection.getresponse()
                return response.status, response.headers.get("Content-Type", ""), response.read()
            except (http.client.RemoteDisconnected, ConnectionError, http.client.CannotSendRequest):
                # A server may end a connection that waits; it may not end one twice over the same request.
                self._connection.close()
                if attempt:
                    raise
        raise AssertionError("unreachable")

    def _shape(self, request: RestRequest, document: Any) -> str:
        try:
            route, _ = self._router.match(request.verb, request.target.partition("?")[0].encode())
        except ApiError:
            return "answered OK to a path that means no method"
        self.findings.served.add(route.method.full_name)
        self._generator.known.learn(self._rng, document)
        numeric = "enum-encoding=int" in request.target
        return self._schemas.fault(route.method, route.verb, route.template, document, numeric_enums=numeric)

    def rpc(self, request: RpcRequest) -> str:
        """Send one gRPC call; what is wrong with its answer, or nothing."""
        call = self._channel.unary_unary(request.method)
        metadata = [("authorization", f"Bearer {self._target.token}")]
        try:
            answer: bytes = call(request.body, timeout=_GIVE_UP_SECONDS, metadata=metadata)
        except grpc.RpcError as refused:
            self.findings.answers[refused.code().name] += 1
            return f"{refused.code().name}: {refused.details()}" if refused.code() in _BAD_CODES else ""
        self.findings.answers["OK"] += 1
        method = descriptors.methods()[request.method[1:].replace("/", ".")]
        self.findings.served.add(method.full_name)
        to_json(descriptors.message_class(method.output_type.full_name).FromString(answer))
        return ""
