"""Requests of every kind: that mean well, that are nearly right, and that are noise."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message

from binauthz.transports.routes import bindings
from tests.fuzz import vocabulary
from tests.fuzz.messages import message, sober_message
from tests.fuzz.mutation import RAW, garbled, mutated
from tests.fuzz.transcoding import transcoded, variables

_ODD_SEGMENTS = [
    "%2e%2e", "..", ".", "%2F", "a%2Fb", "%00", "%zz", "%", "%C3%28", "%E2%80%AE", "a:b", ":", "*", "{x}", "", "a;b",
    "%F0%9F%98%80", "a" * 300, "a" * 9000, "~", "@", "$(x)", "%25%32%46",
]  # fmt: skip
_ODD_QUERIES = [
    "alt=json", "alt=xml", "alt=json;enum-encoding=int", "prettyPrint=false", "$.xgafv=2", "fields=*",
    "a.b.c.d.e.f.g.h.i.j.k=1",
    "pageSize=-1", "pageSize=99999999999999999999", "pageSize=1.5", "pageToken=%00", "filter=%FF", "%", "=", "&&&",
    "name=x", "=x", "pageSize=1&pageSize=2", "updateMask=%2A", "x=" + "a" * 5000, "&".join(["a=b"] * 600),
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class RestRequest:
    """One HTTP request."""

    verb: str
    target: str
    body: bytes = b""


@dataclass(frozen=True, kw_only=True)
class RpcRequest:
    """One gRPC call: serialized bytes, right or wrong."""

    method: str
    body: bytes


class Generator:
    """Makes requests for a set of methods; the same seed makes the same requests."""

    def __init__(self, rng: random.Random, methods: Sequence[MethodDescriptor]) -> None:
        self._rng = rng
        self.known = vocabulary.Known()
        self._routes = {method.full_name: list(bindings(method)) for method in methods}
        self._methods = [method for method in methods if self._routes[method.full_name]]

    def plausible(self, method: MethodDescriptor, template: str) -> Message:
        """A request message whose names fit one of the method's routes; sober half of the time."""
        sober = self._rng.random() < 0.6
        made: Any = (sober_message if sober else message)(self._rng, method.input_type.full_name)
        for path, pattern in variables(template).items():
            *parents, last = path.split(".")
            owner = made
            for parent in parents:
                owner = getattr(owner, parent)
                owner.SetInParent()
            known = self.known.fitting(self._rng, pattern) if self._rng.random() < 0.8 else None
            setattr(owner, last, known or vocabulary.name_of(self._rng, pattern))
        for field in made.DESCRIPTOR.fields:
            # Most pages and orders are sensible, or nothing behind them is ever reached.
            if field.name in {"page_token", "order_by"} and self._rng.random() < 0.7:
                made.ClearField(field.name)
            if field.name == "page_size" and self._rng.random() < 0.7:
                made.page_size = self._rng.choice([0, 1, 2, 1000])
        result: Message = made
        return result

    def meaningful(self) -> tuple[MethodDescriptor, RestRequest, Message]:
        """A message and the HTTP request that says the same."""
        while True:
            # By method first: some have one route and others twenty.
            method = self._rng.choice(self._methods)
            verb, template, body = self._rng.choice(self._routes[method.full_name])
            made = self.plausible(method, template)
            request = transcoded(made, verb, template, body)
            if request is not None:
                return method, RestRequest(verb=request[0], target=request[1], body=request[2]), made

    def rest(self) -> RestRequest:
        """Any HTTP request."""
        _, request, _ = self.meaningful()
        match self._rng.randrange(10):
            case 0 | 1 | 2:
                return request
            case 3 | 4 | 5 | 6 if request.body:
                return self._broken_body(request)
            case 7:
                return self._broken_path(request)
            case 8:
                joint = "&" if "?" in request.target else "?"
                target = request.target + joint + self._rng.choice(_ODD_QUERIES)
                return RestRequest(verb=request.verb, target=target, body=request.body)
            case _:
                verb = self._rng.choice(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW"])
                return RestRequest(verb=verb, target=request.target, body=self._rng.choice(RAW))

    def rpc(self) -> RpcRequest:
        """Any gRPC call."""
        method = self._rng.choice(self._methods)
        made = self.plausible(method, self._rng.choice(self._routes[method.full_name])[1])
        body = made.SerializeToString()
        match self._rng.randrange(4):
            case 0 | 1:
                pass
            case 2:
                body = garbled(self._rng, body)
            case _:
                body = self._rng.choice(
                    [b"", b"\xff" * 100, self._rng.randbytes(50), b"\x0a" * 10_000, b"\x0b" * 10_000]
                )
        return RpcRequest(method=f"/{method.containing_service.full_name}/{method.name}", body=body)

    def _broken_body(self, request: RestRequest) -> RestRequest:
        if self._rng.random() < 0.2:
            body = self._rng.choice([self._rng.choice(RAW), garbled(self._rng, request.body)])
        else:
            document = json.loads(request.body)
            for _ in range(self._rng.choice([1, 1, 2, 3])):
                document = mutated(self._rng, document)
            body = json.dumps(document, ensure_ascii=self._rng.random() < 0.5).encode(errors="surrogatepass")
        return RestRequest(verb=request.verb, target=request.target, body=body)

    def _broken_path(self, request: RestRequest) -> RestRequest:
        path, mark, query = request.target.partition("?")
        segments = path.split("/")
        where = self._rng.randrange(1, len(segments))
        match self._rng.randrange(4):
            case 0:
                segments[where] = self._rng.choice(_ODD_SEGMENTS)
            case 1:
                segments.insert(where, self._rng.choice(_ODD_SEGMENTS))
            case 2:
                del segments[where]
            case _:
                segments[where] += self._rng.choice([":getIamPolicy", "%20", "%2e", ":", "%ff"])
        return RestRequest(verb=request.verb, target="/".join(segments) + mark + query, body=request.body)


def described(request: RestRequest | RpcRequest) -> str:
    """A request as a reader can send it again."""
    if isinstance(request, RestRequest):
        return f"{request.verb} {request.target[:2000]}\n{request.body[:3000]!r}"
    return f"{request.method}\n{request.body[:3000]!r}"
