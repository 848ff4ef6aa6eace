"""Clusters and their operations as the container API shows them (SPEC 7.1)."""

import base64
from typing import Any
from urllib.parse import urlsplit

from google.protobuf.message import Message

from binauthz.services import clusters
from binauthz.services.context import Context
from binauthz.services.names import last_segment
from binauthz.store.records import Cluster, Operation
from binauthz.wire.descriptors import message_class
from binauthz.wire.fields import rfc3339, set_enum

_PACKAGE = "google.container"
_EMBEDDED_VERSION = "1.33.0"
_ENFORCING = {
    "PROJECT_SINGLETON_POLICY_ENFORCE",
    "POLICY_BINDINGS_AND_PROJECT_SINGLETON_POLICY_ENFORCE",
}


def _location(name: str) -> str:
    return name.split("/")[3]


def _self_link(name: str, version: str) -> str:
    """Zonal clusters are linked by their zone, regional ones by their location, as the service does it."""
    _, project, _, location, *rest = name.split("/")
    kind = "zones" if location.count("-") == 2 else "locations"
    return f"https://container.googleapis.com/{version}/projects/{project}/{kind}/{location}/{'/'.join(rest)}"


def cluster_name(request: Any) -> str:
    """The cluster that a request names, in the current or the zonal spelling of its route."""
    if request.name:
        return str(request.name)
    return f"projects/{request.project_id}/locations/{request.zone}/clusters/{request.cluster_id}"


def location_name(request: Any) -> str:
    """The location that a list request names, in either spelling."""
    return str(request.parent) if request.parent else f"projects/{request.project_id}/locations/{request.zone}"


def operation_name(request: Any) -> str:
    """The operation that a request names, in either spelling."""
    if request.name:
        return str(request.name)
    return f"projects/{request.project_id}/locations/{request.zone}/operations/{request.operation_id}"


def from_cluster(cluster: Cluster, version: str) -> Message:
    """The cluster as a message of a version. ``zone`` is always set, because kubeconfig contexts are named by it, and
    ``controlPlaneEndpointsConfig`` never is (SPEC 13.36)."""
    message: Any = message_class(f"{_PACKAGE}.{version}.Cluster")()
    location = _location(cluster.name)
    kubernetes = cluster.version.removeprefix("v") or (_EMBEDDED_VERSION if cluster.embedded else "")
    server = urlsplit(cluster.server)
    message.name = last_segment(cluster.name)
    message.zone = location
    message.location = location
    message.locations.append(location)
    message.endpoint = f"{server.netloc}{server.path.rstrip('/')}"
    message.master_auth.cluster_ca_certificate = base64.b64encode(cluster.ca_pem.encode()).decode()
    message.create_time = rfc3339(cluster.create_time)
    message.initial_cluster_version = kubernetes
    message.current_master_version = kubernetes
    message.current_node_version = kubernetes
    message.current_node_count = 1
    message.self_link = _self_link(cluster.name, version)
    if not set_enum(message, "status", cluster.status):
        set_enum(message, "status", "STATUS_UNSPECIFIED")
    message.binary_authorization.enabled = cluster.evaluation_mode in _ENFORCING
    set_enum(message.binary_authorization, "evaluation_mode", cluster.evaluation_mode)
    for binding in cluster.policy_bindings:
        message.binary_authorization.policy_bindings.add(name=binding.name)
    result: Message = message
    return result


def from_operation(operation: Operation, version: str) -> Message:
    """The operation as a message of a version; its members come from the stored metadata."""
    message: Any = message_class(f"{_PACKAGE}.{version}.Operation")()
    message.name = last_segment(operation.name)
    message.zone = message.location = _location(operation.name)
    message.self_link = _self_link(operation.name, version)
    set_enum(message, "status", "DONE" if operation.done else "RUNNING")
    set_enum(message, "operation_type", str(operation.metadata.get("operationType", "")))
    for field, key in (
        ("target_link", "targetLink"),
        ("start_time", "startTime"),
        ("end_time", "endTime"),
        ("detail", "detail"),
        ("status_message", "statusMessage"),
    ):
        setattr(message, field, str(operation.metadata.get(key, "")))
    result: Message = message
    return result


class ContainerHandlers:
    """The cluster methods of one version."""

    def __init__(self, version: str) -> None:
        self._version = version

    async def get_cluster(self, ctx: Context, request: Any) -> Message:
        """GetCluster."""
        return from_cluster(await clusters.get_cluster(ctx, cluster_name(request)), self._version)

    async def list_clusters(self, ctx: Context, request: Any) -> Message:
        """ListClusters."""
        found = await clusters.list_clusters(ctx, location_name(request))
        answer: Any = message_class(f"{_PACKAGE}.{self._version}.ListClustersResponse")()
        answer.clusters.extend(from_cluster(each, self._version) for each in found)
        result: Message = answer
        return result

    async def get_operation(self, ctx: Context, request: Any) -> Message:
        """GetOperation."""
        return from_operation(await clusters.get_operation(ctx, operation_name(request)), self._version)

    async def list_operations(self, ctx: Context, request: Any) -> Message:
        """ListOperations."""
        found = await clusters.list_operations(ctx, location_name(request))
        answer: Any = message_class(f"{_PACKAGE}.{self._version}.ListOperationsResponse")()
        answer.operations.extend(from_operation(each, self._version) for each in found)
        result: Message = answer
        return result
