"""SPEC 1.4, 1.5, 1.7: what may be written, and what a refusal names."""

import dataclasses

import pytest

from binauthz.policy.model import AdmissionRule, EnforcementMode, EvaluationMode, GlobalEvaluation, Policy
from binauthz.policy.validate import MAX_VIOLATIONS, validate

ENFORCED = EnforcementMode.ENFORCED_BLOCK_AND_AUDIT_LOG
ALLOW = AdmissionRule(evaluation_mode=EvaluationMode.ALWAYS_ALLOW, enforcement_mode=ENFORCED)
GOOD = Policy(name="projects/p/policy", default_rule=ALLOW)


def require(*attestors: str) -> AdmissionRule:
    return AdmissionRule(
        evaluation_mode=EvaluationMode.REQUIRE_ATTESTATION,
        enforcement_mode=ENFORCED,
        require_attestations_by=attestors,
    )


def fields(draft: Policy) -> list[str]:
    return [violation.field for violation in validate(draft)]


@pytest.mark.parametrize(
    "draft",
    [
        GOOD,
        dataclasses.replace(GOOD, global_evaluation=GlobalEvaluation.ENABLE, description="x" * 4096),
        dataclasses.replace(GOOD, default_rule=require("projects/p/attestors/a", "projects/q/attestors/b")),
        dataclasses.replace(GOOD, allowlist=("nginx", "gcr.io/p/*", "gcr.io/p**")),
        dataclasses.replace(GOOD, cluster_rules={"us-central1-a.test-cluster": ALLOW, "global.test-membership": ALLOW}),
        dataclasses.replace(GOOD, namespace_rules={"some-namespace": ALLOW, "team2": ALLOW}),
        dataclasses.replace(GOOD, service_account_rules={"test-ns:default": ALLOW}),
        dataclasses.replace(
            GOOD,
            istio_rules={"spiffe://example.com/ns/test-ns/sa/default": ALLOW, "p.svc.id.goog/ns/a/sa/b": ALLOW},
        ),
        dataclasses.replace(GOOD, etag="anything", name="projects/other/policy"),
    ],
)
def test_what_the_documentation_shows_may_be_written(draft: Policy) -> None:
    assert validate(draft) == ()


def test_a_policy_needs_a_default_rule() -> None:
    """Importing an empty file sends only a name (SPEC 1.6)."""
    assert fields(Policy(name="projects/p/policy")) == ["defaultAdmissionRule"]


def test_enums_may_not_be_unspecified() -> None:
    rule = AdmissionRule(evaluation_mode=EvaluationMode.UNSPECIFIED, enforcement_mode=EnforcementMode.UNSPECIFIED)
    draft = dataclasses.replace(GOOD, default_rule=rule, namespace_rules={"n": rule})
    assert fields(draft) == [
        "defaultAdmissionRule.evaluationMode",
        "defaultAdmissionRule.enforcementMode",
        "kubernetesNamespaceAdmissionRules[n].evaluationMode",
        "kubernetesNamespaceAdmissionRules[n].enforcementMode",
    ]


def test_attestors_if_and_only_if_attestation_is_required() -> None:
    assert fields(dataclasses.replace(GOOD, default_rule=require())) == ["defaultAdmissionRule.requireAttestationsBy"]
    for mode in (EvaluationMode.ALWAYS_ALLOW, EvaluationMode.ALWAYS_DENY):
        rule = AdmissionRule(
            evaluation_mode=mode, enforcement_mode=ENFORCED, require_attestations_by=("projects/p/attestors/a",)
        )
        (violation,) = validate(dataclasses.replace(GOOD, default_rule=rule))
        assert violation.field == "defaultAdmissionRule.requireAttestationsBy"
        assert mode.value in violation.description


