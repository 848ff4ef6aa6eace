"""Projects as their users see them: one that exists, and the list of those one may see."""

from binauthz.services import projects
from binauthz.services.authorization import permits
from binauthz.services.context import Context
from binauthz.services.paging import Page, PageRequest, window
from binauthz.store.interface import Reader
from binauthz.store.records import Project

PAGE_DEFAULT = 100
PAGE_MAXIMUM = 1000
_SEE = "resourcemanager.projects.get"


async def get_project(ctx: Context, name: str) -> Project:
    """One project by id or number; raises NOT_FOUND."""
    return await ctx.store.read(lambda tx: projects.require(tx, name))


async def list_projects(ctx: Context, request: PageRequest) -> Page[Project]:
    """A page of the projects that the caller may see, by name."""

    def body(tx: Reader) -> Page[Project]:
        where = window(request, "projects", default=PAGE_DEFAULT, maximum=PAGE_MAXIMUM)
        seen = [each for each in tx.list(Project, "", after=where.after) if permits(tx, ctx.caller, _SEE, each.name)]
        return where.page(seen[: where.size + 1], lambda each: each.name)

    return await ctx.store.read(body)
