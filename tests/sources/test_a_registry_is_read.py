"""A real registry, read by the distribution specification."""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Iterator
from typing import TypeVar

import pytest

from binauthz.base.clock import FixedClock
from binauthz.sources.registry import Registries, Registry, RegistrySettings, RegistryTrouble, Trouble
from binauthz.sources.registry.images import Images
from tests.sources import images
from tests.sources.images import Pusher

pytestmark = [pytest.mark.servers, pytest.mark.clients]
T = TypeVar("T")
NOW = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
REPOSITORY = "projects/demo-project/locations/us/repositories/containers"


class Reader:
    """A registry and a loop to ask it on."""

    def __init__(self, runner: asyncio.Runner, settings: RegistrySettings) -> None:
        self._runner = runner
        self.registry = Registry(settings, clock=FixedClock(NOW))
        self.images = Images(self.registry)

    def run(self, work: Awaitable[T]) -> T:
        async def body() -> T:
            return await work

        return self._runner.run(body())

    def trouble(self, work: Awaitable[object]) -> Trouble:
        with pytest.raises(RegistryTrouble) as caught:
            self.run(work)
        return caught.value.trouble


@pytest.fixture
def push(registry_url: str) -> Pusher:
    return Pusher(registry_url)


@pytest.fixture
def reader(registry_url: str) -> Iterator[Reader]:
    with asyncio.Runner() as runner:
        made = Reader(runner, RegistrySettings(repository=REPOSITORY, url=registry_url))
        yield made
        made.run(made.registry.close())


def test_an_image_is_found_by_tag_and_by_digest(push: Pusher, reader: Reader) -> None:
    digest = push.image("app", "1.0", b"layer one", b"layer two").removeprefix("sha256:")
    push.image("app", "2.0", b"layer three")
    registry = reader.registry
    assert reader.run(registry.tags("app")) == ("1.0", "2.0")
    assert reader.run(registry.resolve("app", "1.0")) == digest
    assert reader.run(registry.resolve("app", digest)) == digest
    manifest = reader.run(registry.manifest("app", "1.0"))
    assert manifest == reader.run(registry.manifest("app", digest))
    assert (manifest.digest, manifest.media_type, len(manifest.layers)) == (digest, images.IMAGE, 2)
    assert reader.run(registry.blob("app", manifest.layers[0])) == b"layer one"
    config = reader.run(registry.config("app", manifest))
    assert config.created == dt.datetime(2026, 3, 1, 10, 20, 30, 123456, tzinfo=dt.UTC)


def test_a_creation_time_that_has_not_come_yet_is_none(push: Pusher, reader: Reader) -> None:
    for tag, created in (
        ("future", "2031-01-01T00:00:00Z"),
        ("odd", "yesterday"),
        ("far", "9999-12-31T23:59:59-12:00"),
    ):
        push.image("times", tag, created=created)
        manifest = reader.run(reader.registry.manifest("times", tag))
        assert reader.run(reader.registry.config("times", manifest)).created is None


def test_what_is_not_there_is_missing(push: Pusher, reader: Reader) -> None:
    push.image("there", "1")
    registry = reader.registry
    assert reader.trouble(registry.tags("absent")) is Trouble.MISSING
    assert reader.trouble(registry.manifest("there", "2")) is Trouble.MISSING
    assert reader.trouble(registry.resolve("there", "0" * 64)) is Trouble.MISSING
    for repository in ("../x", "A", "a//b", "a b", "", "a?b", "a%2fb"):
        assert reader.trouble(registry.tags(repository)) is Trouble.MISSING
    for reference in ("", "a/b", "-x", "a b", "x" * 129, "sha256:" + "0" * 64):
        assert reader.trouble(registry.resolve("there", reference)) is Trouble.MISSING


def test_the_catalog_shows_what_is_in_the_namespace(push: Pusher, registry_url: str, reader: Reader) -> None:
    push.image("team/web", "1")
    push.image("team/db/primary", "1")
    push.image("teams", "1")
    assert {"team/web", "team/db/primary", "teams"} <= set(reader.run(reader.registry.catalog()))
    with asyncio.Runner() as runner:
        team = Reader(runner, RegistrySettings(repository=REPOSITORY, url=f"{registry_url}/team"))
        assert team.run(team.registry.catalog()) == ("db/primary", "web")
        assert team.run(team.registry.tags("web")) == ("1",)
        assert team.trouble(team.registry.tags("team/web")) is Trouble.MISSING
        team.run(team.registry.close())


def test_an_index_leads_to_its_images(push: Pusher, reader: Reader) -> None:
    amd, arm = images.image(images.config(), b"a"), images.image(images.config(architecture="arm64"), b"b")
    for body in (images.config(), images.config(architecture="arm64"), b"a", b"b"):
        push.blob("multi", body)
    for body in (amd, arm):
        push.manifest("multi", images.digest(body), body)
    both = images.index(amd64=amd, arm64=arm)
    push.manifest("multi", "latest", both, images.INDEX)
    found = {each.digest: each for each in reader.run(reader.images.all("multi"))}
    assert set(found) == {images.digest(body).removeprefix("sha256:") for body in (amd, arm, both)}
    top = found[images.digest(both).removeprefix("sha256:")]
    assert (top.tags, top.media_type) == (("latest",), images.INDEX)
    assert [each.platform["architecture"] for each in top.manifests] == ["amd64", "arm64"]
    assert found[images.digest(arm).removeprefix("sha256:")].tags == ()


def test_a_moved_tag_and_a_removed_image_count_at_once(push: Pusher, reader: Reader) -> None:
    old = push.image("moving", "latest", b"old")
    push.image("moving", "kept", b"old")
    assert [each.tags for each in reader.run(reader.images.all("moving"))] == [("kept", "latest")]
    new = push.image("moving", "latest", b"new")
    tags = {f"sha256:{each.digest}": each.tags for each in reader.run(reader.images.all("moving"))}
    assert tags == {old: ("kept",), new: ("latest",)}
    push.delete("moving", old)
    assert reader.trouble(reader.images.image("moving", old.removeprefix("sha256:"))) is Trouble.MISSING


def test_an_image_name_selects_a_configured_registry_or_none(registry_url: str) -> None:
    outer = RegistrySettings(repository=REPOSITORY, url=registry_url, prefixes=("localhost:5000",))
    inner = RegistrySettings(
        repository=f"{REPOSITORY}-inner", url=f"{registry_url}/team", prefixes=("localhost:5000/team",)
    )
    both = Registries([outer, inner])
    found = both.find("localhost:5000/team/web")
    assert found is not None
    assert (found[0].settings, found[1]) == (inner, "web")
    found = both.find("us-docker.pkg.dev/demo-project/containers/a/b")
    assert found is not None
    assert (found[0].settings, found[1]) == (outer, "a/b")
    for stranger in ("localhost:5001/x", "169.254.169.254/x", "localhost:5000", "localhost:5000/..", "nginx", ""):
        assert both.find(stranger) is None
