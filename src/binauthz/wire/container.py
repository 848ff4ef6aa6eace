"""Clusters and their operations as the container API shows them (SPEC 7.1)."""

import base64
import hashlib
import json
from typing import Any
from urllib.parse import urlsplit

from google.protobuf import json_format
from google.protobuf.message import Message

from binauthz.base.errors import ApiError, Code
from binauthz.services import cluster_changes, cluster_operations, clusters, fleets
from binauthz.services.context import Context
from binauthz.services.names import last_segment
from binauthz.store.records import Cluster, ClusterOperation
from binauthz.wire.cluster_requests import (
    VERSION,
    cluster_name,
    cluster_of_pool,
    desired_enablement,
    draft_of,
    location_name,
    node_pool_name,
    operation_name,
    parent_cluster,
    server_location,
)
from binauthz.wire.descriptors import message_class, pool
from binauthz.wire.fields import rfc3339, set_enum

_PACKAGE = "google.container"
_ENFORCING = {
    "PROJECT_SINGLETON_POLICY_ENFORCE",
    "POLICY_BINDINGS_AND_PROJECT_SINGLETON_POLICY_ENFORCE",
}
_IMAGE_TYPE = "COS_CONTAINERD"


def _location(name: str) -> str:
    return name.split("/")[3]


def _self_link(name: str, version: str) -> str:
    """Zonal clusters are linked by their zone, regional ones by their location, as the service does it."""
    _, project, _, location, *rest = name.split("/")
    kind = "zones" if location.count("-") == 2 else "locations"
    return f"https://container.googleapis.com/{version}/projects/{project}/{kind}/{location}/{'/'.join(rest)}"


def from_cluster(cluster: Cluster, version: str, membership: str = "") -> Message:
    """The cluster as a message of a version: what its creator asked for, under what we know. ``zone`` is always set,
    because kubeconfig contexts are named by it, and ``controlPlaneEndpointsConfig`` never is (SPEC 13.36).

    ``membership`` is the name of its membership in its project's fleet.
    """
    message: Any = message_class(f"{_PACKAGE}.{version}.Cluster")()
    json_format.ParseDict(dict(cluster.settings), message, ignore_unknown_fields=True, descriptor_pool=pool())
    location = _location(cluster.name)
    kubernetes = cluster.version.removeprefix("v") or (VERSION if cluster.embedded else "")
    server = urlsplit(cluster.server)
    message.name = last_segment(cluster.name)
    message.id = cluster.unique_id
    message.zone = location
    message.location = location
    if not message.locations:
        message.locations.append(location)
    message.endpoint = f"{server.netloc}{server.path.rstrip('/')}"
    if cluster.ca_pem:
        message.master_auth.cluster_ca_certificate = base64.b64encode(cluster.ca_pem.encode()).decode()
    message.ClearField("control_plane_endpoints_config")
    message.create_time = rfc3339(cluster.create_time)
    message.initial_cluster_version = kubernetes
    message.current_master_version = kubernetes
    message.current_node_version = kubernetes
    message.current_node_count = 1
    message.self_link = _self_link(cluster.name, version)
    if not set_enum(message, "status", cluster.status):
        set_enum(message, "status", "STATUS_UNSPECIFIED")
    if cluster.status_message:
        message.status_message = cluster.status_message
        message.conditions.add(message=cluster.status_message)
    if message.resource_labels:
        message.label_fingerprint = label_fingerprint(cluster)
    if membership:
        message.fleet.project = membership.split("/")[1]
        message.fleet.membership = f"//gkehub.googleapis.com/{membership}"
    for node_pool in message.node_pools:
        node_pool.version = kubernetes
        node_pool.self_link = f"{message.self_link}/nodePools/{node_pool.name}"
        set_enum(node_pool, "status", cluster.status)
    message.binary_authorization.enabled = cluster.evaluation_mode in _ENFORCING
    set_enum(message.binary_authorization, "evaluation_mode", cluster.evaluation_mode)
    for binding in cluster.policy_bindings:
        shown = message.binary_authorization.policy_bindings.add(name=binding.name)
        set_enum(shown, "enforcement_mode", binding.enforcement_mode)
    result: Message = message
    return result


def label_fingerprint(cluster: Cluster) -> str:
    """What a change of the labels must show to prove that it knows the present ones."""
    labels = json.dumps(cluster.settings.get("resourceLabels", {}), sort_keys=True)
    return hashlib.sha256(labels.encode()).hexdigest()[:8]


