"""Artifact Registry on the wire: what is read of repositories, packages, versions, tags and docker images."""

import datetime as dt
from typing import Any

from google.protobuf.message import Message

from binauthz.services import artifacts, docker_images
from binauthz.services.context import Context
from binauthz.sources.registry import Descriptor
from binauthz.wire.descriptors import message_class
from binauthz.wire.fields import set_enum
from binauthz.wire.paging import page_of

_PACKAGE = "google.devtools.artifactregistry.v1"
_PLATFORM = {"architecture": "architecture", "os": "os", "os.version": "os_version", "variant": "variant"}


def _new(name: str) -> Any:
    return message_class(f"{_PACKAGE}.{name}")()


def _set_time(field: Any, moment: dt.datetime | None) -> None:
    if moment is not None:
        field.FromDatetime(moment)


def from_repository(repository: artifacts.Repository) -> Message:
    """The repository as a message."""
    message = _new("Repository")
    message.name, message.description = repository.name, repository.description
    message.registry_uri = repository.uri
    set_enum(message, "format", "DOCKER")
    set_enum(message, "mode", "STANDARD_REPOSITORY")
    result: Message = message
    return result


def from_version(version: docker_images.Version, *, full: bool) -> Message:
    """The version as a message; what it is made of only in the full view, as Google shows it."""
    message, image = _new("Version"), version.image
    message.name = version.name
    _set_time(message.create_time, docker_images.uploaded(image))
    _set_time(message.update_time, docker_images.uploaded(image))
    if full:
        for tag in version.tags:
            message.related_tags.add(name=tag, version=version.name)
        facts = {"name": version.image_name, "mediaType": image.media_type, "imageSizeBytes": str(image.size)}
        if image.built is not None:
            facts["buildTime"] = image.built.isoformat().replace("+00:00", "Z")
        message.metadata.update(facts)
    result: Message = message
    return result


def from_docker_image(found: docker_images.DockerImage) -> Message:
    """The image as a message."""
    message, image = _new("DockerImage"), found.image
    message.name, message.uri = found.name, found.uri
    message.tags.extend(image.tags)
    message.image_size_bytes, message.media_type = image.size, image.media_type
    message.artifact_type = image.artifact_type
    _set_time(message.upload_time, docker_images.uploaded(image))
    _set_time(message.update_time, docker_images.uploaded(image))
    _set_time(message.build_time, image.built)
    for each in image.manifests:
        _add_manifest(message, each)
    result: Message = message
    return result


def _add_manifest(message: Any, descriptor: Descriptor) -> None:
    made = message.image_manifests.add(digest=f"sha256:{descriptor.digest}", media_type=descriptor.media_type)
    for theirs, field in _PLATFORM.items():
        setattr(made, field, descriptor.platform.get(theirs, ""))


async def get_repository(ctx: Context, request: Any) -> Message:
    """GetRepository."""
    return from_repository(await artifacts.get_repository(ctx, request.name))


async def list_repositories(ctx: Context, request: Any) -> Message:
    """ListRepositories."""
    page = await artifacts.list_repositories(
        ctx, request.parent, page_of(request), filter=request.filter, order_by=request.order_by
    )
    answer = _new("ListRepositoriesResponse")
    answer.repositories.extend(from_repository(each) for each in page.items)
    return _ended(answer, page.next_token)


async def get_package(ctx: Context, request: Any) -> Message:
    """GetPackage."""
    return _package(await artifacts.get_package(ctx, request.name))


async def list_packages(ctx: Context, request: Any) -> Message:
    """ListPackages."""
    page = await artifacts.list_packages(
        ctx, request.parent, page_of(request), filter=request.filter, order_by=request.order_by
    )
    answer = _new("ListPackagesResponse")
    answer.packages.extend(_package(each) for each in page.items)
    return _ended(answer, page.next_token)


def _package(package: artifacts.Package) -> Message:
    return message_class(f"{_PACKAGE}.Package")(name=package.name, display_name=package.path)


async def get_version(ctx: Context, request: Any) -> Message:
    """GetVersion."""
    full = _is_full(request)
    return from_version(await docker_images.get_version(ctx, request.name, full=full), full=full)


async def list_versions(ctx: Context, request: Any) -> Message:
    """ListVersions."""
    page = await docker_images.list_versions(
        ctx, request.parent, page_of(request), filter=request.filter, order_by=request.order_by
    )
    answer = _new("ListVersionsResponse")
    answer.versions.extend(from_version(each, full=_is_full(request)) for each in page.items)
    return _ended(answer, page.next_token)


def _is_full(request: Any) -> bool:
    values = request.DESCRIPTOR.fields_by_name["view"].enum_type.values_by_name
    return bool(request.view == values["FULL"].number)


async def get_tag(ctx: Context, request: Any) -> Message:
    """GetTag."""
    return _tag(await artifacts.get_tag(ctx, request.name))


async def list_tags(ctx: Context, request: Any) -> Message:
    """ListTags."""
    page = await artifacts.list_tags(ctx, request.parent, page_of(request), request.filter)
    answer = _new("ListTagsResponse")
    answer.tags.extend(_tag(each) for each in page.items)
    return _ended(answer, page.next_token)


def _tag(tag: artifacts.Tag) -> Message:
    return message_class(f"{_PACKAGE}.Tag")(name=tag.name, version=tag.version)


async def get_docker_image(ctx: Context, request: Any) -> Message:
    """GetDockerImage."""
    return from_docker_image(await docker_images.get_docker_image(ctx, request.name))


async def list_docker_images(ctx: Context, request: Any) -> Message:
    """ListDockerImages."""
    page = await docker_images.list_docker_images(ctx, request.parent, page_of(request), order_by=request.order_by)
    answer = _new("ListDockerImagesResponse")
    answer.docker_images.extend(from_docker_image(each) for each in page.items)
    return _ended(answer, page.next_token)


async def get_project_settings(ctx: Context, request: Any) -> Message:
    """GetProjectSettings."""
    message = _new("ProjectSettings")
    message.name = await artifacts.get_project_settings(ctx, request.name)
    set_enum(message, "legacy_redirection_state", "REDIRECTION_FROM_GCR_IO_DISABLED")
    result: Message = message
    return result


def _ended(answer: Any, next_token: str) -> Message:
    answer.next_page_token = next_token
    result: Message = answer
    return result
