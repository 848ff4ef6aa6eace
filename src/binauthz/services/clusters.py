"""Clusters we enforce for, as the container API shows them (SPEC 7.1, D9)."""

from collections.abc import Sequence

from binauthz.base import names
from binauthz.base.errors import ApiError, Code
from binauthz.services import projects
from binauthz.services.context import Context
from binauthz.store.interface import Reader
from binauthz.store.records import Cluster, Operation

CLUSTERS_PER_ANSWER = 1000


async def get_cluster(ctx: Context, name: str) -> Cluster:
    """One cluster; raises NOT_FOUND in the container API's words."""

    def body(tx: Reader) -> Cluster:
        names.CLUSTER.parse(name)
        projects.require(tx, name)
        cluster = tx.get(Cluster, projects.canonical(tx, name))
        if cluster is None:
            raise ApiError(Code.NOT_FOUND, f"Not found: {name}.")
        return cluster

    return await ctx.store.read(body)


async def list_clusters(ctx: Context, parent: str) -> Sequence[Cluster]:
    """Every cluster of a location, or of all of them for ``locations/-``; the API has no pages."""

    def body(tx: Reader) -> Sequence[Cluster]:
        names.LOCATION_OR_ALL.parse(parent, "parent")
        projects.require(tx, parent)
        return tx.list(Cluster, projects.canonical(tx, parent), limit=CLUSTERS_PER_ANSWER)

    return await ctx.store.read(body)


async def get_operation(ctx: Context, name: str) -> Operation:
    """One operation of a location; raises NOT_FOUND."""

    def body(tx: Reader) -> Operation:
        names.LOCATION_OPERATION.parse(name)
        projects.require(tx, name)
        operation = tx.get(Operation, projects.canonical(tx, name))
        if operation is None:
            raise ApiError(Code.NOT_FOUND, f"Not found: {name}.")
        return operation

    return await ctx.store.read(body)


async def list_operations(ctx: Context, parent: str) -> Sequence[Operation]:
    """Every operation of a location, or of all of them."""

    def body(tx: Reader) -> Sequence[Operation]:
        names.LOCATION_OR_ALL.parse(parent, "parent")
        projects.require(tx, parent)
        return tx.list(Operation, projects.canonical(tx, parent), limit=CLUSTERS_PER_ANSWER)

    return await ctx.store.read(body)
