"""gcloud's read commands of the neighbouring APIs, as the deploy page and its links use them (SPEC 7, 8)."""

from collections.abc import Callable

import pytest
import yaml

from tests.conformance.gcloud import Gcloud
from tests.conformance.rest import Rest
from tests.conformance.server import NUMBER, PROJECT, Target
from tests.conformance.services import (
    CLUSTERS,
    CLUSTERS_BETA,
    GATEWAY,
    GATEWAY_ALPHA,
    GATEWAY_BETA,
    HUB,
    HUB_BETA,
    LOGGING,
    PROJECTS,
    SERVICES,
)
from tests.conformance.signing import fresh

pytestmark = [pytest.mark.servers, pytest.mark.clients]


@pytest.fixture(scope="module")
def gcloud(need: Callable[[str], str], target: Target, tmp_path_factory: pytest.TempPathFactory) -> Gcloud:
    return Gcloud(need("gcloud"), target, tmp_path_factory.mktemp("gcloud"))


@pytest.mark.shows(CLUSTERS, "GetCluster", "ListClusters")
@pytest.mark.shows(CLUSTERS_BETA, "GetCluster")
def test_clusters_are_listed_and_described(gcloud: Gcloud) -> None:
    table = gcloud("container", "clusters", "list").out.splitlines()
    assert table[0].split()[:3] == ["NAME", "LOCATION", "MASTER_VERSION"]
    assert table[1].split()[:2] == ["local-cluster", "us-central1-a"]
    assert table[1].split()[-1] == "RUNNING"
    cluster = gcloud.json("container", "clusters", "describe", "local-cluster", "--location=us-central1-a")
    assert cluster["binaryAuthorization"]["evaluationMode"] == "PROJECT_SINGLETON_POLICY_ENFORCE"
    beta = gcloud.json("beta", "container", "clusters", "describe", "local-cluster", "--zone=us-central1-a")
    assert beta["endpoint"] == cluster["endpoint"]


@pytest.mark.shows(CLUSTERS, "GetCluster")
def test_cluster_credentials_reach_the_endpoint_with_its_certificate(gcloud: Gcloud) -> None:
    ran = gcloud("container", "clusters", "get-credentials", "--zone", "us-central1-a", "local-cluster")
    assert ran.code == 0, ran.err
    config = yaml.safe_load(gcloud.kubeconfig.read_text())
    name = f"gke_{PROJECT}_us-central1-a_local-cluster"
    assert config["current-context"] == name
    (cluster,) = (each["cluster"] for each in config["clusters"] if each["name"] == name)
    assert cluster["server"].startswith("https://127.0.0.1:")
    assert cluster["certificate-authority-data"]


def test_a_missing_cluster_is_worded_as_on_gke(gcloud: Gcloud) -> None:
    ran = gcloud("container", "clusters", "get-credentials", "--zone", "us-central1-a", "absent")
    assert ran.code == 1
    assert "code=404" in ran.err
    assert f"No cluster named 'absent' in {PROJECT}" in ran.err
    elsewhere = gcloud("container", "clusters", "get-credentials", "--zone", "us-east1-b", "local-cluster")
    assert "Did you mean [local-cluster] in [us-central1-a]?" in elsewhere.err


@pytest.mark.parametrize(
    ("track", "location"),
    [
        pytest.param((), ("--location", "global"), id="ga", marks=pytest.mark.shows(GATEWAY, "GenerateCredentials")),
        pytest.param((), (), id="found-by-gcloud", marks=pytest.mark.shows(HUB_BETA, "ListMemberships")),
        pytest.param(
            ("beta",),
            ("--location", "global"),
            id="beta",
            marks=pytest.mark.shows(GATEWAY_BETA, "GenerateCredentials"),
        ),
        pytest.param(
            ("alpha",),
            ("--location", "global"),
            id="alpha",
            marks=pytest.mark.shows(GATEWAY_ALPHA, "GenerateCredentials"),
        ),
    ],
)
def test_membership_credentials_reach_the_gateway(
    gcloud: Gcloud, target: Target, track: tuple[str, ...], location: tuple[str, ...]
) -> None:
    ran = gcloud(*track, "container", "fleet", "memberships", "get-credentials", *location, "local-cluster")
    assert ran.code == 0, ran.err
    config = yaml.safe_load(gcloud.kubeconfig.read_text())
    name = f"connectgateway_{PROJECT}_global_local-cluster"
    assert config["current-context"] == name
    (cluster,) = (each["cluster"] for each in config["clusters"] if each["name"] == name)
    path = f"projects/{NUMBER}/locations/global/gkeMemberships/local-cluster"
    assert cluster["server"] == f"{target.gateway}/v1/{path}"