def test_an_attestor_is_named_in_full() -> None:
    draft = dataclasses.replace(GOOD, default_rule=require("projects/p/attestors/a", "built", "projects/p/notes/n"))
    assert fields(draft) == [
        "defaultAdmissionRule.requireAttestationsBy[1]",
        "defaultAdmissionRule.requireAttestationsBy[2]",
    ]
    assert "projects/{project}/attestors/{attestor}" in validate(draft)[0].description


def test_B38_only_one_rule_map_may_be_populated() -> None:
    draft = dataclasses.replace(GOOD, cluster_rules={"l.c": ALLOW}, service_account_rules={"n:s": ALLOW})
    violations = validate(draft)
    assert [violation.field for violation in violations] == [
        "clusterAdmissionRules",
        "kubernetesServiceAccountAdmissionRules",
    ]
    assert "`clusterAdmissionRules`, `kubernetesServiceAccountAdmissionRules`" in violations[0].description


@pytest.mark.parametrize(
    ("field", "key"),
    [
        ("cluster_rules", ""),
        ("cluster_rules", "prod"),
        ("cluster_rules", ".prod"),
        ("cluster_rules", "us-central1-a."),
        ("cluster_rules", "us-central1-a.prod.x"),
        ("cluster_rules", "us-central1-a.Prod"),
        ("cluster_rules", "us-central1-a/prod"),
        ("namespace_rules", "Payments"),
        ("namespace_rules", "pay ments"),
        ("namespace_rules", "*"),
        ("namespace_rules", "-x"),
        ("namespace_rules", "payments\n"),
        ("service_account_rules", "payments"),
        ("service_account_rules", ":default"),
        ("service_account_rules", "payments:"),
        ("service_account_rules", "payments:a:b"),
        ("istio_rules", "payments:default"),
        ("istio_rules", "spiffe:///ns//sa/"),
        ("istio_rules", "https://x/ns/a/sa/b"),
        ("istio_rules", "x/ns/a/sa/b/c"),
        ("istio_rules", "x/n/a/s/b"),
        ("cluster_rules", "a" * 100_000 + ".b"),
    ],
)
def test_a_key_outside_its_format_is_refused_with_what_was_expected(field: str, key: str) -> None:
    violations = validate(dataclasses.replace(GOOD, **{field: {key: ALLOW}}))
    assert len(violations) == 1
    assert "expected" in violations[0].description
    assert len(violations[0].field) < 300
    assert violations[0].field.isprintable()


def test_a_wildcard_in_the_middle_is_refused_by_its_position() -> None:
    draft = dataclasses.replace(GOOD, allowlist=("gcr.io/ok/*", "gcr.io/my-project/n*x", "*"))
    assert fields(draft) == ["admissionWhitelistPatterns[1].namePattern", "admissionWhitelistPatterns[2].namePattern"]


def test_at_most_200_attestor_references_over_all_rules() -> None:
    names = [f"projects/p/attestors/a{number}" for number in range(101)]
    draft = dataclasses.replace(GOOD, default_rule=require(*names), namespace_rules={"n": require(*names)})
    assert fields(draft) == ["requireAttestationsBy"]
    fewer = dataclasses.replace(GOOD, default_rule=require(*names[:100]), namespace_rules={"n": require(*names[:100])})
    assert validate(fewer) == ()


def test_sizes_are_bounded_and_so_is_the_report() -> None:
    assert fields(dataclasses.replace(GOOD, description="x" * 4097)) == ["description"]
    assert fields(dataclasses.replace(GOOD, allowlist=("x",) * 2001)) == ["admissionWhitelistPatterns"]
    many = dataclasses.replace(GOOD, namespace_rules={f"n{number}": ALLOW for number in range(5001)})
    assert fields(many) == ["kubernetesNamespaceAdmissionRules"]
    assert len(validate(dataclasses.replace(GOOD, allowlist=("*",) * 2000))) == MAX_VIOLATIONS


def test_all_faults_are_named_at_once() -> None:
    draft = Policy(name="projects/p/policy", allowlist=("*",), cluster_rules={"x": require()})
    assert len(validate(draft)) == 4
