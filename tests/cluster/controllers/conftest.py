"""A cluster in memory with every controller at work, and a way to wait for what they bring about."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from binauthz.cluster.controllers import run_all
from binauthz.cluster.seeds import plant_objects
from tests.cluster.controllers.memory import MemoryCluster

Story = Callable[[MemoryCluster], Awaitable[None]]


@pytest.fixture
def play() -> Callable[[Story], MemoryCluster]:
    """Run a coroutine function against a cluster whose controllers run beside it."""

    def run(story: Story) -> MemoryCluster:
        cluster = MemoryCluster()

        async def main() -> None:
            stop = asyncio.Event()
            await plant_objects(cluster.client("system:apiserver"))
            controllers = asyncio.create_task(run_all(cluster.client, stop))
            try:
                await until(lambda: ("serviceaccounts", "default", "default") in cluster.objects)
                await story(cluster)
            finally:
                stop.set()
                await controllers

        asyncio.run(main())
        return cluster

    return run


async def until(holds: Callable[[], Any], seconds: float = 5.0) -> None:
    """Wait until something holds, looking often."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not holds():
        assert loop.time() < deadline, "it did not come about in time"
        await asyncio.sleep(0.005)
