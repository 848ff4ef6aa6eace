"""The deploy page, word for word, under the default policy."""

import json

import pytest

from tests.e2e.platform import CLUSTER, DIGEST, HELLO, ZONE, Kubectl, Platform, wait_for

pytestmark = [pytest.mark.servers, pytest.mark.clients]


def test_get_credentials_for_a_cluster_writes_the_gke_context(cluster_context: Kubectl) -> None:
    current = cluster_context("config", "current-context").ok().strip()
    assert current == f"gke_demo-project_{ZONE}_{CLUSTER}"


def test_get_credentials_for_a_membership_writes_the_gateway_context(fleet_context: Kubectl) -> None:
    current = fleet_context("config", "current-context").ok().strip()
    assert current == f"connectgateway_demo-project_global_{CLUSTER}"


def test_get_credentials_finds_the_membership_location_by_itself(platform: Platform, fleet_context: Kubectl) -> None:
    platform.env["KUBECONFIG"] = str(fleet_context.kubeconfig)
    platform.gcloud("container", "fleet", "memberships", "get-credentials", CLUSTER).ok()


def test_get_credentials_for_an_unknown_cluster_names_it(platform: Platform) -> None:
    error = platform.gcloud("container", "clusters", "get-credentials", "--zone", ZONE, "missing").refused()
    assert "code=404" in error
    assert "missing" in error


def test_run_get_and_delete_a_pod(kubectl: Kubectl, allow_all: None) -> None:
    assert kubectl("run", "hello", "--image", HELLO).ok() == "pod/hello created\n"
    table = kubectl("get", "pods").ok().splitlines()
    assert table[0].split() == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert any(line.split()[0] == "hello" for line in table[1:])
    wait_for(lambda: "Running" in kubectl("get", "pod", "hello").ok(), "the Pod runs")
    described = kubectl("describe", "pod", "hello").ok()
    assert HELLO in described
    assert "Started" in described
    assert 'pod "hello" deleted' in kubectl("delete", "pod", "hello").ok()
    assert "NotFound" in kubectl("get", "pod", "hello").refused()


def test_the_pod_is_shown_as_written(kubectl: Kubectl, pod: str) -> None:
    kubectl("run", pod, "--image", HELLO).ok()
    shown = json.loads(kubectl("get", "pod", pod, "-o", "json").ok())
    assert shown["spec"]["containers"][0]["image"] == HELLO
    assert kubectl("get", "pod", pod, "-o", "jsonpath={.spec.containers[0].image}").ok() == HELLO
    assert DIGEST in kubectl("get", "pod", pod, "-o", "yaml").ok()
    assert "local-node" in wait_for(lambda: _placed(kubectl, pod), "the Pod is placed")


def _placed(kubectl: Kubectl, pod: str) -> str:
    table = kubectl("get", "pod", pod, "-o", "wide").ok()
    return table if "local-node" in table else ""
