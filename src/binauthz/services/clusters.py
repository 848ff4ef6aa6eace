"""Clusters we enforce for, as the container API shows them (SPEC 7.1, D9); ``cluster_changes`` changes them."""

from collections.abc import Sequence

from binauthz.base import names
from binauthz.base.errors import ApiError, Code
from binauthz.services import projects
from binauthz.services.context import Context
from binauthz.store.interface import Reader
from binauthz.store.records import Cluster, ClusterOperation

CLUSTERS_PER_ANSWER = 1000


def existing(tx: Reader, name: str) -> Cluster:
    """The cluster; raises NOT_FOUND in the container API's words."""
    names.CLUSTER.parse(name)
    projects.require(tx, name)
    cluster = tx.get(Cluster, projects.canonical(tx, name))
    if cluster is None:
        raise ApiError(Code.NOT_FOUND, f"Not found: {name}.")
    return cluster


def existing_operation(tx: Reader, name: str) -> ClusterOperation:
    """The operation on a cluster; raises NOT_FOUND in the container API's words."""
    names.LOCATION_OPERATION.parse(name)
    projects.require(tx, name)
    operation = tx.get(ClusterOperation, projects.canonical(tx, name))
    if operation is None:
        raise ApiError(Code.NOT_FOUND, f"Not found: {name}.")
    return operation


async def get_cluster(ctx: Context, name: str) -> Cluster:
    """One cluster; raises NOT_FOUND."""
    return await ctx.store.read(lambda tx: existing(tx, name))


async def list_clusters(ctx: Context, parent: str) -> Sequence[Cluster]:
    """Every cluster of a location, or of all of them for ``locations/-``; the API has no pages."""

    def body(tx: Reader) -> Sequence[Cluster]:
        return tx.list(Cluster, _location(tx, parent), limit=CLUSTERS_PER_ANSWER)

    return await ctx.store.read(body)


async def get_operation(ctx: Context, name: str) -> ClusterOperation:
    """One operation on a cluster of a location; raises NOT_FOUND."""
    return await ctx.store.read(lambda tx: existing_operation(tx, name))


async def list_operations(ctx: Context, parent: str) -> Sequence[ClusterOperation]:
    """Every operation on clusters of a location, or of all of them."""

    def body(tx: Reader) -> Sequence[ClusterOperation]:
        return tx.list(ClusterOperation, _location(tx, parent), limit=CLUSTERS_PER_ANSWER)

    return await ctx.store.read(body)


async def check_location(ctx: Context, name: str) -> None:
    """Raise unless the location could hold clusters of a project that exists."""
    await ctx.store.read(lambda tx: _location(tx, name))


def _location(tx: Reader, parent: str) -> str:
    names.LOCATION_OR_ALL.parse(parent, "parent")
    projects.require(tx, parent)
    return projects.canonical(tx, parent)
