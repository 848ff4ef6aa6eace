"""The SQLite store beside the same statements through `sqlite3` itself: reads of the admission path with 10^3 and 10^6
attestations, durable writes, and a search of the log.

Budgets: about 20 us for `revision()` and a point read; <= 1.3 times the cost from 10^3 to 10^6 attestations.
"""

import argparse
import asyncio
import datetime as dt
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from bench.measure import Sample, measure, measure_async, report, summarise
from binauthz.attestation.model import Attestation, Signature
from binauthz.policy.model import Policy
from binauthz.store import open_store
from binauthz.store.interface import Store
from binauthz.store.records import LogEntry

NOTE = "projects/demo-project/notes/built-by-us"
POLICY = Policy(name="projects/demo-project/policy", description="x" * 200)
NOW = dt.datetime(2026, 11, 16, tzinfo=dt.UTC)
BLOCKED = (
    'timestamp>="2026-11-10T00:00:00Z" AND resource.type="k8s_cluster" logName:"cloudaudit.googleapis.com%2Factivity" '
    'protoPayload.response.status="Failure" protoPayload.response.reason="VIOLATES_POLICY"'
)
RAW_REVISION = "SELECT value FROM revision WHERE id = 1"
RAW_ATTESTATIONS = (
    "SELECT attestation FROM occurrences WHERE note = ? AND digest = ? AND attestation IS NOT NULL ORDER BY name"
)


def digest(number: int) -> str:
    """A digest that looks random, as digests do."""
    return f"{random.Random(number).getrandbits(256):064x}"


def attestation_rows(numbers: range) -> Iterator[tuple[Any, ...]]:
    """Rows of `occurrences`, as the store writes them."""
    signature = Signature(public_key_id="ni:///sha-256;" + "k" * 43, signature=b"s" * 71)
    for number in numbers:
        name = f"projects/demo-project/occurrences/{number:032x}"
        uri = f"us-docker.pkg.dev/p/r/app-{number}@sha256:{digest(number)}"
        attestation = Attestation(name=name, note=NOTE, resource_uri=uri, payload=b"p" * 288, signatures=(signature,))
        yield (name, "projects/demo-project", NOTE, "demo-project", "built-by-us", "ATTESTATION", uri, uri,
               digest(number), f"{number}", 0, 0, b"b" * 100, msgspec.json.encode(attestation))  # fmt: skip


def load(path: Path, numbers: range) -> None:
    """Add attestations fast: durability is not what is measured here, and indexes are quicker built than kept."""
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-262144")
        found = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'occurrences' AND sql IS NOT NULL"
        )
        indexes = dict(found.fetchall())
        for name in indexes:
            connection.execute(f"DROP INDEX {name}")
        connection.executemany(
            "INSERT INTO occurrences (name, project, note, note_project, note_id, kind, resource_uri, resource, "
            f"digest, identity, create_time, update_time, body, attestation) VALUES ({','.join('?' * 14)})",
            attestation_rows(numbers),
        )
        for statement in indexes.values():
            connection.execute(statement)
    connection.close()


def log_entry(number: int) -> LogEntry:
    """One in a hundred is a refusal."""
    log_name = "projects/demo-project/logs/cloudaudit.googleapis.com%2Factivity"
    refused = {"status": "Failure", "code": 400, "reason": "VIOLATES_POLICY", "message": "m" * 200}
    pod = {"metadata": {"name": f"pod-{number}", "labels": {"app": "x" * 50}}, "spec": {"containers": [{"image": "i"}]}}
    return LogEntry(
        name=f"{log_name}/{number}",
        log_name=log_name,
        timestamp=NOW + dt.timedelta(milliseconds=number),
        severity="DEFAULT",
        document={
            "logName": log_name,
            "resource": {"type": "k8s_cluster", "labels": {"cluster_name": "local-cluster"}},
            "labels": {"authorization.k8s.io/decision": "allow"},
            "protoPayload": {"request": pod, "response": refused if number % 100 == 0 else pod},
        },
    )


def raw_read(connection: sqlite3.Connection, seconds: float, name: str, statement: str, *given: Any) -> Sample:
    """The same statement with nothing around it."""
    return measure(lambda: connection.execute(statement, given).fetchall(), seconds, name=name)


