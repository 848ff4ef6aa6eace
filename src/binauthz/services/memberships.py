"""Fleet memberships: a fleet's view of our clusters (SPEC 7.2)."""

from collections.abc import Sequence

from binauthz.base import names
from binauthz.services import projects
from binauthz.services.context import Context
from binauthz.services.names import not_found
from binauthz.services.paging import Page, PageRequest, window
from binauthz.store.interface import Reader
from binauthz.store.records import Cluster, Membership

PAGE_DEFAULT = 100
PAGE_MAXIMUM = 1000


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


def existing(tx: Reader, name: str) -> Membership:
    """The membership; raises NOT_FOUND."""
    names.MEMBERSHIP.parse(name)
    projects.require(tx, name)
    membership = tx.get(Membership, projects.canonical(tx, name))
    if membership is None:
        raise not_found(name)
    return membership
