"""Any request of any served method means the same over REST and over gRPC: status, message, details and body.

What changes something is told to two servers in the same order, one by each door, so that the second answer is not
about what the first call did; what only reads is asked of one server twice.
"""

import random
from collections.abc import Iterator

import grpc
import pytest

from binauthz.transports.methods import METHODS
from binauthz.transports.routes import Router
from binauthz.wire import descriptors
from tests.conformance.server import Target, running
from tests.fuzz.agreement import Answer, differences, over_grpc, over_rest
from tests.fuzz.requests import Generator, described
from tests.fuzz.world import seed

pytestmark = pytest.mark.servers
SERVED = [descriptors.methods()[row.full_name] for row in METHODS]
ROUTER = Router(descriptors.methods().values())
REQUESTS = 2500
SEED_EVERY = 100
READING = ("Get", "List", "Search", "Test", "Validate", "BatchGet")
OK = Answer(status="OK", message="", details=[], body={"a": 1})


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Target, Target]]:
    with (
        running(tmp_path_factory.mktemp("by-rest")) as one,
        running(tmp_path_factory.mktemp("by-grpc")) as other,
    ):
        yield one, other


def test_generated_requests_mean_the_same_over_both_doors(twins: tuple[Target, Target]) -> None:
    generator = Generator(random.Random(20_260_504), SERVED)
    by_rest, by_grpc = twins
    found: list[str] = []
    compared: dict[str, set[str]] = {}
    with (
        grpc.insecure_channel(by_rest.grpc_address) as same,
        grpc.insecure_channel(by_grpc.grpc_address) as other,
    ):
        for number in range(REQUESTS):
            if number % SEED_EVERY == 0:
                for twin in twins:
                    seed(twin)
            method, request, message = generator.meaningful()
            if ROUTER.match(request.verb, request.target.partition("?")[0].encode())[0].method is not method:
                # Operations of location `global` are Fleet's, those of others Container's (docs/coverage.md).
                continue
            rest = over_rest(by_rest, request)
            if method.name.startswith(READING):
                rpc = over_grpc(by_rest, same, method, message)
            else:
                rpc = over_grpc(by_grpc, other, method, message)
            compared.setdefault(method.full_name, set()).add(rest.status)
            found += [f"{method.full_name}: {each}\n{described(request)}" for each in differences(rest, rpc)]
    assert not found, f"{len(found)} differences:\n\n" + "\n\n".join(found[:10])
    assert len(compared) == len(SERVED)
    assert sum("OK" in statuses for statuses in compared.values()) > len(SERVED) * 0.6


@pytest.mark.parametrize(
    ("other", "word"),
    [
        (OK, ""),
        (Answer(status="NOT_FOUND", message="", details=[], body={"a": 1}), "status"),
        (Answer(status="OK", message="x", details=[], body={"a": 1}), "message"),
        (Answer(status="OK", message="", details=[{"b": 2}], body={"a": 1}), "details"),
        (Answer(status="OK", message="", details=[], body={"a": 2}), "body"),
    ],
)
def test_every_kind_of_difference_is_seen(other: Answer, word: str) -> None:
    found = differences(OK, other)
    assert [each.partition(":")[0] for each in found] == ([word] if word else [])
