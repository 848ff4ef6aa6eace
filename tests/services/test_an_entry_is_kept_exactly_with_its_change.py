"""An audited call: never a change without its entry, never an entry of success without the change (DESIGN 6)."""

import asyncio
import dataclasses
import datetime as dt
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from binauthz.attestation.model import Attestor
from binauthz.base.errors import ApiError
from binauthz.services import audit
from binauthz.services.names import not_found
from binauthz.store import open_store
from binauthz.store.interface import Store, Writer
from binauthz.store.records import LogEntry
from tests.services.conftest import PROJECT, World
from tests.store.samples import attestor

CALLS = """
import asyncio, dataclasses, sys
from binauthz.attestation.model import Attestor
from binauthz.base.clock import SystemClock
from binauthz.services import audit, bootstrap
from binauthz.services.context import Caller, Context
from binauthz.store import open_store

async def main():
    store, clock = open_store(sys.argv[1]), SystemClock()
    await bootstrap.prepare(store, clock)
    plain = Context(caller=Caller(principal="user:a@b.c"), clock=clock, store=store)
    async def one(number):
        name = f"projects/demo-project/attestors/{number:06}"
        call = audit.AuditedCall(service="s", method="m", permission="p", resource=name, log=audit.ACTIVITY, request={})
        await audit.AuditedStore(plain, call).write(
            lambda tx: tx.insert(Attestor(name=name, note="projects/n/notes/n")))
        print(number, flush=True)
    for start in range(0, 1_000_000, 4):
        await asyncio.gather(*(one(start + step) for step in range(4)))

asyncio.run(main())
"""


def call(resource: str = f"{PROJECT}/attestors/a") -> audit.AuditedCall:
    return audit.AuditedCall(
        service="binaryauthorization.googleapis.com", method="m", permission="p", resource=resource,
        log=audit.ACTIVITY, request={},
    )  # fmt: skip


def entries(world: World) -> list[LogEntry]:
    return list(world.run(world.store.read(lambda tx: tx.log_entries(projects=[PROJECT]))))


def attestors(world: World) -> list[str]:
    found = world.run(world.store.read(lambda tx: tx.list(Attestor, PROJECT)))
    return [each.name for each in found]


def put(name: str) -> Callable[[Writer], None]:
    return lambda tx: tx.put(attestor(PROJECT, name))


def test_several_transactions_of_one_call_leave_one_entry(world: World) -> None:
    audited = audit.AuditedStore(world.owner, call())
    assert audited.recorded is False
    for name in "abc":
        world.run(audited.write(put(name)))
    assert audited.recorded is True
    assert len(attestors(world)) == 3
    assert [entry.document["protoPayload"]["resourceName"] for entry in entries(world)] == [f"{PROJECT}/attestors/a"]


def test_a_transaction_that_fails_leaves_no_entry_of_success(world: World) -> None:
    def body(tx: Writer) -> None:
        put("a")(tx)
        raise LookupError

    audited = audit.AuditedStore(world.owner, call())
    with pytest.raises(LookupError):
        world.run(audited.write(body))
    assert (audited.recorded, attestors(world), entries(world)) == (False, [], [])


def test_a_fault_in_the_append_makes_the_write_fail(world: World) -> None:
    faulty = dataclasses.replace(world.owner, store=cast("Store", _FaultyLog(world.store)))
    audited = audit.AuditedStore(faulty, call())
    with pytest.raises(OSError, match="disk full"):
        world.run(audited.write(put("a")))
    assert (audited.recorded, attestors(world), entries(world)) == (False, [], [])


def test_a_call_about_a_project_by_number_is_logged_under_its_id(world: World) -> None:
    audited = audit.AuditedStore(world.owner, call("projects/123456789012/attestors/a"))
    world.run(audited.write(put("a")))
    assert [entry.log_name.partition("/logs/")[0] for entry in entries(world)] == [PROJECT]


def test_a_call_cannot_close_the_store(world: World) -> None:
    with pytest.raises(RuntimeError):
        world.run(audit.AuditedStore(world.owner, call()).close())


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'killed.db'}"
    return str(request.getfixturevalue("postgres_url"))


def test_a_process_killed_between_anything_keeps_both_or_neither(url: str) -> None:
    for until in (3, 40):
        process = subprocess.Popen(
            [sys.executable, "-c", CALLS, url], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert process.stdout is not None
        seen = 0
        for _ in process.stdout:
            seen += 1
            if seen == until:
                break
        os.kill(process.pid, signal.SIGKILL)
        acknowledged = seen + len(process.stdout.readlines())
        process.wait()
        process.stdout.close()
        names, logged = asyncio.run(_kept(url))
        assert len(names) >= acknowledged
        assert sorted(names) == sorted(logged)
        asyncio.run(_emptied(url, names))


async def _kept(url: str) -> tuple[list[str], list[str]]:
    store = open_store(url)
    try:
        found = await store.read(lambda tx: tx.list(Attestor, PROJECT))
        logged = await store.read(lambda tx: tx.log_entries(projects=[PROJECT]))
        return [each.name for each in found], [each.document["protoPayload"]["resourceName"] for each in logged]
    finally:
        await store.close()


async def _emptied(url: str, names: list[str]) -> None:
    store = open_store(url)
    try:
        await store.write(lambda tx: [tx.delete(Attestor, name) for name in names])
        await store.purge_logs(dt.datetime(2200, 1, 1, tzinfo=dt.UTC))
    finally:
        await store.close()


class _FaultyLog:
    """A store whose log cannot be appended to within a transaction."""

    def __init__(self, real: Store) -> None:
        self._real = real

    async def write(self, body: Callable[[Writer], Any]) -> Any:
        def faulty(tx: Writer) -> Any:
            return body(_FaultyWriter(tx))  # type: ignore[arg-type]

        return await self._real.write(faulty)


class _FaultyWriter:
    def __init__(self, tx: Writer) -> None:
        self._tx = tx

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)

    def append_log(self, entries: object) -> None:
        raise OSError("disk full")


def test_an_api_error_is_not_an_entry_of_success(world: World) -> None:
    def body(tx: Writer) -> None:
        raise not_found("x")

    audited = audit.AuditedStore(world.owner, call())
    with pytest.raises(ApiError):
        world.run(audited.write(body))
    assert entries(world) == []
