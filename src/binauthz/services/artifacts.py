"""Artifact Registry's repositories, packages and tags, read from the OCI registries that an operator configured.

A repository resource exists because the configuration maps it to a registry; nothing of it is stored. An image's path
is a package, whose slashes are written ``%2F`` in names.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from binauthz.base import names
from binauthz.base.errors import ApiError, Code, invalid_field
from binauthz.services import projects
from binauthz.services.context import Context
from binauthz.services.names import not_found
from binauthz.services.paging import Page, PageRequest, window
from binauthz.sources.registry import Images, Registry, RegistryTrouble, Trouble

T = TypeVar("T")

PAGE_DEFAULT = 100
PAGE_MAXIMUM = 1000
_FILTER = re.compile(r'\s*([a-z]{1,16})\s*=\s*"([^"*\s]{1,1024})(\*?)"\s*')


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository resource and what its images are called."""

    name: str
    uri: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One image path of a repository."""

    name: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A tag and the version that it stands for now."""

    name: str
    version: str


def package_id(path: str) -> str:
    """The path as one segment of a name."""
    return path.replace("/", "%2F")


def package_path(package: str) -> str:
    """The path that a segment of a name means."""
    return package.replace("%2F", "/")


async def asking(repository: str, work: Awaitable[T], missing: str = "") -> T:
    """Await an answer of a repository's registry; its trouble becomes an error that says what it was.

    ``missing`` is the resource that is not found where the registry holds no such thing.
    """
    try:
        return await work
    except RegistryTrouble as trouble:
        if trouble.trouble is Trouble.MISSING:
            raise not_found(missing or repository) from None
        passing = trouble.trouble in {Trouble.UNREACHABLE, Trouble.FAILED}
        code = Code.UNAVAILABLE if passing else Code.FAILED_PRECONDITION
        raise ApiError(code, f"The registry behind {repository} cannot be used: {trouble}") from None


async def open_repository(ctx: Context, name: str) -> tuple[str, Images]:
    """The repository's name, with the project by id, and its images; raises NOT_FOUND."""
    project = await ctx.store.read(lambda tx: projects.require(tx, name))
    canonical = "/".join((project.name, *name.split("/")[2:6]))
    images = ctx.registries.images(canonical)
    if images is None:
        raise not_found(canonical)
    return canonical, images


def _repository(registry: Registry) -> Repository:
    settings = registry.settings
    return Repository(
        name=settings.repository, uri=settings.docker_name, description=f"Images of {settings.url.rstrip('/')}"
    )


async def get_repository(ctx: Context, name: str) -> Repository:
    """One repository; raises NOT_FOUND."""
    names.REPOSITORY.parse(name)
    _, images = await open_repository(ctx, name)
    return _repository(images.registry)


async def list_repositories(
    ctx: Context, parent: str, request: PageRequest, *, filter: str = "", order_by: str = ""
) -> Page[Repository]:
    """A page of the repositories of a location, or with ``-`` of all, by name."""
    _, location = names.LOCATION_OR_ALL.parse(parent, "parent")
    project = (await ctx.store.read(lambda tx: projects.require(tx, parent))).name
    keeps = name_filter(filter, "name")
    by_name_only(order_by)
    where = window(request, "repositories", project, location, filter, default=PAGE_DEFAULT, maximum=PAGE_MAXIMUM)
    beginning = f"{project}/locations/" if location == "-" else f"{project}/locations/{location}/"
    found = [_repository(each) for each in ctx.registries.all() if each.settings.repository.startswith(beginning)]
    later = [each for each in found if each.name > where.after and keeps(each.name)]
    return where.page(later[: where.size + 1], lambda each: each.name)


async def get_package(ctx: Context, name: str) -> Package:
    """One package; raises NOT_FOUND for a path that the registry does not hold."""
    *_, package = names.PACKAGE.parse(name)
    repository, images = await open_repository(ctx, name)
    made = f"{repository}/packages/{package}"
    await asking(repository, images.registry.tags(package_path(package)), made)
    return Package(name=made, path=package_path(package))


