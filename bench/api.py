"""Notes and occurrences over REST and gRPC, beside an echo behind the same HTTP server, an echo behind the same gRPC
server, and the store itself.

The server is `binauthz serve` over a SQLite file with ten thousand occurrences, in a process of its own; the load is in
this one, and shares the machine with it. CPU and memory are the server's, from the kernel's accounting; those of the
store are this process's.
"""

import argparse
import asyncio
import contextlib
import dataclasses
import itertools
import json
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import uvicorn
import uvloop

from bench.measure import Sample, cpu_seconds, measure_async, memory_mib, report, summarise
from bench.occurrences import NOTES, PROJECT, digest, load, rows
from binauthz.app.home import Home
from binauthz.store import open_store
from binauthz.store.codec import RECORD_TYPES
from binauthz.store.records import Note, Occurrence
from binauthz.wire.descriptors import message_class

NOTE = NOTES["ATTESTATION"]
FILTER = f'has_suffix(resourceUrl, "sha256:{digest(123)}")'
ECHOED = 250
Send = Callable[[], Awaitable[None]]


class Http:
    """Keep-alive connections that send one request after another."""

    def __init__(self, port: int, token: str) -> None:
        self._port, self._token = port, token

    async def call(self, streams: Any, verb: str, path: str, body: bytes = b"") -> bytes:
        """One exchange on an open connection; an answer other than 200 ends the benchmark."""
        reader, writer = streams
        writer.write(
            f"{verb} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self._token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        answer: bytes = await reader.readexactly(length)
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"an unexpected answer to {verb} {path}: {answer[:300]!r}")
        return answer

    async def open(self) -> Any:
        """A connection."""
        return await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 24)


async def load_of(senders: list[Send], seconds: float) -> list[int]:
    """Latencies of callers that each wait for one answer before they ask again."""
    latencies: list[int] = []
    stop, clock = time.monotonic() + seconds, time.perf_counter_ns

    async def caller(send: Send) -> None:
        while time.monotonic() < stop:
            before = clock()
            await send()
            latencies.append(clock() - before)

    await asyncio.gather(*map(caller, senders))
    return latencies


async def sampled(name: str, senders: list[Send], seconds: float, pid: int) -> Sample:
    """Warm, then measure."""
    await load_of(senders, min(0.5, seconds))
    cpu, started = cpu_seconds([pid]), time.monotonic()
    latencies = await load_of(senders, seconds)
    took, spent = time.monotonic() - started, cpu_seconds([pid]) - cpu
    return dataclasses.replace(summarise(name, latencies, seconds=took, cpu_seconds=spent), rss_mib=memory_mib(pid))


def attestation(number: int) -> dict[str, Any]:
    """An occurrence that no other is the same as."""
    signature = {"publicKeyId": "k" * 58, "signature": "c" * 96}
    return {
        "noteName": NOTE,
        "resourceUri": f"us-docker.pkg.dev/p/new-{time.time_ns()}-{number}@sha256:{digest(number)}",
        "attestation": {"serializedPayload": "cHA=", "signatures": [signature]},
    }


def message(kind: str, /, **fields: Any) -> bytes:
    """A serialized request of Grafeas v1."""
    return bytes(message_class(f"grafeas.v1.{kind}")(**fields).SerializeToString())


async def over_rest(port: int, token: str, occurrence: str, callers: int, seconds: float, pid: int) -> list[Sample]:
    """Every operation over REST."""
    http = Http(port, token)
    connections = [await http.open() for _ in range(callers)]
    numbers = itertools.count()
    requests: dict[str, Callable[[], tuple[str, str, bytes]]] = {
        "get a note": lambda: ("GET", f"/v1/{NOTE}", b""),
        "get an occurrence": lambda: ("GET", f"/v1/{occurrence}", b""),
        "list 1,000 occurrences": lambda: ("GET", f"/v1/{PROJECT}/occurrences?pageSize=1000", b""),
        "list by note and digest": lambda: (
            "GET", f"/v1/{NOTE}/occurrences?pageSize=100&filter={FILTER.replace(' ', '%20')}", b"",
        ),
        "create an occurrence": lambda: (
            "POST", f"/v1/{PROJECT}/occurrences", json.dumps(attestation(next(numbers))).encode(),
        ),
    }  # fmt: skip
    samples = []
    for name, request in requests.items():

        def sender(streams: Any, request: Any = request) -> Send:
            async def send() -> None:
                await http.call(streams, *request())

            return send

        samples.append(await sampled(f"REST: {name}", [*map(sender, connections)], seconds, pid))
    for _, writer in connections:
        writer.close()
    return samples