def raw_writes(path: Path, seconds: float) -> Sample:
    """What a durable write costs at least: one row and the revision, forced to disk."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    body = msgspec.json.encode(POLICY)

    def write() -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE resources SET body = ? WHERE kind = 'policy' AND name = ?", (body, POLICY.name))
        connection.execute("UPDATE revision SET value = value + 1 WHERE id = 1")
        connection.execute("COMMIT")

    sample = measure(write, seconds, name="write, sqlite3")
    connection.close()
    return sample


async def many_writes(store: Store, count: int, at_once: int) -> Sample:
    """Writes of many callers, who share commits."""
    latencies: list[int] = []

    async def caller() -> None:
        for _ in range(count // at_once):
            before = time.perf_counter_ns()
            await store.write(lambda tx: tx.put(POLICY))
            latencies.append(time.perf_counter_ns() - before)

    started, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(caller() for _ in range(at_once)))
    return summarise(
        f"write, {at_once} callers at once", latencies, seconds=time.perf_counter() - started,
        cpu_seconds=time.process_time() - cpu,
    )  # fmt: skip


async def reads(store: Store, connection: sqlite3.Connection, seconds: float, count: int) -> list[Sample]:
    """The admission path's reads: another digest each time, so that no page is always the last one read."""
    known = [digest(number) for number in random.Random(7).sample(range(count), min(count, 5000))]
    turn = iter(known * 1_000)

    async def lookup() -> None:
        wanted = next(turn)
        if len(await store.read(lambda tx: tx.attestations(NOTE, wanted))) != 1:
            raise SystemExit("the store does not find what this benchmark stored")

    raw_turn = iter(known * 1_000)

    def raw_lookup() -> Any:
        return connection.execute(RAW_ATTESTATIONS, (NOTE, next(raw_turn))).fetchall()

    return [
        measure(raw_lookup, seconds, name=f"attestations, {count:,} stored, sqlite3", warm=len(known)),
        await measure_async(lookup, seconds, name=f"attestations, {count:,} stored", warm=len(known)),
    ]


async def samples(path: Path, seconds: float, most: int) -> tuple[list[Sample], dict[str, float | str]]:
    """Every measurement, and the ratios that the budgets are about."""
    store = open_store(f"sqlite:///{path}")
    await store.write(lambda tx: tx.put(POLICY))
    connection = sqlite3.connect(path, isolation_level=None)

    def policy() -> Callable[[], Any]:
        return lambda: store.read(lambda tx: tx.get(Policy, POLICY.name))

    raw_revision = raw_read(connection, seconds, "revision, sqlite3", RAW_REVISION)
    revision = await measure_async(store.revision, seconds, name="revision")
    point = await measure_async(policy(), seconds, name="one policy, decoded")
    load(path, range(1000))
    few = await reads(store, connection, seconds, 1000)
    load(path, range(1000, most))
    many = await reads(store, connection, seconds, most)
    raw_write = raw_writes(path, seconds)
    write = await measure_async(lambda: store.write(lambda tx: tx.put(POLICY)), seconds, name="write, one caller")
    together = await many_writes(store, int(2000 * seconds), 50)
    for start in range(0, 20_000, 1000):
        await store.append_log([log_entry(number) for number in range(start, start + 1000)])
    found = await store.read(lambda tx: len(tx.log_entries(projects=["projects/demo-project"], filter=BLOCKED)))
    if found != 200:
        raise SystemExit("the store does not hold what this benchmark stored")
    search = await measure_async(
        lambda: store.read(lambda tx: tx.log_entries(projects=["projects/demo-project"], filter=BLOCKED)),
        seconds, name="log, documented query over 20,000 entries", warm=1,
    )  # fmt: skip
    connection.close()
    await store.close()
    return [raw_revision, revision, point, *few, *many, raw_write, write, together, search], {
        "revision / sqlite3": revision.p50_us / raw_revision.p50_us,
        "attestations / sqlite3": many[1].p50_us / many[0].p50_us,
        f"attestations with {most:,} / with 1,000": many[1].p50_us / few[1].p50_us,
        "write, one caller / sqlite3": write.p50_us / raw_write.p50_us,
        "writes a second, 50 callers / sqlite3": together.per_second / raw_write.per_second,
        "log entries searched a second": 20_000 * search.per_second,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--attestations", type=int, default=1_000_000)
    parser.add_argument("--format", choices=("text", "json"), default="text")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        rows, notes = asyncio.run(samples(Path(directory) / "store.db", arguments.seconds, arguments.attestations))
    report(rows, format=arguments.format, notes=notes)


if __name__ == "__main__":
    main()
