"""Key rings: create, read, list. Like their keys, they can never be deleted, so a name is never somebody else's later.

A location is a name only: nothing here runs anywhere in particular.
"""

from binauthz.base import names
from binauthz.base.errors import ApiError, Code
from binauthz.services import projects
from binauthz.services.context import Context
from binauthz.services.kms.lists import PAGE_DEFAULT, PAGE_MAXIMUM, check_list
from binauthz.services.paging import Page, PageRequest, window
from binauthz.store.interface import Reader, Writer
from binauthz.store.records import KeyRing


async def create_key_ring(ctx: Context, parent: str, key_ring_id: str) -> KeyRing:
    """Create a key ring; raises NOT_FOUND for an unknown project, ALREADY_EXISTS, and INVALID_ARGUMENT."""
    names.LOCATION.parse(parent, "parent")
    names.parse_id("key_ring", key_ring_id, "keyRingId")
    now = ctx.clock.now()

    def body(tx: Writer) -> KeyRing:
        projects.require(tx, parent)
        made = KeyRing(name=f"{projects.canonical(tx, parent)}/keyRings/{key_ring_id}", create_time=now)
        if tx.get(KeyRing, made.name) is not None:
            raise already_exists("KeyRing", made.name)
        tx.insert(made)
        return made

    return await ctx.store.write(body)


async def get_key_ring(ctx: Context, name: str) -> KeyRing:
    """One key ring; raises NOT_FOUND."""
    return await ctx.store.read(lambda tx: existing(tx, name))


async def list_key_rings(
    ctx: Context, parent: str, request: PageRequest, *, filter: str = "", order_by: str = ""
) -> tuple[Page[KeyRing], int]:
    """A page of a location's key rings by name, and how many there are."""
    names.LOCATION.parse(parent, "parent")
    check_list(filter=filter, order_by=order_by)

    def body(tx: Reader) -> tuple[Page[KeyRing], int]:
        projects.require(tx, parent)
        within = projects.canonical(tx, parent)
        where = window(request, "keyRings", within, default=PAGE_DEFAULT, maximum=PAGE_MAXIMUM)
        found = tx.list(KeyRing, within, after=where.after, limit=where.size + 1)
        return where.page(found, lambda each: each.name), tx.count(KeyRing, within)

    return await ctx.store.read(body)


def existing(tx: Reader, name: str, field: str = "name") -> KeyRing:
    """The key ring; raises NOT_FOUND."""
    return projects.existing(tx, KeyRing, names.KEY_RING, name, field)


def already_exists(kind: str, name: str) -> ApiError:
    """ALREADY_EXISTS in Google's words."""
    return ApiError(Code.ALREADY_EXISTS, f"{kind} {name} already exists.")
