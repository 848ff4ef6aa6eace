"""One server for the suite. The tests speak only to its addresses, so they could be pointed at any other."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from binauthz.services.context import Settings
from tests.conformance.rest import Rest
from tests.conformance.server import CA_PEM, GATEWAY, Target, running


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Where the server under test is: ours in this process, or the one that the environment names."""
    url = os.environ.get("BINAUTHZ_CONFORMANCE_URL")
    if url:
        yield Target(
            url=url,
            grpc_address=os.environ["BINAUTHZ_CONFORMANCE_GRPC"],
            token=os.environ["BINAUTHZ_CONFORMANCE_TOKEN"],
            stranger_token=os.environ.get("BINAUTHZ_CONFORMANCE_STRANGER", ""),
        )
        return
    directory: Path = tmp_path_factory.mktemp("conformance")
    with running(directory, Settings(gateway_url=GATEWAY, gateway_ca_pem=CA_PEM)) as started:
        yield started


@pytest.fixture
def rest(target: Target) -> Rest:
    """Plain HTTP as the owner."""
    return Rest(target.url, target.token)


@pytest.fixture
def stranger(target: Target) -> Rest:
    """Plain HTTP as somebody who holds nothing."""
    return Rest(target.url, target.stranger_token)
