"""Fleets and their memberships, and the credentials that reach members through the gateway (SPEC 6.7, 7.2)."""

import json
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message

from binauthz.base.errors import invalid_field
from binauthz.services import fleets, gateway, memberships
from binauthz.services.context import Context
from binauthz.store.records import Cluster, Fleet, Membership, Operation
from binauthz.wire import fleet_operations, operations
from binauthz.wire.descriptors import message_class, pool
from binauthz.wire.fields import set_enum
from binauthz.wire.json import to_json
from binauthz.wire.masks import merged
from binauthz.wire.paging import page_of

_PACKAGE = "google.cloud.gkehub"
_MAX_SETTINGS = 64 * 1024
_OURS = ("name", "state", "create_time", "update_time", "delete_time", "labels", "unique_id", "last_connection_time")


def _settings(message: Any, *ours: str) -> dict[str, Any]:
    """What the caller set, less what only the server says; kept as given."""
    rest = type(message)()
    rest.CopyFrom(message)
    for field in ours:
        rest.ClearField(field)
    settings: dict[str, Any] = to_json(rest)
    if len(json.dumps(settings)) > _MAX_SETTINGS:
        raise invalid_field("resource", f"expected settings of at most {_MAX_SETTINGS} bytes as JSON")
    return settings


def from_membership(membership: Membership, cluster: Cluster | None, version: str) -> Message:
    """The membership as a message of a version; a member whose cluster we hold is shown as a GKE one."""
    message: Any = message_class(f"{_PACKAGE}.{version}.Membership")()
    json_format.ParseDict(dict(membership.settings), message, ignore_unknown_fields=True, descriptor_pool=pool())
    message.name = membership.name
    message.unique_id = membership.unique_id
    message.external_id = message.external_id or membership.unique_id
    message.create_time.FromDatetime(membership.create_time)
    message.update_time.FromDatetime(membership.update_time)
    for key, value in membership.labels.items():
        message.labels[key] = value
    set_enum(message.state, "code", "READY")
    # gcloud compares the link with the one it wrote, whose host is that of its endpoint override.
    if not message.endpoint.gke_cluster.resource_link:
        message.endpoint.gke_cluster.resource_link = f"//container.googleapis.com/{membership.cluster}"
    if cluster is not None and cluster.version:
        message.endpoint.kubernetes_metadata.kubernetes_api_server_version = cluster.version
    project = membership.name.split("/")[1]
    if not message.authority.issuer:
        message.authority.issuer = f"https://container.googleapis.com/v1/{membership.cluster}"
    message.authority.workload_identity_pool = f"{project}.svc.id.goog"
    message.authority.identity_provider = message.authority.issuer
    result: Message = message
    return result


def from_fleet(fleet: Fleet, version: str) -> Message:
    """The fleet as a message of a version."""
    message: Any = message_class(f"{_PACKAGE}.{version}.Fleet")()
    json_format.ParseDict(dict(fleet.settings), message, ignore_unknown_fields=True, descriptor_pool=pool())
    message.name = fleet.name
    message.uid = fleet.unique_id
    message.create_time.FromDatetime(fleet.create_time)
    message.update_time.FromDatetime(fleet.update_time)
    set_enum(message.state, "code", "READY")
    result: Message = message
    return result


