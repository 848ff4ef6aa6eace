"""Clusters, fleet memberships and the gateway (SPEC 7)."""

from collections.abc import Iterator

from binauthz.transports.method import Method
from binauthz.transports.methods.rows import name, parent, row
from binauthz.wire import cluster_requests as of
from binauthz.wire.container import ContainerHandlers
from binauthz.wire.gkehub import FleetHandlers, GatewayHandlers, HubHandlers


def methods() -> Iterator[Method]:
    """Every served method about clusters and fleets."""
    for version in ("v1", "v1beta1", "v1alpha1"):
        yield from _clusters(f"google.container.{version}.ClusterManager", ContainerHandlers(version))
    for version in ("v1", "v1beta", "v1alpha"):
        yield from _fleets(f"google.cloud.gkehub.{version}.GkeHub", version)
    for version in ("v1", "v1beta1", "v1alpha1"):
        yield row(
            f"google.cloud.gkeconnect.gateway.{version}.GatewayControl",
            "GenerateCredentials",
            "gkehub.gateway.generateCredentials",
            name,
            GatewayHandlers(version).generate,
        )


def _clusters(service: str, handlers: ContainerHandlers) -> Iterator[Method]:
    clusters, operations = "container.clusters", "container.operations"
    yield row(service, "GetCluster", f"{clusters}.get", of.cluster_name, handlers.get_cluster)
    yield row(service, "ListClusters", f"{clusters}.list", of.location_name, handlers.list_clusters)
    yield row(service, "CreateCluster", f"{clusters}.create", of.location_name, handlers.create_cluster)
    yield row(service, "UpdateCluster", f"{clusters}.update", of.cluster_name, handlers.update_cluster)
    yield row(service, "SetLabels", f"{clusters}.update", of.cluster_name, handlers.set_labels)
    yield row(service, "DeleteCluster", f"{clusters}.delete", of.cluster_name, handlers.delete_cluster)
    yield row(service, "GetOperation", f"{operations}.get", of.operation_name, handlers.get_operation)
    yield row(service, "ListOperations", f"{operations}.list", of.location_name, handlers.list_operations)
    yield row(service, "CancelOperation", f"{clusters}.update", of.operation_name, handlers.cancel_operation)
    yield row(service, "GetServerConfig", f"{clusters}.list", of.server_location, handlers.get_server_config)
    yield row(service, "ListNodePools", f"{clusters}.get", of.parent_cluster, handlers.list_node_pools)
    yield row(service, "GetNodePool", f"{clusters}.get", of.cluster_of_pool, handlers.get_node_pool)


def _fleets(hub: str, version: str) -> Iterator[Method]:
    members, fleets = HubHandlers(version), FleetHandlers(version)
    yield row(hub, "GetMembership", "gkehub.memberships.get", name, members.get)
    yield row(hub, "ListMemberships", "gkehub.memberships.list", parent, members.list)
    yield row(hub, "CreateMembership", "gkehub.memberships.create", parent, members.create)
    yield row(hub, "UpdateMembership", "gkehub.memberships.update", name, members.update)
    yield row(hub, "DeleteMembership", "gkehub.memberships.delete", name, members.delete)
    yield row(hub, "CreateFleet", "gkehub.fleet.create", parent, fleets.create)
    yield row(hub, "GetFleet", "gkehub.fleet.get", name, fleets.get)
    yield row(hub, "ListFleets", "gkehub.fleet.get", parent, fleets.list)
    yield row(hub, "UpdateFleet", "gkehub.fleet.update", lambda r: str(r.fleet.name), fleets.update)
    yield row(hub, "DeleteFleet", "gkehub.fleet.delete", name, fleets.delete)
