"""Artifact Registry over a real docker-registry: gcloud unmodified, and Google's client over gRPC and REST."""

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from google.api_core import exceptions
from google.cloud import artifactregistry_v1
from google.cloud.artifactregistry_v1.services.artifact_registry import transports as registry_transports

from binauthz.app.sections import Registry, Sections
from tests.conformance.gcloud import Gcloud
from tests.conformance.rest import Rest
from tests.conformance.server import OTHER_PROJECT, PROJECT, Target, running
from tests.conformance.services import LOCATIONS, REGISTRY
from tests.conformance.test_google_clients import Clients
from tests.conformance.witness.ledger import Ledger
from tests.conformance.witness.schemas import Schemas
from tests.conformance.witness.standing import witnessed
from tests.sources import images
from tests.sources.docker_registry import docker_registry
from tests.sources.images import Pusher

pytestmark = [pytest.mark.servers, pytest.mark.clients]
PARENT = f"projects/{PROJECT}/locations/us"
REPOSITORY = f"{PARENT}/repositories/containers"
DOWN = f"projects/{PROJECT}/locations/europe/repositories/down"
HOST = f"us-docker.pkg.dev/{PROJECT}/containers"


@dataclass(frozen=True, kw_only=True)
class World:
    """A server with a registry behind it, and the digests of what was pushed there."""

    target: Target
    app: str
    old: str
    nested: str
    multi: str


@pytest.fixture(scope="module")
def world(
    need: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory, ledger: Ledger, schemas: Schemas
) -> Iterator[World]:
    if os.environ.get("BINAUTHZ_CONFORMANCE_URL"):
        pytest.skip("the server under test has no registry that these tests know of")
    directory: Path = tmp_path_factory.mktemp("artifacts")
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(docker_registry(need("docker-registry"), directory))
        pusher = Pusher(url)
        old = pusher.image("team/app", "0.9", b"layer zero", created="2026-01-02T03:04:05Z")
        app = pusher.image("team/app", "1.0", b"layer one", b"layer two")
        pusher.manifest("team/app", "latest", images.image(images.config(), b"layer one", b"layer two"))
        nested = pusher.image("team/tools/deep/scanner", "v1", b"layer three")
        arm = pusher.image("team/multi", "arm", b"layer four", arch="arm64")
        arm_body = images.image(images.config(architecture="arm64"), b"layer four")
        assert images.digest(arm_body) == arm
        multi = pusher.manifest("team/multi", "all", images.index(arm64=arm_body), images.INDEX)
        sections = Sections(
            registries=(
                Registry(repository=REPOSITORY, url=f"{url}/team"),
                Registry(repository=DOWN, url="http://127.0.0.1:1"),
            )
        )
        server = stack.enter_context(running(directory / "server", sections=sections))
        target = stack.enter_context(witnessed(server, ledger, schemas))
        yield World(target=target, app=app, old=old, nested=nested, multi=multi)


@pytest.fixture(scope="module")
def gcloud(need: Callable[[str], str], world: World, tmp_path_factory: pytest.TempPathFactory) -> Gcloud:
    return Gcloud(need("gcloud"), world.target, tmp_path_factory.mktemp("gcloud"))


@pytest.fixture
def rest(world: World) -> Rest:
    return Rest(world.target.url, world.target.token)


@pytest.mark.shows(REGISTRY, "GetRepository", "ListRepositories")
@pytest.mark.shows(LOCATIONS, "ListLocations")
def test_repositories_are_listed_and_described(gcloud: Gcloud) -> None:
    listed = gcloud.json("artifacts", "repositories", "list", "--location=us")
    assert [each["name"] for each in listed] == [REPOSITORY]
    everywhere = gcloud("artifacts", "repositories", "list")
    assert everywhere.code == 0, everywhere.err
    assert [line.split()[0] for line in everywhere.out.splitlines()[-2:]] == ["down", "containers"]
    described = gcloud.json("artifacts", "repositories", "describe", "containers", "--location=us")
    assert (described["format"], described["registryUri"]) == ("DOCKER", HOST)
    assert "NOT_FOUND" in gcloud("artifacts", "repositories", "describe", "absent", "--location=us").err
    assert "europe" in gcloud("artifacts", "locations", "list").out.split()


