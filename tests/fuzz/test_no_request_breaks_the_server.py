"""A short run of the fuzz over every served method; ``python -m tests.fuzz --seconds N`` is the long one."""

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from google.protobuf.descriptor import MethodDescriptor

from binauthz.transports.methods import METHODS
from binauthz.wire import descriptors
from tests.conformance.error_log import ErrorLog
from tests.conformance.server import Target, running
from tests.conformance.witness.schemas import Schemas
from tests.fuzz.attack import Attacker, Findings

pytestmark = pytest.mark.servers
SERVED = [descriptors.methods()[row.full_name] for row in METHODS]
EVERY = [
    method for method in descriptors.methods().values() if not (method.client_streaming or method.server_streaming)
]
WITHIN_SECONDS = 10.0


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with running(tmp_path_factory.mktemp("fuzzed")) as started:
        yield started


def attacked(target: Target, methods: list[MethodDescriptor], *, seed: int, requests: int) -> Findings:
    with Attacker(target, methods, seed, schemas=Schemas(), within=WITHIN_SECONDS) as attacker:
        while attacker.findings.sent < requests:
            attacker.step()
    return attacker.findings


def test_every_served_method_answers_clearly_and_in_time(target: Target) -> None:
    findings = attacked(target, SERVED, seed=20260501, requests=6000)
    assert not findings.faults, "\n\n".join(findings.faults[:10])
    # A fuzz that is refused at the door each time tests the door alone.
    assert len(findings.served) > len(SERVED) * 0.6


def test_methods_that_are_not_served_say_so(target: Target) -> None:
    findings = attacked(target, EVERY, seed=20260502, requests=1000)
    assert not findings.faults, "\n\n".join(findings.faults[:10])
    assert findings.answers["501"] + findings.answers["UNIMPLEMENTED"] > 100


def test_postgresql_fares_no_worse(tmp_path: Path, postgres_url: str) -> None:
    with running(tmp_path / "server", store=postgres_url) as target:
        findings = attacked(target, SERVED, seed=20260503, requests=1500)
    assert not findings.faults, "\n\n".join(findings.faults[:10])


@pytest.mark.parametrize(
    "noise",
    [
        b"\r\n\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /v1/projects/p/policy HTTP/1.1\r\n\r\n",
        b"GET /v1/projects/p/policy HTTP/1.1\r\nHost: a\r\nHost: b\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
        b"GET /v1/projects/\xff\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /v1/projects/p/attestors HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/projects/p/attestors HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nhello",
        b"POST /v1/projects/p/notes HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        b"POST /v1/projects/p/attestors HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500,
        bytes(range(256)) * 50,
    ],
    ids=range(13),
)
def test_what_is_no_http_is_turned_away_without_a_trace(target: Target, noise: bytes) -> None:
    address = urlsplit(target.url)
    with ErrorLog() as log, socket.create_connection((address.hostname or "", address.port or 0), timeout=10) as wire:
        wire.sendall(noise)
        wire.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while chunk := wire.recv(65_536):
                answer += chunk
        except ConnectionResetError:
            pass
    assert not answer.startswith(b"HTTP/1.1 5"), answer[:300]
    assert not log.seen, log.seen[0]
