"""D4 with a real PostgreSQL that crashes or hangs, and comes back."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from binauthz.store.records import PendingJudgement
from tests.admission.samples import event, event_list, pod, review
from tests.admission.world import AUDIT, DENY, World, cluster, policy, rule
from tests.postgres import Cluster, running_cluster

pytestmark = [pytest.mark.servers]

BAD = "example.com/bad:1"


@pytest.fixture
def server() -> Iterator[Cluster]:
    """A PostgreSQL of this test's own, because it is going to be broken."""
    with running_cluster() as made:
        yield made


@pytest.fixture
def world(server: Cluster, tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, server.create_database())
    yield made
    made.close()


def test_B104_a_crash_fails_open_and_passes(world: World, server: Cluster) -> None:
    world.put(policy(rule(DENY)))
    document = review(pod(BAD))
    assert world.review(document)["allowed"] is False
    server.stop(signal.SIGQUIT)
    response = world.review(document)
    assert (response["allowed"], response["auditAnnotations"]["failed-open"]) == (True, "true")
    batch = event_list(event(annotations={"imagepolicywebhook.image-policy.k8s.io/failed-open": "true"}))
    assert world.post(AUDIT, batch)[0] == 503
    server.start()
    assert world.review(document)["allowed"] is False
    assert world.post(AUDIT, batch)[0] == 200
    assert len(world.run(world.store.read(lambda tx: list(tx.list(PendingJudgement, ""))))) == 1
    assert world.run(world.door.second_judgement.work_off()) == 0
    assert len(world.entries("continuous_validation")) == 1


def test_B103_a_hang_is_answered_in_time_and_passes(world: World, server: Cluster) -> None:
    world.put(policy(rule(DENY)), cluster(on_error="fail-closed"))
    document = review(pod(BAD))
    assert "always_deny" in world.review(document)["status"]["message"]
    processes = [server.pid, *_children(server.pid)]
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        started = time.monotonic()
        refused = world.review(document, query=b"timeout=1s")
        assert time.monotonic() - started < 0.9
        assert refused["allowed"] is False
        assert "could not tell" in refused["status"]["message"]
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)
    assert "always_deny" in world.review(document)["status"]["message"]


def _children(parent: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
