"""One control plane for the suite, and a shell that reaches it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.running import Shell, clean_environment, serving


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A shell that knows of no server."""
    return Shell(clean_environment(tmp_path))


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The directory of a running ``binauthz serve``."""
    directory = tmp_path_factory.mktemp("serve") / "dir"
    with serving(directory, clean_environment(directory.parent)):
        yield directory


@pytest.fixture
def binauthz(installation: Path, tmp_path: Path) -> Shell:
    """A shell that is pointed at the running installation."""
    return Shell({**clean_environment(tmp_path), "BINAUTHZ_DIR": str(installation)})
