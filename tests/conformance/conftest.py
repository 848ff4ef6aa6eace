"""The servers of the suite behind their witness; each test speaks only to their addresses."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.conformance.discovery import Apis
from tests.conformance.error_log import ErrorLog
from tests.conformance.rest import Rest
from tests.conformance.server import OTHER_PROJECT, Target, running
from tests.conformance.witness.ledger import Ledger, unshown
from tests.conformance.witness.schemas import Schemas
from tests.conformance.witness.standing import witnessed
from tests.postgres import postgres_cluster

__all__ = ["postgres_cluster"]

_PASSED = pytest.StashKey[bool]()
_STORES = ("sqlite", "postgresql")


def pytest_configure(config: pytest.Config) -> None:
    """Say what the claims of this suite are written with."""
    config.addinivalue_line(
        "markers",
        "shows(service, *methods, client): an unmodified client (or curl) has these methods answer OK in the test; "
        "verified when it runs, and printed in docs/coverage.md",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test once for each store that the server under test may have; slow clients see one of them."""
    if "store" not in metafunc.fixturenames:
        return
    slow = any(mark.name == "clients" for mark in metafunc.definition.iter_markers())
    stores = _STORES[:1] if slow else _STORES
    if os.environ.get("BINAUTHZ_CONFORMANCE_URL"):
        stores = ("running",)
    metafunc.parametrize("store", stores, scope="session")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember which tests passed, for what is judged after them."""
    report = yield
    if report.when == "call":
        item.stash[_PASSED] = report.passed
    return report


@pytest.fixture(scope="session")
def ledger() -> Ledger:
    """What passed between clients and servers."""
    return Ledger()


@pytest.fixture(scope="session")
def schemas() -> Schemas:
    """The discovery documents."""
    return Schemas()


@pytest.fixture(scope="session")
def server(store: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """The server itself: ours in this process over one of its stores, or the one that the environment names."""
    if store == "running":
        yield Target(
            url=os.environ["BINAUTHZ_CONFORMANCE_URL"].rstrip("/"),
            grpc_address=os.environ["BINAUTHZ_CONFORMANCE_GRPC"],
            token=os.environ["BINAUTHZ_CONFORMANCE_TOKEN"],
            stranger_token=os.environ.get("BINAUTHZ_CONFORMANCE_STRANGER", ""),
            gateway=os.environ.get("BINAUTHZ_CONFORMANCE_GATEWAY", ""),
        )
        return
    directory: Path = tmp_path_factory.mktemp(f"conformance-{store}")
    url = "" if store == "sqlite" else request.getfixturevalue("postgres_cluster").create_database()
    with running(directory, store=url) as started:
        yield started


@pytest.fixture(scope="session")
def target(server: Target, ledger: Ledger, schemas: Schemas) -> Iterator[Target]:
    """Where the tests' clients go: the witness, with the server behind it."""
    with witnessed(server, ledger, schemas) as seen:
        yield seen


@pytest.fixture
def rest(target: Target) -> Rest:
    """Plain HTTP as the owner."""
    return Rest(target.url, target.token)


@pytest.fixture
def stranger(target: Target) -> Rest:
    """Plain HTTP as somebody who holds nothing."""
    if not target.stranger_token:
        pytest.skip("BINAUTHZ_CONFORMANCE_STRANGER names nobody: tests of strangers did not run")
    return Rest(target.url, target.stranger_token)


@pytest.fixture
def other_project(rest: Rest) -> None:
    """Skip the test where the server under test has no second project."""
    if rest.get(f"/v1/projects/{OTHER_PROJECT}").status != 200:
        pytest.skip(f"the server under test has no project `{OTHER_PROJECT}`: tests of two projects did not run")


@pytest.fixture
def apis(target: Target) -> Iterator[Apis]:
    """Clients made from discovery documents, closed at the end."""
    made = Apis(target)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def judged(request: pytest.FixtureRequest, ledger: Ledger) -> Iterator[None]:
    """Fail a test whose answers lack the published shape, whose changes are not in the audit log, that made the server
    stumble, or that claims too much."""
    mark = ledger.mark
    with ErrorLog() as log:
        yield
    calls = ledger.since(mark)
    faults = sorted({f"{call.method} over {call.door}: {call.fault}" for call in calls if call.fault})
    assert not faults, "answers without the published shape:\n" + "\n".join(faults)
    unaccounted = ledger.settle()
    assert not unaccounted, "audit entries that do not match the calls:\n" + "\n".join(unaccounted)
    assert not log.seen, "the server logged errors:\n" + "\n".join(log.seen)
    # A test that was skipped or failed shows nothing, and says so itself.
    for claim in request.node.iter_markers("shows") if request.node.stash.get(_PASSED, False) else ():
        service, *methods = claim.args
        missing = unshown(calls, service, methods, curl=claim.kwargs.get("client") == "curl")
        assert not missing, f"claimed to be shown, but not answered OK to the client: {missing}"
