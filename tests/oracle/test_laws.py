"""Laws that hold of every decision, whatever the policy; each quotes its rule."""

import copy
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binauthz.attestation.memo import Prover
from binauthz.policy.decide import decide
from binauthz.policy.decision import Verdict
from binauthz.policy.evidence import Evidence
from binauthz.policy.needs import needs
from tests.oracle import engine
from tests.oracle.worlds import PATTERNS, attestation, world, worlds

Json = dict[str, Any]
WARM = Prover()
RULE_MAPS = (
    "clusterAdmissionRules",
    "kubernetesNamespaceAdmissionRules",
    "kubernetesServiceAccountAdmissionRules",
    "istioServiceIdentityAdmissionRules",
)
BETTER = {"NON_CONFORMANT": 0, "ERROR": 1, "CONFORMANT": 2}
law = settings(max_examples=1000, deadline=None, derandomize=True)


def review(world: Json) -> Json:
    return engine.review(world, WARM)


def altered(world: Json, alter: Callable[[Json], object]) -> Json:
    """A copy of the world with something changed."""
    other = copy.deepcopy(world)
    alter(other)
    return other


def every_rule(world: Json) -> list[Json]:
    policy = world["policy"]
    rules = [rule for name in RULE_MAPS for rule in policy[name].values()]
    return rules + ([policy["defaultAdmissionRule"]] if policy["defaultAdmissionRule"] else [])


@law
@given(worlds(), st.integers(0, 2**32))
def test_an_added_attestation_never_refuses_more(world: Json, number: int) -> None:
    """SPEC 10: any occurrence that satisfies is enough, so one more can only help."""
    more = altered(world, lambda other: other["attestations"].insert(0, attestation(random.Random(number))))
    before, after = review(world), review(more)
    assert BETTER[after["verdict"]] >= BETTER[before["verdict"]]
    assert after["allowed"] or not before["allowed"]


@law
@given(worlds(), st.integers(0, 2**32))
def test_B64_a_removed_key_never_admits_more(world: Json, number: int) -> None:
    """SPEC 2.2: a key is one more way to satisfy an attestor; without it there are fewer."""
    draw = random.Random(number)
    keyed = [name for name, attestor in world["attestors"].items() if attestor["keys"]]
    if not keyed:
        return
    name = draw.choice(keyed)
    fewer = altered(
        world, lambda other: other["attestors"][name]["keys"].pop(draw.randrange(len(other["attestors"][name]["keys"])))
    )
    before, after = review(world), review(fewer)
    assert BETTER[after["verdict"]] <= BETTER[before["verdict"]]
    assert before["allowed"] or not after["allowed"]


@law
@given(worlds(), st.integers(0, 2**32))
def test_B38_order_never_matters(world: Json, number: int) -> None:
    """SPEC 13.12: nothing in a policy, a Pod or the evidence wins by standing first."""
    draw = random.Random(number)

    def shuffle(other: Json) -> None:
        for name in RULE_MAPS:
            rules = list(other["policy"][name].items())
            draw.shuffle(rules)
            other["policy"][name] = dict(rules)
        for rule in every_rule(other):
            draw.shuffle(rule["requireAttestationsBy"])
        draw.shuffle(other["policy"]["admissionWhitelistPatterns"])
        draw.shuffle(other["attestations"])
        for attestor in other["attestors"].values():
            draw.shuffle(attestor["keys"])
        for place in ("containers", "initContainers", "ephemeralContainers", "imageVolumes"):
            draw.shuffle(other["pod"][place])

    before, after = review(world), review(altered(world, shuffle))
    assert (after["verdict"], after["allowed"]) == (before["verdict"], before["allowed"])
    assert after["audit"].keys() == before["audit"].keys()
    assert sorted(_images(after)) == sorted(_images(before))


def _images(answer: Json) -> list[str]:
    """The images that an answer finds fault with, in whatever it left behind."""
    text = "".join([*answer["causes"], answer["audit"].get("overridden-verification-result", "")])
    return [line.partition("' : ")[0] for line in text.splitlines()]


@law
@given(worlds())
def test_a_dry_run_is_the_enforced_rule_plus_admit(world: Json) -> None:
    """SPEC 4.6: evaluated normally, violation admitted, and only a violation is marked."""

    def with_mode(mode: str) -> Json:
        return altered(world, lambda other: [rule.update(enforcementMode=mode) for rule in every_rule(other)])

    dry, enforced = review(with_mode("DRYRUN_AUDIT_LOG_ONLY")), review(with_mode("ENFORCED_BLOCK_AND_AUDIT_LOG"))
    assert dry["verdict"] == enforced["verdict"]
    if sum(bool(world["policy"][name]) for name in RULE_MAPS) > 1 or world["policy"]["defaultAdmissionRule"] is None:
        return  # No rule, or none that can be told, is no dry-run rule either.
    assert dry["allowed"]
    assert dry["message"] == ""
    if not enforced["allowed"] and enforced["verdict"] == "NON_CONFORMANT":
        assert dry["audit"]["dry-run"] == "true"
        assert dry["audit"]["overridden-verification-result"] == "".join(enforced["causes"])
    else:
        assert "dry-run" not in dry["audit"]


