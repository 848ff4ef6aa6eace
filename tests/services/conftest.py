"""A world for use cases: a real store, a clock that stands still, and callers with and without rights."""

import asyncio
import dataclasses
import datetime as dt
from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from binauthz.base.clock import FixedClock
from binauthz.base.errors import ApiError, Code
from binauthz.services import bootstrap
from binauthz.services.context import Caller, Context, Settings
from binauthz.store.database import open_store
from binauthz.store.interface import Store
from binauthz.store.records import Binding, IamPolicy, Note, Project
from tests.postgres import postgres_cluster, postgres_url

__all__ = ["postgres_cluster", "postgres_url"]

T = TypeVar("T")
NOW = dt.datetime(2026, 5, 1, 12, 0, tzinfo=dt.UTC)
PROJECT = "projects/demo-project"
OTHER = "projects/other-project"
NOTE = f"{PROJECT}/notes/release"
OWNER = Caller(principal=bootstrap.OWNER)
STRANGER = Caller(principal="user:stranger@example.com")


class World:
    """One store, one clock, and a loop to run use cases on."""

    def __init__(self, runner: asyncio.Runner, store: Store) -> None:
        self._runner = runner
        self.store = store
        self.clock = FixedClock(NOW)
        self.owner = Context(caller=OWNER, clock=self.clock, store=store)
        self.stranger = dataclasses.replace(self.owner, caller=STRANGER)

    def run(self, work: Awaitable[T]) -> T:
        """Run one use case to its end."""

        async def body() -> T:
            return await work

        return self._runner.run(body())

    def refused(self, work: Awaitable[object], code: Code, field: str = "") -> ApiError:
        """Run a use case that must be refused with a code, and for a field where one is named."""
        with pytest.raises(ApiError) as caught:
            self.run(work)
        assert caught.value.code is code, caught.value.message
        if field:
            assert field in [violation.field for violation in caught.value.violations]
        return caught.value

    def caller(self, principal: str, *groups: str) -> Context:
        """The context of another caller."""
        return dataclasses.replace(self.owner, caller=Caller(principal=principal, groups=groups))

    def with_settings(self, settings: Settings) -> Context:
        """The owner under other settings."""
        return dataclasses.replace(self.owner, settings=settings)

    def put(self, *records: object) -> None:
        """Write records past the use cases."""

        async def body() -> None:
            for record in records:
                await self.store.write(lambda tx, row=record: tx.put(row))

        self.run(body())

    def grant(self, resource: str, role: str, *members: str) -> None:
        """Set the one binding of a resource."""
        self.put(IamPolicy(name=resource, bindings=(Binding(role=role, members=members),)))

    def note(self, name: str = NOTE, kind: str = "ATTESTATION") -> str:
        """A note; returns its name."""
        self.put(Note(name=name, kind=kind, create_time=NOW, update_time=NOW, body=b""))
        return name


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A prepared store with two projects, on either database."""
    sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'store.db'}" if sqlite else str(request.getfixturevalue("postgres_url"))
    with asyncio.Runner() as runner:
        store = open_store(url)
        made = World(runner, store)
        made.run(bootstrap.prepare(store, made.clock))
        made.put(Project(name=OTHER, number=987654321098, create_time=NOW))
        try:
            yield made
        finally:
            runner.run(store.close())
