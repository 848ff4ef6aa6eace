"""Retention: what is older than the configured days goes, and nothing else does."""

import asyncio
import datetime as dt
from pathlib import Path
from typing import Any, cast

import pytest

from binauthz.app.retention import remove_old
from binauthz.app.sections import Sections
from binauthz.base.clock import FixedClock
from binauthz.store import open_store
from binauthz.store.interface import Store, StoreUnavailable
from binauthz.store.records import LogEntry

NOW = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
PROJECT = "projects/p"


def entry(days: float) -> LogEntry:
    name, moment = f"{PROJECT}/logs/l/{days}", NOW - dt.timedelta(days=days)
    return LogEntry(name=name, log_name=f"{PROJECT}/logs/l", timestamp=moment, severity="", document={"age": days})


async def _ages(store: Store) -> list[Any]:
    found = await store.read(lambda tx: tx.log_entries(projects=[PROJECT]))
    return sorted(each.document["age"] for each in found)


@pytest.mark.parametrize(("days", "left"), [(400, [0, 399]), (0, [0, 399, 401, 4000]), (1, [0])])
def test_entries_older_than_the_configured_days_go(tmp_path: Path, days: int, left: list[int]) -> None:
    async def body() -> None:
        store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
        clock = FixedClock(NOW)
        await store.append_log([entry(age) for age in (0, 399, 401, 4000)])
        assert await remove_old(store, clock, days) == 4 - len(left)
        assert await _ages(store) == left
        clock.advance(dt.timedelta(days=2))
        await remove_old(store, clock, days)
        assert await _ages(store) == [each for each in left if not days or each < days - 2]
        await store.close()

    asyncio.run(body())


def test_trouble_with_the_store_is_for_the_next_step_to_overcome(caplog: pytest.LogCaptureFixture) -> None:
    class Down:
        async def purge_logs(self, before: dt.datetime) -> int:
            raise StoreUnavailable("down")

    assert asyncio.run(remove_old(cast("Store", Down()), FixedClock(NOW), 1)) == 0
    assert "not removed" in caplog.text


def test_entries_are_kept_for_as_long_as_googles_audit_log_keeps_them() -> None:
    assert Sections().log.retention_days == 400
