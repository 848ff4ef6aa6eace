"""The real command in a process of its own, and servers for it to meet: ours, and one that answers what it is told."""

import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Result:
    """How a command ended and what it printed, undecoded."""

    code: int
    raw_out: bytes
    raw_err: bytes

    @property
    def out(self) -> str:
        return self.raw_out.decode()

    @property
    def err(self) -> str:
        return self.raw_err.decode()

    def ok(self) -> "Result":
        """Itself, of a command that had to succeed."""
        assert self.code == 0, self
        return self


@dataclass(frozen=True)
class Shell:
    """A user's shell: an environment, and ``binauthz`` on PATH."""

    env: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str, stdin: bytes = b"", **env: str) -> Result:
        done = subprocess.run(
            [sys.executable, "-m", "binauthz", *arguments],
            env={**self.env, **env}, input=stdin, capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        return Result(done.returncode, done.stdout, done.stderr)


def clean_environment(home: Path) -> dict[str, str]:
    """The environment without our variables, and with a home directory of its own."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("BINAUTHZ_", "CLOUDSDK_", "KUBECONFIG", "XDG_"))
    }
    return {**kept, "HOME": str(home), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"}


@contextmanager
def serving(
    directory: Path, env: Mapping[str, str], *arguments: str, verb: str = "serve"
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """``binauthz serve`` or ``up``: the process and the URL that it said it is ready at."""
    log = directory.parent / f"{directory.name}.log"
    with log.open("a") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "binauthz", verb, "--dir", str(directory), "--port", "0", *arguments],
            env=dict(env), stdout=subprocess.PIPE, stderr=stderr, text=True,
        )  # fmt: skip
    assert process.stdout is not None
    try:
        readable, _, _ = select.select([process.stdout], [], [], 60)
        line = process.stdout.readline() if readable else ""
        assert line.startswith("ready http://"), f"{line!r}: {log.read_text()[-4000:]}"
        yield process, line.split()[1]
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


@contextmanager
def answering(status: int, body: Any) -> Iterator[str]:
    """A server that gives one answer to everything; its URL."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = _answer

        def log_message(self, format: str, *arguments: Any) -> None:
            """Stays quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
