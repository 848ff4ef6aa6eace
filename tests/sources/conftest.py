"""Registries for the tests of this package."""

from collections.abc import Callable, Iterator

import pytest

from tests.sources.docker_registry import docker_registry
from tests.sources.hostile import Toy, toy


@pytest.fixture
def hostile() -> Iterator[Toy]:
    """A registry that answers as it is told."""
    with toy() as made:
        yield made


@pytest.fixture(scope="module")
def registry_url(need: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real registry."""
    with docker_registry(need("docker-registry"), tmp_path_factory.mktemp("registry")) as url:
        yield url