async def over_grpc(port: int, token: str, occurrence: str, callers: int, seconds: float, pid: int) -> list[Sample]:
    """Every operation over gRPC, on one channel, messages as bytes."""
    numbers = itertools.count()

    def new() -> bytes:
        sent = attestation(next(numbers))
        signed = sent["attestation"]["signatures"][0]
        signature = {"public_key_id": signed["publicKeyId"], "signature": b"s" * 72}
        body = {"note_name": NOTE, "resource_uri": sent["resourceUri"]}
        details = {"serialized_payload": b"pp", "signatures": [signature]}
        return message("CreateOccurrenceRequest", parent=PROJECT, occurrence={**body, "attestation": details})

    requests: dict[str, tuple[str, Callable[[], bytes]]] = {
        "get a note": ("GetNote", lambda: message("GetNoteRequest", name=NOTE)),
        "get an occurrence": ("GetOccurrence", lambda: message("GetOccurrenceRequest", name=occurrence)),
        "list 1,000 occurrences": (
            "ListOccurrences", lambda: message("ListOccurrencesRequest", parent=PROJECT, page_size=1000),
        ),
        "list by note and digest": (
            "ListNoteOccurrences",
            lambda: message("ListNoteOccurrencesRequest", name=NOTE, page_size=100, filter=FILTER),
        ),
        "create an occurrence": ("CreateOccurrence", new),
    }  # fmt: skip
    metadata = (("authorization", f"Bearer {token}"),)
    samples = []
    async with grpc.aio.insecure_channel(
        f"127.0.0.1:{port}", options=[("grpc.max_receive_message_length", 1 << 24)]
    ) as channel:
        for name, (method, request) in requests.items():
            call = channel.unary_unary(f"/grafeas.v1.Grafeas/{method}")

            async def send(call: Any = call, request: Callable[[], bytes] = request) -> None:
                await call(request(), metadata=metadata)

            samples.append(await sampled(f"gRPC: {name}", [send] * callers, seconds, pid))
    return samples


async def echoes(rest_port: int, grpc_port: int, callers: int, seconds: float, pid: int) -> list[Sample]:
    """What the servers cost by themselves."""
    http = Http(rest_port, "t" * 43)
    connections = [await http.open() for _ in range(callers)]

    def sender(streams: Any) -> Send:
        async def send() -> None:
            await http.call(streams, "GET", f"/v1/{NOTE}")

        return send

    samples = [await sampled("REST: echo", [*map(sender, connections)], seconds, pid)]
    for _, writer in connections:
        writer.close()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{grpc_port}") as channel:
        call = channel.unary_unary("/echo.Echo/Echo")

        async def send() -> None:
            await call(b"x" * 50, metadata=(("authorization", "Bearer " + "t" * 43),))

        samples.append(await sampled("gRPC: echo", [send] * callers, seconds, pid))
    return samples


async def in_the_store(url: str, seconds: float) -> list[Sample]:
    """The same operations on the store, with nothing around it."""
    store = open_store(url)
    record = RECORD_TYPES[Occurrence]
    fresh = (dict(zip(record.table.c.keys(), row, strict=True)) for row in rows(range(1_000_000, 9_000_000, 1000)))
    made = (record.record([columns[name] for name in record.selected]) for columns in fresh)

    async def create() -> None:
        occurrence = next(made)
        await store.write(lambda tx: tx.insert(occurrence))

    samples = [
        await measure_async(
            lambda: store.read(lambda tx: tx.get(Note, NOTE)), seconds, name="store: get a note"
        ),
        await measure_async(
            lambda: store.read(lambda tx: tx.search_occurrences(project=PROJECT, limit=1000)), seconds,
            name="store: list 1,000 occurrences",
        ),
        await measure_async(
            lambda: store.read(lambda tx: tx.search_occurrences(note=NOTE, filter=FILTER, limit=100)), seconds,
            name="store: list by note and digest",
        ),
        await measure_async(create, seconds, name="store: create an occurrence"),
    ]  # fmt: skip
    await store.close()
    return samples


