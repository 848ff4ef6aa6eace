"""SPEC 1.3, 1.4: which rule judges a Pod."""

import pytest

from binauthz.policy.model import AdmissionRule, EnforcementMode, EvaluationMode, Policy
from binauthz.policy.scopes import Scope, choose
from binauthz.policy.subject import Subject, break_glass_requested, pod_subject

DENY = AdmissionRule(
    evaluation_mode=EvaluationMode.ALWAYS_DENY, enforcement_mode=EnforcementMode.ENFORCED_BLOCK_AND_AUDIT_LOG
)
ALLOW = AdmissionRule(
    evaluation_mode=EvaluationMode.ALWAYS_ALLOW, enforcement_mode=EnforcementMode.ENFORCED_BLOCK_AND_AUDIT_LOG
)


def subject(namespace: str = "payments", service_account: str = "deployer", cluster: str = "prod") -> Subject:
    return pod_subject(
        project="p",
        location="us-central1-a",
        cluster=cluster,
        namespace=namespace,
        service_account=service_account,
        images=(),
        labels={},
        annotations={},
    )


@pytest.mark.parametrize(
    ("field", "key", "scope"),
    [
        ("cluster_rules", "us-central1-a.prod", Scope.CLUSTER),
        ("namespace_rules", "payments", Scope.NAMESPACE),
        ("service_account_rules", "payments:deployer", Scope.SERVICE_ACCOUNT),
    ],
)
def test_a_matching_specific_rule_replaces_the_default(field: str, key: str, scope: Scope) -> None:
    policy = Policy(name="projects/p/policy", default_rule=ALLOW, **{field: {key: DENY, f"{key}x": ALLOW}})
    ruling = choose(policy, subject())
    assert (ruling.scope, ruling.key, ruling.rule) == (scope, key, DENY)


@pytest.mark.parametrize(
    ("field", "key"),
    [
        ("cluster_rules", "us-central1-a.PROD"),
        ("cluster_rules", "us-central1-b.prod"),
        ("cluster_rules", "prod"),
        ("namespace_rules", "payment"),
        ("namespace_rules", "payments "),
        ("service_account_rules", "payments:default"),
        ("service_account_rules", "deployer"),
        ("istio_rules", "p.svc.id.goog/ns/payments/sa/deployer"),
        ("istio_rules", "spiffe://p.svc.id.goog/ns/payments/sa/deployer"),
    ],
)
def test_without_an_exact_match_the_default_rule_decides(field: str, key: str) -> None:
    policy = Policy(name="projects/p/policy", default_rule=ALLOW, **{field: {key: DENY}})
    ruling = choose(policy, subject())
    assert (ruling.scope, ruling.key, ruling.rule) == (Scope.DEFAULT, "", ALLOW)


def test_B27_a_name_that_runs_into_its_neighbour_matches_no_other_key() -> None:
    """A dot in a location or a colon in a namespace would shift the border between the two halves of a key."""
    policy = Policy(name="projects/p/policy", default_rule=DENY, service_account_rules={"a:b": ALLOW})
    assert choose(policy, subject("a", "b")).rule == ALLOW
    assert choose(policy, subject("a", "b:c")).rule == DENY
    assert choose(policy, subject("a:b", "")).rule == DENY


def test_two_populated_maps_are_ambiguous_even_where_neither_matches() -> None:
    policy = Policy(
        name="projects/p/policy", default_rule=ALLOW, namespace_rules={"x": DENY}, istio_rules={"y/ns/a/sa/b": DENY}
    )
    ruling = choose(policy, subject())
    assert ruling.scope is Scope.AMBIGUOUS
    assert ruling.rule is None
    assert not ruling.dry_run


def test_namespace_and_service_account_default_to_default() -> None:
    plain = subject("", "")
    assert (plain.namespace, plain.service_account, plain.cluster) == ("default", "default", "us-central1-a.prod")


@pytest.mark.parametrize("value", ["True", "TRUE", "1", "yes", "", " true", "true ", "ticket 42: true"])
def test_B22_only_exactly_true_breaks_the_glass(value: str) -> None:
    label, annotation = "image-policy.k8s.io/break-glass", "alpha.image-policy.k8s.io/break-glass"
    assert not break_glass_requested({label: value}, {annotation: value})
    assert break_glass_requested({label: "true"}, {})
    assert break_glass_requested({}, {annotation: "true"})
    assert not break_glass_requested({annotation: "true"}, {label: "true"})
