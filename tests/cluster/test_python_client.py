"""The unmodified Python client of Kubernetes against a cluster."""

import contextlib
from collections.abc import Iterator

import kubernetes
import pytest

from tests.cluster.door import MASTER, Cluster, pod, wait_for

pytestmark = [pytest.mark.servers, pytest.mark.clients]


@pytest.fixture
def core(cluster: Cluster) -> "Iterator[kubernetes.client.CoreV1Api]":
    configuration = kubernetes.client.Configuration()
    configuration.host = f"https://127.0.0.1:{cluster.port}"
    configuration.ssl_ca_cert = str(cluster.folder / "cert.pem")
    configuration.api_key = {"authorization": f"Bearer {MASTER}"}
    configuration.no_proxy = "127.0.0.1"
    with kubernetes.client.ApiClient(configuration) as client:
        yield kubernetes.client.CoreV1Api(client)


def test_a_pod_is_created_watched_patched_listed_and_deleted(core: "kubernetes.client.CoreV1Api") -> None:
    made = core.create_namespaced_pod("default", pod("py", app="py"))
    assert made.spec.containers[0].image_pull_policy == "Always"
    watch = kubernetes.watch.Watch()
    with contextlib.closing(
        watch.stream(
            core.list_namespaced_pod,
            "default",
            label_selector="app=py",
            timeout_seconds=10,
        )
    ) as events:
        for event in events:
            assert event["type"] in ("ADDED", "MODIFIED")
            if event["object"].status.phase == "Running":
                break
    patched = core.patch_namespaced_pod("py", "default", {"metadata": {"annotations": {"a": "b"}}})
    assert patched.metadata.annotations == {"a": "b"}
    listed = core.list_namespaced_pod("default", label_selector="app=py", limit=1)
    assert [one.metadata.name for one in listed.items] == ["py"]
    core.delete_namespaced_pod("py", "default", grace_period_seconds=0)
    wait_for(lambda: not core.list_namespaced_pod("default", label_selector="app=py").items)


def test_refusals_are_the_client_s_own_exceptions(core: "kubernetes.client.CoreV1Api") -> None:
    with pytest.raises(kubernetes.client.ApiException) as denied:
        core.create_namespaced_pod("default", pod("py-denied", "denied"))
    assert denied.value.status == 400
    assert "denied the request: not attested" in denied.value.body
    with pytest.raises(kubernetes.client.ApiException) as missing:
        core.read_namespaced_pod("nowhere", "default")
    assert (missing.value.status, missing.value.reason) == (404, "Not Found")
