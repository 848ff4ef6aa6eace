"""The judge of the fuzz: a server that breaks is told of, whichever way it breaks."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from binauthz.wire import descriptors
from tests.conformance.server import Target
from tests.conformance.witness.schemas import Schemas
from tests.fuzz.attack import Attacker
from tests.fuzz.requests import RestRequest

pytestmark = pytest.mark.servers
METHOD = descriptors.methods()["google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1.GetPolicy"]
REQUEST = RestRequest(verb="GET", target="/v1/projects/demo-project/policy")


@contextmanager
def answering(status: int, body: bytes) -> Iterator[Target]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Target(
            url=f"http://127.0.0.1:{server.server_port}", grpc_address="127.0.0.1:1", token="t", stranger_token=""
        )
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("status", "document", "word"),
    [
        (200, {}, ""),
        (501, {"error": {"code": 501, "message": "x", "status": "UNIMPLEMENTED"}}, ""),
        (400, {"error": {"code": 400, "message": "x", "status": "INVALID_ARGUMENT"}}, ""),
        (500, {"error": {"code": 500, "message": "x", "status": "INTERNAL"}}, "HTTP 500"),
        (503, {"error": {"code": 503, "message": "x", "status": "UNAVAILABLE"}}, "HTTP 503"),
        (200, {"invented": 1}, "invented"),
        (404, {"detail": "Not Found"}, "error"),
        (400, {"error": {"code": 404, "message": "x", "status": "NOT_FOUND"}}, "code 404"),
    ],
)
def test_answers_that_no_server_should_give_are_found(status: int, document: object, word: str) -> None:
    with (
        answering(status, json.dumps(document).encode()) as target,
        Attacker(target, [METHOD], 1, schemas=Schemas(), within=5) as attacker,
    ):
        found = attacker.rest(REQUEST)
    assert bool(found) is bool(word)
    assert word in found


def test_a_door_that_nobody_opens_is_found() -> None:
    target = Target(url="http://127.0.0.1:9", grpc_address="127.0.0.1:9", token="t", stranger_token="")
    with Attacker(target, [METHOD], 1, schemas=Schemas(), within=5) as attacker:
        assert "no answer" in attacker.rest(REQUEST)
