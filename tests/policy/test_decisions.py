"""What a decision holds besides its verdict, and what it refuses to be. The cases are folders: tests/decisions."""

import datetime as dt

import pytest

from binauthz.attestation.memo import Prover
from binauthz.attestation.model import Attestor
from binauthz.base.limits import MAX_ATTESTED_IMAGES
from binauthz.policy.decide import decide
from binauthz.policy.decision import Decision, Verdict, Why, worst
from binauthz.policy.evidence import NO_EVIDENCE, Evidence, Found, Missing, Trouble
from binauthz.policy.exemptions import AllowlistOwner, Exemption
from binauthz.policy.grounds import Ground
from binauthz.policy.model import AdmissionRule, EnforcementMode, EvaluationMode, GlobalEvaluation, Policy
from binauthz.policy.subject import ContainerKind, PodImage, Subject
from binauthz.policy.wording import denial, explanation

DIGEST = "a" * 64
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
NAMES = tuple(f"projects/p/attestors/a{number}" for number in range(4))
POLICY = Policy(
    name="projects/p/policy",
    default_rule=AdmissionRule(
        evaluation_mode=EvaluationMode.REQUIRE_ATTESTATION,
        enforcement_mode=EnforcementMode.ENFORCED_BLOCK_AND_AUDIT_LOG,
        require_attestations_by=NAMES,
    ),
    allowlist=("gcr.io/own/*", "gcr.io/both/**"),
    global_evaluation=GlobalEvaluation.ENABLE,
)
SYSTEM = Policy(name="locations/global/policy", allowlist=("gcr.io/system/**", "gcr.io/both/*"))


def decision(evidence: Evidence, *images: str, policy: Policy = POLICY) -> Decision:
    subject = Subject(
        project="p",
        cluster="l.c",
        namespace="default",
        service_account="default",
        images=tuple(PodImage("c", ContainerKind.CONTAINER, image) for image in images),
    )
    return decide(subject=subject, policy=policy, system_policy=SYSTEM, evidence=evidence, prover=Prover(), now=NOW)


def test_every_attestor_of_every_image_has_a_finding() -> None:
    """No short circuit: a refusal by the first image or attestor leaves none of the others out (SPEC 1.3)."""
    evidence = Evidence(
        attestors={
            NAMES[0]: Missing(),
            NAMES[1]: Trouble("the store is unavailable"),
            NAMES[2]: Found(Attestor(name=NAMES[2], note="projects/p/notes/n")),
        },
        attestations={("projects/p/notes/n", DIGEST): ()},
    )
    decided = decision(evidence, "nginx", f"app@sha256:{DIGEST}")
    tagged, attested = decided.images
    assert [result.why for result in tagged.attestors] == [Why.NO_DIGEST] * 4
    assert [result.why for result in attested.attestors] == [
        Why.NO_ATTESTOR,
        Why.COULD_NOT_TELL,
        Why.NOT_ATTESTED,
        Why.COULD_NOT_TELL,
    ]
    assert [result.detail for result in attested.attestors][:2] == ["attestor not found", "the store is unavailable"]
    assert attested.attestors[2].finding is not None
    assert "not looked up" in attested.attestors[3].detail
    assert attested.digest == DIGEST
    assert decided.verdict is Verdict.NON_CONFORMANT


def test_B83_an_exemption_says_whose_pattern_it_was() -> None:
    decided = decision(NO_EVIDENCE, "gcr.io/own/x:1", "gcr.io/system/a/b", "gcr.io/both/x")
    assert [result.exemption for result in decided.images] == [
        Exemption(AllowlistOwner.POLICY, "gcr.io/own/*"),
        Exemption(AllowlistOwner.SYSTEM_POLICY, "gcr.io/system/**"),
        Exemption(AllowlistOwner.SYSTEM_POLICY, "gcr.io/both/*"),
    ]
    assert {result.ground for result in decided.images} == {Ground.EXEMPT}
    assert decided.verdict is Verdict.CONFORMANT
    assert explanation(decided.images[1]) == (
        "Image gcr.io/system/a/b matches the allowlist pattern gcr.io/system/** of the system policy"
    )


def test_neither_verdict_nor_decision_has_a_truth_value() -> None:
    for judged in (*Verdict, decision(NO_EVIDENCE, "nginx")):
        with pytest.raises(TypeError, match="no truth value"):
            bool(judged)


def test_the_worst_of_nothing_cannot_be_told() -> None:
    assert worst([]) is Verdict.ERROR
    assert worst([Verdict.CONFORMANT]) is Verdict.CONFORMANT
    assert worst([Verdict.CONFORMANT, Verdict.ERROR]) is Verdict.ERROR
    assert worst([Verdict.ERROR, Verdict.NON_CONFORMANT]) is Verdict.NON_CONFORMANT


def test_more_images_than_can_be_looked_up_are_refused_and_never_an_error() -> None:
    """The requester chooses how many; an ERROR would let a Pod of many images fail open."""
    images = [f"app@sha256:{number:064x}" for number in range(MAX_ATTESTED_IMAGES + 1)]
    decided = decision(NO_EVIDENCE, *images)
    assert decided.verdict is Verdict.NON_CONFORMANT
    assert {result.ground for result in decided.images} == {Ground.TOO_MANY_IMAGES}
    assert f"more than {MAX_ATTESTED_IMAGES} images" in denial(decided)


def test_exempt_images_do_not_count_towards_too_many() -> None:
    images = [f"gcr.io/own/app:{number}" for number in range(10_000)]
    assert decision(NO_EVIDENCE, *images).verdict is Verdict.CONFORMANT


def test_a_decision_replays_from_its_inputs_alone() -> None:
    images = ("nginx", f"app@sha256:{DIGEST}", "gcr.io/own/x")
    assert decision(NO_EVIDENCE, *images) == decision(NO_EVIDENCE, *images)
