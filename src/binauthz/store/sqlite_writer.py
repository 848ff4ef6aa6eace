"""The one thread that writes a SQLite file, and how waiting writes share a commit."""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

import sqlalchemy as sa

from binauthz.store.interface import StoreUnavailable

R = TypeVar("R")

_WAITING = 10_000
_TOGETHER = 128


@dataclass(frozen=True, slots=True)
class _Job:
    body: Callable[[sa.Connection], Any]
    outcome: "Future[Any]" = field(default_factory=Future)


class WriterThread:
    """Runs bodies in the order of their arrival; those that wait at the same time are committed together."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._jobs: queue.Queue[_Job | None] = queue.Queue(_WAITING)
        self._closing = False
        # A daemon: what it acknowledged is on disk, so nothing is lost when the process ends without `close`.
        self._thread = threading.Thread(target=self._serve, name="store-writer", daemon=True)
        self._thread.start()

    async def run(self, body: Callable[[sa.Connection], R]) -> R:
        """Run a body in a transaction and wait until it is committed."""
        if self._closing:
            raise StoreUnavailable("the store is closed")
        job = _Job(body)
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            raise StoreUnavailable(f"{_WAITING} writes are waiting already") from None
        result: R = await asyncio.wrap_future(job.outcome)
        return result

    def close(self) -> None:
        """Finish what was accepted, and stop."""
        self._closing = True
        self._jobs.put(None)
        self._thread.join()

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            batch = [job]
            stop = False
            while len(batch) < _TOGETHER and not self._jobs.empty():
                another = self._jobs.get()
                if another is None:
                    stop = True
                    break
                batch.append(another)
            match [job for job in batch if job.outcome.set_running_or_notify_cancel()]:
                case []:
                    pass
                case [job]:
                    self._commit_alone(job)
                case jobs:
                    self._commit_together(jobs)
            if stop:
                return

    def _commit_alone(self, job: _Job) -> None:
        try:
            with self._engine.begin() as connection:
                result = job.body(connection)
        except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
            job.outcome.set_exception(_unavailable(error))
        except BaseException as error:  # noqa: BLE001 - handed to the caller whose body it is
            job.outcome.set_exception(error)
        else:
            job.outcome.set_result(result)

    def _commit_together(self, batch: list[_Job]) -> None:
        """One transaction for the batch. A body that fails undoes itself alone; when the commit fails, all failed."""
        settled: list[Callable[[], None]] = []
        try:
            with self._engine.begin() as connection:
                for job in batch:
                    settled.append(_attempt(connection, job))  # noqa: PERF401 - a failure must keep what came before
        except Exception as error:  # noqa: BLE001 - whatever it is, every caller must hear of it and the thread live on
            for job in batch:
                job.outcome.set_exception(_unavailable(error))
        else:
            for settle in settled:
                settle()


def _attempt(connection: sa.Connection, job: _Job) -> Callable[[], None]:
    savepoint = connection.begin_nested()
    try:
        result = job.body(connection)
    except BaseException as error:  # noqa: BLE001 - handed to the caller whose body it is
        savepoint.rollback()
        failure = _unavailable(error) if isinstance(error, sa.exc.DBAPIError) else error
        return lambda: job.outcome.set_exception(failure)
    savepoint.commit()
    return lambda: job.outcome.set_result(result)


def _unavailable(error: BaseException) -> StoreUnavailable:
    unavailable = StoreUnavailable("the database file could not be written")
    unavailable.__cause__ = error
    return unavailable
