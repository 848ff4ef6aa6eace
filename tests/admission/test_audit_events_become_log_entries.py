"""SPEC 5.3: an audit event becomes the entry that the documented queries look for."""

import datetime as dt
import json
from typing import Any

import msgspec
import pytest

from binauthz.admission.entries import ClusterIdentity, activity_entry, admitted_by_failing_open, is_activity
from binauthz.admission.events import Event, decode_event
from tests.admission.samples import event, pod

CLUSTER = ClusterIdentity("P", "us-central1-a", "my-cluster-1")
RECEIVED = dt.datetime(2024, 5, 12, 5, 13, 17, 693033, tzinfo=dt.UTC)
DENIAL = (
    'admission webhook "imagepolicywebhook.image-policy.k8s.io" denied the request: Image nginx denied by Binary '
    "Authorization default admission rule. Denied by always_deny admission rule"
)
PREFIX = "imagepolicywebhook.image-policy.k8s.io"


def decoded(**changes: Any) -> Event:
    return decode_event(msgspec.Raw(json.dumps(event(**changes)).encode()))


def entry(**changes: Any) -> dict[str, Any]:
    return dict(activity_entry(decoded(**changes), CLUSTER, RECEIVED).document)


def denied() -> dict[str, Any]:
    status = {
        "metadata": {},
        "status": "Failure",
        "message": DENIAL,
        "reason": "VIOLATES_POLICY",
        "details": {"kind": "Pod", "causes": [{"reason": "'nginx' : Denied by an ALWAYS_DENY admission rule\n"}]},
        "code": 400,
    }
    return {
        "requestObject": pod("nginx"),
        "responseStatus": status,
        "responseObject": {"kind": "Status", "apiVersion": "v1", **status},
        "annotations": {
            "authorization.k8s.io/decision": "allow",
            "authorization.k8s.io/reason": "access granted by IAM permissions.",
            "pod-security.kubernetes.io/enforce-policy": "privileged:latest",
        },
    }


def test_a_blocked_pod_reads_as_in_the_captured_entry() -> None:
    assert entry(**denied()) == {
        "logName": "projects/P/logs/cloudaudit.googleapis.com%2Factivity",
        "insertId": "5a3a3498-e69a-47f5-a02d-67bcc8f9efae",
        "timestamp": "2024-05-12T05:13:08.760303Z",
        "receiveTimestamp": "2024-05-12T05:13:17.693033Z",
        "resource": {
            "type": "k8s_cluster",
            "labels": {"project_id": "P", "location": "us-central1-a", "cluster_name": "my-cluster-1"},
        },
        "operation": {
            "id": "5a3a3498-e69a-47f5-a02d-67bcc8f9efae",
            "producer": "k8s.io",
            "first": True,
            "last": True,
        },
        "labels": {
            "authorization.k8s.io/decision": "allow",
            "authorization.k8s.io/reason": "access granted by IAM permissions.",
            "pod-security.kubernetes.io/enforce-policy": "privileged:latest",
        },
        "protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "serviceName": "k8s.io",
            "methodName": "io.k8s.core.v1.pods.create",
            "resourceName": "core/v1/namespaces/default/pods/nginx",
            "authenticationInfo": {"principalEmail": "user@example.com"},
            "authorizationInfo": [
                {
                    "granted": True,
                    "permission": "io.k8s.core.v1.pods.create",
                    "resource": "core/v1/namespaces/default/pods/nginx",
                }
            ],
            "requestMetadata": {
                "callerIp": "203.0.113.9",
                "callerSuppliedUserAgent": "kubectl/v1.28.9 (linux/amd64) kubernetes/587f5fe",
            },
            "request": {"@type": "core.k8s.io/v1.Pod", **pod("nginx")},
            "response": {
                "@type": "core.k8s.io/v1.Status",
                "apiVersion": "v1",
                "kind": "Status",
                "metadata": {},
                "status": "Failure",
                "code": 400,
                "reason": "VIOLATES_POLICY",
                "message": DENIAL,
                "details": {
                    "kind": "Pod",
                    "causes": [{"reason": "'nginx' : Denied by an ALWAYS_DENY admission rule\n"}],
                },
            },
            "status": {"code": 3, "message": DENIAL},
        },
    }


