"""Admission reviews over TLS, beside an echo of the same bytes through the same server.

One Pod with three images under a rule that requires two attestors, everything in a SQLite store. The server runs in
processes of its own on one port (SO_REUSEPORT), the load in this one. CPU is the servers', from the kernel's
accounting. `warm` repeats the same digests, so that proofs are remembered; `cold` has a prover that remembers nothing.

Budgets: 5,000 reviews/s and p99 below 10 ms on two cores, CPU at most 1.5 times the echo's.
"""

import asyncio
import dataclasses
import datetime as dt
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import msgspec
import uvicorn
import uvloop
from tests.admission.world import ATTEST, REVIEW, TOKEN, attestor, cluster, occurrence, policy, rule

from bench.measure import Sample, cpu_seconds, memory_mib, report, summarise
from binauthz.admission.door import build
from binauthz.app.certificates import Authority, Leaf
from binauthz.attestation.memo import Prover
from binauthz.base.clock import SystemClock
from binauthz.store import open_store
from binauthz.store.interface import Writer
from binauthz.store.records import Project

DIGESTS = tuple(f"{number:064x}" for number in range(1, 4))
ATTESTORS = ("builder", "tester")


async def fill(url: str) -> None:
    """A project whose policy requires both attestors, who attested every digest."""
    store = open_store(url)

    def body(tx: Writer) -> None:
        tx.put(Project(name="projects/p1", number=1, create_time=dt.datetime.now(dt.UTC)))
        tx.put(cluster())
        for name in ATTESTORS:
            tx.put(attestor(name))
            for digest in DIGESTS:
                tx.put(occurrence(name, digest))
        tx.put(policy(rule(ATTEST, *(f"projects/p1/attestors/{name}" for name in ATTESTORS))))

    await store.write(body)
    await store.close()


def review() -> bytes:
    """The review that is sent again and again."""
    images = [f"us-docker.pkg.dev/p1/r/img@sha256:{digest}" for digest in DIGESTS]
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "default", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": f"c{i}", "image": image} for i, image in enumerate(images)]},
    }
    request = {
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "namespace": "default",
        "operation": "CREATE",
        "userInfo": {"username": "system:serviceaccount:kube-system:replicaset-controller"},
        "object": pod,
    }
    return msgspec.json.encode({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})


async def echo(scope: dict, receive, send) -> None:
    """Read a body and answer as many bytes as a review is answered with."""
    if scope["type"] != "http":
        return
    more = True
    while more:
        more = (await receive()).get("more_body", False)
    answer = (
        b'{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"%036d","allowed":true}}' % 0
    )
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


async def serve(kind: str, url: str, port: int, leaf: Leaf) -> None:
    """One server process."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", port))
    app = echo
    if kind != "echo":
        prover = Prover() if kind == "warm" else Prover(capacity=0)
        app = build(open_store(url), clock=SystemClock(), prover=prover)
    await uvicorn.Server(
        uvicorn.Config(
            app,
            loop="uvloop",
            http="httptools",
            ws="none",
            access_log=False,
            server_header=False,
            log_level="warning",
            ssl_certfile=leaf.cert_file,
            ssl_keyfile=leaf.key_file,
        )
    ).serve(sockets=[listener])


async def connection(
    trust: ssl.SSLContext, port: int, message: bytes, stop: float, latencies: list[int], expected: bytes
) -> None:
    """One keep-alive connection, one request at a time."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust)
    clock = time.perf_counter_ns
    try:
        while time.monotonic() < stop:
            before = clock()
            writer.write(message)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            answer = await reader.readexactly(length)
            latencies.append(clock() - before)
            if expected not in answer:
                raise SystemExit(f"an unexpected answer: {answer[:500]!r}")
    finally:
        writer.close()


async def load(port: int, ca: Path, connections: int, seconds: float) -> list[int]:
    """Latencies in nanoseconds."""
    trust = ssl.create_default_context(cafile=ca)
    body = review()
    head = (
        f"POST {REVIEW}?timeout=10s HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {TOKEN}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    latencies: list[int] = []
    stop = time.monotonic() + seconds
    await asyncio.gather(
        *(connection(trust, port, head.encode() + body, stop, latencies, b'"allowed":true') for _ in range(connections))
    )
    return latencies


def measure_server(
    kind: str, url: str, leaf: Leaf, ca: Path, *, processes: int, connections: int, seconds: float
) -> Sample:
    """Start servers, warm them, load them, stop them."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "bench.reviews", "--serve", kind, "--store", url, "--port", str(port)]
    command += ["--cert", str(leaf.cert_file), "--key", str(leaf.key_file)]
    servers = [subprocess.Popen(command) for _ in range(processes)]
    try:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        time.sleep(1.0)
        asyncio.run(load(port, ca, connections, 1.0))
        pids = [server.pid for server in servers]
        cpu, started = cpu_seconds(pids), time.monotonic()
        latencies = asyncio.run(load(port, ca, connections, seconds))
        took, spent = time.monotonic() - started, cpu_seconds(pids) - cpu
        sample = summarise(f"{kind}, {processes} process(es)", latencies, seconds=took, cpu_seconds=spent)
        return dataclasses.replace(sample, rss_mib=max(map(memory_mib, pids)))
    finally:
        for server in servers:
            server.send_signal(signal.SIGTERM)
        for server in servers:
            server.wait(15)


@click.command()
@click.option("--seconds", default=5.0, show_default=True)
@click.option("--connections", default=16, show_default=True)
@click.option("--processes", default=1, show_default=True, help="Server processes on one port.")
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text")
@click.option("--serve", "kind", hidden=True)
@click.option("--store", "url", hidden=True)
@click.option("--port", type=int, hidden=True)
@click.option("--cert", type=click.Path(path_type=Path), hidden=True)
@click.option("--key", type=click.Path(path_type=Path), hidden=True)
def main(
    seconds: float,
    connections: int,
    processes: int,
    style: str,
    kind: str | None,
    url: str,
    port: int,
    cert: Path,
    key: Path,
) -> None:
    """Measure echo, warm and cold reviews in turn."""
    if kind:
        uvloop.run(serve(kind, url, port, Leaf(cert, key)))
        return
    with tempfile.TemporaryDirectory() as scratch:
        authority = Authority(Path(scratch) / "pki", dt.datetime.now(dt.UTC))
        leaf = authority.leaf("bench", ("127.0.0.1",), dt.datetime.now(dt.UTC))
        url = f"sqlite:///{scratch}/reviews.sqlite"
        asyncio.run(fill(url))
        samples = [
            measure_server(
                each, url, leaf, authority.ca_file, processes=processes, connections=connections, seconds=seconds
            )
            for each in ("echo", "warm", "echo", "warm", "cold")
        ]
    echoed = (samples[0].cpu_us + samples[2].cpu_us) / 2
    reviewed = (samples[1].cpu_us + samples[3].cpu_us) / 2
    report(samples, format=style, notes={"server CPU of a warm review / of an echo": reviewed / echoed})


if __name__ == "__main__":
    main()
