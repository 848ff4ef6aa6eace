"""Clusters, fleet memberships and the gateway (SPEC 7)."""

from collections.abc import Iterator

from binauthz.transports.method import Method
from binauthz.transports.methods.rows import name, parent, row
from binauthz.wire import container
from binauthz.wire.gkehub import GatewayHandlers, HubHandlers


def methods() -> Iterator[Method]:
    """Every served method about clusters and fleets."""
    for version in ("v1", "v1beta1"):
        service, handlers = f"google.container.{version}.ClusterManager", container.ContainerHandlers(version)
        clusters, operations = "container.clusters", "container.operations"
        yield row(service, "GetCluster", f"{clusters}.get", container.cluster_name, handlers.get_cluster)
        yield row(service, "ListClusters", f"{clusters}.list", container.location_name, handlers.list_clusters)
        yield row(service, "GetOperation", f"{operations}.get", container.operation_name, handlers.get_operation)
        yield row(service, "ListOperations", f"{operations}.list", container.location_name, handlers.list_operations)
    for version in ("v1", "v1beta"):
        hub, members = f"google.cloud.gkehub.{version}.GkeHub", HubHandlers(version)
        yield row(hub, "GetMembership", "gkehub.memberships.get", name, members.get)
        yield row(hub, "ListMemberships", "gkehub.memberships.list", parent, members.list)
    for version in ("v1", "v1beta1", "v1alpha1"):
        yield row(
            f"google.cloud.gkeconnect.gateway.{version}.GatewayControl",
            "GenerateCredentials",
            "gkehub.gateway.generateCredentials",
            name,
            GatewayHandlers(version).generate,
        )
