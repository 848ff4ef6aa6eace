"""The world that the door's tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.admission.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A fresh installation."""
    made = World(tmp_path)
    yield made
    made.close()
