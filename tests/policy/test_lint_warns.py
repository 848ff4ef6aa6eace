"""Every rule of the linter is met by the policy it is about, and by no careful one."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binauthz.base.patterns import allowlist, pattern_problem
from binauthz.policy.lint import Rule, Severity, covers, lint
from binauthz.policy.model import AdmissionRule, EnforcementMode, EvaluationMode, GlobalEvaluation, Policy
from binauthz.policy.validate import validate

BLOCK, DRY = EnforcementMode.ENFORCED_BLOCK_AND_AUDIT_LOG, EnforcementMode.DRYRUN_AUDIT_LOG_ONLY
DENY = AdmissionRule(evaluation_mode=EvaluationMode.ALWAYS_DENY, enforcement_mode=BLOCK)
ALLOW = AdmissionRule(evaluation_mode=EvaluationMode.ALWAYS_ALLOW, enforcement_mode=BLOCK)
DRY_DENY = dataclasses.replace(DENY, enforcement_mode=DRY)
A, B = "projects/p/attestors/a", "projects/p/attestors/b"
REQUIRE = AdmissionRule(
    evaluation_mode=EvaluationMode.REQUIRE_ATTESTATION, enforcement_mode=BLOCK, require_attestations_by=(A, B)
)
CAREFUL = Policy(
    name="projects/p/policy",
    global_evaluation=GlobalEvaluation.ENABLE,
    default_rule=DENY,
    allowlist=("gcr.io/p/**", "gcr.io/q/*", "gcr.io/r/app@*", "gcr.io/r/app@sha256:" + "a" * 64),
    namespace_rules={"payments": dataclasses.replace(REQUIRE, enforcement_mode=BLOCK)},
)


def found(policy: Policy) -> set[tuple[str, str]]:
    assert validate(policy) == ()
    return {(each.rule.id, each.field) for each in lint(policy)}


def pattern(index: int = 0) -> str:
    return f"admissionWhitelistPatterns[{index}].namePattern"


def test_a_careful_policy_gets_notes_at_most() -> None:
    assert [each.rule.severity for each in lint(CAREFUL)] == [Severity.NOTE, Severity.NOTE]
    assert {rule for rule, _ in found(CAREFUL)} == {"tags-refused", "shadowed"}


@pytest.mark.parametrize(
    ("changes", "rule", "field"),
    [
        ({"global_evaluation": GlobalEvaluation.DISABLE}, "system-policy-off", "globalPolicyEvaluationMode"),
        ({"global_evaluation": GlobalEvaluation.UNSPECIFIED}, "system-policy-off", "globalPolicyEvaluationMode"),
        ({"default_rule": ALLOW}, "default-allows", "defaultAdmissionRule.evaluationMode"),
        ({"default_rule": DRY_DENY}, "dry-run", "defaultAdmissionRule.enforcementMode"),
        ({"namespace_rules": {"n": DRY_DENY}}, "dry-run", "kubernetesNamespaceAdmissionRules[n].enforcementMode"),
        ({"allowlist": ("gcr.io/my-project**",)}, "siblings", pattern()),
        ({"allowlist": ("gcr.io/**",)}, "whole-registry", pattern()),
        ({"allowlist": ("gcr.io/p/app:latest",)}, "movable-tag", pattern()),
        ({"allowlist": ("gcr.io/p/app:v1.*",)}, "movable-tag", pattern()),
        ({"allowlist": ("nginx:1",)}, "movable-tag", pattern()),
        ({"allowlist": ("gcr.io/p/nginx*",)}, "same-prefix", pattern()),
        ({"allowlist": ("localhost:5000/app",)}, "bare-name", pattern()),
        ({"allowlist": ("gcr.io/p/**", "gcr.io/p/app@*")}, "shadowed", pattern(1)),
        ({"allowlist": ("gcr.io/p/app@*", "gcr.io/p/**")}, "shadowed", pattern(0)),
        ({"allowlist": ("gcr.io/p/*", "gcr.io/p/*")}, "shadowed", pattern(1)),
        ({"default_rule": REQUIRE, "namespace_rules": {}}, "tags-refused", "defaultAdmissionRule.evaluationMode"),
        ({"namespace_rules": {"n": DENY}}, "repeats-default", "kubernetesNamespaceAdmissionRules[n]"),
        ({"namespace_rules": {"n": ALLOW}}, "scope-allows", "kubernetesNamespaceAdmissionRules[n].evaluationMode"),
        (
            {"namespace_rules": {}, "istio_rules": {"x/ns/a/sa/b": DENY}},
            "mesh-rule",
            "istioServiceIdentityAdmissionRules",
        ),
        (
            {"default_rule": dataclasses.replace(REQUIRE, require_attestations_by=(A, B, A))},
            "attestor-twice",
            "defaultAdmissionRule.requireAttestationsBy[2]",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_rule_names_the_place(changes: dict[str, object], rule: str, field: str) -> None:
    assert (rule, field) in found(dataclasses.replace(CAREFUL, **changes))  # type: ignore[arg-type]
    assert (rule, field) not in found(CAREFUL)


def test_the_same_attestors_in_another_order_are_the_same_rule() -> None:
    other = dataclasses.replace(REQUIRE, require_attestations_by=(B, A))
    policy = dataclasses.replace(CAREFUL, default_rule=REQUIRE, namespace_rules={"n": other})
    assert ("repeats-default", "kubernetesNamespaceAdmissionRules[n]") in found(policy)


def test_ids_are_unique_and_stay() -> None:
    """Scripts name them: add to this list, never rename in it."""
    assert [rule.id for rule in Rule] == [
        "invalid", "system-policy-off", "default-allows", "dry-run", "siblings", "whole-registry", "movable-tag",
        "same-prefix", "bare-name", "shadowed", "tags-refused", "repeats-default", "scope-allows", "mesh-rule",
        "attestor-twice", "unknown-attestor", "no-keys", "unknown-cluster", "exempt-attested",
    ]  # fmt: skip


_PIECES = st.lists(st.sampled_from(["r.io", "/", "a", "b", ":1", "@x"]), min_size=1, max_size=6).map("".join)
_PATTERNS = st.builds(lambda text, stars: text + stars, _PIECES, st.sampled_from(["", "*", "**"])).filter(
    lambda text: pattern_problem(text) is None
)


@given(_PATTERNS, _PATTERNS, _PIECES)
def test_what_a_covered_pattern_exempts_the_covering_one_exempts_too(wide: str, narrow: str, image: str) -> None:
    """The law behind `shadowed`: removing the narrow pattern changes nothing."""
    stem = narrow.rstrip("*")
    for each in (image, stem, stem + image):
        if covers(wide, narrow) and allowlist([narrow]).match(each) is not None:
            assert allowlist([wide]).match(each) is not None
