"""An acknowledged write outlives the process and the server that took it, and the file is private to its owner."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from binauthz.attestation.model import Attestor
from tests.postgres import running_cluster
from tests.store.conftest import Database

WRITER = """
import asyncio, datetime, sys
from binauthz.attestation.model import Attestor
from binauthz.store import open_store
from binauthz.store.records import LogEntry

async def main():
    store = open_store(sys.argv[1])
    for number in range(1_000_000):
        name = f"projects/p/attestors/{number:06}"
        await store.write(lambda tx: tx.insert(Attestor(name=name, note="projects/n/notes/n")))
        now = datetime.datetime.now(datetime.UTC)
        await store.append_log([LogEntry(name=f"projects/p/logs/l/{number:06}", log_name="projects/p/logs/l",
                                         timestamp=now, severity="INFO", document={})])
        print(number, flush=True)

asyncio.run(main())
"""


def killed_while_writing(url: str, kill: Callable[[subprocess.Popen[str]], None]) -> int:
    """How many writes a process acknowledged before it, or its server, was killed."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert writer.stdout is not None
    for line in writer.stdout:
        if int(line) == 50:
            break
    kill(writer)
    acknowledged = 50 + len(writer.stdout.readlines())
    writer.kill()
    writer.wait()
    writer.stdout.close()
    return acknowledged + 1


def assert_nothing_lost(database: Database, acknowledged: int) -> None:
    kept = database.read(lambda tx: [found.name for found in tx.list(Attestor, "projects/p")])
    assert kept[:acknowledged] == [f"projects/p/attestors/{number:06}" for number in range(acknowledged)]
    assert len(kept) <= acknowledged + 1
    logged = {entry.name for entry in database.query("projects/p")}
    assert {f"projects/p/logs/l/{number:06}" for number in range(acknowledged)} <= logged


def test_an_acknowledged_write_survives_a_killed_process(url: str, opened: Callable[[str], Database]) -> None:
    acknowledged = killed_while_writing(url, lambda writer: os.kill(writer.pid, signal.SIGKILL))
    database = opened(url)
    assert_nothing_lost(database, acknowledged)
    database.put(Attestor(name="projects/p/attestors/after", note="projects/n/notes/n"))


@pytest.mark.servers
def test_an_acknowledged_write_survives_a_crash_of_the_server(opened: Callable[[str], Database]) -> None:
    with running_cluster(durable=True) as cluster:
        url = cluster.create_database()
        acknowledged = killed_while_writing(url, lambda _: cluster.stop(signal.SIGQUIT))
        cluster.start()
        assert_nothing_lost(opened(url), acknowledged)


def test_sqlite_forces_each_commit_to_disk(tmp_path: Path, opened: Callable[[str], Database]) -> None:
    database = opened(f"sqlite:///{tmp_path / 'store.db'}")
    # The pragma is a connection's own, so it is the store's writing connection that has to be asked.
    writing = database.store._engine  # type: ignore[attr-defined]
    with writing.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_the_files_are_private(tmp_path: Path, opened: Callable[[str], Database]) -> None:
    path = tmp_path / "store.db"
    path.touch(mode=0o666)
    database = opened(f"sqlite:///{path}")
    database.put(Attestor(name="projects/p/attestors/a", note="projects/n/notes/n"))
    files = list(tmp_path.iterdir())
    assert len(files) == 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_damaged_file_is_refused(tmp_path: Path, opened: Callable[[str], Database]) -> None:
    from binauthz.store.interface import StoreUnavailable  # noqa: PLC0415

    path = tmp_path / "store.db"
    path.write_bytes(b"not a database, and longer than its header " * 100)
    with pytest.raises(StoreUnavailable):
        opened(f"sqlite:///{path}")
    assert path.read_bytes().startswith(b"not a database")


def test_a_backup_taken_with_the_driver_opens(tmp_path: Path, opened: Callable[[str], Database]) -> None:
    database = opened(f"sqlite:///{tmp_path / 'store.db'}")
    database.put(Attestor(name="projects/p/attestors/a", note="projects/n/notes/n"))
    with sqlite3.connect(tmp_path / "store.db") as source, sqlite3.connect(tmp_path / "copy.db") as target:
        source.backup(target)
    source.close()
    target.close()
    copy = opened(f"sqlite:///{tmp_path / 'copy.db'}")
    assert copy.read(lambda tx: tx.count(Attestor, "projects/p")) == 1
    assert copy.revision() == database.revision()
