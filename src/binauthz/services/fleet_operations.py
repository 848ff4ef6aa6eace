"""Operations of a project's fleet: what changed, over as soon as it is known, and kept for those who poll.

All of them are named in the location ``global``, wherever the membership is: the operations of clusters have the
same paths in every other location, and one address serves both APIs (D11).
"""

import secrets
from collections.abc import Sequence

from binauthz.base import names
from binauthz.base.errors import invalid_field
from binauthz.services import authorization, projects
from binauthz.services.context import Context
from binauthz.services.names import not_found, project_of
from binauthz.services.paging import Page, PageRequest, window
from binauthz.store.interface import Reader, Writer
from binauthz.store.records import Operation

LOCATION = "global"
PAGE_DEFAULT = 100
PAGE_MAXIMUM = 500
_KEPT = 500


def new_name(project: str, milliseconds: int) -> str:
    """An unguessable name for an operation of a project's fleet; names sort by age."""
    return f"{project}/locations/{LOCATION}/operations/operation-{milliseconds:013d}-{secrets.token_hex(12)}"


def kept(tx: Writer, operation: Operation) -> Operation:
    """Keep an operation with the change it stands for, and forget the oldest of a project that has many."""
    parent = f"{project_of(operation.name)}/locations/{LOCATION}"
    found: Sequence[Operation] = tx.list(Operation, parent)
    for each in found[: max(0, len(found) - _KEPT + 1)]:
        tx.delete(Operation, each.name)
    tx.insert(operation)
    return operation


async def get_operation(ctx: Context, name: str) -> Operation:
    """One operation of a fleet; raises NOT_FOUND."""
    names.LOCATION_OPERATION.parse(name)

    def body(tx: Reader) -> Operation:
        authorization.demand(tx, ctx.caller, "gkehub.operations.get", name)
        projects.require(tx, name)
        operation = tx.get(Operation, projects.canonical(tx, name))
        if operation is None:
            raise not_found(name)
        return operation

    return await ctx.store.read(body)


async def list_operations(ctx: Context, parent: str, request: PageRequest, filter: str = "") -> Page[Operation]:
    """A page of a fleet's operations, the oldest first. Filters are not served."""
    names.LOCATION.parse(parent, "name")
    if filter:
        raise invalid_field("filter", "filters of operations are not served here: expected nothing")

    def body(tx: Reader) -> Page[Operation]:
        projects.require(tx, parent)
        where_parent = projects.canonical(tx, parent)
        where = window(request, "operations", where_parent, default=PAGE_DEFAULT, maximum=PAGE_MAXIMUM)
        found = tx.list(Operation, where_parent, after=where.after, limit=where.size + 1)
        return where.page(found, lambda each: each.name)

    return await ctx.store.read(body)
