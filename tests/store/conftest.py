"""One database for each test, of each kind that the store serves: the suite is the same for all."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest

from binauthz.store import open_store
from binauthz.store.interface import Reader, Store, Writer
from binauthz.store.records import LogEntry
from tests.postgres import postgres_cluster, postgres_url

__all__ = ["postgres_cluster", "postgres_url"]

R = TypeVar("R")
KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)]


class Database:
    """A store, and a loop to drive it from tests that are plain functions."""

    def __init__(self, url: str, runner: asyncio.Runner) -> None:
        self.url = url
        self._runner = runner
        self.store = open_store(url)

    def run(self, work: Callable[[Store], Awaitable[R]]) -> R:
        """Run a coroutine function of the store."""

        async def running() -> R:
            return await work(self.store)

        return self._runner.run(running())

    def read(self, body: Callable[[Reader], R]) -> R:
        """Read."""
        return self.run(lambda store: store.read(body))

    def write(self, body: Callable[[Writer], R]) -> R:
        """Write."""
        return self.run(lambda store: store.write(body))

    def put(self, *records: Any) -> None:
        """Write records."""
        self.write(lambda tx: [tx.put(record) for record in records])

    def log(self, *entries: LogEntry) -> None:
        """Append entries."""
        self.run(lambda store: store.append_log(entries))

    def query(self, project: str, filter: str = "", **options: Any) -> Sequence[LogEntry]:
        """Search the log of one project."""
        return self.read(lambda tx: tx.log_entries(projects=[project], filter=filter, **options))

    def revision(self) -> int:
        """The revision."""
        return self.run(lambda store: store.revision())

    def close(self) -> None:
        """Close the store."""
        self.run(lambda store: store.close())


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    found: str = request.getfixturevalue("postgres_url")
    return found


@pytest.fixture
def opened() -> Iterator[Callable[[str], Database]]:
    """Open databases; the test's end closes them."""
    databases = []
    with asyncio.Runner() as runner:

        def opening(url: str) -> Database:
            databases.append(Database(url, runner))
            return databases[-1]

        yield opening
        for database in databases:
            database.close()


@pytest.fixture
def database(url: str, opened: Callable[[str], Database]) -> Database:
    """A store on an empty database."""
    return opened(url)


@pytest.fixture(scope="module", params=KINDS)
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A store that the examples of a property share; each example has a project of its own."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('store') / 'store.db'}"
    else:
        url = request.getfixturevalue("postgres_cluster").create_database()
    with asyncio.Runner() as runner:
        database = Database(url, runner)
        yield database
        database.close()
