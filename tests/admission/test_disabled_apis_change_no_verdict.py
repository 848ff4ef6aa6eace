"""Disabling an API refuses its callers; it neither admits nor refuses a Pod."""

import pytest

from binauthz.policy.model import EvaluationMode
from binauthz.services.enablement import TITLES
from binauthz.store.records import DisabledService
from tests.admission.samples import pod, review
from tests.admission.world import ALLOW, ATTEST, DENY, World, attestor, digest_of, image_of, occurrence, policy, rule


@pytest.fixture
def disabled(world: World) -> World:
    world.put(*(DisabledService(name=f"projects/p1/services/{host}") for host in TITLES))
    return world


@pytest.mark.parametrize(("mode", "allowed"), [(DENY, False), (ALLOW, True)])
def test_the_policy_still_decides(disabled: World, mode: EvaluationMode, allowed: bool) -> None:
    disabled.put(policy(rule(mode)))
    assert disabled.review(review(pod("example.com/app:1")))["allowed"] is allowed


def test_attestations_still_count(disabled: World) -> None:
    good = digest_of("good")
    disabled.put(policy(rule(ATTEST, "projects/p1/attestors/qa")), attestor("qa"), occurrence("qa", good))
    assert disabled.review(review(pod(image_of("good"))))["allowed"] is True
    assert disabled.review(review(pod(image_of("bad"))))["allowed"] is False