@pytest.mark.shows(REGISTRY, "GetRepository", "ListDockerImages", "ListVersions")
def test_images_are_listed_as_the_managing_images_page_says(gcloud: Gcloud, world: World) -> None:
    listed = gcloud.json("artifacts", "docker", "images", "list", HOST)
    found = {(each["package"], each["version"]) for each in listed}
    assert {
        (f"{HOST}/app", world.app),
        (f"{HOST}/app", world.old),
        (f"{HOST}/tools/deep/scanner", world.nested),
    } < found
    tagged = gcloud.json("artifacts", "docker", "images", "list", HOST, "--include-tags")
    assert {each["version"]: each["tags"] for each in tagged}[world.app] == ["1.0", "latest"]
    one = gcloud.json("artifacts", "docker", "images", "list", f"{HOST}/app", "--include-tags")
    assert {each["version"]: each["tags"] for each in one} == {world.app: ["1.0", "latest"], world.old: ["0.9"]}
    newest = gcloud.json("artifacts", "docker", "images", "list", f"{HOST}/app", "--sort-by=~CREATE_TIME", "--limit=1")
    assert [each["version"] for each in newest] == [world.app]
    below = gcloud.json("artifacts", "docker", "images", "list", f"{HOST}/tools")
    assert [each["version"] for each in below] == [world.nested]
    missing = gcloud("artifacts", "docker", "images", "list", f"us-docker.pkg.dev/{PROJECT}/absent")
    assert missing.code == 1
    assert "NOT_FOUND" in missing.err


@pytest.mark.shows(REGISTRY, "GetRepository", "GetTag", "GetVersion")
def test_an_image_is_described_by_tag_and_by_digest(gcloud: Gcloud, world: World) -> None:
    for reference in (":1.0", f"@{world.app}", ""):
        described = gcloud.json("artifacts", "docker", "images", "describe", f"{HOST}/app{reference}")
        assert described["image_summary"] == {
            "digest": world.app,
            "fully_qualified_digest": f"{HOST}/app@{world.app}",
            "registry": "us-docker.pkg.dev",
            "repository": "containers",
            "slsa_build_level": "unknown",
        }
    for reference in (":absent", f"@sha256:{'0' * 64}"):
        ran = gcloud("artifacts", "docker", "images", "describe", f"{HOST}/app{reference}")
        assert (ran.code, "Image not found" in ran.err) == (1, True), ran.err


@pytest.mark.shows(REGISTRY, "ListTags", "ListPackages")
def test_tags_are_listed(gcloud: Gcloud, world: World) -> None:
    of_one = gcloud.json("artifacts", "docker", "tags", "list", f"{HOST}/app")
    assert {each["tag"].rpartition("/")[2]: each["version"].rpartition("/")[2] for each in of_one} == {
        "0.9": world.old,
        "1.0": world.app,
        "latest": world.app,
    }
    of_all = gcloud.json("artifacts", "docker", "tags", "list", HOST)
    assert {each["image"] for each in of_all} == {f"{HOST}/app", f"{HOST}/multi", f"{HOST}/tools/deep/scanner"}


@pytest.mark.shows(REGISTRY, "GetPackage", "ListPackages", "GetVersion", "ListVersions", "ListTags")
def test_packages_versions_and_tags_are_listed_and_described(gcloud: Gcloud, world: World) -> None:
    where = ("--location=us", "--repository=containers")
    packages = gcloud.json("artifacts", "packages", "list", *where)
    assert [each["name"] for each in packages] == ["app", "multi", "tools/deep/scanner"]
    described = gcloud.json("artifacts", "packages", "describe", "tools/deep/scanner", *where)
    assert described["name"] == f"{REPOSITORY}/packages/tools%2Fdeep%2Fscanner"
    versions = gcloud.json("artifacts", "versions", "list", "--package=app", *where)
    assert {each["name"].rpartition("/")[2] for each in versions} == {world.app, world.old}
    version = gcloud.json("artifacts", "versions", "describe", world.nested, "--package=tools/deep/scanner", *where)
    assert version["createTime"] == "2026-03-01T10:20:30.123456Z"
    tags = gcloud.json("artifacts", "tags", "list", "--package=app", *where)
    assert [each["name"].rpartition("/")[2] for each in tags] == ["0.9", "1.0", "latest"]
    chosen = gcloud.json("artifacts", "packages", "list", *where, '--filter=name:"scanner"')
    assert len(chosen) == 1


