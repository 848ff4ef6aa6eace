"""Refusals: GKE's text, events for what controllers make, digests, exemptions."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.platform import DIGEST, HELLO, IMAGE, Kubectl, Platform, rule, unique, wait_for

pytestmark = [pytest.mark.servers, pytest.mark.clients]

DENIED = 'admission webhook "imagepolicywebhook.image-policy.k8s.io" denied the request: '
ALWAYS = f"Image {HELLO} denied by Binary Authorization default admission rule. Denied by always_deny admission rule"


def test_policy_import_of_deny_all_refuses_the_very_next_pod(
    platform: Platform, kubectl: Kubectl, pod: str, scratch: Path
) -> None:
    file = scratch / "policy.yaml"
    file.write_text(
        "globalPolicyEvaluationMode: DISABLE\nadmissionWhitelistPatterns:\ndefaultAdmissionRule:\n"
        "  evaluationMode: ALWAYS_DENY\n  enforcementMode: ENFORCED_BLOCK_AND_AUDIT_LOG\n"
    )
    shown = platform.gcloud("container", "binauthz", "policy", "import", str(file)).ok()
    assert "evaluationMode: ALWAYS_DENY" in shown
    error = kubectl("run", pod, "--image", HELLO).refused()
    assert error.strip() == f"Error from server (VIOLATES_POLICY): {DENIED}{ALWAYS}"


def test_an_exported_policy_can_be_imported_again(platform: Platform, allow_all: None, scratch: Path) -> None:
    file = scratch / "policy.yaml"
    file.write_text(platform.gcloud("container", "binauthz", "policy", "export").ok())
    platform.set_policy({"defaultAdmissionRule": rule("ALWAYS_DENY")})
    assert "ALWAYS_ALLOW" in platform.gcloud("container", "binauthz", "policy", "import", str(file)).ok()


@pytest.mark.parametrize("kind", ["deployment", "statefulset"])
def test_B07_a_workload_is_created_but_its_pods_are_not(
    platform: Platform, kubectl: Kubectl, allow_all: None, kind: str
) -> None:
    platform.set_policy({"defaultAdmissionRule": rule("ALWAYS_DENY")})
    name = unique("app")
    kubectl("create", "-f", "-", stdin=json.dumps(_workload(kind, name))).ok()
    try:
        event = wait_for(lambda: _failed_create(kubectl, name), "the FailedCreate event")
        assert DENIED + ALWAYS in event["message"]
        assert event["involvedObject"]["kind"] == {"deployment": "ReplicaSet", "statefulset": "StatefulSet"}[kind]
        assert kubectl("get", "pods", "-l", f"app={name}").err.startswith("No resources found")
    finally:
        kubectl("delete", kind, name).ok()


def test_a_refused_deployment_recovers_once_policy_allows(
    platform: Platform, kubectl: Kubectl, allow_all: None
) -> None:
    platform.set_policy({"defaultAdmissionRule": rule("ALWAYS_DENY")})
    name = unique("late")
    kubectl("create", "deployment", name, "--image", HELLO).ok()
    try:
        wait_for(lambda: _failed_create(kubectl, name), "the FailedCreate event")
        platform.set_policy({"defaultAdmissionRule": rule("ALWAYS_ALLOW")})
        kubectl("wait", "--for=condition=Available", f"deployment/{name}", "--timeout=50s").ok()
    finally:
        kubectl("delete", "deployment", name).ok()


def test_a_tag_is_refused_with_the_digest_message(
    platform: Platform, kubectl: Kubectl, pod: str, attestor: str
) -> None:
    platform.set_policy({"defaultAdmissionRule": rule("REQUIRE_ATTESTATION", attestor)})
    error = kubectl("run", pod, "--image", f"{IMAGE}:1.0").refused()
    assert error.strip() == (
        f"Error from server (VIOLATES_POLICY): {DENIED}Image {IMAGE}:1.0 denied by Binary Authorization default "
        f"admission rule. Image {IMAGE}:1.0 denied by attestor {attestor}: Expected digest with sha256 scheme, but got "
        "tag or malformed digest"
    )


def test_an_unattested_image_is_refused_with_the_attestor_message(
    platform: Platform, kubectl: Kubectl, pod: str, attestor: str
) -> None:
    platform.set_policy({"defaultAdmissionRule": rule("REQUIRE_ATTESTATION", attestor)})
    error = kubectl("run", pod, "--image", HELLO).refused()
    assert error.strip() == (
        f"Error from server (VIOLATES_POLICY): {DENIED}Image {HELLO} denied by Binary Authorization default admission "
        f"rule. Image {HELLO} denied by attestor {attestor}: No attestations found that were valid and signed by a key "
        "trusted by the attestor"
    )


def test_an_allowlisted_image_passes(platform: Platform, kubectl: Kubectl, pod: str) -> None:
    platform.set_policy(
        {
            "admissionWhitelistPatterns": [{"namePattern": f"{IMAGE}@*"}],
            "defaultAdmissionRule": rule("ALWAYS_DENY"),
        }
    )
    kubectl("run", pod, "--image", HELLO).ok()
    other = "us-docker.pkg.dev/google-samples/containers/gke/other@" + DIGEST
    assert "denied by" in kubectl("run", unique("no"), "--image", other).refused()


def test_a_cluster_rule_names_the_cluster(platform: Platform, kubectl: Kubectl, pod: str) -> None:
    platform.set_policy(
        {
            "clusterAdmissionRules": {"us-central1-a.local-cluster": rule("ALWAYS_DENY")},
            "defaultAdmissionRule": rule("ALWAYS_ALLOW"),
        }
    )
    error = kubectl("run", pod, "--image", "nginx").refused()
    assert (
        "Image nginx denied by Binary Authorization cluster admission rule for us-central1-a.local-cluster. "
        "Denied by always_deny admission rule"
    ) in error


def test_B02_an_ephemeral_container_is_judged(platform: Platform, kubectl: Kubectl, pod: str) -> None:
    kubectl("run", pod, "--image", HELLO).ok()
    platform.set_policy({"defaultAdmissionRule": rule("ALWAYS_DENY")})
    error = kubectl("debug", pod, "--image", "busybox", "--", "sh").refused()
    assert "Image busybox denied by Binary Authorization" in error


def test_a_label_may_change_under_a_policy_that_refuses_the_image(
    platform: Platform, kubectl: Kubectl, pod: str
) -> None:
    kubectl("run", pod, "--image", HELLO).ok()
    platform.set_policy({"defaultAdmissionRule": rule("ALWAYS_DENY")})
    kubectl("label", "pod", pod, "tier=web").ok()
    assert "denied by" in kubectl("set", "image", f"pod/{pod}", f"{pod}=nginx").refused()


@pytest.fixture
def attestor(make_attestor: Callable[[], str]) -> str:
    """An attestor without keys."""
    return make_attestor()


def _failed_create(kubectl: Kubectl, name: str) -> dict[str, object] | None:
    events = json.loads(kubectl("get", "events", "--field-selector", "reason=FailedCreate", "-o", "json").ok())["items"]
    return next((event for event in events if event["involvedObject"]["name"].startswith(name)), None)


def _workload(kind: str, name: str) -> dict[str, object]:
    pod = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "hello", "image": HELLO}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": pod}
    more = {"serviceName": name} if kind == "statefulset" else {}
    names = {"deployment": "Deployment", "statefulset": "StatefulSet"}
    return {"apiVersion": "apps/v1", "kind": names[kind], "metadata": {"name": name}, "spec": {**spec, **more}}
