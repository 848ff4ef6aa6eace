"""Waiting, with an end, for what another task or process does."""

import asyncio
from collections.abc import Callable


async def until(question: Callable[[], bool], within: float = 15) -> None:
    """Return once the answer is true; fails when it does not become so."""
    async with asyncio.timeout(within):
        while not question():  # noqa: ASYNC110 - the file system and other processes set no event
            await asyncio.sleep(0.01)