@pytest.mark.shows(REGISTRY, "GetProjectSettings")
def test_names_of_gcr_io_are_not_redirected(gcloud: Gcloud) -> None:
    shown = gcloud.json("artifacts", "settings", "describe")
    assert shown["legacyRedirectionState"] == "REDIRECTION_FROM_GCR_IO_DISABLED"
    ran = gcloud("artifacts", "docker", "images", "describe", f"gcr.io/{PROJECT}/app:1.0")
    assert "redirection" in ran.err


def test_what_would_write_is_not_served(gcloud: Gcloud, world: World) -> None:
    ran = gcloud("artifacts", "docker", "tags", "add", f"{HOST}/app@{world.app}", f"{HOST}/app:new")
    assert (ran.code, "UNIMPLEMENTED" in ran.err) == (1, True), ran.err


@pytest.fixture(params=["grpc", "rest"])
def client(request: pytest.FixtureRequest, world: World) -> artifactregistry_v1.ArtifactRegistryClient:
    transport = Clients(request.param, world.target).transport(registry_transports, "ArtifactRegistry")
    return artifactregistry_v1.ArtifactRegistryClient(transport=transport)


@pytest.mark.shows(REGISTRY, "GetRepository", "ListRepositories", "GetPackage", "ListPackages", "GetProjectSettings")
def test_the_client_reads_repositories_and_packages(client: artifactregistry_v1.ArtifactRegistryClient) -> None:
    repository = client.get_repository(name=REPOSITORY)
    assert (repository.format_.name, repository.registry_uri) == ("DOCKER", HOST)
    assert [each.name for each in client.list_repositories(parent=PARENT)] == [REPOSITORY]
    pages = client.list_packages(request={"parent": REPOSITORY, "page_size": 1})
    names = [each.name for each in pages]
    assert names == [f"{REPOSITORY}/packages/{each}" for each in ("app", "multi", "tools%2Fdeep%2Fscanner")]
    for name in names:
        assert client.get_package(name=name).name == name
    assert client.get_project_settings(name=f"projects/{PROJECT}/projectSettings").legacy_redirection_state == 1


@pytest.mark.shows(REGISTRY, "GetDockerImage", "ListDockerImages")
def test_the_client_walks_docker_images(client: artifactregistry_v1.ArtifactRegistryClient, world: World) -> None:
    walked = list(client.list_docker_images(request={"parent": REPOSITORY, "page_size": 1}))
    whole = list(client.list_docker_images(parent=REPOSITORY))
    assert walked == whole
    assert len({each.name for each in whole}) == len(whole) == 5
    by_uri = {each.uri: each for each in whole}
    app = by_uri[f"{HOST}/app@{world.app}"]
    assert (list(app.tags), app.media_type) == (["1.0", "latest"], images.IMAGE)
    assert app.image_size_bytes > len(b"layer onelayer two")
    assert app.build_time.isoformat().startswith("2026-03-01T10:20:30")
    multi = by_uri[f"{HOST}/multi@{world.multi}"]
    assert [each.architecture for each in multi.image_manifests] == ["arm64"]
    for each in whole:
        assert client.get_docker_image(name=each.name) == each
    newest_last = client.list_docker_images(request={"parent": REPOSITORY, "order_by": "build_time"})
    times = [each.build_time for each in newest_last]
    assert times == sorted(times, key=lambda time: time.timestamp() if time else 0)


