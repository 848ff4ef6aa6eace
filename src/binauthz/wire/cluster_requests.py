"""What requests of the container API ask for: which cluster, in either spelling, and what of it (SPEC 6.7, 7.1).

A setting that we do not model is kept and shown again as it was given, and has no effect on a local cluster. What
would be a promise about access or versions that a local cluster cannot keep is refused, naming the field.
"""

import json
from typing import Any

from google.protobuf.message import Message

from binauthz.base.errors import invalid_field
from binauthz.services.cluster_settings import Draft, Enablement, enablement
from binauthz.store.records import PolicyBinding
from binauthz.wire.fields import enum_name
from binauthz.wire.json import to_json

VERSION = "1.33.0"
"""Of Kubernetes, as the embedded cluster says it."""

_MAX_SETTINGS = 128 * 1024
_MAX_DESCRIPTION = 1024
_ANY_VERSION = {"", "-", "latest"}
# What only the server says. A client that sends it back, as after a read, is not refused (SPEC 13.3).
_OURS = (
    *("name", "self_link", "zone", "location", "endpoint", "current_master_version", "current_node_version"),
    *("create_time", "status", "status_message", "current_node_count", "id", "etag", "expire_time", "conditions"),
    *("instance_group_urls", "label_fingerprint", "initial_cluster_version"),
    *("node_ipv4_cidr_size", "services_ipv4_cidr", "binary_authorization", "fleet"),
)


def _zonal_location(request: Any) -> str:
    return f"projects/{request.project_id}/locations/{request.zone}"


def _zonal_cluster(request: Any) -> str:
    return f"{_zonal_location(request)}/clusters/{request.cluster_id}"


def cluster_name(request: Any) -> str:
    """The cluster that a request names, in the current or the zonal spelling of its route."""
    if request.name:
        return _by_locations(str(request.name))
    return _zonal_cluster(request)


def parent_cluster(request: Any) -> str:
    """The cluster whose node pools a request lists, in either spelling."""
    if request.parent:
        return _by_locations(str(request.parent))
    return _zonal_cluster(request)


def node_pool_name(request: Any) -> str:
    """The node pool that a request names, in either spelling."""
    if request.name:
        return _by_locations(str(request.name))
    return f"{_zonal_cluster(request)}/nodePools/{request.node_pool_id}"


def cluster_of_pool(request: Any) -> str:
    """The cluster of the node pool that a request names."""
    return node_pool_name(request).partition("/nodePools/")[0]


def location_name(request: Any) -> str:
    """The location that a list or a creation names, in either spelling."""
    if request.parent:
        return _by_locations(str(request.parent))
    return _zonal_location(request)


def server_location(request: Any) -> str:
    """The location whose configuration is asked for, in either spelling."""
    if request.name:
        return _by_locations(str(request.name))
    return _zonal_location(request)


def operation_name(request: Any) -> str:
    """The operation that a request names, in either spelling."""
    if request.name:
        return _by_locations(str(request.name))
    return f"{_zonal_location(request)}/operations/{request.operation_id}"


def _by_locations(name: str) -> str:
    """Full names may say ``zones`` where they mean a location."""
    parts = name.split("/", 3)
    if len(parts) > 2 and parts[2] == "zones":
        parts[2] = "locations"
    return "/".join(parts)


def enablement_of(block: Any, path: str) -> Enablement:
    """The settings that a BinaryAuthorization message asks for."""
    mode = enum_name(block, "evaluation_mode", path)
    bindings = [
        PolicyBinding(
            name=each.name,
            enforcement_mode=enum_name(each, "enforcement_mode", f"{path}.policyBindings")
            if each.enforcement_mode
            else "",
        )
        for each in block.policy_bindings
    ]
    return enablement(mode, bindings, enabled=block.enabled, path=path)


def draft_of(message: Any) -> Draft:
    """The cluster that a creation asks for; raises INVALID_ARGUMENT for what a local cluster cannot be."""
    _refuse(message)
    asked = message.binary_authorization if message.HasField("binary_authorization") else None
    fleet = message.fleet
    if fleet.membership or fleet.pre_registered:
        raise invalid_field("cluster.fleet", "got output-only members, expected `project` alone")
    rest: Any = type(message)()
    rest.CopyFrom(message)
    for field in _OURS:
        rest.ClearField(field)
    for pool in rest.node_pools:
        for field in ("status", "status_message", "self_link", "instance_group_urls", "version", "conditions", "etag"):
            pool.ClearField(field)
    settings = to_json(rest)
    if len(json.dumps(settings)) > _MAX_SETTINGS:
        raise invalid_field("cluster", f"expected settings of at most {_MAX_SETTINGS} bytes as JSON")
    return Draft(
        cluster_id=message.name,
        enablement=None if asked is None else enablement_of(asked, "cluster.binaryAuthorization"),
        fleet_project=fleet.project,
        settings=settings,
    )


def _refuse(message: Any) -> None:
    auth = message.master_auth
    if auth.username or auth.password:
        raise invalid_field("cluster.masterAuth", "basic authentication is not supported: callers show bearer tokens")
    if auth.client_certificate_config.issue_client_certificate:
        raise invalid_field(
            "cluster.masterAuth.clientCertificateConfig", "client certificates are not issued here: use bearer tokens"
        )
    endpoints = message.control_plane_endpoints_config
    if endpoints.dns_endpoint_config.allow_external_traffic:
        raise invalid_field(
            "cluster.controlPlaneEndpointsConfig.dnsEndpointConfig", "a local cluster has no DNS endpoint"
        )
    versions = [("cluster.initialClusterVersion", message.initial_cluster_version)]
    versions += [(f"cluster.nodePools[{i}].version", pool.version) for i, pool in enumerate(message.node_pools)]
    for field, version in versions:
        if not _is_ours(version):
            raise invalid_field(
                field, f"got version `{version[:80]}`, expected {VERSION}: the local cluster has no other"
            )
    if len(message.description) > _MAX_DESCRIPTION:
        raise invalid_field("cluster.description", f"expected at most {_MAX_DESCRIPTION} characters")


def _is_ours(version: str) -> bool:
    return version in _ANY_VERSION or version.partition("-")[0] == VERSION or VERSION.startswith(f"{version}.")


def desired_enablement(request: Any) -> Enablement:
    """The one change that an update asks for; raises for none, for several, and for one that is not served."""
    asked = [field.camelcase_name for field, _ in _set_fields(request.update)]
    if not asked:
        raise invalid_field("update", "Must specify a field to update")
    if len(asked) > 1:
        raise invalid_field("update", f"Exactly one update can be applied with each request, got {', '.join(asked)}")
    if asked != ["desiredBinaryAuthorization"]:
        # Not UNIMPLEMENTED: gcloud takes its status, 501, for a fault of the network and tries again.
        raise invalid_field(
            f"update.{asked[0]}",
            "not served here: only desiredBinaryAuthorization and the resource labels of a cluster can be changed",
        )
    return enablement_of(request.update.desired_binary_authorization, "update.desiredBinaryAuthorization")


def _set_fields(message: Message) -> list[tuple[Any, Any]]:
    return [(field, value) for field, value in message.ListFields() if field.name != "etag"]