class HubHandlers:
    """The membership methods of one version."""

    def __init__(self, version: str) -> None:
        self._version = version

    async def get(self, ctx: Context, request: Any) -> Message:
        """GetMembership."""
        found = await memberships.get_membership(ctx, request.name)
        clusters = await memberships.clusters_of(ctx, [found])
        return from_membership(found, clusters.get(found.cluster), self._version)

    async def list(self, ctx: Context, request: Any) -> Message:
        """ListMemberships; the array is called ``resources`` (SPEC 13.34)."""
        page = await memberships.list_memberships(ctx, request.parent, page_of(request))
        clusters = await memberships.clusters_of(ctx, page.items)
        answer: Any = message_class(f"{_PACKAGE}.{self._version}.ListMembershipsResponse")()
        answer.resources.extend(from_membership(each, clusters.get(each.cluster), self._version) for each in page.items)
        answer.next_page_token = page.next_token
        result: Message = answer
        return result

    async def create(self, ctx: Context, request: Any) -> Message:
        """CreateMembership, for a cluster that this server knows."""
        asked = request.resource
        made = await memberships.create_membership(
            ctx,
            request.parent,
            request.membership_id,
            asked.endpoint.gke_cluster.resource_link,
            dict(asked.labels),
            _member_settings(asked),
            operation=self._describe(ctx, "create"),
        )
        return operations.from_operation(made)

    async def update(self, ctx: Context, request: Any) -> Message:
        """UpdateMembership: labels and what else its creator may set, by mask; never which cluster it is."""
        link = request.resource.endpoint.gke_cluster.resource_link

        def change(found: Membership) -> tuple[dict[str, str], dict[str, Any]]:
            current: Any = from_membership(found, None, self._version)
            wanted = merged(current, request.resource, request.update_mask)
            if link not in {"", current.endpoint.gke_cluster.resource_link}:
                raise invalid_field("resource.endpoint.gkeCluster.resourceLink", "a membership keeps its cluster")
            return dict(wanted.labels), _member_settings(wanted)

        changed = await memberships.update_membership(
            ctx, request.name, change, operation=self._describe(ctx, "update")
        )
        return operations.from_operation(changed)

    async def delete(self, ctx: Context, request: Any) -> Message:
        """DeleteMembership: the cluster lives on."""
        now = ctx.clock.now()
        gone = await memberships.delete_membership(
            ctx,
            request.name,
            operation=lambda each: fleet_operations.done(self._version, "delete", each.name, now, None),
        )
        return operations.from_operation(gone)

    def _describe(self, ctx: Context, verb: str) -> memberships.Describe:
        now, version = ctx.clock.now(), self._version

        def operation(each: Membership) -> Operation:
            return fleet_operations.done(version, verb, each.name, now, from_membership(each, None, version))

        return operation


def _member_settings(message: Any) -> dict[str, Any]:
    rest = type(message)()
    rest.CopyFrom(message)
    rest.endpoint.ClearField("kubernetes_metadata")
    if not rest.endpoint.ListFields():
        rest.ClearField("endpoint")
    return _settings(rest, *_OURS)


class FleetHandlers:
    """The fleet methods of one version."""

    def __init__(self, version: str) -> None:
        self._version = version

    async def get(self, ctx: Context, request: Any) -> Message:
        """GetFleet."""
        return from_fleet(await fleets.get_fleet(ctx, request.name), self._version)

    async def list(self, ctx: Context, request: Any) -> Message:
        """ListFleets: a project has one at most, so there are no pages."""
        answer: Any = message_class(f"{_PACKAGE}.{self._version}.ListFleetsResponse")()
        answer.fleets.extend(from_fleet(each, self._version) for each in await fleets.list_fleets(ctx, request.parent))
        result: Message = answer
        return result

    async def create(self, ctx: Context, request: Any) -> Message:
        """CreateFleet."""
        settings = _fleet_settings(request.fleet)
        made = await fleets.create_fleet(ctx, request.parent, settings, operation=self._describe(ctx, "create"))
        return operations.from_operation(made)

    async def update(self, ctx: Context, request: Any) -> Message:
        """UpdateFleet, by mask."""

        def change(found: Fleet) -> dict[str, Any]:
            current: Any = from_fleet(found, self._version)
            return _fleet_settings(merged(current, request.fleet, request.update_mask))

        changed = await fleets.update_fleet(ctx, request.fleet.name, change, operation=self._describe(ctx, "update"))
        return operations.from_operation(changed)

    async def delete(self, ctx: Context, request: Any) -> Message:
        """DeleteFleet."""
        now = ctx.clock.now()
        gone = await fleets.delete_fleet(
            ctx,
            request.name,
            operation=lambda each: fleet_operations.done(self._version, "delete", each.name, now, None),
        )
        return operations.from_operation(gone)

    def _describe(self, ctx: Context, verb: str) -> fleets.Describe:
        now, version = ctx.clock.now(), self._version

        def operation(each: Fleet) -> Operation:
            return fleet_operations.done(version, verb, each.name, now, from_fleet(each, version))

        return operation


def _fleet_settings(message: Any) -> dict[str, Any]:
    return _settings(message, "name", "state", "create_time", "update_time", "delete_time", "uid")


class GatewayHandlers:
    """GenerateCredentials of one version."""

    def __init__(self, version: str) -> None:
        self._version = version

    async def generate(self, ctx: Context, request: Any) -> Message:
        """GenerateCredentials, a GET keyed by project number (SPEC 13.35)."""
        made = await gateway.generate_credentials(ctx, request.name, namespace=request.kubernetes_namespace)
        answer: Any = message_class(f"google.cloud.gkeconnect.gateway.{self._version}.GenerateCredentialsResponse")()
        answer.kubeconfig = made.kubeconfig
        answer.endpoint = made.endpoint
        result: Message = answer
        return result
