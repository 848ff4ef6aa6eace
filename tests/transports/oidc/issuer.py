"""A small issuer over HTTP on 127.0.0.1: a discovery document, a key set, and what a test puts in their place."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.transports.oidc.signer import Signer

DISCOVERY = "/.well-known/openid-configuration"
KEYS = "/keys"


@dataclass
class Reply:
    """What a path answers."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class LocalIssuer:
    """Where it is, what it answers, and what it was asked."""

    url: str
    signer: Signer
    replies: dict[str, Reply] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def reset(self) -> None:
        """Answer as a good issuer does."""
        document = {"issuer": self.url, "jwks_uri": self.url + KEYS}
        self.replies = {DISCOVERY: json_reply(document), KEYS: json_reply(self.signer.key_set())}
        self.asked.clear()


def json_reply(document: Any) -> Reply:
    return Reply(json.dumps(document).encode(), headers={"Content-Type": "application/json"})


@contextmanager
def local_issuer(signer: Signer) -> Iterator[LocalIssuer]:
    """An issuer that lives as long as the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            reply = made.replies.get(self.path, Reply(status=404))
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = LocalIssuer(url=f"http://127.0.0.1:{server.server_port}", signer=signer)
    made.reset()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
