"""D3: what a review sees is never older than its own start, whatever reviews run beside it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binauthz.sources.freshness import FreshRevision
from binauthz.sources.snapshot import Bounded
from tests.admission.samples import pod, review
from tests.admission.world import ATTEST, World, attestor, digest_of, image_of, occurrence, policy, rule


class Counter:
    """A revision that is read slowly: each read returns what was there when it began."""

    def __init__(self) -> None:
        self.value = 0
        self.reads = 0

    async def read(self) -> int:
        self.reads += 1
        value = self.value
        for _ in range(3):
            await asyncio.sleep(0)
        return value


@given(st.lists(st.sampled_from(["ask", "write", "turn"]), max_size=60))
@settings(max_examples=100, deadline=None)
def test_B92_no_answer_is_older_than_its_question(steps: list[str]) -> None:
    async def main() -> None:
        counter = Counter()
        fresh = FreshRevision(counter.read, deadline_seconds=5)
        asked: list[tuple[int, asyncio.Task[int]]] = []
        for step in steps:
            match step:
                case "ask":
                    asked.append((counter.value, asyncio.create_task(fresh.get())))
                    await asyncio.sleep(0)
                case "write":
                    counter.value += 1
                case _:
                    await asyncio.sleep(0)
        for at_least, task in asked:
            assert await task >= at_least

    asyncio.run(main())


def test_reviews_in_flight_share_one_read() -> None:
    async def main() -> int:
        counter = Counter()
        fresh = FreshRevision(counter.read, deadline_seconds=5)
        await asyncio.gather(*(fresh.get() for _ in range(200)))
        return counter.reads

    assert asyncio.run(main()) <= 2


def test_B106_a_read_that_hangs_holds_up_nobody_who_comes_later() -> None:
    async def main() -> None:
        hang = True

        async def read() -> int:
            if hang:
                await asyncio.Event().wait()
            return 7

        fresh = FreshRevision(read, deadline_seconds=1)
        stuck = asyncio.create_task(fresh.get())
        for _ in range(5):
            await asyncio.sleep(0)
        hang = False
        async with asyncio.timeout(0.5):
            assert await fresh.get() == 7
        with pytest.raises(TimeoutError):
            await stuck

    asyncio.run(main())


def test_an_error_reaches_everyone_who_asked_and_nobody_after() -> None:
    async def main() -> None:
        answers: Iterator[object] = iter([1, OSError("down"), 3])

        async def read() -> int:
            answer = next(answers)
            await asyncio.sleep(0)
            if isinstance(answer, Exception):
                raise answer
            assert isinstance(answer, int)
            return answer

        fresh = FreshRevision(read, deadline_seconds=1)
        results = await asyncio.gather(*(fresh.get() for _ in range(3)), return_exceptions=True)
        assert [type(each) for each in results] == [int, OSError, OSError]
        assert await fresh.get() == 3

    asyncio.run(main())


def test_B112_memory_of_evidence_is_bounded() -> None:
    table: Bounded[int, int] = Bounded(10)
    for number in range(100):
        table.update({number: number})
        table.get(min(number, 95))
    assert len(table) == 10
    assert 99 in table
    assert 0 not in table


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def test_a_store_restored_from_a_backup_is_believed(world: World) -> None:
    """The revision goes back, and may later reach a number that was seen before with other records behind it."""
    world.put(policy(rule(ATTEST, "projects/p1/attestors/a")), attestor("a"), occurrence("a", digest_of(1)))
    document = review(pod(image_of(1)))
    assert world.review(document)["allowed"] is True
    sources = world.door._sources
    seen = world.run(world.store.revision())

    import sqlite3  # noqa: PLC0415

    with sqlite3.connect(world.database) as database:
        database.execute("DELETE FROM occurrences")
        database.execute("UPDATE revision SET value = 1")
    database.close()
    assert world.review(document)["allowed"] is False
    assert sources._snapshot.revision == 1 < seen


@given(st.lists(st.booleans(), min_size=200, max_size=200))
@settings(max_examples=5, deadline=None)
def test_B90_concurrent_reviews_get_the_verdict_of_their_own_digest(
    tmp_path_factory: pytest.TempPathFactory, attested: list[bool]
) -> None:
    world = World(tmp_path_factory.mktemp("world"))
    try:
        world.put(
            policy(rule(ATTEST, "projects/p1/attestors/a")),
            attestor("a"),
            *(occurrence("a", digest_of(index)) for index, good in enumerate(attested) if good),
        )

        async def ask(index: int) -> bool:
            from tests.admission.samples import encoded  # noqa: PLC0415
            from tests.admission.world import REVIEW, post  # noqa: PLC0415

            uid = f"uid-{index}"
            code, answer = await post(world.door, REVIEW, encoded(review(pod(image_of(index)), uid=uid)))
            response = answer["response"]
            assert (code, response["uid"]) == (200, uid)
            if not response["allowed"]:
                assert digest_of(index) in response["status"]["message"]
            return bool(response["allowed"])

        async def main() -> list[bool]:
            return await asyncio.gather(*(ask(index) for index in range(len(attested))))

        # Once cold and once warm: the second answer may not differ (B94).
        assert world.run(main()) == attested
        assert world.run(main()) == attested
    finally:
        world.close()


def test_B97_a_policy_swapped_under_load_is_seen_whole(world: World) -> None:
    """Each policy names its own attestor and only that one attests: a mixture of the two would refuse."""
    world.put(attestor("a"), attestor("b"), occurrence("a", digest_of(1)), occurrence("b", digest_of(1)))
    world.put(policy(rule(ATTEST, "projects/p1/attestors/a")))

    async def main() -> None:
        from tests.admission.samples import encoded  # noqa: PLC0415
        from tests.admission.world import REVIEW, post  # noqa: PLC0415

        body = encoded(review(pod(image_of(1))))

        async def swap() -> None:
            for turn in range(30):
                name = "ab"[turn % 2]
                await world.store.write(
                    lambda tx, name=name: tx.put(policy(rule(ATTEST, f"projects/p1/attestors/{name}")))
                )

        async def ask() -> None:
            for _ in range(60):
                _, answer = await post(world.door, REVIEW, body)
                assert answer["response"] == {"uid": review(None)["request"]["uid"], "allowed": True}
                await asyncio.sleep(0)

        await asyncio.gather(swap(), *(ask() for _ in range(5)))

    world.run(main())