async def list_packages(
    ctx: Context, parent: str, request: PageRequest, *, filter: str = "", order_by: str = ""
) -> Page[Package]:
    """A page of the packages of a repository, by name."""
    names.REPOSITORY.parse(parent, "parent")
    keeps = name_filter(filter, "name")
    by_name_only(order_by)
    repository, images = await open_repository(ctx, parent)
    where = window(request, "packages", repository, filter, default=PAGE_DEFAULT, maximum=PAGE_MAXIMUM)
    paths = await asking(repository, images.registry.catalog())
    found = sorted((f"{repository}/packages/{package_id(path)}", path) for path in paths)
    later = [Package(name=name, path=path) for name, path in found if name > where.after and keeps(name)]
    return where.page(later[: where.size + 1], lambda each: each.name)


async def get_tag(ctx: Context, name: str) -> Tag:
    """What a tag stands for now; raises NOT_FOUND."""
    *_, package, tag = names.TAG.parse(name)
    repository, images = await open_repository(ctx, name)
    made = f"{repository}/packages/{package}/tags/{tag}"
    digest = await asking(repository, images.registry.resolve(package_path(package), tag), made)
    return Tag(name=made, version=f"{repository}/packages/{package}/versions/sha256:{digest}")


async def list_tags(ctx: Context, parent: str, request: PageRequest, filter: str = "") -> Page[Tag]:
    """A page of a package's tags, by name; only those of the page are looked up, unless versions are filtered by."""
    *_, package = names.PACKAGE.parse(parent, "parent")
    repository, images = await open_repository(ctx, parent)
    made, path = f"{repository}/packages/{package}", package_path(package)
    keeps = name_filter(filter, "name", "version")
    where = window(request, "tags", made, filter, default=PAGE_DEFAULT, maximum=PAGE_MAXIMUM)
    tags = [
        each
        for each in await asking(repository, images.registry.tags(path), made)
        if f"{made}/tags/{each}" > where.after
    ]
    by_version = filter.strip().startswith("version")
    if not by_version:
        tags = [each for each in tags if keeps(f"{made}/tags/{each}")][: where.size + 1]
    digests = await asking(repository, images.tagged(path, tags), made)
    found = [
        Tag(name=f"{made}/tags/{tag}", version=f"{made}/versions/sha256:{digests[tag]}")
        for tag in tags
        if tag in digests
    ]
    if by_version:
        found = [each for each in found if keeps(each.version)]
    return where.page(found[: where.size + 1], lambda each: each.name)


async def get_project_settings(ctx: Context, name: str) -> str:
    """The name of the project's settings: gcr.io names are not redirected here, and nothing else is set."""
    names.PROJECT_SETTINGS.parse(name)
    project = await ctx.store.read(lambda tx: projects.require(tx, name))
    return f"{project.name}/projectSettings"


def name_filter(filter: str, *fields: str) -> Callable[[str], bool]:
    """The condition of a filter ``FIELD="NAME"``, or with a ``*`` at its end; nothing keeps all.

    Clients that filter themselves do so when they are told INVALID_ARGUMENT.
    """
    if not filter.strip():
        return lambda _: True
    found = _FILTER.fullmatch(filter) if len(filter) <= 2048 else None
    if found is None or found[1] not in fields:
        expected = " or ".join(f'{field}="NAME"' for field in fields)
        raise invalid_field("filter", f"got `{filter[:120]}`, expected {expected}, with * at the end of a prefix")
    wanted, begins = found[2], bool(found[3])
    return lambda name: name.startswith(wanted) if begins else name == wanted or name.endswith(f"/{wanted}")


def by_name_only(order_by: str) -> None:
    """Refuse an order that a list without times cannot have."""
    if " ".join(order_by.split()).lower() not in {"", "name", "name asc"}:
        raise invalid_field("orderBy", f"got `{order_by[:64]}`, expected name")


def position(ordered: Sequence[str], after: str) -> int:
    """Where a page begins in names of any order; INVALID_ARGUMENT when the name to go on from is gone."""
    if not after:
        return 0
    try:
        return ordered.index(after) + 1
    except ValueError:
        raise invalid_field("pageToken", "what the last page ended with is no longer there: list again") from None
