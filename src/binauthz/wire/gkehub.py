"""Fleet memberships, and the credentials that reach them through the gateway (SPEC 7.2)."""

from typing import Any

from google.protobuf.message import Message

from binauthz.services import gateway, memberships
from binauthz.services.context import Context
from binauthz.services.paging import PageRequest
from binauthz.store.records import Cluster, Membership
from binauthz.wire.descriptors import message_class
from binauthz.wire.fields import set_enum

_PACKAGE = "google.cloud.gkehub"


def from_membership(membership: Membership, cluster: Cluster | None, version: str) -> Message:
    """The membership as a message of a version; a member whose cluster we hold is shown as a GKE one."""
    message: Any = message_class(f"{_PACKAGE}.{version}.Membership")()
    message.name = membership.name
    message.unique_id = membership.unique_id
    message.external_id = membership.unique_id
    message.create_time.FromDatetime(membership.create_time)
    message.update_time.FromDatetime(membership.update_time)
    for key, value in membership.labels.items():
        message.labels[key] = value
    set_enum(message.state, "code", "READY")
    message.endpoint.gke_cluster.resource_link = f"//container.googleapis.com/{membership.cluster}"
    if cluster is not None and cluster.version:
        message.endpoint.kubernetes_metadata.kubernetes_api_server_version = cluster.version
    project = membership.name.split("/")[1]
    message.authority.issuer = f"https://container.googleapis.com/v1/{membership.cluster}"
    message.authority.workload_identity_pool = f"{project}.svc.id.goog"
    message.authority.identity_provider = message.authority.issuer
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
        page = await memberships.list_memberships(
            ctx, request.parent, PageRequest(size=request.page_size, token=request.page_token)
        )
        clusters = await memberships.clusters_of(ctx, page.items)
        answer: Any = message_class(f"{_PACKAGE}.{self._version}.ListMembershipsResponse")()
        answer.resources.extend(from_membership(each, clusters.get(each.cluster), self._version) for each in page.items)
        answer.next_page_token = page.next_token
        result: Message = answer
        return result


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
