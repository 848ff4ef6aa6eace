"""Forwards HTTP byte for byte, and has every answer judged."""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from binauthz.base.errors import ApiError
from binauthz.transports.routes import Route, Router
from binauthz.wire import descriptors
from tests.conformance.witness.ledger import Call, Ledger, client_of
from tests.conformance.witness.schemas import Schemas

_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "proxy-authorization", "host"}
_SECONDS = 120


class _Proxy(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, upstream: str, ledger: Ledger, schemas: Schemas) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream, self.ledger, self.schemas = upstream, ledger, schemas
        self.router = Router(descriptors.methods().values())

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no trouble of ours."""


class _Handler(BaseHTTPRequestHandler):
    server: _Proxy
    protocol_version = "HTTP/1.1"

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        upstream = urlsplit(self.server.upstream)
        kind = http.client.HTTPSConnection if upstream.scheme == "https" else http.client.HTTPConnection
        connection = kind(upstream.hostname or "", upstream.port, timeout=_SECONDS)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", upstream.netloc)
            for name, value in self.headers.items():
                if name.lower() not in _HOP:
                    connection.putheader(name, value)
            connection.endheaders(body or None)
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        # Noted first: a test that has its answer finds the call in the ledger.
        self._note(response.status, response.headers.get("Content-Type", ""), answer)
        self.send_response_only(response.status)
        for name, value in response.headers.items():
            if name.lower() not in {*_HOP, "content-length"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _forward

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the ledger has it all."""

    def _note(self, status: int, content_type: str, answer: bytes) -> None:
        route = self._route()
        client = client_of(self.headers.get("x-goog-api-client", ""), self.headers.get("User-Agent", ""))
        fault, name = "", "OK"
        try:
            document = json.loads(answer)
        except ValueError:
            document, fault = None, f"the answer is not JSON but {content_type}: {answer[:200]!r}"
        if status >= 400 and isinstance(document, dict):
            fault = self.server.schemas.error_fault(status, document)
            name = str(document.get("error", {}).get("status", ""))
        elif not fault and route is not None:
            # Google's generated clients ask for enums as numbers.
            numeric = "enum-encoding" in self.path
            fault = self.server.schemas.fault(route.method, route.verb, route.template, document, numeric_enums=numeric)
        method = route.method.full_name if route is not None else ""
        self.server.ledger.note(Call(method=method, door="rest", client=client, status=name, fault=fault))

    def _route(self) -> Route | None:
        verb = self.headers.get("X-HTTP-Method-Override") or self.command
        try:
            return self.server.router.match(verb, self.path.partition("?")[0].encode())[0]
        except ApiError:
            return None


@contextmanager
def forwarding(upstream: str, ledger: Ledger, schemas: Schemas) -> Iterator[str]:
    """The URL of a proxy that lives as long as the block."""
    proxy = _Proxy(upstream, ledger, schemas)
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, name="rest-witness")
    thread.start()
    try:
        yield f"http://127.0.0.1:{proxy.server_port}"
    finally:
        proxy.shutdown()
        proxy.server_close()
        thread.join(10)
