"""Overrides: admitted in spite of the policy, and found by the documented queries with the overridden result."""

import json

import pytest

from tests.e2e.platform import CLUSTER, HELLO, ZONE, Kubectl, Platform, rule, unique, wait_for

pytestmark = [pytest.mark.servers, pytest.mark.clients]

PODS = """resource.type="k8s_cluster"
logName:"cloudaudit.googleapis.com%2Factivity"
(protoPayload.methodName="io.k8s.core.v1.pods.create" OR
protoPayload.methodName="io.k8s.core.v1.pods.update")
"""
BLOCKED = (
    PODS
    + """protoPayload.response.status="Failure"
(protoPayload.response.reason="VIOLATES_POLICY" OR
protoPayload.response.reason="Forbidden")"""
)
BREAK_GLASS = PODS + '"image-policy.k8s.io/break-glass"'
DRY_RUN = 'labels."imagepolicywebhook.image-policy.k8s.io/dry-run"="true"'
PREFIX = "imagepolicywebhook.image-policy.k8s.io"


def names(entries: list[dict]) -> list[str]:
    """The Pods that log entries are about; a patch of a Pod, as other tests of the platform send it, names none."""
    return [entry["protoPayload"]["request"].get("metadata", {}).get("name", "") for entry in entries]


def test_B22_break_glass_label_deploys_and_is_logged(platform: Platform, kubectl: Kubectl, pod: str) -> None:
    platform.set_policy({"defaultAdmissionRule": rule("ALWAYS_DENY")})
    assert "denied by" in kubectl("run", pod, "--image", HELLO).refused()
    kubectl("run", pod, "--image", HELLO, "--labels", "image-policy.k8s.io/break-glass=true").ok()
    entries = wait_for(lambda: [e for e in platform.log(BREAK_GLASS) if names([e]) == [pod]], "the log entry")
    (entry,) = entries
    assert entry["labels"][f"{PREFIX}/break-glass"] == "true"
    overridden = entry["labels"][f"{PREFIX}/overridden-verification-result"]
    assert overridden == f"'{HELLO}' : Denied by an ALWAYS_DENY admission rule\n"
    assert entry["resource"]["labels"] == {
        "project_id": "demo-project", "location": ZONE, "cluster_name": CLUSTER,
    }  # fmt: skip
    assert entry["protoPayload"]["authenticationInfo"]["principalEmail"] == "owner@binauthz.local"


def test_B22_break_glass_is_logged_when_the_image_conforms(platform: Platform, kubectl: Kubectl, pod: str) -> None:
    kubectl("run", pod, "--image", HELLO, "--labels", "image-policy.k8s.io/break-glass=true").ok()
    (entry,) = wait_for(lambda: [e for e in platform.log(BREAK_GLASS) if names([e]) == [pod]], "the log entry")
    assert f"{PREFIX}/overridden-verification-result" not in entry["labels"]


def test_break_glass_by_the_legacy_annotation(platform: Platform, kubectl: Kubectl, pod: str) -> None:
    platform.set_policy({"defaultAdmissionRule": rule("ALWAYS_DENY")})
    kubectl("run", pod, "--image", HELLO, "--annotations", "alpha.image-policy.k8s.io/break-glass=true").ok()
    wait_for(lambda: [e for e in platform.log(BREAK_GLASS) if names([e]) == [pod]], "the log entry")


def test_a_value_other_than_true_does_not_break_the_glass(platform: Platform, kubectl: Kubectl, pod: str) -> None:
    platform.set_policy({"defaultAdmissionRule": rule("ALWAYS_DENY")})
    assert (
        "denied" in kubectl("run", pod, "--image", HELLO, "--labels", "image-policy.k8s.io/break-glass=yes").refused()
    )


def test_break_glass_belongs_in_the_pod_template(platform: Platform, kubectl: Kubectl, allow_all: None) -> None:
    platform.set_policy({"defaultAdmissionRule": rule("ALWAYS_DENY")})
    name = unique("glass")
    labels = {"image-policy.k8s.io/break-glass": "true", "app": name}
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "hello", "image": HELLO}]}},
    }
    workload = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}
    kubectl("create", "-f", "-", stdin=json.dumps(workload)).ok()
    try:
        kubectl("wait", "--for=condition=Available", f"deployment/{name}", "--timeout=30s").ok()
    finally:
        kubectl("delete", "deployment", name).ok()


def test_dry_run_admits_and_is_logged(platform: Platform, kubectl: Kubectl, pod: str) -> None:
    platform.set_policy({"defaultAdmissionRule": rule("ALWAYS_DENY", dry_run=True)})
    kubectl("run", pod, "--image", HELLO).ok()
    (entry,) = wait_for(lambda: [e for e in platform.log(DRY_RUN) if names([e]) == [pod]], "the log entry")
    overridden = entry["labels"][f"{PREFIX}/overridden-verification-result"]
    assert overridden == f"'{HELLO}' : Denied by an ALWAYS_DENY admission rule\n"
    assert not [e for e in platform.log(BLOCKED) if names([e]) == [pod]]


def test_a_conforming_pod_leaves_no_dry_run_entry(platform: Platform, kubectl: Kubectl, pod: str) -> None:
    platform.set_policy({"defaultAdmissionRule": rule("ALWAYS_ALLOW", dry_run=True)})
    kubectl("run", pod, "--image", HELLO).ok()
    created = f'{PODS} protoPayload.resourceName="core/v1/namespaces/default/pods/{pod}"'
    wait_for(lambda: platform.log(created), "the Pod's own entry")
    assert pod not in names(platform.log(DRY_RUN))


def test_a_refusal_is_found_by_the_blocked_query(platform: Platform, kubectl: Kubectl, pod: str) -> None:
    platform.set_policy({"defaultAdmissionRule": rule("ALWAYS_DENY")})
    kubectl("run", pod, "--image", HELLO).refused()
    (entry,) = wait_for(lambda: [e for e in platform.log(BLOCKED) if names([e]) == [pod]], "the log entry")
    response = entry["protoPayload"]["response"]
    assert (response["code"], response["reason"], response["status"]) == (400, "VIOLATES_POLICY", "Failure")
    assert response["details"]["causes"] == [{"reason": f"'{HELLO}' : Denied by an ALWAYS_DENY admission rule\n"}]
    assert entry["protoPayload"]["status"] == {"code": 3, "message": response["message"]}
    assert not [e for e in platform.log(BREAK_GLASS) if names([e]) == [pod]]
