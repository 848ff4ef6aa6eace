"""No namespace, label, owner or detour by a controller keeps a Pod from being judged."""

import json
from collections.abc import Iterator

import pytest

from tests.e2e.platform import HELLO, Kubectl, Platform, rule, unique, wait_for

pytestmark = [pytest.mark.servers, pytest.mark.clients]


@pytest.fixture
def deny_all(platform: Platform, allow_all: None) -> None:
    """Nothing may run."""
    platform.set_policy({"defaultAdmissionRule": rule("ALWAYS_DENY")})


@pytest.fixture
def namespace(cluster_context: Kubectl) -> Iterator[str]:
    """A fresh namespace."""
    name = unique("ns")
    cluster_context("create", "namespace", name).ok()
    yield name
    cluster_context("delete", "namespace", name).ok()


def test_B26_a_fresh_namespace_is_enforced(cluster_context: Kubectl, deny_all: None, namespace: str) -> None:
    assert "denied by" in cluster_context("run", "p", "-n", namespace, "--image", HELLO).refused()


@pytest.mark.parametrize(
    "label", ["admission.gke.io/ignore=true", "image-policy.k8s.io/break-glass=true", "binauthz.dev/enforce=false"]
)
def test_B25_a_label_on_the_namespace_switches_nothing_off(
    cluster_context: Kubectl, deny_all: None, namespace: str, label: str
) -> None:
    cluster_context("label", "namespace", namespace, label).ok()
    assert "denied by" in cluster_context("run", "p", "-n", namespace, "--image", HELLO).refused()


def test_B23_an_object_in_another_namespace_excuses_nothing(
    cluster_context: Kubectl, deny_all: None, namespace: str
) -> None:
    patterns = json.dumps([{"namePattern": HELLO}])
    cluster_context(
        "create", "configmap", "binauthz-exceptions", "-n", namespace, f"--from-literal=patterns={patterns}"
    ).ok()
    assert "denied by" in cluster_context("run", "p", "-n", namespace, "--image", HELLO).refused()


def test_kube_system_is_not_exempt(cluster_context: Kubectl, deny_all: None) -> None:
    assert "denied by" in cluster_context("run", unique("p"), "-n", "kube-system", "--image", HELLO).refused()


def test_B11_scaling_up_from_zero_is_judged(platform: Platform, cluster_context: Kubectl, deny_all: None) -> None:
    name = unique("zero")
    cluster_context("create", "deployment", name, "--image", HELLO, "--replicas", "0").ok()
    try:
        cluster_context("scale", "deployment", name, "--replicas", "1").ok()
        wait_for(lambda: _refused(cluster_context, name), "the FailedCreate event")
    finally:
        cluster_context("delete", "deployment", name).ok()


@pytest.mark.parametrize("owner", ["apps/v1 ReplicaSet", "example.com/v1 Operated"])
def test_B08_B21_a_pod_that_says_who_made_it_is_judged_all_the_same(
    cluster_context: Kubectl, deny_all: None, owner: str
) -> None:
    version, kind = owner.split()
    reference = {"apiVersion": version, "kind": kind, "name": "parent", "uid": "00000000-0000-0000-0000-000000000000"}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": unique("owned"), "ownerReferences": [reference]},
        "spec": {"containers": [{"name": "c", "image": HELLO}]},
    }
    assert "denied by" in cluster_context("create", "-f", "-", stdin=json.dumps(pod)).refused()


def test_B93_a_refusal_is_not_remembered(platform: Platform, cluster_context: Kubectl, allow_all: None) -> None:
    name = unique("again")
    for _ in range(3):
        platform.set_policy({"defaultAdmissionRule": rule("ALWAYS_DENY")})
        assert "denied by" in cluster_context("run", name, "--image", HELLO).refused()
        platform.set_policy({"defaultAdmissionRule": rule("ALWAYS_ALLOW")})
        cluster_context("run", name, "--image", HELLO).ok()
        cluster_context("delete", "pod", name, "--now").ok()


def _refused(kubectl: Kubectl, name: str) -> bool:
    events = json.loads(kubectl("get", "events", "--field-selector", "reason=FailedCreate", "-o", "json").ok())["items"]
    return any(event["involvedObject"]["name"].startswith(name) for event in events)
