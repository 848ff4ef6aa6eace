"""Versions of packages, and docker images: the same manifests under Artifact Registry's two names for them.

The upload time is the registry's word where it gives one (``Last-Modified``), else the build time that the image
states of itself: an OCI registry does not tell when it got something. Nothing is decided by either here.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from binauthz.base import names
from binauthz.base.errors import ApiError, Code, invalid_field
from binauthz.services.artifacts import (
    PAGE_DEFAULT,
    PAGE_MAXIMUM,
    asking,
    name_filter,
    open_repository,
    package_id,
    package_path,
    position,
)
from binauthz.services.context import Context
from binauthz.services.paging import Page, PageRequest, window
from binauthz.sources.registry import Image, Images

R = TypeVar("R", bound="Version | DockerImage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One manifest as a version of its package; ``tags`` are names of tags."""

    name: str
    image_name: str
    image: Image
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerImage:
    """One manifest as a docker image, with the name by which it is pulled."""

    name: str
    uri: str
    image: Image


def uploaded(image: Image) -> dt.datetime | None:
    """When the image came, as near as can be told."""
    return image.uploaded or image.built


_TIMES: Mapping[str, Callable[[Image], dt.datetime | None]] = {
    "buildtime": lambda image: image.built,
    "createtime": uploaded,
    "updatetime": uploaded,
    "uploadtime": uploaded,
}


async def get_version(ctx: Context, name: str, *, full: bool = False) -> Version:
    """One version; with its tags where they are asked for, which costs a look at every tag of the package."""
    *_, package, version = names.VERSION.parse(name)
    repository, images = await open_repository(ctx, name)
    path, digest = package_path(package), version.removeprefix("sha256:")
    made = f"{repository}/packages/{package}/versions/{version}"
    image = await asking(repository, images.image(path, digest), made)
    if full:
        found = await asking(repository, images.all(path), made)
        image = next((each for each in found if each.digest == digest), image)
    return _version(repository, package, image)


async def list_versions(
    ctx: Context, parent: str, request: PageRequest, *, filter: str = "", order_by: str = ""
) -> Page[Version]:
    """A page of a package's versions, by name unless ordered by time."""
    *_, package = names.PACKAGE.parse(parent, "parent")
    repository, images = await open_repository(ctx, parent)
    made = f"{repository}/packages/{package}"
    keeps = name_filter(filter, "name")
    arrange = _order(order_by)
    where = window(request, "versions", made, filter, order_by, default=PAGE_DEFAULT, maximum=PAGE_MAXIMUM)
    found = await asking(repository, images.all(package_path(package)), made)
    versions = arrange([_version(repository, package, image) for image in found])
    kept = [each for each in versions if keeps(each.name)]
    start = position([each.name for each in kept], where.after)
    return where.page(kept[start : start + where.size + 1], lambda each: each.name)


async def get_docker_image(ctx: Context, name: str) -> DockerImage:
    """One image by its digest, with its tags; raises NOT_FOUND."""
    *_, identity = names.DOCKER_IMAGE.parse(name)
    package, _, version = identity.partition("@")
    repository, images = await open_repository(ctx, name)
    made, digest = f"{repository}/dockerImages/{identity}", version.removeprefix("sha256:")
    found = await asking(repository, images.all(package_path(package)), made)
    image = next((each for each in found if each.digest == digest), None)
    if image is None:
        image = await asking(repository, images.image(package_path(package), digest), made)
    return _docker_image(repository, images, package, image)


async def list_docker_images(
    ctx: Context, parent: str, request: PageRequest, *, order_by: str = ""
) -> Page[DockerImage]:
    """A page of the images of a repository, package by package; only the packages that the page needs are asked for
    their tags."""
    names.REPOSITORY.parse(parent, "parent")
    repository, images = await open_repository(ctx, parent)
    arrange = _order(order_by)
    where = window(request, "dockerImages", repository, order_by, default=PAGE_DEFAULT, maximum=PAGE_MAXIMUM)
    packages = sorted(map(package_id, await asking(repository, images.registry.catalog())))
    if " ".join(order_by.split()) not in {"", "name", "name asc"}:
        everything = [each for package in packages for each in await _of_package(repository, images, package)]
        ordered = arrange(everything)
        start = position([each.name for each in ordered], where.after)
        return where.page(ordered[start : start + where.size + 1], lambda each: each.name)
    found: list[DockerImage] = []
    last = where.after.rpartition("/")[2].partition("@")[0]
    for package in packages:
        if package < last:
            continue
        rows = await _of_package(repository, images, package)
        found += rows if package != last else [each for each in rows if each.name > where.after]
        if len(found) > where.size:
            break
    return where.page(found[: where.size + 1], lambda each: each.name)


async def _of_package(repository: str, images: Images, package: str) -> list[DockerImage]:
    """The images of a package, by digest; none when it has gone since the catalog was read."""
    try:
        found = await asking(repository, images.all(package_path(package)))
    except ApiError as error:
        if error.code is Code.NOT_FOUND:
            return []
        raise
    return [_docker_image(repository, images, package, image) for image in found]


def _version(repository: str, package: str, image: Image) -> Version:
    identity = f"{package}@sha256:{image.digest}"
    return Version(
        name=f"{repository}/packages/{package}/versions/sha256:{image.digest}",
        image_name=f"{repository}/dockerImages/{identity}",
        image=image,
        tags=tuple(f"{repository}/packages/{package}/tags/{tag}" for tag in image.tags),
    )


def _docker_image(repository: str, images: Images, package: str, image: Image) -> DockerImage:
    docker_name = images.registry.settings.docker_name
    return DockerImage(
        name=f"{repository}/dockerImages/{package}@sha256:{image.digest}",
        uri=f"{docker_name}/{package_path(package)}@sha256:{image.digest}",
        image=image,
    )


def _order(order_by: str) -> Callable[[Sequence[R]], list[R]]:
    """How a list is arranged; INVALID_ARGUMENT on ``orderBy`` for what it cannot be arranged by."""
    field, _, direction = " ".join(order_by[:64].split()).lower().replace("_", "").partition(" ")
    if field not in {"", "name", *_TIMES} or direction not in {"", "asc", "desc"}:
        raise invalid_field("orderBy", f'got `{order_by[:64]}`, expected name or a time, and perhaps "desc"')

    def key(each: R) -> tuple[float, str]:
        moment = None if field in {"", "name"} else _TIMES[field](each.image)
        return (moment.timestamp() if moment else 0.0, each.name)

    return lambda rows: sorted(rows, key=key, reverse=direction == "desc")
