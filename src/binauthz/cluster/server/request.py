"""The parts of an HTTP request that matter here."""

import urllib.parse
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from binauthz.cluster import limits
from binauthz.cluster.server.routes import split
from binauthz.cluster.status import bad_request, too_large

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, without its body. ``headers`` are lower-case; a repeated one has several values."""

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


def read_request(scope: Scope) -> Request:
    """The request of an ASGI scope.

    Raises:
        StatusError: 400.
    """
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


async def read_body(request: Request, receive: Receive) -> bytes:
    """The body, within its bound.

    Raises:
        StatusError: 413, or 400 where the client went away.
    """
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
    return bytes(raw)


async def disconnected(receive: Receive) -> None:
    """Return once the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
