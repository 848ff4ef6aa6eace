"""Keys, retries, refusals, caches and events."""

import asyncio
import datetime as dt
from typing import Any

import pytest

from binauthz.base.clock import FixedClock
from binauthz.cluster.controllers.cache import Cache
from binauthz.cluster.controllers.recorder import Recorder, involved_object
from binauthz.cluster.controllers.refusals import Refusals
from binauthz.cluster.controllers.work_queue import Key, WorkQueue, backoff
from tests.cluster.controllers.manifests import pod
from tests.cluster.controllers.memory import MemoryCluster

KEY = Key("default", "web")


def test_a_key_waits_once_and_comes_back_after_work_if_it_was_added_meanwhile() -> None:
    async def story() -> None:
        queue = WorkQueue()
        queue.add(KEY)
        queue.add(KEY)
        assert await queue.take() == KEY
        queue.add(KEY)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(queue.take(), 0.01)
        queue.done(KEY)
        assert await queue.take() == KEY
        queue.done(KEY)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(queue.take(), 0.01)

    asyncio.run(story())


def test_an_earlier_appointment_stands() -> None:
    async def story() -> None:
        queue = WorkQueue()
        queue.add_after(KEY, 0.01)
        queue.add_after(KEY, 60)
        assert await asyncio.wait_for(queue.take(), 1) == KEY
        queue.close()

    asyncio.run(story())


def test_pauses_double_up_to_a_ceiling() -> None:
    assert [backoff(n, first=1, longest=30) for n in (1, 2, 3, 6, 10_000)] == [1, 2, 4, 30, 30]


def test_a_refused_owner_waits_whatever_happens_unless_its_spec_changes() -> None:
    refusals = Refusals()
    owner: dict[str, Any] = {"metadata": {"uid": "u", "generation": 1}}
    assert refusals.pause(owner, 100.0) == 0
    assert [refusals.refused(owner, "no", 100.0) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    assert refusals.pause(owner, 110.0) == 20
    assert refusals.pause({"metadata": {"uid": "u", "generation": 2}}, 110.0) == 0
    refusals.accepted(owner)
    assert refusals.pause(owner, 110.0) == 0


def stored(name: str, uid: str, version: int, owner: str = "") -> dict[str, Any]:
    references = [{"uid": owner, "controller": True}] if owner else []
    metadata = {"name": name, "namespace": "d", "uid": uid, "resourceVersion": str(version)}
    return {"metadata": {**metadata, "ownerReferences": references}}


def test_a_cache_ignores_what_is_stale_and_never_brings_back_the_dead() -> None:
    cache = Cache("pods")
    changes: list[str] = []
    gone: list[str] = []
    cache.on_change(lambda obj, _old: changes.append(obj["metadata"]["resourceVersion"]))
    cache.on_delete(lambda obj: gone.append(obj["metadata"]["uid"]))
    for version in (5, 4, 5, 6):
        cache.observe(stored("a", "1", version))
    assert changes == ["5", "6"]
    cache.forget(stored("a", "1", 7))
    cache.observe(stored("a", "1", 6))
    assert (len(cache), gone) == (0, ["1"])
    cache.observe(stored("a", "2", 8))
    cache.observe(stored("a", "3", 9))
    assert gone == ["1", "2"], "a namesake with another uid means that the first is gone"


def test_a_cache_knows_owners_and_what_has_none() -> None:
    cache = Cache("pods")
    cache.observe(stored("a", "1", 1, owner="o"))
    cache.observe(stored("b", "2", 2))
    assert [obj["metadata"]["name"] for obj in cache.owned_by("o")] == ["a"]
    assert [obj["metadata"]["name"] for obj in cache.uncontrolled("d")] == ["b"]
    cache.observe(stored("a", "1", 3))
    assert cache.owned_by("o") == []
    cache.expect_deletion(stored("b", "2", 2))
    assert cache.is_leaving(stored("b", "2", 2))
    cache.replace([stored("a", "1", 3)])
    assert [obj["metadata"]["name"] for obj in cache.all()] == ["a"]


def test_repeated_events_are_counted_and_floods_are_stemmed_without_hiding_warnings() -> None:
    clock = FixedClock(dt.datetime(2024, 5, 1, tzinfo=dt.UTC))
    cluster = MemoryCluster(clock)

    async def story() -> None:
        recorder = Recorder(cluster.client("u"), "kubelet", clock, host="n")
        involved = involved_object(pod("p", namespace="default", uid="u"), "v1", "Pod")
        for _ in range(3):
            recorder.record(involved, "Warning", "Failed", "again")
            clock.advance(dt.timedelta(minutes=1))
        await recorder.flush()
        for number in range(40):
            recorder.record(involved, "Normal", "Flood", f"message {number}")
        recorder.record(involved, "Warning", "Other", "x" * 5000)
        await recorder.flush()

    asyncio.run(story())
    (repeated,) = [event for event in cluster.all("events") if event["reason"] == "Failed"]
    assert repeated["count"] == 3
    assert repeated["source"] == {"component": "kubelet", "host": "n"}
    assert len(cluster.messages("Flood")) == 25
    (long,) = cluster.messages("Other")
    assert len(long) == 1024
