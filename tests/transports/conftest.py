"""The event loop that the tests of a module share."""

import asyncio
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """Runs coroutines, one after the other."""
    with asyncio.Runner() as made:
        yield made