@pytest.mark.shows(REGISTRY, "GetVersion", "ListVersions", "GetTag", "ListTags")
def test_the_client_reads_versions_and_tags(client: artifactregistry_v1.ArtifactRegistryClient, world: World) -> None:
    package = f"{REPOSITORY}/packages/app"
    full = artifactregistry_v1.VersionView.FULL
    versions = list(client.list_versions(request={"parent": package, "view": full, "page_size": 1}))
    assert [each.name for each in versions] == sorted(f"{package}/versions/{each}" for each in (world.app, world.old))
    for each in versions:
        assert client.get_version(request={"name": each.name, "view": full}) == each
    basic = client.get_version(name=f"{package}/versions/{world.app}")
    assert not basic.related_tags
    tags = list(client.list_tags(request={"parent": package, "page_size": 2}))
    assert [each.name.rpartition("/")[2] for each in tags] == ["0.9", "1.0", "latest"]
    assert client.get_tag(name=tags[0].name) == tags[0]
    of_app = client.list_tags(request={"parent": package, "filter": f'version="{package}/versions/{world.app}"'})
    assert [each.name.rpartition("/")[2] for each in of_app] == ["1.0", "latest"]


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("repositories/absent", "NOT_FOUND", ""),
        ("repositories/containers/packages/absent", "NOT_FOUND", ""),
        ("repositories/containers/packages/absent/versions", "NOT_FOUND", ""),
        ("repositories/containers/packages/app/tags/absent", "NOT_FOUND", ""),
        (f"repositories/containers/packages/app/versions/sha256:{'0' * 64}", "NOT_FOUND", ""),
        ("repositories/containers/packages/app/versions/latest", "INVALID_ARGUMENT", "name"),
        ("repositories/containers/packages/APP", "INVALID_ARGUMENT", "name"),
        ("repositories/containers/packages/a%2F..%2Fb", "INVALID_ARGUMENT", "name"),
        ("repositories/containers/packages/a%2F%2Fb", "INVALID_ARGUMENT", "name"),
        ("repositories/containers/packages/app/tags/a%2Fb", "INVALID_ARGUMENT", ""),
        ("repositories/containers/dockerImages/app", "INVALID_ARGUMENT", "name"),
        ("repositories/containers/packages?pageSize=-1", "INVALID_ARGUMENT", "pageSize"),
        ("repositories/containers/packages?pageToken=x", "INVALID_ARGUMENT", "pageToken"),
        ("repositories/containers/packages?filter=x", "INVALID_ARGUMENT", "filter"),
        (f"repositories/containers/packages?filter={'x' * 5000}", "INVALID_ARGUMENT", "filter"),
        ("repositories/containers/packages?orderBy=color", "INVALID_ARGUMENT", "orderBy"),
        ("repositories/containers/dockerImages?orderBy=name%20up", "INVALID_ARGUMENT", "orderBy"),
    ],
)
def test_what_is_not_there_or_makes_no_sense_is_said_so(rest: Rest, path: str, status: str, field: str) -> None:
    answer = rest.get(f"/v1/{PARENT}/{path}")
    assert answer.error == status, answer.document
    assert not field or field in answer.fields


def test_a_registry_that_is_down_is_unavailable_and_not_an_internal_error(rest: Rest) -> None:
    assert rest.get(f"/v1/{DOWN}").status == 200
    answer = rest.get(f"/v1/{DOWN}/dockerImages")
    assert (answer.status, answer.error) == (503, "UNAVAILABLE")
    assert "it gave no answer in time" in answer.message


def test_a_stranger_learns_nothing(world: World) -> None:
    stranger = Rest(world.target.url, world.target.stranger_token)
    for path in (
        REPOSITORY,
        f"{PARENT}/repositories/absent",
        f"{REPOSITORY}/packages/app/tags/1.0",
        f"{DOWN}/packages",
    ):
        answer = stranger.get(f"/v1/{path}")
        assert (answer.status, answer.error) == (403, "PERMISSION_DENIED")
        assert "artifactregistry." in answer.message


def test_repositories_belong_to_their_project(rest: Rest, client: artifactregistry_v1.ArtifactRegistryClient) -> None:
    assert rest.get(f"/v1/projects/{OTHER_PROJECT}/locations/-/repositories").document == {}
    with pytest.raises(exceptions.NotFound):
        client.get_repository(name=f"projects/{OTHER_PROJECT}/locations/us/repositories/containers")
