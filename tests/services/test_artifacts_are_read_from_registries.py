"""What callers are told of a registry that lies, hides its catalog, forgets, or is down."""

import dataclasses
import json
from collections.abc import Iterator

import pytest

from binauthz.base.errors import Code
from binauthz.services import artifacts, docker_images
from binauthz.services.context import Context
from binauthz.services.paging import PageRequest
from binauthz.sources.registry import Registries, RegistrySettings
from tests.services.conftest import OTHER, PROJECT, World
from tests.sources import images
from tests.sources.hostile import Reply, Toy, toy

pytestmark = pytest.mark.servers
REPOSITORY = f"{PROJECT}/locations/us/repositories/containers"
CONFIG = images.config()
BODY = images.image(CONFIG)
DIGEST = images.digest(BODY)
MANIFEST = Reply(headers={"Content-Type": images.IMAGE, "Docker-Content-Digest": DIGEST}, body=BODY)


@pytest.fixture
def registry() -> Iterator[Toy]:
    with toy() as made:
        made.replies["/v2/_catalog"] = Reply(body=json.dumps({"repositories": ["app", "gone"]}).encode())
        made.replies["/v2/app/tags/list"] = Reply(body=b'{"name": "app", "tags": ["1.0"]}')
        made.replies["/v2/app/manifests/1.0"] = MANIFEST
        made.replies[f"/v2/app/manifests/{DIGEST}"] = MANIFEST
        made.replies[f"/v2/app/blobs/{images.digest(CONFIG)}"] = Reply(body=CONFIG)
        yield made


@pytest.fixture
def ctx(world: World, registry: Toy) -> Iterator[Context]:
    registries = Registries([RegistrySettings(repository=REPOSITORY, url=registry.url)], clock=world.clock)
    yield dataclasses.replace(world.owner, registries=registries)
    world.run(registries.close())


def images_of(world: World, ctx: Context) -> list[str]:
    page = world.run(docker_images.list_docker_images(ctx, REPOSITORY, PageRequest()))
    return [each.name for each in page.items]


def test_a_repository_that_has_gone_since_the_catalog_was_read_is_left_out(world: World, ctx: Context) -> None:
    assert images_of(world, ctx) == [f"{REPOSITORY}/dockerImages/app@{DIGEST}"]


def test_repositories_are_found_by_project_number_too(world: World, ctx: Context) -> None:
    by_number = REPOSITORY.replace("demo-project", "123456789012")
    assert world.run(artifacts.get_repository(ctx, by_number)).name == REPOSITORY
    assert world.run(artifacts.get_tag(ctx, f"{by_number}/packages/app/tags/1.0")).name.startswith(REPOSITORY)
    absent = REPOSITORY.replace(PROJECT, OTHER)
    world.refused(artifacts.get_repository(ctx, absent), Code.NOT_FOUND)


def test_a_registry_that_lies_is_no_source_and_its_lie_is_named(world: World, ctx: Context, registry: Toy) -> None:
    registry.replies[f"/v2/app/manifests/{DIGEST}"] = Reply(headers=MANIFEST.headers, body=BODY + b" ")
    listing = docker_images.list_docker_images(ctx, REPOSITORY, PageRequest())
    refusal = world.refused(listing, Code.FAILED_PRECONDITION)
    assert "does not hash to the digest" in refusal.message
    getting = docker_images.get_version(ctx, f"{REPOSITORY}/packages/app/versions/{DIGEST}")
    world.refused(getting, Code.FAILED_PRECONDITION)


def test_facts_are_remembered_but_whether_an_image_is_there_is_asked_each_time(
    world: World, ctx: Context, registry: Toy
) -> None:
    name = f"{REPOSITORY}/packages/app/versions/{DIGEST}"
    world.run(docker_images.get_version(ctx, name))
    asked = len(registry.asked)
    world.run(docker_images.get_version(ctx, name))
    assert [method for method, _, _ in registry.asked[asked:]] == ["HEAD"]
    del registry.replies[f"/v2/app/manifests/{DIGEST}"]
    world.refused(docker_images.get_version(ctx, name), Code.NOT_FOUND)


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(status=401), Code.FAILED_PRECONDITION),
        (Reply(status=403), Code.FAILED_PRECONDITION),
        (Reply(status=405), Code.UNAVAILABLE),
        (Reply(status=500), Code.UNAVAILABLE),
        (Reply(status=302, headers={"Location": "http://169.254.169.254/"}), Code.FAILED_PRECONDITION),
        (Reply(body=b"<html>"), Code.FAILED_PRECONDITION),
    ],
)
def test_trouble_with_a_registry_is_told_apart(
    world: World, ctx: Context, registry: Toy, reply: Reply, code: Code
) -> None:
    registry.replies["/v2/_catalog"] = reply
    refusal = world.refused(artifacts.list_packages(ctx, REPOSITORY, PageRequest()), code)
    assert REPOSITORY in refusal.message


def test_packages_that_are_configured_need_no_catalog(world: World, registry: Toy) -> None:
    del registry.replies["/v2/_catalog"]
    settings = RegistrySettings(repository=REPOSITORY, url=registry.url, packages=("app",))
    registries = Registries([settings], clock=world.clock)
    ctx = dataclasses.replace(world.owner, registries=registries)
    assert images_of(world, ctx) == [f"{REPOSITORY}/dockerImages/app@{DIGEST}"]
    assert "/v2/_catalog" not in [path.partition("?")[0] for path in registry.paths]
    world.run(registries.close())


def test_a_page_walk_misses_and_repeats_nothing_while_images_come(world: World, ctx: Context, registry: Toy) -> None:
    bodies = {name: images.image(CONFIG, name.encode()) for name in "abcdefgh"}
    for body in bodies.values():
        answer = Reply(headers={"Content-Type": images.IMAGE, "Docker-Content-Digest": images.digest(body)}, body=body)
        registry.replies[f"/v2/app/manifests/{images.digest(body)}"] = answer

    def hold(names: str) -> None:
        registry.replies["/v2/app/tags/list"] = Reply(body=json.dumps({"tags": list(names)}).encode())
        for name in names:
            registry.replies[f"/v2/app/manifests/{name}"] = registry.replies[
                f"/v2/app/manifests/{images.digest(bodies[name])}"
            ]

    hold("abcd")
    seen: list[str] = []
    token = ""
    while True:
        request = PageRequest(size=1, token=token)
        page = world.run(docker_images.list_docker_images(ctx, REPOSITORY, request))
        seen += [each.name.rpartition("@")[2] for each in page.items]
        token = page.next_token
        if not token:
            break
        hold("abcdefgh")
    assert len(seen) == len(set(seen))
    assert {images.digest(bodies[name]) for name in "abcd"} <= set(seen)
