"""Pod creates per second against the embedded cluster, with and without somebody to ask.

Three rows: a cluster that asks nobody; one that asks an allow-all webhook over HTTPS and sends audit events to it; and
`binauthz up` with the control plane deciding. Every Pod is new, sent as JSON over kept connections; scheduler and
kubelet work meanwhile, as they always do. CPU is the cluster process', from the kernel's accounting.

Budget: 200 creates/s with enforcement on.
"""

import asyncio
import dataclasses
import datetime as dt
import hashlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec
import uvicorn
import uvloop

from bench.measure import Sample, report, summarise
from binauthz.app.certificates import Authority, Leaf

TOKEN = "of-the-benchmark"
IMAGE = "us-docker.pkg.dev/p1/r/img@sha256:" + "1" * 64
PODS = "/api/v1/namespaces/default/pods"
TICK = os.sysconf("SC_CLK_TCK")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A cluster to load: where, as whom, and which process it is."""

    port: int
    pid: int
    token: str
    authority: Path


async def allow(scope: dict, receive, send) -> None:
    """Allow every review, by its own uid; take every audit event."""
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    answer = b"{}"
    if scope["path"] == "/review":
        response = {"uid": msgspec.json.decode(body)["request"]["uid"], "allowed": True}
        answer = msgspec.json.encode(
            {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}
        )
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


def until(ready: Iterator[bool], process: subprocess.Popen, what: str) -> None:
    """Wait for a process that was just started."""
    deadline = time.monotonic() + 20
    while not next(ready):
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"{what} did not start")
        time.sleep(0.02)


def listens(port: int) -> Iterator[bool]:
    """Whether a port answers, asked again and again."""
    while True:
        with socket.socket() as probe:
            yield probe.connect_ex(("127.0.0.1", port)) == 0


def exists(path: Path) -> Iterator[bool]:
    """Whether a file is there, asked again and again."""
    while True:
        yield path.exists()


@contextmanager
def running(command: list[str]) -> Iterator[subprocess.Popen]:
    """A process of this interpreter, ended at the end."""
    with subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


@contextmanager
def receiver(leaf: Leaf) -> Iterator[str]:
    """The allow-all webhook and audit receiver; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["-m", "bench.cluster", "--serve", str(port), "--cert", str(leaf.cert_file), "--key", str(leaf.key_file)]
    with running(command) as process:
        until(listens(port), process, "the receiver")
        yield f"https://127.0.0.1:{port}"


@contextmanager
def alone(folder: Path, leaf: Leaf, authority: Path, door: str | None) -> Iterator[Target]:
    """A cluster process, asking the door if there is one."""
    folder.mkdir()
    tokens, ready = folder / "tokens.json", folder / "ready.json"
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    tokens.write_text(json.dumps([{"sha256": digest, "user": "owner", "groups": ["system:masters"]}]))
    asked = {"ca_file": str(authority), "token": "none"}
    config = {
        "data_dir": str(folder / "data"),
        "cert_file": str(leaf.cert_file),
        "key_file": str(leaf.key_file),
        "token_file": str(tokens),
        "ready_file": str(ready),
        "failure_policy": "Fail",
        "webhook": {"url": f"{door}/review", **asked} if door else None,
        "audit": {"url": f"{door}/audit", **asked} if door else None,
    }
    (folder / "config.json").write_text(json.dumps(config))
    with running(["-m", "binauthz.cluster", "--config", str(folder / "config.json")]) as process:
        until(exists(ready), process, "the cluster")
        yield Target(port=json.loads(ready.read_text())["port"], pid=process.pid, token=TOKEN, authority=authority)


