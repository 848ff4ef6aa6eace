"""SPEC 1.4: what may name a cluster, namespace, service account or mesh identity in a rule map."""

import pytest

from tests.services.api import Api, Refused, api

__all__ = ["api"]

PATH = "/v1/projects/demo-project/policy"
RULE = {"evaluationMode": "ALWAYS_ALLOW", "enforcementMode": "ENFORCED_BLOCK_AND_AUDIT_LOG"}
CLUSTER, NAMESPACE = "clusterAdmissionRules", "kubernetesNamespaceAdmissionRules"
ACCOUNT, MESH = "kubernetesServiceAccountAdmissionRules", "istioServiceIdentityAdmissionRules"


@pytest.mark.parametrize(
    ("rules", "key"),
    [
        (CLUSTER, "us-central1-a.test-cluster"),
        (CLUSTER, "us-central1.test-cluster"),
        (CLUSTER, "global.test-membership"),
        (NAMESPACE, "some-namespace"),
        (NAMESPACE, "team2"),
        (NAMESPACE, "a"),
        (NAMESPACE, "n" * 63),
        (ACCOUNT, "test-ns:default"),
        (ACCOUNT, "test-ns:robot.v2"),
        (MESH, "spiffe://example.com/ns/test-ns/sa/default"),
        (MESH, "demo-project.svc.id.goog/ns/test-ns/sa/default"),
    ],
)
def test_documented_forms_are_accepted_and_kept(api: Api, rules: str, key: str) -> None:
    document = {"defaultAdmissionRule": RULE, rules: {key: RULE}}
    api.ok("PUT", PATH, document)
    assert api.ok("GET", PATH)[rules] == {key: RULE}


@pytest.mark.parametrize(
    ("rules", "key"),
    [
        (CLUSTER, "test-cluster"),
        (CLUSTER, "us-central1-a."),
        (CLUSTER, ".test-cluster"),
        (CLUSTER, "us-central1-a.test-cluster.x"),
        (CLUSTER, "us-central1-a/test-cluster"),
        (CLUSTER, "us-central1-a.Test"),
        (CLUSTER, "*"),
        (NAMESPACE, "Some-Namespace"),
        (NAMESPACE, "some_namespace"),
        (NAMESPACE, "-some"),
        (NAMESPACE, "*"),
        (NAMESPACE, "a/b"),
        (NAMESPACE, "n" * 300),
        (ACCOUNT, "default"),
        (ACCOUNT, "test-ns:"),
        (ACCOUNT, ":default"),
        (ACCOUNT, "test-ns:default:x"),
        (ACCOUNT, "test-ns/default"),
        (MESH, "test-ns:default"),
        (MESH, "spiffe:///ns//sa/"),
        (MESH, "https://example.com/ns/test-ns/sa/default"),
        (MESH, "example.com/namespace/test-ns/account/default"),
        (MESH, "example.com/ns/test-ns/sa/default/x"),
    ],
)
def test_other_forms_are_refused_by_their_key(api: Api, rules: str, key: str) -> None:
    before = api.ok("GET", PATH)
    shown = key if len(key) <= 120 else f"{key[:120]}..."
    api.judge(Refused(f"{rules}[{shown}]"), "PUT", PATH, {"defaultAdmissionRule": RULE, rules: {key: RULE}})
    assert api.ok("GET", PATH) == before


@pytest.mark.parametrize("rules", [CLUSTER, NAMESPACE, ACCOUNT, MESH])
def test_an_empty_key_is_refused(api: Api, rules: str) -> None:
    api.judge(Refused(f"{rules}[]"), "PUT", PATH, {"defaultAdmissionRule": RULE, rules: {"": RULE}})


@pytest.mark.parametrize("rules", [CLUSTER, NAMESPACE])
def test_a_key_given_twice_is_refused(api: Api, rules: str) -> None:
    twice = f'{{"{rules}": {{"a.b": {{}}, "a.b": {{}}}}}}'.encode()
    api.judge(Refused(), "PUT", PATH, twice)


def test_5000_rules_are_accepted_and_one_more_is_not(api: Api) -> None:
    rules = {f"n{number}": RULE for number in range(5000)}
    api.ok("PUT", PATH, {"defaultAdmissionRule": RULE, NAMESPACE: rules})
    api.judge(Refused(NAMESPACE), "PUT", PATH, {"defaultAdmissionRule": RULE, NAMESPACE: {**rules, "more": RULE}})
