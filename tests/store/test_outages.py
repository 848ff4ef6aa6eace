"""A database that is away, hangs or is held by another is said to be unavailable, soon, and used again once it is
back."""

import asyncio
import os
import signal
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from binauthz.attestation.model import Attestor
from binauthz.store import open_store, postgres, sqlite
from binauthz.store.interface import Store, StoreUnavailable
from tests.postgres import Cluster, running_cluster
from tests.store.conftest import Database
from tests.store.samples import attestor, log_entry

P = "projects/p"


@pytest.fixture(scope="module")
def own_cluster() -> Iterator[Cluster]:
    with running_cluster() as cluster:
        yield cluster


async def assert_all_unavailable(store: Store) -> None:
    for work in (
        store.revision(),
        store.read(lambda tx: tx.get(Attestor, "projects/p/attestors/a")),
        store.read(lambda tx: tx.log_entries(projects=[P])),
        store.write(lambda tx: tx.put(attestor(P, "b"))),
        store.append_log([log_entry(P, "1")]),
    ):
        with pytest.raises(StoreUnavailable) as unavailable:
            await work
        assert "127.0.0.1" not in str(unavailable.value), "an error names no address"


def works(database: Database) -> bool:
    before = database.revision()
    database.put(attestor(P, "a"))
    database.log(log_entry(P, "1"))
    return database.revision() == before + 1 and len(database.query(P)) == 1


@pytest.mark.servers
def test_a_restarted_server_is_used_again_without_an_error(
    own_cluster: Cluster, opened: Callable[[str], Database]
) -> None:
    database = opened(own_cluster.create_database())
    assert works(database)
    own_cluster.stop()
    own_cluster.start()
    assert works(database)


@pytest.mark.servers
def test_B96_a_stopped_server_is_unavailable_until_it_is_back(
    own_cluster: Cluster, opened: Callable[[str], Database]
) -> None:
    database = opened(own_cluster.create_database())
    assert works(database)
    own_cluster.stop()
    started = time.monotonic()
    database.run(assert_all_unavailable)
    assert time.monotonic() - started < 5
    with pytest.raises(StoreUnavailable):
        open_store(database.url)
    own_cluster.start()
    assert works(database)


@pytest.mark.servers
def test_B96_a_server_that_hangs_is_unavailable_by_deadline_until_it_goes_on(
    own_cluster: Cluster, opened: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_CALL_SECONDS", 0.5)
    monkeypatch.setattr(postgres, "SEARCH_SECONDS", 0.0)
    database = opened(own_cluster.create_database())
    doomed = opened(database.url)
    assert works(database)
    assert doomed.revision()
    children = Path(f"/proc/{own_cluster.pid}/task/{own_cluster.pid}/children").read_text().split()
    for pid in (own_cluster.pid, *map(int, children)):
        os.kill(pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        # More calls than there are threads: those that wait for a thread have the same deadline.
        database.run(lambda store: asyncio.gather(*(assert_all_unavailable(store) for _ in range(12))))
        doomed.run(lambda store: asyncio.gather(*(assert_all_unavailable(store) for _ in range(2))))
        doomed.close()
        assert time.monotonic() - started < 20, "a store closes although its server hangs"
    finally:
        for pid in (own_cluster.pid, *map(int, children)):
            os.kill(pid, signal.SIGCONT)
    monkeypatch.undo()
    give_up = time.monotonic() + 20
    while True:
        try:
            assert database.revision() > 0
            break
        except StoreUnavailable:
            assert time.monotonic() < give_up
    assert database.write(lambda tx: tx.count(Attestor, P)) >= 1


@pytest.mark.servers
def test_a_server_that_never_answers_a_connection_is_unavailable() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        started = time.monotonic()
        with pytest.raises(StoreUnavailable):
            open_store(f"postgresql://owner:secret@127.0.0.1:{silent.getsockname()[1]}/x")
        assert time.monotonic() - started < 8


@pytest.mark.servers
def test_B110_a_refused_password_appears_in_no_message(own_cluster: Cluster) -> None:
    with pytest.raises(StoreUnavailable) as unavailable:
        open_store(f"postgresql://owner:hunter2@127.0.0.1:{own_cluster.port}/no-such-database")
    messages = [str(unavailable.value), str(unavailable.value.__cause__)]
    assert not any("hunter2" in message for message in messages)


def test_a_file_that_another_process_holds_is_unavailable_for_writes_alone(
    tmp_path: Path, opened: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_BUSY_SECONDS", 0.1)
    path = tmp_path / "store.db"
    database = opened(f"sqlite:///{path}")
    database.put(attestor(P, "a"))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable):
        database.put(attestor(P, "b"))
    assert database.read(lambda tx: tx.count(Attestor, P)) == 1
    other.execute("ROLLBACK")
    other.close()
    database.put(attestor(P, "b"))
    assert database.read(lambda tx: tx.count(Attestor, P)) == 2


def test_a_closed_store_is_unavailable(url: str, opened: Callable[[str], Database]) -> None:
    database = opened(url)
    database.close()
    database.run(assert_all_unavailable)


@pytest.mark.parametrize(
    "url", ["", "x", "sqlite://", "sqlite:///:memory:", "mysql://u:hunter2@h/d", "postgresql://u:hunter2@h:port/d"]
)
def test_a_url_that_names_no_store_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"SQLite|sqlite") as refused:
        open_store(url)
    assert "hunter2" not in str(refused.value)


def test_a_file_in_no_folder_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="No such file"):
        open_store(f"sqlite:///{tmp_path}/none/store.db")
