"""One SQLite file behind one writer thread: what was acknowledged is there after the process was killed.

Writes are queued in order and committed in groups; ``flushed`` returns once everything queued before it is committed
and synced. The file is created readable by its owner only: it holds whatever clients store.
"""

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS objects (
        resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, revision INTEGER NOT NULL,
        body BLOB NOT NULL, PRIMARY KEY (resource, namespace, name)) WITHOUT ROWID""",
    "CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS audit (seq INTEGER PRIMARY KEY, body BLOB NOT NULL)",
)
_PUT = (
    "INSERT INTO objects VALUES (?, ?, ?, ?, ?) ON CONFLICT (resource, namespace, name)"
    " DO UPDATE SET revision = excluded.revision, body = excluded.body"
)
_REMOVE = "DELETE FROM objects WHERE resource = ? AND namespace = ? AND name = ?"
_COUNT = "INSERT INTO counters VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"


@dataclass(frozen=True, slots=True)
class Row:
    """One stored object."""

    resource: str
    namespace: str
    name: str
    revision: int
    body: bytes


class DiskError(Exception):
    """The file could not be written: nothing more is acknowledged by this process."""


class Disk:
    """The file. Made, used and closed from one event loop; only the private thread writes."""

    def __init__(self, path: Path, on_failure: Callable[[], None] = lambda: None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        self._path = path
        self._on_failure = on_failure
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", *_SCHEMA):
            self._connection.execute(statement)
        for name in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
            with contextlib.suppress(FileNotFoundError):
                name.chmod(0o600)
        self._reader = sqlite3.connect(path, isolation_level=None)
        self._lock = threading.Condition()
        self._queue: list[tuple[str, tuple[Any, ...]]] = []
        self._waiters: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self._closing = False
        self.failed = False
        self._thread = threading.Thread(target=self._write, name="disk", daemon=True)
        self._thread.start()

    def rows(self) -> list[Row]:
        """Every stored object; read once, before serving."""
        cursor = self._connection.execute("SELECT resource, namespace, name, revision, body FROM objects")
        return [Row(*row) for row in cursor]

    def counter(self, name: str) -> int:
        """A stored counter, 0 when it was never written."""
        row = self._connection.execute("SELECT value FROM counters WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row else 0

    def spooled(self) -> tuple[int, int, int]:
        """The undelivered audit events: how many, how many bytes, and the highest number; read once."""
        row = self._reader.execute("SELECT count(*), coalesce(sum(length(body)), 0), coalesce(max(seq), 0) FROM audit")
        count, size, last = row.fetchone()
        return count, size, last

    def spool_after(self, seq: int, limit: int) -> list[tuple[int, bytes]]:
        """The next audit events that are on disk, in order."""
        return list(
            self._reader.execute("SELECT seq, body FROM audit WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit))
        )

    def put(self, row: Row) -> None:
        """Queue the write of an object, and of the revision it was given."""
        self._add(
            (_PUT, (row.resource, row.namespace, row.name, row.revision, row.body)),
            (_COUNT, ("revision", row.revision)),
        )

    def remove(self, resource: str, namespace: str, name: str, revision: int) -> None:
        """Queue the removal of an object, and of the revision it was given."""
        self._add((_REMOVE, (resource, namespace, name)), (_COUNT, ("revision", revision)))

    def spool(self, seq: int, body: bytes) -> None:
        """Queue an audit event."""
        self._add(("INSERT INTO audit VALUES (?, ?)", (seq, body)))

    def unspool(self, upto: int) -> None:
        """Queue the removal of delivered audit events."""
        self._add(("DELETE FROM audit WHERE seq <= ?", (upto,)))

    def _add(self, *statements: tuple[str, tuple[Any, ...]]) -> None:
        with self._lock:
            self._queue.extend(statements)

    async def flushed(self) -> None:
        """Wait until everything queued so far is on disk.

        Raises:
            DiskError: it is not, and nothing queued from now on will be.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        with self._lock:
            if self.failed or self._closing:
                raise DiskError
            self._waiters.append((loop, future))
            self._lock.notify()
        await future

    def close(self) -> None:
        """Write what is queued and close the file."""
        with self._lock:
            self._closing = True
            self._lock.notify()
        self._thread.join()
        self._reader.close()
        self._connection.close()

    def _write(self) -> None:
        while True:
            with self._lock:
                while not self._waiters and not self._closing:
                    self._lock.wait()
                queue, self._queue = self._queue, []
                waiters, self._waiters = self._waiters, []
                closing = self._closing
            failed = self._commit(queue)
            for loop, future in waiters:
                with contextlib.suppress(RuntimeError):
                    loop.call_soon_threadsafe(_settle, future, failed)
            if failed:
                with self._lock:
                    self.failed = True
                if waiters:
                    with contextlib.suppress(RuntimeError):
                        waiters[0][0].call_soon_threadsafe(self._on_failure)
            if closing and not self._queue:
                return

    def _commit(self, queue: list[tuple[str, tuple[Any, ...]]]) -> bool:
        if self.failed:
            return True
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for statement, values in queue:
                self._connection.execute(statement, values)
            self._connection.execute("COMMIT")
        except sqlite3.Error:
            return True
        return False


def _settle(future: "asyncio.Future[None]", failed: bool) -> None:
    if future.done():
        return
    if failed:
        future.set_exception(DiskError())
    else:
        future.set_result(None)
