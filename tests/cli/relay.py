"""Stands between the command line and a real server, passes everything on, and remembers what was asked."""

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Call:
    """One request and the status of its answer."""

    verb: str
    target: str
    status: int


@dataclass
class Relay:
    """Where it listens, and the calls so far."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)


@contextmanager
def relaying(server: str) -> Iterator[Relay]:
    """A relay to a server."""
    relay = Relay()

    class Handler(BaseHTTPRequestHandler):
        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))) or None
            headers = {name: self.headers[name] for name in ("Authorization", "Content-Type") if name in self.headers}
            request = urllib.request.Request(server + self.path, data=body, headers=headers, method=self.command)
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    status, content = answer.status, answer.read()
            except urllib.error.HTTPError as refused:
                with refused:
                    status, content = refused.code, refused.read()
            relay.calls.append(Call(self.command, self.path, status))
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass_on

        def log_message(self, format: str, *arguments: object) -> None:
            """Stays quiet."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    relay.url = f"http://127.0.0.1:{listening.server_port}"
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield relay
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()
