"""``differences``: what a policy says otherwise, whatever the order, and nothing where it says the same."""

import dataclasses
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binauthz.policy.compare import Change, differences
from binauthz.policy.model import AdmissionRule, EnforcementMode, EvaluationMode, GlobalEvaluation, Policy

BLOCK, DRY = EnforcementMode.ENFORCED_BLOCK_AND_AUDIT_LOG, EnforcementMode.DRYRUN_AUDIT_LOG_ONLY
A, B = "projects/p/attestors/a", "projects/p/attestors/b"
DENY = AdmissionRule(evaluation_mode=EvaluationMode.ALWAYS_DENY, enforcement_mode=BLOCK)
REQUIRE = AdmissionRule(
    evaluation_mode=EvaluationMode.REQUIRE_ATTESTATION, enforcement_mode=BLOCK, require_attestations_by=(A, B)
)
REQUIRED = f"REQUIRE_ATTESTATION by {A}, {B}, {BLOCK.value}"
DRY_RUN_A = dataclasses.replace(REQUIRE, enforcement_mode=DRY, require_attestations_by=(A,))
BASE = Policy(
    name="projects/p/policy", allowlist=("x/*", "y/*"), cluster_rules={"l.c": REQUIRE, "l.d": DENY}, default_rule=DENY
)


def said(after: Policy) -> list[tuple[str, str, str, str]]:
    return [(each.change.value, each.field, each.before, each.after) for each in differences(BASE, after)]


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "projects/q/policy", "etag": "x"},
        {"allowlist": ("y/*", "x/*", "y/*")},
        {"global_evaluation": GlobalEvaluation.DISABLE},
        {"cluster_rules": {"l.d": DENY, "l.c": dataclasses.replace(REQUIRE, require_attestations_by=(B, A, B))}},
    ],
)
def test_order_repetition_and_what_the_server_sets_are_no_difference(changes: dict[str, object]) -> None:
    assert said(dataclasses.replace(BASE, **changes)) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"description": "d"}, [("ADDED", "description", "", "d")]),
        (
            {"global_evaluation": GlobalEvaluation.ENABLE},
            [("CHANGED", "globalPolicyEvaluationMode", "DISABLE", "ENABLE")],
        ),
        (
            {"allowlist": ("x/*", "z")},
            [
                ("REMOVED", "admissionWhitelistPatterns", "y/*", ""),
                ("ADDED", "admissionWhitelistPatterns", "", "z"),
            ],
        ),
        (
            {"cluster_rules": {"l.c": DRY_RUN_A}},
            [
                ("CHANGED", "clusterAdmissionRules[l.c].enforcementMode", BLOCK.value, DRY.value),
                ("REMOVED", "clusterAdmissionRules[l.c].requireAttestationsBy", B, ""),
                ("REMOVED", "clusterAdmissionRules[l.d]", f"ALWAYS_DENY, {BLOCK.value}", ""),
            ],
        ),
        (
            {"cluster_rules": {}, "namespace_rules": {"n": REQUIRE}, "default_rule": REQUIRE},
            [
                ("REMOVED", "clusterAdmissionRules[l.c]", REQUIRED, ""),
                ("REMOVED", "clusterAdmissionRules[l.d]", f"ALWAYS_DENY, {BLOCK.value}", ""),
                ("ADDED", "kubernetesNamespaceAdmissionRules[n]", "", REQUIRED),
                ("CHANGED", "defaultAdmissionRule.evaluationMode", "ALWAYS_DENY", "REQUIRE_ATTESTATION"),
                ("ADDED", "defaultAdmissionRule.requireAttestationsBy", "", A),
                ("ADDED", "defaultAdmissionRule.requireAttestationsBy", "", B),
            ],
        ),
    ],
)  # fmt: skip
def test_each_difference_is_named_by_its_place(changes: dict[str, object], expected: list[tuple[str, ...]]) -> None:
    assert said(dataclasses.replace(BASE, **changes)) == expected  # type: ignore[arg-type]


_RULES = st.builds(
    AdmissionRule,
    evaluation_mode=st.sampled_from(list(EvaluationMode)),
    enforcement_mode=st.sampled_from(list(EnforcementMode)),
    require_attestations_by=st.lists(st.sampled_from([A, B, "c"]), max_size=3).map(tuple),
)
_MAPS = st.dictionaries(st.sampled_from(["a.b", "c.d", "n"]), _RULES, max_size=2)
_POLICIES = st.builds(
    Policy,
    name=st.just("projects/p/policy"),
    description=st.sampled_from(["", "x"]),
    global_evaluation=st.sampled_from(list(GlobalEvaluation)),
    allowlist=st.lists(st.sampled_from(["x", "y/*", "z/**"]), max_size=3).map(tuple),
    cluster_rules=_MAPS,
    namespace_rules=_MAPS,
    service_account_rules=_MAPS,
    istio_rules=_MAPS,
    default_rule=st.none() | _RULES,
)


@given(_POLICIES, _POLICIES)
def test_the_way_back_undoes_the_way_there(one: Policy, other: Policy) -> None:
    turned = {Change.ADDED: Change.REMOVED, Change.REMOVED: Change.ADDED, Change.CHANGED: Change.CHANGED}
    there = {(turned[d.change], d.field, d.after, d.before) for d in differences(one, other)}
    assert there == {(d.change, d.field, d.before, d.after) for d in differences(other, one)}


@given(_POLICIES, st.randoms(use_true_random=False))
def test_a_shuffled_policy_is_the_same(policy: Policy, chance: random.Random) -> None:
    def shuffled(items: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(chance.sample([*items, *items], 2 * len(items)))

    default = policy.default_rule
    other = dataclasses.replace(
        policy,
        allowlist=shuffled(policy.allowlist),
        cluster_rules=dict(reversed(policy.cluster_rules.items())),
        default_rule=None
        if default is None
        else dataclasses.replace(default, require_attestations_by=shuffled(default.require_attestations_by)),
    )
    assert differences(policy, other) == ()
