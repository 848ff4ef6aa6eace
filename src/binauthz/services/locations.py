"""The locations of a project, for every API that asks: one origin serves them all, so there is one answer.

Nothing here runs anywhere in particular. A location is a name that resources carry: any well-formed one exists, and
the list shows ``global`` and those that hold something.
"""

from binauthz.base import names
from binauthz.services import projects
from binauthz.services.context import Context
from binauthz.services.paging import Page, PageRequest, window
from binauthz.store.interface import Reader
from binauthz.store.records import Cluster, KeyRing, Membership

PAGE_DEFAULT = 200
PAGE_MAXIMUM = 1000
_HOLDERS: tuple[type[Cluster | KeyRing | Membership], ...] = (Cluster, KeyRing, Membership)


async def get_location(ctx: Context, name: str) -> str:
    """The location's own name, with the project by id; raises NOT_FOUND for an unknown project."""
    _, location = names.LOCATION.parse(name)
    project = await ctx.store.read(lambda tx: projects.require(tx, name))
    return f"{project.name}/locations/{location}"


async def list_locations(ctx: Context, name: str, request: PageRequest) -> Page[str]:
    """A page of the names of a project's locations, in their order."""
    names.PROJECT.parse(name)

    def body(tx: Reader) -> Page[str]:
        project = projects.require(tx, name)
        where = window(request, "locations", project.name, default=PAGE_DEFAULT, maximum=PAGE_MAXIMUM)
        held = (each.name for kind in _HOLDERS for each in tx.list(kind, f"{project.name}/locations/-"))
        repositories = (each.settings.repository for each in ctx.registries.all())
        mapped = (each for each in repositories if each.startswith(f"{project.name}/"))
        found = {"global", *(each.split("/")[3] for each in (*held, *mapped))}
        later = sorted(each for each in found if each > where.after)
        page = where.page(later[: where.size + 1], str)
        return Page(items=[f"{project.name}/locations/{each}" for each in page.items], next_token=page.next_token)

    return await ctx.store.read(body)
