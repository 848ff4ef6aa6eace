"""A review beyond the cluster's quota is refused, whatever would have become of it (ADR 13)."""

from collections.abc import Callable
from typing import Any

import pytest

from binauthz.admission.entries import ClusterIdentity
from binauthz.admission.quota import ReviewQuota
from tests.admission.samples import HELLO, UID, encoded, pod, review
from tests.admission.world import ALLOW, DENY, IMAGE_REVIEW, World, cluster, policy, rule

BREAK_GLASS = {"labels": {"image-policy.k8s.io/break-glass": "true"}}


@pytest.fixture
def limited(world: World) -> Callable[[int], World]:
    def make(rate: int) -> World:
        world.door = world.new_door(reviews_per_minute=rate)
        return world

    return make


def is_over(response: dict[str, Any]) -> bool:
    return bool(response.get("auditAnnotations", {}).get("over-quota") == "true")


@pytest.mark.parametrize("on_error", ["fail-open", "fail-closed"])
def test_the_excess_is_refused_and_says_so_on_every_cluster(limited: Callable[[int], World], on_error: str) -> None:
    world = limited(2)
    world.put(policy(rule(ALLOW)), cluster(on_error=on_error))
    answers = [world.review(review(pod(HELLO))) for _ in range(4)]
    assert [answer["allowed"] for answer in answers] == [True, True, False, False]
    over = answers[-1]
    assert over["uid"] == UID
    assert over["auditAnnotations"] == {"over-quota": "true"}
    assert (over["status"]["code"], over["status"]["reason"]) == (429, "TooManyRequests")
    assert "more than 2 Pods in a minute" in over["status"]["message"]


def test_break_glass_and_dry_run_are_verdicts_and_none_was_reached(limited: Callable[[int], World]) -> None:
    world = limited(1)
    world.put(policy(rule(DENY, dry_run=True)))
    world.review(review(pod(HELLO)))
    document = pod(HELLO)
    document["metadata"].update(BREAK_GLASS)
    for each in (pod(HELLO), document):
        response = world.review(review(each))
        assert (response["allowed"], is_over(response)) == (False, True)


def test_what_needs_no_judgement_is_not_counted_and_never_refused(limited: Callable[[int], World]) -> None:
    world = limited(1)
    world.put(policy(rule(ALLOW)))
    world.review(review(pod(HELLO)))
    for _ in range(5):
        unchanged = review(pod(HELLO), operation="UPDATE", oldObject=pod(HELLO))
        assert world.review(unchanged)["allowed"] is True
        assert world.review(review(pod(HELLO), operation="DELETE"))["allowed"] is True
    world.put(cluster(evaluation_mode="DISABLED"))
    assert world.review(review(pod(HELLO)))["allowed"] is True


def test_the_store_being_away_is_no_way_round(limited: Callable[[int], World]) -> None:
    world = limited(1)
    world.put(policy(rule(DENY)))
    world.review(review(pod(HELLO)))
    world.run(world.store.close())
    assert is_over(world.review(review(pod(HELLO))))


def test_image_reviews_count_too(limited: Callable[[int], World]) -> None:
    world = limited(1)
    world.put(policy(rule(ALLOW)))
    document = {
        "apiVersion": "imagepolicy.k8s.io/v1alpha1",
        "kind": "ImageReview",
        "spec": {"containers": [{"image": HELLO}], "namespace": "default"},
    }
    statuses = [world.post(IMAGE_REVIEW, encoded(document))[1]["status"] for _ in range(2)]
    assert [status["allowed"] for status in statuses] == [True, False]
    assert statuses[1]["auditAnnotations"] == {"over-quota": "true"}


def test_clusters_do_not_share_and_time_brings_more() -> None:
    now = [0.0]
    quota = ReviewQuota(1, lambda: now[0])
    one, two = (ClusterIdentity(project="p", location="l", cluster=name) for name in "ab")
    assert (quota.excess(one), quota.excess(two)) == ("", "")
    assert quota.excess(one)
    now[0] = 60.0
    assert quota.excess(one) == ""


def test_no_rate_limits_nothing() -> None:
    quota = ReviewQuota(0)
    assert {quota.excess(ClusterIdentity(project="p", location="l", cluster="c")) for _ in range(2000)} == {""}