def test_audit_annotations_become_labels() -> None:
    annotations = {
        f"{PREFIX}/break-glass": "true",
        f"{PREFIX}/overridden-verification-result": "'nginx' : Denied by an ALWAYS_DENY admission rule\n",
    }
    made = entry(annotations=annotations)
    assert made["labels"] == annotations
    assert made["protoPayload"]["status"] == {"code": 0}
    assert made["protoPayload"]["response"]["@type"] == "core.k8s.io/v1.Pod"


def test_a_refusal_without_a_response_object_still_carries_the_status() -> None:
    changes = denied()
    del changes["responseObject"]
    response = entry(**changes, responseObject=None)["protoPayload"]["response"]
    assert (response["@type"], response["status"], response["reason"]) == (
        "core.k8s.io/v1.Status",
        "Failure",
        "VIOLATES_POLICY",
    )
    assert response["details"]["causes"]


@pytest.mark.parametrize(
    ("code", "reason", "number"),
    [
        (400, "VIOLATES_POLICY", 3),
        (401, "Unauthorized", 16),
        (403, "Forbidden", 7),
        (404, "NotFound", 5),
        (409, "AlreadyExists", 6),
        (409, "Conflict", 10),
        (422, "Invalid", 3),
        (429, "TooManyRequests", 8),
        (500, "InternalError", 13),
        (504, "Timeout", 4),
        (418, "Teapot", 9),
    ],
)
def test_http_statuses_become_canonical_codes(code: int, reason: str, number: int) -> None:
    status = {"code": code, "status": "Failure", "reason": reason, "message": "m"}
    assert entry(responseStatus=status, responseObject=None)["protoPayload"]["status"] == {
        "code": number,
        "message": "m",
    }


def test_a_pod_of_a_controller_has_no_name_yet() -> None:
    reference = {"resource": "pods", "namespace": "kube-system", "apiVersion": "v1"}
    user = {"username": "system:serviceaccount:kube-system:replicaset-controller"}
    payload = entry(objectRef=reference, user=user, sourceIPs=["::1"])["protoPayload"]
    assert payload["resourceName"] == "core/v1/namespaces/kube-system/pods"
    assert payload["authenticationInfo"]["principalEmail"] == user["username"]
    assert payload["requestMetadata"]["callerIp"] == "::1"


@pytest.mark.parametrize(
    ("reference", "verb", "method", "resource"),
    [
        (
            {"resource": "deployments", "namespace": "n", "name": "d", "apiGroup": "apps", "apiVersion": "v1"},
            "create",
            "io.k8s.apps.v1.deployments.create",
            "apps/v1/namespaces/n/deployments/d",
        ),
        (
            {"resource": "clusterroles", "name": "r", "apiGroup": "rbac.authorization.k8s.io", "apiVersion": "v1"},
            "patch",
            "io.k8s.authorization.rbac.v1.clusterroles.patch",
            "rbac.authorization.k8s.io/v1/clusterroles/r",
        ),
        (
            {"resource": "pods", "namespace": "n", "name": "p", "apiVersion": "v1", "subresource": "exec"},
            "create",
            "io.k8s.core.v1.pods.exec.create",
            "core/v1/namespaces/n/pods/p/exec",
        ),
        (
            {"resource": "certificates", "namespace": "n", "name": "c", "apiGroup": "cert.io", "apiVersion": "v1"},
            "delete",
            "io.cert.v1.certificates.delete",
            "cert.io/v1/namespaces/n/certificates/c",
        ),
        (
            {"resource": "pods", "namespace": "n", "name": "p", "apiVersion": "v1"},
            "patch",
            "io.k8s.core.v1.pods.patch",
            "core/v1/namespaces/n/pods/p",
        ),
    ],
)
def test_method_and_resource_names(reference: dict[str, str], verb: str, method: str, resource: str) -> None:
    payload = entry(objectRef=reference, verb=verb)["protoPayload"]
    assert (payload["methodName"], payload["resourceName"]) == (method, resource)


@pytest.mark.parametrize(("verb", "subresource"), [("patch", ""), ("update", ""), ("patch", "ephemeralcontainers")])
def test_B02_a_refused_change_is_found_by_the_documented_queries(verb: str, subresource: str) -> None:
    reference = {"resource": "pods", "namespace": "n", "name": "p", "apiVersion": "v1", "subresource": subresource}
    payload = entry(**denied(), objectRef=reference, verb=verb)["protoPayload"]
    assert payload["methodName"] == "io.k8s.core.v1.pods.update"
    sent = f"{verb} {subresource}".strip()
    assert payload.get("metadata", {}).get("verb", verb) == sent


