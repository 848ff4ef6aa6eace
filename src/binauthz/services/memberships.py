"""Fleet memberships: a fleet's view of our clusters (SPEC 7.2)."""

import dataclasses
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from binauthz.base import names
from binauthz.base.errors import ApiError, Code, invalid_field
from binauthz.services import authorization, fleets, projects
from binauthz.services.cluster_settings import check_labels
from binauthz.services.context import Context
from binauthz.services.fleet_operations import kept
from binauthz.services.paging import Page, PageRequest, window
from binauthz.store.interface import Conflict, Reader, Writer
from binauthz.store.records import Cluster, Membership, Operation

PAGE_DEFAULT = 100
PAGE_MAXIMUM = 1000
_LINK = "//container.googleapis.com/"

Change = Callable[[Membership], tuple[Mapping[str, str], Mapping[str, Any]]]
"""From a membership to the labels and settings that it is to have; raises ApiError for what it may not."""

Describe = Callable[[Membership], Operation]
"""From a membership that was changed to the operation that says so, written in the same transaction."""


async def get_membership(ctx: Context, name: str) -> Membership:
    """One membership; raises NOT_FOUND."""
    return await ctx.store.read(lambda tx: existing(tx, name))


async def list_memberships(ctx: Context, parent: str, request: PageRequest) -> Page[Membership]:
    """A page of a location's memberships, or of every location's for ``locations/-``."""

    def body(tx: Reader) -> Page[Membership]:
        names.LOCATION_OR_ALL.parse(parent, "parent")
        projects.require(tx, parent)
        where_parent = projects.canonical(tx, parent)
        where = window(request, "memberships", where_parent, default=PAGE_DEFAULT, maximum=PAGE_MAXIMUM)
        found = tx.list(Membership, where_parent, after=where.after, limit=where.size + 1)
        return where.page(found, lambda each: each.name)

    return await ctx.store.read(body)


async def clusters_of(ctx: Context, memberships: Sequence[Membership]) -> dict[str, Cluster]:
    """The clusters that memberships stand for, by cluster name; one that is gone is absent."""

    def body(tx: Reader) -> dict[str, Cluster]:
        found = {each.cluster: tx.get(Cluster, each.cluster) for each in memberships}
        return {name: cluster for name, cluster in found.items() if cluster is not None}

    return await ctx.store.read(body)


async def create_membership(
    ctx: Context,
    parent: str,
    membership_id: str,
    link: str,
    labels: Mapping[str, str],
    settings: Mapping[str, Any],
    *,
    operation: Describe,
) -> Operation:
    """Register a cluster of the project, by its resource link; the first member makes the fleet.

    The caller must be allowed to read the cluster. Raises ALREADY_EXISTS for a taken name, FAILED_PRECONDITION for a
    cluster that is a member already.
    """
    names.LOCATION.parse(parent, "parent")
    names.parse_id("membership", membership_id, "membershipId")
    check_labels(labels, "resource.labels")
    now, identity = ctx.clock.now(), str(uuid.uuid4())

    def body(tx: Writer) -> Operation:
        project = projects.require(tx, parent)
        cluster = _cluster(tx, ctx, link, project.name)
        name = f"{projects.canonical(tx, parent)}/memberships/{membership_id}"
        if tx.get(Membership, name) is None and (member := fleets.membership_of(tx, cluster.name)) is not None:
            raise ApiError(
                Code.FAILED_PRECONDITION, f"Cluster '{cluster.name}' is already registered as '{member.name}'"
            )
        fleets.ensure(tx, project.name, now)
        made = Membership(
            name=name,
            cluster=cluster.name,
            unique_id=identity,
            create_time=now,
            update_time=now,
            labels=dict(labels),
            settings=dict(settings),
        )
        tx.insert(made)
        return kept(tx, operation(made))

    try:
        return await ctx.store.write(body)
    except Conflict as conflict:
        raise ApiError(Code.ALREADY_EXISTS, f"Resource '{conflict.existing}' already exists") from None


async def update_membership(ctx: Context, name: str, change: Change, *, operation: Describe) -> Operation:
    """Replace what may change of a membership."""
    now = ctx.clock.now()

    def body(tx: Writer) -> Operation:
        found = existing(tx, name)
        labels, settings = change(found)
        check_labels(labels, "resource.labels")
        changed = dataclasses.replace(found, labels=dict(labels), settings=dict(settings), update_time=now)
        tx.put(changed)
        return kept(tx, operation(changed))

    return await ctx.store.write(body)


async def delete_membership(ctx: Context, name: str, *, operation: Describe) -> Operation:
    """Unregister a cluster, which lives on; raises NOT_FOUND."""

    def body(tx: Writer) -> Operation:
        found = existing(tx, name)
        tx.delete(Membership, found.name)
        return kept(tx, operation(found))

    return await ctx.store.write(body)


def existing(tx: Reader, name: str) -> Membership:
    """The membership; raises NOT_FOUND."""
    return projects.existing(tx, Membership, names.MEMBERSHIP, name)


def _cluster(tx: Reader, ctx: Context, link: str, project: str) -> Cluster:
    """The cluster that a link names. Who may not read it learns nothing about it."""
    field = "resource.endpoint.gkeCluster.resourceLink"
    # gcloud puts the host of an overridden endpoint into the link (SPEC 0).
    host, _, name = link.removeprefix("//").partition("/")
    ids = names.CLUSTER.match(name.replace("/zones/", "/locations/"))
    if ids is None or not host:
        raise invalid_field(
            field,
            f"got `{ascii(link[:200])[1:-1]}`, expected {_LINK}{names.CLUSTER.text}: only clusters that this server "
            "knows can be registered",
        )
    given = names.CLUSTER.format(*ids)
    name = projects.canonical(tx, given)
    if not name.startswith(f"{project}/"):
        raise invalid_field(field, f"got a cluster of another project, expected one of {project}")
    authorization.demand(tx, ctx.caller, "container.clusters.get", name)
    cluster = tx.get(Cluster, name)
    if cluster is None:
        raise ApiError(Code.FAILED_PRECONDITION, f"Cluster '{given}' was not found")
    return cluster