@contextmanager
def installation(folder: Path) -> Iterator[Target]:
    """`binauthz up` in a directory of its own."""
    with running(["-m", "binauthz", "up", "--dir", str(folder), "--port", "0"]) as process:
        line = process.stdout.readline() if process.stdout else ""
        if not line.startswith("ready "):
            raise SystemExit(f"up printed {line!r}")
        addresses = json.loads((folder / "addresses.json").read_text())
        yield Target(
            port=urllib.parse.urlsplit(addresses["cluster_url"]).port or 0,
            pid=addresses["cluster_pid"],
            token=(folder / "owner-token").read_text().strip(),
            authority=folder / "pki" / "ca.pem",
        )


async def connection(target: Target, trust: ssl.SSLContext, prefix: str, stop: float, latencies: list[int]) -> None:
    """One keep-alive connection, one new Pod at a time."""
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port, ssl=trust)
    count = 0
    try:
        while time.monotonic() < stop:
            count += 1
            pod = {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": f"{prefix}-{count}", "labels": {"app": "web"}},
                "spec": {"containers": [{"name": "c", "image": IMAGE}]},
            }
            body = msgspec.json.encode(pod)
            head = (
                f"POST {PODS} HTTP/1.1\r\nHost: 127.0.0.1:{target.port}\r\nAuthorization: Bearer {target.token}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            before = time.perf_counter_ns()
            writer.write(head.encode() + body)
            answered = await reader.readuntil(b"\r\n\r\n")
            length = int(answered.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            answer = await reader.readexactly(length)
            latencies.append(time.perf_counter_ns() - before)
            if not answered.startswith(b"HTTP/1.1 201"):
                raise SystemExit(f"an unexpected answer: {answer[:500]!r}")
    finally:
        writer.close()


async def load(target: Target, prefix: str, connections: int, seconds: float) -> list[int]:
    """Latencies in nanoseconds."""
    trust = ssl.create_default_context(cafile=target.authority)
    latencies: list[int] = []
    stop = time.monotonic() + seconds
    await asyncio.gather(
        *(connection(target, trust, f"{prefix}-{each}", stop, latencies) for each in range(connections))
    )
    return latencies


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory_mib(pid: int) -> float:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def measure(name: str, target: Target, connections: int, seconds: float) -> Sample:
    """Warm a cluster, then load it."""
    uvloop.run(load(target, "warm", connections, 0.5))
    cpu, started = cpu_seconds(target.pid), time.monotonic()
    latencies = uvloop.run(load(target, "pod", connections, seconds))
    took, spent = time.monotonic() - started, cpu_seconds(target.pid) - cpu
    return dataclasses.replace(
        summarise(name, latencies, seconds=took, cpu_seconds=spent), rss_mib=memory_mib(target.pid)
    )


@click.command()
@click.option("--seconds", default=3.0, show_default=True)
@click.option("--connections", default=8, show_default=True)
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text")
@click.option("--serve", "port", type=int, hidden=True)
@click.option("--cert", hidden=True)
@click.option("--key", hidden=True)
def main(seconds: float, connections: int, style: str, port: int | None, cert: str, key: str) -> None:
    """Measure creates that ask nobody, a webhook, and the control plane."""
    if port is not None:
        uvicorn.run(
            allow, port=port, http="httptools", ws="none", log_level="warning", ssl_certfile=cert, ssl_keyfile=key
        )
        return
    samples = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        authority = Authority(folder / "pki", dt.datetime.now(dt.UTC))
        leaf = authority.leaf("bench", ("127.0.0.1",), dt.datetime.now(dt.UTC))
        with alone(folder / "none", leaf, authority.ca_file, None) as target:
            samples.append(measure("create a Pod, nobody asked", target, connections, seconds))
        with receiver(leaf) as door, alone(folder / "echo", leaf, authority.ca_file, door) as target:
            samples.append(measure("create a Pod, allow-all webhook and audit", target, connections, seconds))
        with installation(folder / "up") as target:
            samples.append(measure("create a Pod, the control plane decides", target, connections, seconds))
    report(samples, format=style, notes={"budget, creates/s with enforcement": 200.0})


if __name__ == "__main__":
    main()
