"""One cluster process for the tests of a module."""

from collections.abc import Iterator

import pytest

from tests.cluster.door import Cluster, clustered


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with clustered(tmp_path_factory.mktemp("cluster")) as running:
        yield running