@law
@given(worlds(), st.lists(st.sampled_from(PATTERNS), max_size=3), st.lists(st.sampled_from(PATTERNS), max_size=3))
def test_B24_two_allowlists_together_exempt_only_what_one_of_them_does(
    world: Json, first: list[str], second: list[str]
) -> None:
    """GHSA-gg4x-fgg2-h9w9: per image, allow(E1+E2) lies within the union of allow(E1) and allow(E2)."""

    def conformant(patterns: list[str]) -> set[str]:
        other = altered(
            world,
            lambda other: other["policy"].update(
                admissionWhitelistPatterns=[{"namePattern": pattern} for pattern in patterns]
            ),
        )
        decision = engine.decision_for(other, WARM)
        return {result.image for result in decision.images if result.verdict is Verdict.CONFORMANT}

    assert conformant(first + second) == conformant(first) | conformant(second)


@law
@given(worlds())
def test_every_image_has_a_result_and_the_verdict_is_the_worst_of_them(world: Json) -> None:
    """SPEC 6.5: NON_CONFORMANT beats ERROR beats CONFORMANT; and nothing is vacuously true."""
    decision = engine.decision_for(world, WARM)
    assert [result.image for result in decision.images] == list(engine.subject_for(world["pod"]).distinct_images())
    verdicts = {result.verdict for result in decision.images}
    if Verdict.NON_CONFORMANT in verdicts or not verdicts:
        assert decision.verdict is Verdict.NON_CONFORMANT
    else:
        assert decision.verdict is (Verdict.ERROR if Verdict.ERROR in verdicts else Verdict.CONFORMANT)


@law
@given(worlds(), st.integers(0, 2**32))
def test_B66_evidence_that_is_not_there_never_helps(world: Json, number: int) -> None:
    """DESIGN D2: what was not looked up is trouble, so losing evidence on the way can never admit an image."""
    draw = random.Random(number)
    subject, policy = engine.subject_for(world["pod"]), engine.policy_for(world["policy"])
    whole = engine.evidence_for(world, needs(subject, policy, None))
    partial = Evidence(
        attestors={name: found for name, found in whole.attestors.items() if draw.random() < 0.6},
        attestations={key: found for key, found in whole.attestations.items() if draw.random() < 0.6},
    )
    decided = [
        decide(
            subject=subject, policy=policy, system_policy=None, evidence=evidence, prover=WARM, now=engine.NOW
        ).images
        for evidence in (whole, partial)
    ]
    for with_all, with_some in zip(*decided, strict=True):
        assert with_some.verdict is not Verdict.CONFORMANT or with_all.verdict is Verdict.CONFORMANT


@law
@given(worlds())
def test_B94_a_warm_memory_gives_the_cold_answer(world: Json) -> None:
    """DESIGN D3: proofs are remembered, verdicts never."""
    assert review(world) == engine.review(world, Prover(capacity=0))


def _swap_first(place: str) -> Callable[[Json], object]:
    return lambda other: other["pod"].update({place: ["evil.example/x", *other["pod"][place][1:]]})


def _set_rules(**values: Any) -> Callable[[Json], object]:
    return lambda other: [rule.update(values) for rule in every_rule(other)]


@pytest.mark.parametrize(
    "alter",
    [
        pytest.param(lambda other: other["policy"].update(globalPolicyEvaluationMode="ENABLE"), id="global-enable"),
        pytest.param(lambda other: other["policy"].update(globalPolicyEvaluationMode="DISABLE"), id="global-disable"),
        pytest.param(lambda other: other["policy"].update(admissionWhitelistPatterns=[]), id="allowlist"),
        *(pytest.param(lambda other, name=name: other["policy"][name].clear(), id=name) for name in RULE_MAPS),
        pytest.param(lambda other: other["policy"].update(defaultAdmissionRule=None), id="default-rule"),
        pytest.param(_set_rules(evaluationMode="ALWAYS_ALLOW"), id="always-allow"),
        pytest.param(_set_rules(evaluationMode="ALWAYS_DENY"), id="always-deny"),
        pytest.param(_set_rules(enforcementMode="DRYRUN_AUDIT_LOG_ONLY"), id="dry-run"),
        pytest.param(_set_rules(requireAttestationsBy=["projects/p/attestors/signed"]), id="attestors"),
        pytest.param(lambda other: other["pod"].update(cluster="europe-west1.other"), id="cluster"),
        pytest.param(lambda other: other["pod"].update(namespace="other"), id="namespace"),
        pytest.param(lambda other: other["pod"].update(serviceAccount="other"), id="service-account"),
        *(
            pytest.param(_swap_first(place), id=place)
            for place in ("containers", "initContainers", "ephemeralContainers", "imageVolumes")
        ),
        pytest.param(
            lambda other: other["pod"]["labels"].update({"image-policy.k8s.io/break-glass": "true"}), id="label"
        ),
        pytest.param(
            lambda other: other["pod"]["annotations"].update({"alpha.image-policy.k8s.io/break-glass": "true"}),
            id="annotation",
        ),
        pytest.param(lambda other: other.update(attestors={}), id="attestors-gone"),
        pytest.param(lambda other: other.update(attestations=[]), id="attestations-gone"),
        pytest.param(lambda other: other.update(onError="fail-closed"), id="on-error"),
        pytest.param(lambda other: other.update(breakGlassAllowed=False), id="break-glass-allowed"),
    ],
)
def test_B73_every_field_is_read(alter: Callable[[Json], object]) -> None:
    """A field whose change never changes an outcome would be a field that nobody reads."""
    changed = (
        review(altered(known, alter))["allowed"] != review(known)["allowed"] for known in map(world, range(4000))
    )
    assert any(changed)
