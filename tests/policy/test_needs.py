"""D2: exactly the evidence that the chosen rule requires is asked for."""

import pytest

from binauthz.base.limits import MAX_ATTESTED_IMAGES
from binauthz.policy.model import AdmissionRule, EnforcementMode, EvaluationMode, GlobalEvaluation, Policy
from binauthz.policy.needs import NOTHING, Needs, needs
from binauthz.policy.subject import ContainerKind, PodImage, Subject

A, B = "a" * 64, "b" * 64
BUILT, TESTED = "projects/p/attestors/built", "projects/p/attestors/tested"
ENFORCED = EnforcementMode.ENFORCED_BLOCK_AND_AUDIT_LOG
REQUIRE = AdmissionRule(
    evaluation_mode=EvaluationMode.REQUIRE_ATTESTATION,
    enforcement_mode=ENFORCED,
    require_attestations_by=(BUILT, TESTED, BUILT),
)
POLICY = Policy(name="projects/p/policy", default_rule=REQUIRE, allowlist=("gcr.io/exempt/*",))


def subject(*images: str) -> Subject:
    return Subject(
        project="p",
        cluster="l.c",
        namespace="default",
        service_account="default",
        images=tuple(PodImage(f"c{index}", ContainerKind.CONTAINER, image) for index, image in enumerate(images)),
    )


def test_each_attestor_and_each_digest_once_in_order() -> None:
    pod = subject(
        f"app@sha256:{B}", f"app:v1@sha256:{A}", f"other@sha256:{B}", "nginx", f"gcr.io/exempt/x@sha256:{'c' * 64}"
    )
    assert needs(pod, POLICY, None) == Needs(attestors=(BUILT, TESTED), digests=(B, A))


@pytest.mark.parametrize("mode", [EvaluationMode.ALWAYS_ALLOW, EvaluationMode.ALWAYS_DENY, EvaluationMode.UNSPECIFIED])
def test_a_rule_that_requires_nothing_needs_nothing(mode: EvaluationMode) -> None:
    rule = AdmissionRule(evaluation_mode=mode, enforcement_mode=ENFORCED, require_attestations_by=(BUILT,))
    policy = Policy(name="projects/p/policy", default_rule=rule)
    assert needs(subject(f"app@sha256:{A}"), policy, None) == NOTHING


def test_nothing_is_needed_for_tags_for_exempt_images_or_for_no_images() -> None:
    system = Policy(name="locations/global/policy", allowlist=("gke.gcr.io/**",))
    enabled = Policy(name="projects/p/policy", default_rule=REQUIRE, global_evaluation=GlobalEvaluation.ENABLE)
    assert needs(subject("nginx", "app:v1"), POLICY, None) == NOTHING
    assert needs(subject(f"gcr.io/exempt/x@sha256:{A}"), POLICY, None) == NOTHING
    assert needs(subject(), POLICY, None) == NOTHING
    assert needs(subject(f"gke.gcr.io/a/b@sha256:{A}"), enabled, system) == NOTHING
    assert needs(subject(f"gke.gcr.io/a/b@sha256:{A}"), POLICY, system) != NOTHING


def test_without_a_rule_nothing_is_needed() -> None:
    pod = subject(f"app@sha256:{A}")
    assert needs(pod, Policy(name="projects/p/policy"), None) == NOTHING
    two = Policy(
        name="projects/p/policy",
        default_rule=REQUIRE,
        cluster_rules={"l.c": REQUIRE},
        namespace_rules={"default": REQUIRE},
    )
    assert needs(pod, two, None) == NOTHING


def test_a_pod_with_more_images_than_can_be_looked_up_is_not_looked_up() -> None:
    images = [f"app@sha256:{number:064x}" for number in range(MAX_ATTESTED_IMAGES + 1)]
    assert needs(subject(*images), POLICY, None) == NOTHING
    assert len(needs(subject(*images[1:]), POLICY, None).digests) == MAX_ATTESTED_IMAGES