async def serve_echo() -> None:
    """Both echoes in this process; prints their ports."""
    answer = b"x" * ECHOED
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            while (await receive()).get("more_body", False):
                pass
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": answer})

    async def reply(request: bytes, context: Any) -> bytes:
        del request, context
        return answer

    class Everything(grpc.GenericRpcHandler):
        def service(self, details: Any) -> Any:
            del details
            return grpc.unary_unary_rpc_method_handler(reply)

    rpc = grpc.aio.server()
    rpc.add_generic_rpc_handlers((Everything(),))
    port = rpc.add_insecure_port("127.0.0.1:0")
    await rpc.start()
    server = uvicorn.Server(
        uvicorn.Config(app, loop="uvloop", http="httptools", ws="none", access_log=False, server_header=False,
                       log_level="warning")
    )  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(f"ready {listening.getsockname()[1]} {port}", flush=True)
        await server.serve(sockets=[listening])
    await rpc.stop(0)


@contextlib.contextmanager
def process(*command: str) -> Iterator[tuple[int, list[str]]]:
    """A process that says it is ready; its id, and what it said."""
    started = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True)
    try:
        assert started.stdout is not None
        said = started.stdout.readline().split()
        if said[:1] != ["ready"]:
            raise SystemExit(f"{' '.join(command)} did not start")
        yield started.pid, said[1:]
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait(20)


async def against_the_server(directory: Path, callers: int, seconds: float, pid: int) -> list[Sample]:
    """Every operation over both doors."""
    home = Home(directory)
    configuration = json.loads((home.control / "config.json").read_text())
    token, rest_port = home.owner_token_file.read_text().strip(), configuration["rest_port"]
    http = Http(rest_port, token)
    streams = await http.open()
    await http.call(
        streams, "POST", f"/v1/{PROJECT}/notes?noteId={NOTE.rpartition('/')[2]}",
        b'{"attestation": {"hint": {"humanReadableName": "bench"}}}',
    )  # fmt: skip
    first = json.loads(await http.call(streams, "GET", f"/v1/{PROJECT}/occurrences?pageSize=1"))
    name = first["occurrences"][0]["name"]
    streams[1].close()
    return [
        *await over_rest(rest_port, token, name, callers, seconds, pid),
        *await over_grpc(configuration["grpc_port"], token, name, callers, seconds, pid),
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--callers", type=int, default=8)
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--echo", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.echo:
        uvloop.run(serve_echo())
        return
    seconds, callers = arguments.seconds, arguments.callers
    with tempfile.TemporaryDirectory() as scratch:
        url = f"sqlite:///{scratch}/api.sqlite"
        asyncio.run(open_store(url).close())
        load(url, range(10_000))
        with process("-m", "bench.api", "--echo") as (pid, ports):
            samples = uvloop.run(echoes(int(ports[0]), int(ports[1]), callers, seconds, pid))
        with process("-m", "binauthz", "serve", "--dir", scratch, "--store", url, "--port", "0") as (pid, _):
            samples += uvloop.run(against_the_server(Path(scratch), callers, seconds, pid))
        samples += asyncio.run(in_the_store(url, seconds))
    by_name = {sample.name: sample for sample in samples}
    notes: dict[str, float | str] = {}
    for name, sample in by_name.items():
        door, _, operation = name.partition(": ")
        if door == "store" or operation == "echo":
            continue
        notes[f"{name} / echo (server CPU)"] = sample.cpu_us / by_name[f"{door}: echo"].cpu_us
        if f"store: {operation}" in by_name:
            notes[f"{name} / store (CPU)"] = sample.cpu_us / by_name[f"store: {operation}"].cpu_us
        if door == "gRPC":
            notes[f"{operation}: gRPC / REST (server CPU)"] = sample.cpu_us / by_name[f"REST: {operation}"].cpu_us
    report(samples, format=arguments.format, notes=notes)


if __name__ == "__main__":
    main()
