"""The SQLite store: reads where the caller stands, writes on one thread.

Write-ahead logging lets readers run beside the writer and other processes. ``synchronous=FULL`` forces the log to disk
at each commit, so an acknowledged write survives the machine; writes that wait together share that cost in one
transaction, each in a savepoint of its own. A read of the fixed statements takes microseconds and is run directly,
through the driver, in the thread that asks; a body that searches is run on a thread of its own.
"""

import asyncio
import contextlib
import datetime as dt
import functools
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from binauthz.store import log_table, statements
from binauthz.store.codec import Row
from binauthz.store.interface import Reader, StoreUnavailable, Writer
from binauthz.store.migrate import migrate
from binauthz.store.records import LogEntry
from binauthz.store.snapshot import DirectSnapshot, NeedsScan, SearchingSnapshot, WritingSnapshot
from binauthz.store.sqlite_writer import WriterThread

R = TypeVar("R")

_DIALECT = SQLiteDialect_pysqlite()
_BUSY_SECONDS = 5.0
_DIRECT_BUSY_SECONDS = 0.25  # A direct read holds up its caller's event loop; in WAL mode it hardly ever waits at all.
_SCAN_THREADS = 2


@functools.cache
def _prepared(statement: sa.Select[Any]) -> tuple[str, tuple[str, ...], dict[str, Any]]:
    """A statement as the driver takes it: its text, the order of its parameters, and those it brings itself."""
    compiled = statement.compile(dialect=_DIALECT)
    return str(compiled), tuple(compiled.positiontup or ()), dict(compiled.params)


class SqliteStore:
    """One database file, which several processes may have open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._closed = False
        self._local = threading.local()
        self._direct: list[sqlite3.Connection] = []
        self._direct_lock = threading.Lock()
        _create_private(path)
        self._engine = _engine(path)
        try:
            with _trouble_is_unavailability(), self._engine.begin() as connection:
                migrate(connection)
        except BaseException:
            self._engine.dispose()
            raise
        self._writer = WriterThread(self._engine)
        self._scans = ThreadPoolExecutor(_SCAN_THREADS, thread_name_prefix="store-scan")

    async def revision(self) -> int:
        """The current revision, from the database, since other processes write too."""
        with _trouble_is_unavailability():
            return int(_fetch(self._direct_connection(), statements.READ_REVISION, {})[0][0])

    async def read(self, body: Callable[[Reader], R]) -> R:
        """Run a body on a snapshot, at once; where it asks for a search, again on a thread."""
        try:
            return self._read_directly(body)
        except NeedsScan:
            return await asyncio.get_running_loop().run_in_executor(self._scans, self._scan, body)

    async def write(self, body: Callable[[Writer], R]) -> R:
        """Run a body in a write transaction; its change is on disk when this returns."""
        return await self._writer.run(lambda connection: body(WritingSnapshot(connection)))

    async def append_log(self, entries: Sequence[LogEntry]) -> None:
        """Add entries whose names are new; they are on disk when this returns."""
        rows = log_table.log_rows(entries)
        if rows:
            await self._writer.run(lambda connection: log_table.append(connection, rows))

    async def purge_logs(self, before: dt.datetime) -> int:
        """Remove the entries from before a moment; how many there were."""
        purged = 0
        while batch := await self._writer.run(lambda connection: log_table.purge_some(connection, before)):
            purged += batch
        return purged

    async def close(self) -> None:
        """Finish the writes already accepted and release every connection."""
        if self._closed:
            return
        self._closed = True
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._writer.close)
        await loop.run_in_executor(None, self._scans.shutdown)
        with self._direct_lock:
            for connection in self._direct:
                connection.close()
        self._engine.dispose()

    def _read_directly(self, body: Callable[[Reader], R]) -> R:
        with _trouble_is_unavailability():
            connection = self._direct_connection()
            connection.execute("BEGIN")
            try:
                return body(DirectSnapshot(functools.partial(_fetch, connection)))
            finally:
                connection.execute("ROLLBACK")

    def _scan(self, body: Callable[[Reader], R]) -> R:
        with _trouble_is_unavailability(), self._engine.connect() as connection:
            reading = connection.execution_options(**{_BEGIN: "BEGIN"})
            with reading.begin():
                return body(SearchingSnapshot(reading))

    def _direct_connection(self) -> sqlite3.Connection:
        if self._closed:
            raise StoreUnavailable("the store is closed")
        try:
            return self._local.connection  # type: ignore[no-any-return]
        except AttributeError:
            connection = sqlite3.connect(
                self._path,
                timeout=_DIRECT_BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=256,
            )
            connection.execute("PRAGMA query_only=ON")
            with self._direct_lock:
                self._direct.append(connection)
            self._local.connection = connection
            return connection


def _fetch(connection: sqlite3.Connection, statement: sa.Select[Any], parameters: Mapping[str, Any]) -> Sequence[Row]:
    text, names, own = _prepared(statement)
    given = {**own, **parameters}
    return connection.execute(text, [given[name] for name in names]).fetchall()


_BEGIN = "binauthz_begin"


def _engine(path: Path) -> sa.Engine:
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
        hide_parameters=True,
        pool_size=_SCAN_THREADS + 1,
        max_overflow=0,
    )
    sa.event.listen(engine, "connect", _configure)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _configure(connection: sqlite3.Connection, _: object) -> None:
    # The driver must not begin transactions by itself: `_begin` says which kind.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA journal_size_limit=67108864")


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN IMMEDIATE"))


def _create_private(path: Path) -> None:
    """The file holds token hashes and cluster credentials: only its owner reads it; SQLite gives the files beside it
    the same mode."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        path.chmod(0o600)
    except OSError as error:
        raise StoreUnavailable(f"the database file cannot be opened: {error.strerror}") from error


@contextlib.contextmanager
def _trouble_is_unavailability() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
        raise StoreUnavailable("the database file did not answer") from error
