"""The PostgreSQL store: one database that many control planes share.

Bodies run on threads, each kind of work on its own few, so that a slow search never holds up an admission. Reads see
one REPEATABLE READ snapshot. Writers take the revision's row first and therefore follow one another, here and in every
other process: what a body saw is still true when it commits, without retries.

Trouble is noticed by deadline: connecting, waiting for a lock, each statement, and each call as a whole, since a
server that hangs answers nothing. A lost connection is replaced and the body run once more, unless it was lost while
committing, when nobody can tell whether the change is there.
"""

import asyncio
import contextlib
import datetime as dt
import os
import socket
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import psycopg
import sqlalchemy as sa

from binauthz.store import log_table, statements
from binauthz.store.interface import Reader, StoreUnavailable, Writer
from binauthz.store.log_search import SEARCH_SECONDS
from binauthz.store.migrate import migrate
from binauthz.store.records import LogEntry
from binauthz.store.snapshot import DirectSnapshot, NeedsScan, SearchingSnapshot, WritingSnapshot, fetching

R = TypeVar("R")

_READS, _WRITES, _SCANS = 8, 4, 2
_CALL_SECONDS = 10.0
_CONNECT_SECONDS = 3
_CLOSE_SECONDS = 2.0
_TIMEOUTS = {
    "statement_timeout": "8s",
    "lock_timeout": "8s",
    "idle_in_transaction_session_timeout": "60s",
}


class PostgresStore:
    """A database that several processes share."""

    def __init__(self, url: sa.URL) -> None:
        self._closed = False
        self._engine = _engine(url)
        self._connections: weakref.WeakSet[psycopg.Connection[Any]] = weakref.WeakSet()
        sa.event.listen(self._engine, "connect", lambda connection, _: self._connections.add(connection))
        self._reading = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._glancing = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        try:
            _attempted(self._migrate)
        except BaseException:
            self._engine.dispose()
            raise
        self._reads = ThreadPoolExecutor(_READS, thread_name_prefix="store-read")
        self._writes = ThreadPoolExecutor(_WRITES, thread_name_prefix="store-write")
        self._scans = ThreadPoolExecutor(_SCANS, thread_name_prefix="store-scan")

    async def revision(self) -> int:
        """The current revision."""
        return await self._run(self._reads, self._glance)

    async def read(self, body: Callable[[Reader], R]) -> R:
        """Run a body on a snapshot; where it asks for a search, again on the threads for those."""
        try:
            return await self._run(
                self._reads, lambda: self._read(body, lambda connection: DirectSnapshot(fetching(connection)))
            )
        except NeedsScan:
            return await self._run(self._scans, lambda: self._read(body, SearchingSnapshot), longer=SEARCH_SECONDS)

    async def write(self, body: Callable[[Writer], R]) -> R:
        """Run a body in a write transaction; its change is committed when this returns."""

        def locked(connection: sa.Connection) -> R:
            connection.execute(statements.LOCK_REVISION)
            return body(WritingSnapshot(connection))

        return await self._run(self._writes, lambda: self._write(locked))

    async def append_log(self, entries: Sequence[LogEntry]) -> None:
        """Add entries whose names are new; they are committed when this returns."""
        rows = log_table.log_rows(entries)
        if rows:
            await self._run(self._writes, lambda: self._write(lambda connection: log_table.append(connection, rows)))

    async def purge_logs(self, before: dt.datetime) -> int:
        """Remove the entries from before a moment; how many there were."""
        purged = 0
        while batch := await self._run(
            self._writes, lambda: self._write(lambda connection: log_table.purge_some(connection, before))
        ):
            purged += batch
        return purged

    async def close(self) -> None:
        """Let what is under way finish, hang up on a server that does not let it, and release every connection."""
        if self._closed:
            return
        self._closed = True
        pools = (self._reads, self._writes, self._scans)
        for threads in pools:
            threads.shutdown(wait=False)
        loop = asyncio.get_running_loop()
        finished = asyncio.gather(*(loop.run_in_executor(None, threads.shutdown) for threads in pools))
        done, _ = await asyncio.wait([finished], timeout=_CLOSE_SECONDS)
        if not done:
            for connection in list(self._connections):
                _hang_up(connection)
            await finished
        self._engine.dispose()

    async def _run(self, threads: ThreadPoolExecutor, work: Callable[[], R], *, longer: float = 0.0) -> R:
        def attempt() -> R:
            self._refuse_closed()
            return work()

        self._refuse_closed()
        seconds = _CALL_SECONDS + longer
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.get_running_loop().run_in_executor(threads, _attempted, attempt)
        except TimeoutError as error:
            raise StoreUnavailable(f"the database did not answer within {seconds:g} s") from error

    def _refuse_closed(self) -> None:
        if self._closed:
            raise StoreUnavailable("the store is closed")

    def _glance(self) -> int:
        with self._glancing.connect() as connection:
            return int(connection.execute(statements.READ_REVISION).scalar_one())

    def _read(self, body: Callable[[Reader], R], view: Callable[[sa.Connection], Reader]) -> R:
        with self._reading.begin() as connection:
            return body(view(connection))

    def _write(self, body: Callable[[sa.Connection], R]) -> R:
        with self._engine.connect() as connection:
            result = body(connection)
            try:
                connection.commit()
            except sa.exc.DBAPIError as error:
                raise StoreUnavailable("the database was lost while committing: the change may be there") from error
            return result

    def _migrate(self) -> None:
        with self._engine.begin() as connection:
            migrate(connection)


def _attempted(work: Callable[[], R]) -> R:
    """Do the work; once more where it met a connection that had died; StoreUnavailable where the database did not do
    its part."""
    try:
        try:
            return work()
        except sa.exc.DBAPIError as error:
            if not error.connection_invalidated:
                raise
            return work()
    except (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.InternalError, sa.exc.TimeoutError) as error:
        # The driver's text names hosts and users, which callers must not read; it stays in the cause.
        raise StoreUnavailable("the database did not answer") from error


def _hang_up(connection: psycopg.Connection[Any]) -> None:
    """Close the socket under a connection, so that the thread that waits on it fails now instead of never. The
    connection itself is that thread's to close."""
    with contextlib.suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as wire:
        wire.shutdown(socket.SHUT_RDWR)


def _engine(url: sa.URL) -> sa.Engine:
    arguments: dict[str, Any] = {
        "connect_timeout": _CONNECT_SECONDS,
        "tcp_user_timeout": 5000,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "application_name": "binauthz",
        "options": " ".join(f"-c {name}={value}" for name, value in _TIMEOUTS.items()),
    }
    return sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args={name: value for name, value in arguments.items() if name not in url.query},
        hide_parameters=True,
        pool_size=_READS + _WRITES + _SCANS,
        max_overflow=0,
        pool_timeout=_CALL_SECONDS,
        pool_use_lifo=True,
    )
