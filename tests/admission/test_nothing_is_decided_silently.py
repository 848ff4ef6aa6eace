"""D4: a store that is really broken admits or refuses by the cluster's setting, and the answer says so."""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Callable
from typing import Any

import pytest

from binauthz.store.interface import StoreUnavailable
from tests.admission.samples import encoded, pod, review
from tests.admission.world import DENY, REVIEW, World, cluster, policy, post, rule

BAD = "example.com/bad:1"


def damage(world: World) -> None:
    """Take a table away behind the back of the process that has the database open, as a failed migration would."""
    world.put(policy(rule(DENY)))
    with contextlib.closing(sqlite3.connect(world.database)) as database:
        database.execute("ALTER TABLE resources RENAME TO resources_elsewhere")


def close(world: World) -> None:
    """Close the store under the door."""
    world.run(world.store.close())


def test_B104_a_broken_store_admits_with_the_annotation(world: World) -> None:
    world.put(policy(rule(DENY)))
    assert world.review(review(pod(BAD)))["allowed"] is False
    damage(world)
    response = world.review(review(pod(BAD)))
    assert response["allowed"] is True
    assert response["auditAnnotations"]["failed-open"] == "true"
    assert "could not tell" in response["auditAnnotations"]["failed-open-error"]
    assert str(world.database) not in encoded(response).decode()


@pytest.mark.parametrize("breakage", [damage, close])
def test_a_fail_closed_cluster_refuses_instead(world: World, breakage: Callable[[World], None]) -> None:
    world.put(policy(rule(DENY)), cluster(on_error="fail-closed"))
    assert world.review(review(pod(BAD)))["allowed"] is False
    breakage(world)
    response = world.review(review(pod(BAD)))
    assert response["allowed"] is False
    assert "could not tell" in response["status"]["message"]


def test_break_glass_works_without_a_store(world: World) -> None:
    world.put(cluster(on_error="fail-closed"))
    world.review(review(pod(BAD)))
    close(world)
    document = pod(BAD)
    document["metadata"]["labels"] = {"image-policy.k8s.io/break-glass": "true"}
    response = world.review(review(document))
    assert (response["allowed"], response["auditAnnotations"]["break-glass"]) == (True, "true")


def test_B27_a_broken_store_opens_no_door_to_strangers(world: World) -> None:
    world.review(review(pod(BAD)))
    close(world)
    assert world.post(REVIEW, encoded(review(pod(BAD))), token="nonsense")[0] == 401
    other = REVIEW.replace("clusters/c1", "clusters/unknown")
    assert world.post(other, encoded(review(pod(BAD))))[0] == 503


def test_a_broken_store_is_not_hidden_by_what_was_decided_before(world: World) -> None:
    """B96: the policy in memory allowed this image a moment ago; without the store that counts for nothing."""
    world.put(policy(rule(DENY), allowlist=(BAD,)))
    assert world.review(review(pod(BAD))) == {"uid": review(None)["request"]["uid"], "allowed": True}
    close(world)
    assert world.review(review(pod(BAD)))["auditAnnotations"]["failed-open"] == "true"


def test_a_process_that_never_read_its_store_is_not_ready(world: World) -> None:
    from binauthz.admission.door import build  # noqa: PLC0415
    from binauthz.attestation.memo import Prover  # noqa: PLC0415

    door = build(world.store, clock=world.clock, prover=Prover())
    assert not door.ready
    assert world.run(post(door, "/readyz", b"", method="GET"))[0] == 503
    assert world.run(post(door, REVIEW, encoded(review(pod(BAD)))))[0] == 503

    async def started() -> tuple[int, Any]:
        await door.start()
        for _ in range(1000):
            await asyncio.sleep(0)
        answer = await post(door, "/readyz", b"", method="GET")
        await door.stop()
        return answer

    assert world.run(started())[0] == 200


class HungStore:
    """The store's interface over a database that does not answer: a stand-in for a network, not for our code."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self.hung = False

    async def _wait(self) -> None:
        if self.hung:
            await asyncio.Event().wait()

    async def revision(self) -> int:
        await self._wait()
        return int(await self._real.revision())

    async def read(self, body: Any) -> Any:
        await self._wait()
        return await self._real.read(body)

    async def write(self, body: Any) -> Any:
        await self._wait()
        return await self._real.write(body)

    async def append_log(self, entries: Any) -> None:
        await self._wait()
        await self._real.append_log(entries)

    async def close(self) -> None:
        await self._real.close()


@pytest.mark.parametrize(
    ("query", "within"), [(b"timeout=1s", 0.9), (b"timeout=200ms", 0.19), (b"timeout=2s&x=y", 1.5)]
)
def test_B103_a_store_that_hangs_is_answered_before_the_webhook_times_out(
    world: World, query: bytes, within: float
) -> None:
    store = HungStore(world.store)
    world.put(policy(rule(DENY)))
    world.door = world.new_door(store)
    assert world.review(review(pod(BAD)))["allowed"] is False
    store.hung = True
    started = time.monotonic()
    response = world.review(review(pod(BAD)), query=query)
    assert time.monotonic() - started < within
    assert response["auditAnnotations"]["failed-open"] == "true"
    store.hung = False
    assert world.review(review(pod(BAD)))["allowed"] is False


def test_an_unavailable_store_names_only_the_class_of_error(world: World) -> None:
    class Down(HungStore):
        async def _wait(self) -> None:
            if self.hung:
                raise StoreUnavailable("postgresql://user:hunter2@10.0.0.7/binauthz refused")

    store = Down(world.store)
    world.door = world.new_door(store)
    store.hung = True
    response = world.review(review(pod(BAD)))
    assert "StoreUnavailable" in response["auditAnnotations"]["failed-open-error"]
    assert "hunter2" not in encoded(response).decode()
