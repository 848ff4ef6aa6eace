"""What every suite shares: which external programs are here, and a loud skip where one is missing."""

import os
import shutil
from collections.abc import Callable

import pytest


def _missing(program: str) -> None:
    message = f"`{program}` is not on PATH: its tests did not run"
    if os.environ.get("BINAUTHZ_REQUIRE_CLIENTS") == "1":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def need() -> Callable[[str], str]:
    """Return the path of an external program; skip the test aloud, or fail it where every client is required."""

    def find(program: str) -> str:
        path = shutil.which(program)
        if path is None:
            _missing(program)
        assert path is not None
        return path

    return find