def test_impersonation_names_who_asked_and_who_spoke_for_them() -> None:
    payload = entry(user={"username": "gateway"}, impersonatedUser={"username": "a@b.c"})["protoPayload"]
    assert payload["authenticationInfo"]["principalEmail"] == "a@b.c"
    assert payload["metadata"] == {"impersonatedBy": "gateway"}


def test_the_same_event_twice_is_one_entry_and_a_reused_audit_id_is_two() -> None:
    def name(**changes: Any) -> str:
        return activity_entry(decoded(**changes), CLUSTER, RECEIVED).name

    assert name() == name()
    assert name() != name(requestURI="/api/v1/namespaces/default/pods")
    assert name() != name(requestReceivedTimestamp="2024-05-12T05:13:08.760304Z")
    assert name() != activity_entry(decoded(), ClusterIdentity("P", "us-central1-a", "other"), RECEIVED).name


@pytest.mark.parametrize("hostile", ["", "../../x", "a/b", "x" * 5000, "a b", "é", "\x00"])
def test_an_audit_id_that_could_not_stand_in_a_name_is_replaced(hostile: str) -> None:
    made = activity_entry(decoded(auditID=hostile), CLUSTER, RECEIVED)
    assert made.name.count("/") == 4
    assert made.document["insertId"].isalnum()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-12T05:13:08.760303Z", dt.datetime(2024, 5, 12, 5, 13, 8, 760303, tzinfo=dt.UTC)),
        ("2024-05-12T07:13:08+02:00", dt.datetime(2024, 5, 12, 5, 13, 8, tzinfo=dt.UTC)),
        ("", RECEIVED),
        ("yesterday", RECEIVED),
        ("2024-05-12T05:13:08", RECEIVED),
        ("2999-01-01T00:00:00Z", RECEIVED),
        ("9" * 5000, RECEIVED),
    ],
)
def test_an_event_without_a_credible_time_has_the_time_of_its_arrival(text: str, expected: dt.datetime) -> None:
    assert activity_entry(decoded(requestReceivedTimestamp=text), CLUSTER, RECEIVED).timestamp == expected


@pytest.mark.parametrize(
    ("changes", "logged"),
    [
        ({}, True),
        ({"verb": "delete"}, True),
        ({"verb": "deletecollection"}, True),
        ({"verb": "get"}, False),
        ({"verb": "watch"}, False),
        ({"stage": "RequestReceived"}, False),
        ({"stage": "ResponseStarted"}, False),
        ({"objectRef": None}, False),
        ({"objectRef": {"resource": "events", "namespace": "n"}}, False),
        ({"objectRef": {"resource": "leases", "apiGroup": "coordination.k8s.io"}}, False),
        ({"objectRef": {"resource": "tokenreviews", "apiGroup": "authentication.k8s.io"}}, False),
    ],
)
def test_only_finished_writes_are_activity(changes: dict[str, Any], logged: bool) -> None:
    assert is_activity(decoded(**changes)) is logged


def test_a_secret_never_enters_the_log() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "data": {"password": "aHVudGVyMg=="}}
    reference = {"resource": "secrets", "namespace": "n", "name": "s", "apiVersion": "v1"}
    made = entry(objectRef=reference, requestObject=secret, responseObject=secret)
    assert "aHVudGVyMg==" not in json.dumps(made)


@pytest.mark.parametrize(
    ("annotations", "code", "expected"),
    [
        ({"failed-open.validating.webhook.admission.k8s.io/round_0_index_0": PREFIX}, 201, True),
        ({f"{PREFIX}/failed-open": "true"}, 201, True),
        ({f"{PREFIX}/failed-open": "true"}, 400, False),
        ({f"{PREFIX}/break-glass": "true"}, 201, False),
        ({}, 201, False),
    ],
)
def test_B104_what_was_admitted_by_failing_open_is_recognised(
    annotations: dict[str, str], code: int, expected: bool
) -> None:
    made = decoded(annotations=annotations, responseStatus={"code": code})
    assert admitted_by_failing_open(made) is expected
