"""A webhook that gives no verdict: its failure policy decides, in kube-apiserver's words, for its own request only."""

import threading
import time
from collections.abc import Iterator

import httpx2
import pytest

from tests.cluster.door import PODS, Cluster

pytestmark = pytest.mark.servers
HOOK = "imagepolicywebhook.image-policy.k8s.io"
FAILED_OPEN = "failed-open.validating.webhook.admission.k8s.io/round_0_index_0"
FAILURES = ["wrong-uid", "code-503", "redirect", "malformed", "no-response"]


@pytest.fixture
def closed(cluster: Cluster) -> Iterator[Cluster]:
    cluster.failure_policy("Fail")
    yield cluster
    cluster.failure_policy("Ignore")


@pytest.mark.parametrize("image", [*FAILURES, "hang"])
def test_ignore_admits_and_leaves_the_annotation_of_failing_open(cluster: Cluster, image: str) -> None:
    assert cluster.create(f"open-{image}", image).status_code == 201
    assert cluster.receiver.event(f"open-{image}")["annotations"][FAILED_OPEN] == HOOK


@pytest.mark.parametrize("image", FAILURES)
def test_fail_answers_500_and_stores_nothing(closed: Cluster, image: str) -> None:
    answer = closed.create(f"closed-{image}", image)
    assert answer.status_code == 500
    status = answer.json()
    assert status["reason"] == "InternalError"
    assert status["message"].startswith(f'Internal error occurred: failed calling webhook "{HOOK}": ')
    assert closed.client.get(f"{PODS}/closed-{image}").status_code == 404
    event = closed.receiver.event(f"closed-{image}")
    assert event["responseStatus"]["code"] == 500
    assert FAILED_OPEN not in event["annotations"]


def test_a_timeout_is_told_as_kube_apiserver_does_without_the_path(closed: Cluster) -> None:
    answer = closed.create("closed-hang", "hang")
    url = closed.receiver.url
    assert answer.json()["message"] == (
        f'Internal error occurred: failed calling webhook "{HOOK}": failed to call webhook: '
        f'Post "{url}": context deadline exceeded'
    )


def test_a_refusal_is_no_failure_whatever_the_policy(cluster: Cluster) -> None:
    answer = cluster.create("refused", "denied")
    assert answer.status_code == 400
    assert answer.json()["message"] == f'admission webhook "{HOOK}" denied the request: not attested'
    assert FAILED_OPEN not in cluster.receiver.event("refused")["annotations"]


def test_B106_a_hung_webhook_holds_only_its_own_request(cluster: Cluster) -> None:
    held: list[httpx2.Response] = []
    threads = [threading.Thread(target=lambda n=n: held.append(cluster.create(f"held-{n}", "hang"))) for n in range(4)]
    for thread in threads:
        thread.start()
    while sum(one["name"].startswith("held-") for one in cluster.receiver.reviews) < 4:
        time.sleep(0.005)
    for number in range(5):
        assert cluster.create(f"quick-{number}").status_code == 201
    assert cluster.client.get(f"{PODS}/quick-4").status_code == 200
    assert not held
    for thread in threads:
        thread.join()
    assert [one.status_code for one in held] == [201] * 4
