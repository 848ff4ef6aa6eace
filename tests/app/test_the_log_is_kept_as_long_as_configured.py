"""Retention: what is older than configured goes, by itself, and nothing goes where none is configured."""

import asyncio
import datetime as dt
from pathlib import Path

import pytest

from binauthz.app.retention import thin_log
from binauthz.base.clock import FixedClock
from binauthz.store import open_store
from tests.store.samples import log_entry

NOW = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
P = "projects/p"


@pytest.mark.parametrize(("days", "kept"), [(0, ["new", "old"]), (30, ["new"]), (36_500, ["new", "old"])])
def test_what_is_older_goes(tmp_path: Path, days: int, kept: list[str]) -> None:
    async def body() -> list[str]:
        store = open_store(f"sqlite:///{tmp_path / 's.db'}")
        try:
            moments = {"old": NOW - dt.timedelta(days=31), "new": NOW - dt.timedelta(days=29)}
            await store.append_log([log_entry(P, name, at=moment) for name, moment in moments.items()])
            thinning = asyncio.create_task(thin_log(store, FixedClock(NOW), days))
            await asyncio.wait([thinning], timeout=0.2)
            thinning.cancel()
            found = await store.read(lambda tx: tx.log_entries(projects=[P]))
            return sorted(each.name.rpartition("/")[2] for each in found)
        finally:
            await store.close()

    assert asyncio.run(body()) == kept
