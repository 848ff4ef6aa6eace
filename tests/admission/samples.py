"""Reviews, Pods and audit events as an apiserver sends them."""

import json
from typing import Any

DIGEST = "37e5287945774f27b418ce567cd77f4bbc9ef44a1bcd1a2312369f31f9cce567"
HELLO = f"us-docker.pkg.dev/google-samples/containers/gke/hello-app@sha256:{DIGEST}"
UID = "705ab4f5-6393-11e8-b7cc-42010a800002"


def pod(*images: str, **changes: Any) -> dict[str, Any]:
    """A Pod with one container for each image; ``changes`` replace members of its specification."""
    containers = [{"name": f"c{index}", "image": image} for index, image in enumerate(images)]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "default"},
        "spec": {"containers": containers, **changes},
    }


def review(document: dict[str, Any] | None, **changes: Any) -> dict[str, Any]:
    """A review of the creation of a Pod; ``changes`` replace members of the request."""
    request = {
        "uid": UID,
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "name": "p",
        "namespace": "default",
        "operation": "CREATE",
        "userInfo": {"username": "u@example.com", "groups": ["system:authenticated"]},
        "object": document,
        "oldObject": None,
        "dryRun": False,
        "options": {"apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions"},
    }
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {**request, **changes}}


def encoded(document: object) -> bytes:
    """JSON."""
    return json.dumps(document).encode()


def event(**changes: Any) -> dict[str, Any]:
    """The audit event of a Pod that was admitted; ``changes`` replace members."""
    created = pod(HELLO)
    return {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "RequestResponse",
        "auditID": "5a3a3498-e69a-47f5-a02d-67bcc8f9efae",
        "stage": "ResponseComplete",
        "requestURI": "/api/v1/namespaces/default/pods?fieldManager=kubectl-run",
        "verb": "create",
        "user": {"username": "user@example.com", "groups": ["system:authenticated"]},
        "sourceIPs": ["203.0.113.9"],
        "userAgent": "kubectl/v1.28.9 (linux/amd64) kubernetes/587f5fe",
        "objectRef": {"resource": "pods", "namespace": "default", "name": "nginx", "apiVersion": "v1"},
        "responseStatus": {"metadata": {}, "code": 201},
        "requestObject": created,
        "responseObject": created,
        "requestReceivedTimestamp": "2024-05-12T05:13:08.760303Z",
        "stageTimestamp": "2024-05-12T05:13:08.960303Z",
        "annotations": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": ""},
        **changes,
    }


def event_list(*events: object) -> bytes:
    """A batch as the audit webhook sends it."""
    return encoded({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "metadata": {}, "items": list(events)})
