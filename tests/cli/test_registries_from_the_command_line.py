"""``binauthz artifacts`` and ``locations`` over a real registry: paths are given with slashes, as people write them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.running import Shell, clean_environment, serving
from tests.sources.docker_registry import docker_registry
from tests.sources.images import Pusher

pytestmark = [pytest.mark.servers, pytest.mark.clients]


@dataclass(frozen=True, kw_only=True)
class Stocked:
    """A shell pointed at a server that reads a registry, and the digests of what is in it."""

    shell: Shell
    app: str
    nested: str

    def table(self, *arguments: str) -> list[list[str]]:
        """The rows of a table."""
        return [line.split() for line in self.shell("artifacts", *arguments).ok().out.splitlines()[1:]]


@pytest.fixture(scope="module")
def stocked(need: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stocked]:
    directory: Path = tmp_path_factory.mktemp("stocked")
    with docker_registry(need("docker-registry"), directory) as url:
        pusher = Pusher(url)
        app = pusher.image("team/app", "1.0", b"one")
        pusher.image("team/app", "2.0", b"two")
        nested = pusher.image("team/tools/deep/scanner", "v1", b"three")
        env = {**clean_environment(directory), "BINAUTHZ_DIR": str(directory / "dir")}
        with serving(directory / "dir", env, "--registry", f"us/containers={url}/team"):
            yield Stocked(shell=Shell(env), app=app, nested=nested)


def test_repositories_and_their_locations_are_listed(stocked: Stocked) -> None:
    for where in ((), ("--location", "us")):
        assert [row[:3] for row in stocked.table("repositories", "list", *where)] == [
            ["us/containers", "DOCKER", "us-docker.pkg.dev/demo-project/containers"]
        ]
    assert stocked.table("repositories", "list", "--location", "europe") == []
    assert "us" in [line.split()[0] for line in stocked.shell("locations", "list").ok().out.splitlines()]


def test_what_a_list_shows_can_be_given_to_describe(stocked: Stocked) -> None:
    nested = f"tools/deep/scanner@{stocked.nested}"
    found = [row[0] for row in stocked.table("images", "list", "us/containers")]
    assert len(found) == 3
    assert {f"app@{stocked.app}", nested} < {*found}
    for image in (f"us/containers/{nested}", _encoded("dockerImages", nested)):
        shown = json.loads(stocked.shell("artifacts", "images", "describe", image, "--format", "json").ok().out)
        assert (shown["uri"], shown["tags"]) == (f"us-docker.pkg.dev/demo-project/containers/{nested}", ["v1"])
    assert stocked.table("packages", "list", "us/containers") == [["app"], ["tools/deep/scanner"]]
    package = stocked.shell("artifacts", "packages", "describe", "us/containers/tools/deep/scanner").ok().out
    assert "displayName: tools/deep/scanner" in package


def test_versions_and_tags_of_a_package_are_listed(stocked: Stocked) -> None:
    for package in ("us/containers/tools/deep/scanner", _encoded("packages", "tools/deep/scanner")):
        assert [row[0] for row in stocked.table("versions", "list", package)] == [stocked.nested]
        assert stocked.table("tags", "list", package) == [["v1", stocked.nested]]
    assert stocked.table("tags", "list", "us/containers/app", "--limit", "1") == [["1.0", stocked.app]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("repositories", "describe", "containers"), "got `containers`, expected LOCATION/REPOSITORY or projects/"),
        (("images", "list", "us/none"), "NOT_FOUND"),
        (("images", "describe", "us/containers/"), "expected LOCATION/REPOSITORY/IMAGE@DIGEST"),
        (("tags", "list", "us/containers/none"), "NOT_FOUND"),
        (("tags", "list", "us/containers"), "expected LOCATION/REPOSITORY/PACKAGE"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_mistake_is_named(stocked: Stocked, arguments: tuple[str, ...], said: str) -> None:
    result = stocked.shell("artifacts", *arguments)
    assert (result.code, result.out) == (1, "")
    assert said in result.err


def _encoded(collection: str, path: str) -> str:
    """The full name that the API gives it."""
    quoted = path.replace("/", "%2F")
    return f"projects/demo-project/locations/us/repositories/containers/{collection}/{quoted}"