def from_operation(operation: ClusterOperation, version: str) -> Message:
    """The operation as a message of a version."""
    message: Any = message_class(f"{_PACKAGE}.{version}.Operation")()
    message.name = last_segment(operation.name)
    message.zone = message.location = _location(operation.name)
    message.self_link = _self_link(operation.name, version)
    message.target_link = _self_link(operation.cluster, version)
    set_enum(message, "status", operation.status)
    set_enum(message, "operation_type", operation.type)
    message.start_time = rfc3339(operation.start_time)
    message.detail = operation.detail
    if operation.end_time is not None:
        message.end_time = rfc3339(operation.end_time)
    if operation.error:
        message.status_message = message.error.message = operation.error
        message.error.code = operation.error_code
    if operation.stages:
        message.progress.name = operation.type
        set_enum(message.progress, "status", operation.status)
        for name, status in operation.stages.items():
            set_enum(message.progress.stages.add(name=name), "status", status)
    result: Message = message
    return result


class ContainerHandlers:
    """The cluster methods of one version."""

    def __init__(self, version: str) -> None:
        self._version = version

    def _answer(self, name: str) -> Any:
        return message_class(f"{_PACKAGE}.{self._version}.{name}")()

    async def get_cluster(self, ctx: Context, request: Any) -> Message:
        """GetCluster."""
        found = await clusters.get_cluster(ctx, cluster_name(request))
        members = await fleets.members(ctx, [found])
        return from_cluster(found, self._version, members.get(found.name, ""))

    async def list_clusters(self, ctx: Context, request: Any) -> Message:
        """ListClusters."""
        found = await clusters.list_clusters(ctx, location_name(request))
        answer = self._answer("ListClustersResponse")
        members = await fleets.members(ctx, found)
        answer.clusters.extend(from_cluster(each, self._version, members.get(each.name, "")) for each in found)
        result: Message = answer
        return result

    async def create_cluster(self, ctx: Context, request: Any) -> Message:
        """CreateCluster."""
        made = await cluster_changes.create_cluster(ctx, location_name(request), draft_of(request.cluster))
        return from_operation(made, self._version)

    async def update_cluster(self, ctx: Context, request: Any) -> Message:
        """UpdateCluster: how Binary Authorization judges its Pods, and nothing else."""
        change = cluster_changes.enabling(desired_enablement(request))
        made = await cluster_changes.update_cluster(ctx, cluster_name(request), change)
        return from_operation(made, self._version)

    async def set_labels(self, ctx: Context, request: Any) -> Message:
        """SetLabels, which replaces them all."""
        change = cluster_changes.labelling(dict(request.resource_labels), request.label_fingerprint, label_fingerprint)
        made = await cluster_changes.update_cluster(
            ctx, cluster_name(request), change, type=cluster_operations.SET_LABELS
        )
        return from_operation(made, self._version)

    async def delete_cluster(self, ctx: Context, request: Any) -> Message:
        """DeleteCluster."""
        return from_operation(await cluster_changes.delete_cluster(ctx, cluster_name(request)), self._version)

    async def get_operation(self, ctx: Context, request: Any) -> Message:
        """GetOperation."""
        return from_operation(await clusters.get_operation(ctx, operation_name(request)), self._version)

    async def list_operations(self, ctx: Context, request: Any) -> Message:
        """ListOperations."""
        found = await clusters.list_operations(ctx, location_name(request))
        answer = self._answer("ListOperationsResponse")
        answer.operations.extend(from_operation(each, self._version) for each in found)
        result: Message = answer
        return result

    async def cancel_operation(self, ctx: Context, request: Any) -> Message:
        """CancelOperation."""
        await cluster_changes.cancel_operation(ctx, operation_name(request))
        return message_class("google.protobuf.Empty")()

    async def get_server_config(self, ctx: Context, request: Any) -> Message:
        """GetServerConfig: the one version there is."""
        await clusters.check_location(ctx, server_location(request))
        answer = self._answer("ServerConfig")
        answer.default_cluster_version = VERSION
        answer.valid_master_versions.append(VERSION)
        answer.valid_node_versions.append(VERSION)
        answer.default_image_type = _IMAGE_TYPE
        answer.valid_image_types.append(_IMAGE_TYPE)
        result: Message = answer
        return result

    async def list_node_pools(self, ctx: Context, request: Any) -> Message:
        """ListNodePools: as the cluster's creator asked for them."""
        shown: Any = from_cluster(await clusters.get_cluster(ctx, parent_cluster(request)), self._version)
        answer = self._answer("ListNodePoolsResponse")
        answer.node_pools.extend(shown.node_pools)
        result: Message = answer
        return result

    async def get_node_pool(self, ctx: Context, request: Any) -> Message:
        """GetNodePool."""
        name = node_pool_name(request)
        shown: Any = from_cluster(await clusters.get_cluster(ctx, cluster_of_pool(request)), self._version)
        for node_pool in shown.node_pools:
            if node_pool.name == last_segment(name):
                found: Message = node_pool
                return found
        raise ApiError(Code.NOT_FOUND, f"Not found: {name}.")
