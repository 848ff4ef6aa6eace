"""Cluster and membership messages: what kubeconfig generators read is there, and what misleads them is not."""

import base64
import datetime as dt
from typing import Any

import pytest

from binauthz.store.records import Cluster, ClusterOperation, LogEntry, Membership, PolicyBinding
from binauthz.wire import container, logging
from binauthz.wire.gkehub import from_membership
from binauthz.wire.json import to_json

NOW = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
CLUSTER = Cluster(
    name="projects/p/locations/us-central1-a/clusters/c",
    server="https://127.0.0.1:6443/",
    ca_pem="PEM\n",
    create_time=NOW,
    version="v1.31.2",
    proxy_token="secret-proxy-token",
    webhook_token_hash="secret-hash",
)


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_a_cluster_has_everything_a_kubeconfig_needs_and_no_secret(version: str) -> None:
    document = to_json(container.from_cluster(CLUSTER, version))
    assert document["endpoint"] == "127.0.0.1:6443"
    assert base64.b64decode(document["masterAuth"]["clusterCaCertificate"]) == b"PEM\n"
    assert (document["zone"], document["location"], document["status"]) == ("us-central1-a", "us-central1-a", "RUNNING")
    assert document["currentMasterVersion"] == "1.31.2"
    assert "controlPlaneEndpointsConfig" not in document
    assert "secret" not in str(document)


def test_a_regional_cluster_has_a_zone_too() -> None:
    cluster = Cluster(name="projects/p/locations/us-east1/clusters/c", server="https://h", ca_pem="", create_time=NOW)
    document = to_json(container.from_cluster(cluster, "v1"))
    assert document["zone"] == "us-east1"
    assert document["selfLink"].endswith("/projects/p/locations/us-east1/clusters/c")


@pytest.mark.parametrize(
    ("mode", "enabled"),
    [
        ("DISABLED", None),
        ("PROJECT_SINGLETON_POLICY_ENFORCE", True),
        ("POLICY_BINDINGS", None),
        ("POLICY_BINDINGS_AND_PROJECT_SINGLETON_POLICY_ENFORCE", True),
    ],
)
def test_enabled_means_that_the_singleton_policy_is_enforced(mode: str, enabled: bool | None) -> None:
    cluster = Cluster(
        name=CLUSTER.name,
        server="https://h",
        ca_pem="",
        create_time=NOW,
        evaluation_mode=mode,
        policy_bindings=(PolicyBinding(name="projects/1/platforms/gke/policies/x"),),
    )
    shown = to_json(container.from_cluster(cluster, "v1beta1"))["binaryAuthorization"]
    assert (shown["evaluationMode"], shown.get("enabled")) == (mode, enabled)
    assert shown["policyBindings"] == [{"name": "projects/1/platforms/gke/policies/x"}]


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_an_operation_says_what_it_does_to_which_cluster_and_how_far_it_is(version: str) -> None:
    operation = ClusterOperation(
        name="projects/p/locations/us-central1-a/operations/o",
        cluster=CLUSTER.name,
        type="CREATE_CLUSTER",
        start_time=NOW,
        detail="Waiting.",
        stages={"CLUSTER_CONFIGURING": "DONE", "CLUSTER_DEPLOYING": "RUNNING"},
    )
    document = to_json(container.from_operation(operation, version))
    host = f"https://container.googleapis.com/{version}/projects/p/zones/us-central1-a"
    assert document == {
        "name": "o",
        "zone": "us-central1-a",
        "location": "us-central1-a",
        "operationType": "CREATE_CLUSTER",
        "status": "RUNNING",
        "detail": "Waiting.",
        "selfLink": f"{host}/operations/o",
        "targetLink": f"{host}/clusters/c",
        "startTime": "2026-05-01T00:00:00+00:00",
        "progress": {
            "name": "CREATE_CLUSTER",
            "status": "RUNNING",
            "stages": [
                {"name": "CLUSTER_CONFIGURING", "status": "DONE"},
                {"name": "CLUSTER_DEPLOYING", "status": "RUNNING"},
            ],
        },
    }


def test_an_operation_that_failed_says_why_where_clients_look() -> None:
    operation = ClusterOperation(
        name="projects/p/locations/us-east1/operations/o",
        cluster="projects/p/locations/us-east1/clusters/c",
        type="CREATE_CLUSTER",
        start_time=NOW,
        status="DONE",
        end_time=NOW,
        error="it did not answer",
        error_code=4,
    )
    document = to_json(container.from_operation(operation, "v1"))
    assert (document["status"], document["statusMessage"]) == ("DONE", "it did not answer")
    assert document["error"] == {"code": 4, "message": "it did not answer"}
    assert document["endTime"] == "2026-05-01T00:00:00+00:00"
    assert document["targetLink"].endswith("/projects/p/locations/us-east1/clusters/c")


def test_a_membership_points_at_its_cluster() -> None:
    membership = Membership(
        name="projects/p/locations/global/memberships/m",
        cluster=CLUSTER.name,
        unique_id="u",
        create_time=NOW,
        update_time=NOW,
        labels={"env": "prod"},
    )
    document = to_json(from_membership(membership, CLUSTER, "v1"))
    assert document["endpoint"]["gkeCluster"]["resourceLink"] == f"//container.googleapis.com/{CLUSTER.name}"
    assert document["endpoint"]["kubernetesMetadata"]["kubernetesApiServerVersion"] == "v1.31.2"
    assert (document["state"], document["labels"]) == ({"code": "READY"}, {"env": "prod"})


def test_a_kubernetes_audit_entry_keeps_its_shape() -> None:
    pod: dict[str, Any] = {"@type": "core.k8s.io/v1.Pod", "spec": {"containers": [{"image": "i", "args": []}]}}
    document: dict[str, Any] = {
        "logName": "projects/p/logs/cloudaudit.googleapis.com%2Factivity",
        "insertId": "1",
        "timestamp": "2026-05-01T00:00:00.123456Z",
        "resource": {"type": "k8s_cluster", "labels": {"cluster_name": "c"}},
        "labels": {"imagepolicywebhook.image-policy.k8s.io/dry-run": "true"},
        "operation": {"id": "1", "producer": "k8s.io", "first": True, "last": True},
        "protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "serviceName": "k8s.io",
            "methodName": "io.k8s.core.v1.pods.create",
            "request": pod,
            "response": {"code": 400, "reason": "VIOLATES_POLICY", "status": "Failure"},
            "status": {"code": 3, "message": "no"},
        },
    }
    entry = LogEntry(name="n", log_name="l", timestamp=NOW, severity="DEFAULT", document=document)
    assert to_json(logging.from_entry(entry)) == document


def test_a_member_that_the_api_does_not_have_is_left_out() -> None:
    document = {"logName": "projects/p/logs/l", "textPayload": "x", "invented": {"deep": 1}}
    entry = LogEntry(name="n", log_name="l", timestamp=NOW, severity="DEFAULT", document=document)
    assert to_json(logging.from_entry(entry)) == {"logName": "projects/p/logs/l", "textPayload": "x"}
