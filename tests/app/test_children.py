"""A child is started again when it ends, and is gone once it was stopped, whenever that was asked."""

import asyncio
import os
import signal

import pytest

from binauthz.app.children import Child
from tests.app.waiting import until

pytestmark = pytest.mark.servers


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_it_is_started_again_and_prepared_each_time() -> None:
    async def body() -> None:
        prepared: list[int] = []
        started: list[int] = []
        child = Child(
            "test",
            ["-c", "import time; time.sleep(60)"],
            on_start=lambda: started.append(child.pid),
            prepare=lambda: prepared.append(1),
        )
        task = asyncio.create_task(child.run())
        await until(lambda: len(started) == 1)
        os.kill(started[0], signal.SIGKILL)
        await until(lambda: len(started) == 2)
        await child.stop()
        await task
        assert len(prepared) == 2
        assert started[0] != started[1]
        assert not any(map(alive, started))
        assert child.pid == 0

    asyncio.run(body())


def test_what_cannot_be_prepared_is_tried_again_until_it_is_stopped() -> None:
    async def body() -> None:
        tries: list[int] = []

        def fail() -> None:
            tries.append(1)
            raise OSError("no room")

        child = Child("test", ["-c", ""], prepare=fail)
        task = asyncio.create_task(child.run())
        await until(lambda: len(tries) == 2)
        await child.stop()
        async with asyncio.timeout(1):
            await task

    asyncio.run(body())


def test_stopping_while_it_is_being_started_leaves_nothing() -> None:
    async def body() -> None:
        for _ in range(5):
            child = Child("test", ["-c", "import time; time.sleep(60)"])
            task = asyncio.create_task(child.run())
            await asyncio.sleep(0)
            await child.stop()
            await task
            assert child.pid == 0
            assert child.process is None or not alive(child.process.pid)

    asyncio.run(body())