@pytest.mark.shows(HUB, "GetMembership", "ListMemberships")
def test_memberships_are_listed_and_described(gcloud: Gcloud) -> None:
    listed = gcloud.json("container", "fleet", "memberships", "list")
    assert [each["name"].rpartition("/")[2] for each in listed] == ["local-cluster"]
    described = gcloud.json("container", "fleet", "memberships", "describe", "local-cluster", "--location=global")
    assert described["state"] == {"code": "READY"}
    assert "NOT_FOUND" in gcloud("container", "fleet", "memberships", "describe", "x", "--location=global").err


@pytest.mark.shows(SERVICES, "EnableService", "BatchEnableServices", "ListServices")
def test_services_are_enabled_and_listed(gcloud: Gcloud) -> None:
    assert gcloud("services", "enable", "binaryauthorization.googleapis.com").code == 0
    both = gcloud("services", "enable", "container.googleapis.com", "containeranalysis.googleapis.com")
    assert both.code == 0, both.err
    listed = gcloud.json("services", "list", "--enabled")
    assert "binaryauthorization.googleapis.com" in [each["config"]["name"] for each in listed]
    unknown = gcloud("services", "enable", "nope.googleapis.com")
    assert unknown.code == 1
    assert "PERMISSION_DENIED" in unknown.err


@pytest.mark.shows(PROJECTS, "GetProject", "ListProjects", "GetIamPolicy")
def test_projects_are_described_and_listed(gcloud: Gcloud) -> None:
    described = gcloud.json("projects", "describe", PROJECT)
    assert described["projectNumber"] == str(NUMBER)
    assert PROJECT in [each["projectId"] for each in gcloud.json("projects", "list")]
    assert gcloud("projects", "get-iam-policy", PROJECT).code == 0


@pytest.mark.shows(LOGGING, "ListLogEntries")
def test_the_log_is_read_with_the_documented_query(gcloud: Gcloud, rest: Rest) -> None:
    note_id = fresh("n")
    rest.post(f"/v1/projects/{PROJECT}/notes?noteId={note_id}", {"attestation": {}})
    body = {"userOwnedGrafeasNote": {"noteReference": f"projects/{PROJECT}/notes/{note_id}"}}
    rest.post(f"/v1/projects/{PROJECT}/attestors?attestorId={fresh('a')}", body)
    query = 'protoPayload.serviceName="binaryauthorization.googleapis.com"'
    found = gcloud.json("logging", "read", "--order=desc", "--freshness=7d", query, "--limit=1")
    assert found[0]["protoPayload"]["methodName"].endswith(".CreateAttestor")
    paged = gcloud.json("logging", "read", "--order=asc", "--freshness=7d", query, "--limit=5")
    times = [each["timestamp"] for each in paged]
    assert times == sorted(times)
    broken = gcloud("logging", "read", "--freshness=7d", "(((")
    assert broken.code == 1
    assert "INVALID_ARGUMENT" in broken.err


def test_occurrences_are_listed_by_gcloud_artifacts_filters(rest: Rest) -> None:
    filter = "((kind%20=%20%22BUILD%22)%20OR%20(kind%20=%20%22SBOM_REFERENCE%22))"
    assert rest.get(f"/v1/projects/{PROJECT}/occurrences?filter={filter}&pageSize=1000").status == 200
