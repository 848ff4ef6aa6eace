"""Every Kubernetes kind that holds a Pod template is evaluated, lists taken apart (SPEC 6.5)."""

from typing import Any

import pytest

from binauthz.base.errors import ApiError, Code
from binauthz.wire.descriptors import message_class
from binauthz.wire.platform_results import to_pods

SPEC = {"containers": [{"name": "c", "image": "gcr.io/p/img"}], "serviceAccountName": "robot"}
TEMPLATE = {"template": {"spec": SPEC}}


def manifest(version: str, kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "n", "namespace": "ns"}, "spec": spec}


OBJECTS = [
    manifest("v1", "Pod", SPEC),
    manifest("v1", "ReplicationController", TEMPLATE),
    *(manifest("apps/v1", kind, TEMPLATE) for kind in ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet")),
    manifest("batch/v1", "Job", TEMPLATE),
    manifest("batch/v1", "CronJob", {"jobTemplate": {"spec": TEMPLATE}}),
]


def resource(document: dict[str, Any]) -> Any:
    message: Any = message_class("google.protobuf.Struct")()
    message.update(document)
    return message


def test_every_kind_and_a_list_of_all() -> None:
    for each in OBJECTS:
        (pod,) = to_pods(resource(each))
        assert (pod.name, pod.namespace, pod.service_account, pod.images) == ("n", "ns", "robot", ("gcr.io/p/img",))
    assert len(to_pods(resource({"apiVersion": "v1", "kind": "List", "items": OBJECTS}))) == len(OBJECTS)


@pytest.mark.parametrize(
    "document", [{}, {"apiVersion": "v1", "kind": "ConfigMap"}, {"apiVersion": "v1", "kind": "List", "items": []}]
)
def test_a_manifest_without_pods_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as caught:
        to_pods(resource(document))
    assert caught.value.code is Code.INVALID_ARGUMENT
