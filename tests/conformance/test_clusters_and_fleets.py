"""Clusters and fleets come, change and go by Google's own clients: gRPC, REST by discovery, and gcloud's alpha track.

These tests need an installation that keeps clusters, so theirs is ``binauthz up``, or the server that the environment
names.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from google.cloud import container_v1, container_v1beta1

from tests.conformance.discovery import Apis
from tests.conformance.gcloud import Gcloud
from tests.conformance.server import NUMBER, PROJECT, Target
from tests.conformance.services import CLUSTERS, CLUSTERS_BETA, HUB, HUB_BETA, PROJECTS
from tests.conformance.signing import fresh
from tests.conformance.test_google_clients import Clients
from tests.conformance.witness.ledger import Ledger
from tests.conformance.witness.schemas import Schemas
from tests.conformance.witness.standing import witnessed
from tests.e2e.platform import Platform

pytestmark = pytest.mark.servers

CLUSTERS_ALPHA = "google.container.v1alpha1.ClusterManager"
HUB_ALPHA = "google.cloud.gkehub.v1alpha.GkeHub"
ZONE = "us-central1-a"
PLACE = f"projects/{PROJECT}/locations/{ZONE}"
GLOBAL = f"projects/{PROJECT}/locations/global"
FLEET = f"{GLOBAL}/fleets/default"
POLICY = f"projects/{NUMBER}/platforms/gke/policies/absent"


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """``binauthz up``, stopped at the end."""
    if os.environ.get("BINAUTHZ_CONFORMANCE_URL"):
        pytest.skip("the processes of the server under test are not ours to stop")
    platform = Platform(tmp_path_factory.mktemp("up") / "dir").start()
    yield platform
    assert platform.stop() == 0


@pytest.fixture(scope="module")
def target(request: pytest.FixtureRequest, ledger: Ledger, schemas: Schemas) -> Iterator[Target]:
    """An installation that keeps clusters, behind the witness."""
    if url := os.environ.get("BINAUTHZ_CONFORMANCE_URL"):
        grpc_address, token = os.environ["BINAUTHZ_CONFORMANCE_GRPC"], os.environ["BINAUTHZ_CONFORMANCE_TOKEN"]
    else:
        platform: Platform = request.getfixturevalue("installation")
        url, grpc_address = platform.addresses["base_url"], platform.addresses["grpc"]
        token = Path(platform.env["BINAUTHZ_TOKEN_FILE"]).read_text().strip()
    server = Target(url=url.rstrip("/"), grpc_address=grpc_address, token=token, stranger_token="")
    with witnessed(server, ledger, schemas) as seen:
        yield seen


@pytest.fixture
def apis(target: Target) -> Iterator[Apis]:
    """Clients made from discovery documents, closed at the end."""
    made = Apis(target)
    yield made
    made.close()


def settled(look: Callable[[], Any], over: Callable[[Any], bool]) -> Any:
    """What is found once it is over."""
    deadline = time.monotonic() + 60
    while not over(found := look()):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


def managers(target: Target, package: Any) -> Any:
    """``google-cloud-container`` over gRPC, which is all it has."""
    module = package.services.cluster_manager.transports
    return package.ClusterManagerClient(transport=Clients("grpc", target).transport(module, "ClusterManager"))


@pytest.mark.parametrize(
    "package",
    [
        pytest.param(
            container_v1,
            id="v1",
            marks=[
                pytest.mark.shows(CLUSTERS, "CreateCluster", "GetCluster", "ListClusters", "UpdateCluster"),
                pytest.mark.shows(CLUSTERS, "SetLabels", "DeleteCluster", "GetServerConfig", "GetOperation"),
                pytest.mark.shows(CLUSTERS, "ListOperations", "ListNodePools", "GetNodePool"),
            ],
        ),
        pytest.param(
            container_v1beta1,
            id="v1beta1",
            marks=[
                pytest.mark.shows(CLUSTERS_BETA, "CreateCluster", "GetCluster", "ListClusters", "UpdateCluster"),
                pytest.mark.shows(CLUSTERS_BETA, "SetLabels", "DeleteCluster", "GetServerConfig", "GetOperation"),
                pytest.mark.shows(CLUSTERS_BETA, "ListOperations", "ListNodePools", "GetNodePool"),
            ],
        ),
    ],
)
def test_the_python_client_takes_a_cluster_through_its_life(target: Target, package: Any) -> None:
    client, name = managers(target, package), fresh("c")
    full = f"{PLACE}/clusters/{name}"
    done = package.Operation.Status.DONE

    def over(operation: Any) -> Any:
        path = f"{PLACE}/operations/{operation.name}"
        found = settled(lambda: client.get_operation(request={"name": path}), lambda each: each.status == done)
        assert found.status_message == ""
        return found

    mode = package.BinaryAuthorization.EvaluationMode
    pool = package.NodePool(name="default-pool", initial_node_count=3)
    cluster = package.Cluster(
        name=name,
        node_pools=[pool],
        binary_authorization=package.BinaryAuthorization(evaluation_mode=mode.PROJECT_SINGLETON_POLICY_ENFORCE),
    )
    version = client.get_server_config(request={"name": PLACE}).default_cluster_version
    made = client.create_cluster(request={"parent": PLACE, "cluster": cluster})
    assert made.operation_type == package.Operation.Type.CREATE_CLUSTER
    over(made)
    found = client.get_cluster(request={"name": full})
    assert (found.status, found.current_master_version) == (package.Cluster.Status.RUNNING, version)
    assert found.binary_authorization.evaluation_mode == mode.PROJECT_SINGLETON_POLICY_ENFORCE
    assert [each.name for each in client.list_node_pools(request={"parent": full}).node_pools] == ["default-pool"]
    assert client.get_node_pool(request={"name": f"{full}/nodePools/default-pool"}).initial_node_count == 3
    off = package.BinaryAuthorization(evaluation_mode=mode.DISABLED)
    over(client.update_cluster(request={"name": full, "update": {"desired_binary_authorization": off}}))
    over(client.set_labels(request=package.SetLabelsRequest(name=full, resource_labels={"a": "b"})))
    found = client.get_cluster(request={"project_id": PROJECT, "zone": ZONE, "cluster_id": name})
    assert (found.binary_authorization.evaluation_mode, dict(found.resource_labels)) == (mode.DISABLED, {"a": "b"})
    assert name in [
        each.name for each in client.list_clusters(request={"parent": f"projects/{PROJECT}/locations/-"}).clusters
    ]
    over(client.delete_cluster(request={"name": full}))
    listed = client.list_operations(request={"parent": PLACE}).operations
    assert len([each for each in listed if each.target_link.endswith(f"/clusters/{name}")]) == 4


@pytest.mark.parametrize(
    "package",
    [
        pytest.param(container_v1, id="v1", marks=pytest.mark.shows(CLUSTERS, "CancelOperation")),
        pytest.param(container_v1beta1, id="v1beta1", marks=pytest.mark.shows(CLUSTERS_BETA, "CancelOperation")),
    ],
)
def test_the_python_client_calls_a_creation_off(target: Target, package: Any) -> None:
    client = managers(target, package)
    made = client.create_cluster(request={"parent": PLACE, "cluster": {"name": fresh("c")}})
    path = f"{PLACE}/operations/{made.name}"
    client.cancel_operation(request={"name": path})
    done = package.Operation.Status.DONE
    found = settled(lambda: client.get_operation(request={"name": path}), lambda each: each.status == done)
    assert found.error.code == 1


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_the_discovery_client_takes_a_cluster_through_its_life(apis: Apis, version: str) -> None:
    zonal = apis("container", version).projects().zones()
    name = fresh("c")
    where = {"projectId": PROJECT, "zone": ZONE}

    def over(operation: dict[str, Any]) -> None:
        ask = zonal.operations().get(**where, operationId=operation["name"])
        assert "error" not in settled(ask.execute, lambda each: each["status"] == "DONE")

    over(zonal.clusters().create(**where, body={"cluster": {"name": name}}).execute())
    body = {"update": {"desiredBinaryAuthorization": {"enabled": True}}}
    over(zonal.clusters().update(**where, clusterId=name, body=body).execute())
    shown = zonal.clusters().get(**where, clusterId=name).execute()
    assert shown["binaryAuthorization"]["evaluationMode"] == "PROJECT_SINGLETON_POLICY_ENFORCE"
    assert zonal.getServerconfig(**where).execute()["validMasterVersions"] == [shown["currentMasterVersion"]]
    over(zonal.clusters().delete(**where, clusterId=name).execute())
    assert zonal.operations().list(**where).execute()["operations"]


@pytest.mark.parametrize(
    "version",
    [
        pytest.param(
            "v1",
            marks=[
                pytest.mark.shows(HUB, "CreateFleet", "GetFleet", "ListFleets", "UpdateFleet", "DeleteFleet"),
                pytest.mark.shows(HUB, "CreateMembership", "UpdateMembership", "DeleteMembership"),
            ],
        ),
        pytest.param(
            "v1beta",
            marks=[
                pytest.mark.shows(HUB_BETA, "CreateFleet", "GetFleet", "ListFleets", "UpdateFleet", "DeleteFleet"),
                pytest.mark.shows(HUB_BETA, "CreateMembership", "UpdateMembership", "DeleteMembership"),
                pytest.mark.shows(HUB_BETA, "GetMembership"),
            ],
        ),
        pytest.param(
            "v1alpha",
            marks=[
                pytest.mark.shows(HUB_ALPHA, "CreateFleet", "GetFleet", "ListFleets", "UpdateFleet", "DeleteFleet"),
                pytest.mark.shows(HUB_ALPHA, "CreateMembership", "UpdateMembership", "DeleteMembership"),
                pytest.mark.shows(HUB_ALPHA, "GetMembership", "ListMemberships"),
            ],
        ),
    ],
)
def test_the_discovery_client_takes_a_fleet_and_its_members_through_their_lives(apis: Apis, version: str) -> None:
    locations = apis("gkehub", version).projects().locations()
    fleets, members = locations.fleets(), locations.memberships()
    link = {"gkeCluster": {"resourceLink": f"//container.googleapis.com/{PLACE}/clusters/local-cluster"}}

    def done(operation: dict[str, Any]) -> dict[str, Any]:
        assert operation["done"]
        found = locations.operations().get(name=operation["name"]).execute()
        assert found == operation
        return dict(operation["response"])

    for each in members.list(parent=f"projects/{PROJECT}/locations/-").execute().get("resources", []):
        done(members.delete(name=each["name"]).execute())
    if fleets.list(parent=GLOBAL).execute().get("fleets"):
        done(fleets.delete(name=FLEET).execute())
    block = {"evaluationMode": "POLICY_BINDINGS", "policyBindings": [{"name": POLICY}]}
    settings = {"displayName": "mine", "defaultClusterConfig": {"binaryAuthorizationConfig": block}}
    try:
        made = done(fleets.create(parent=GLOBAL, body=settings).execute())
        assert (made["name"], made["state"]) == (FLEET, {"code": "READY"})
        done(fleets.patch(name=FLEET, updateMask="displayName", body={"displayName": "other"}).execute())
        shown = fleets.get(name=FLEET).execute()
        assert (shown["displayName"], shown["defaultClusterConfig"]) == ("other", settings["defaultClusterConfig"])
        assert fleets.list(parent=GLOBAL).execute()["fleets"] == [shown]
        body = {"endpoint": link, "labels": {"a": "b"}}
        member = done(members.create(parent=GLOBAL, membershipId="m", body=body).execute())
        assert (member["endpoint"]["gkeCluster"], member["labels"]) == (link["gkeCluster"], {"a": "b"})
        patch = {"labels": {"c": "d"}}
        done(members.patch(name=member["name"], updateMask="labels", body=patch).execute())
        assert members.get(name=member["name"]).execute()["labels"] == {"c": "d"}
        listed = members.list(parent=f"projects/{PROJECT}/locations/-").execute()["resources"]
        assert [each["name"] for each in listed] == [member["name"]]
        done(members.delete(name=member["name"]).execute())
    finally:
        done(fleets.delete(name=FLEET).execute())
        done(members.create(parent=GLOBAL, membershipId="local-cluster", body={"endpoint": link}).execute())


@pytest.mark.clients
@pytest.mark.shows(CLUSTERS_ALPHA, "CreateCluster", "GetCluster", "ListClusters", "UpdateCluster", "SetLabels")
@pytest.mark.shows(CLUSTERS_ALPHA, "GetOperation", "ListOperations", "GetServerConfig", "ListNodePools")
@pytest.mark.shows(CLUSTERS_ALPHA, "GetNodePool", "DeleteCluster")
@pytest.mark.shows(PROJECTS, "GetAncestry")
def test_gcloud_alpha_takes_a_cluster_through_its_life(
    need: Callable[[str], str], target: Target, tmp_path: Path
) -> None:
    gcloud = Gcloud(need("gcloud"), target, tmp_path)
    group, where = ("alpha", "container"), f"--zone={ZONE}"

    def ok(*arguments: str) -> str:
        ran = gcloud(*arguments)
        assert ran.code == 0, ran.err
        return ran.out

    name = fresh("c")
    ok(*group, "clusters", "create", name, where, "--binauthz-evaluation-mode=POLICY_BINDINGS",
       f"--binauthz-policy-bindings=name={POLICY}")  # fmt: skip
    ok(*group, "clusters", "update", name, where, "--binauthz-evaluation-mode=DISABLED")
    ok(*group, "clusters", "update", name, where, "--update-labels=a=b")
    assert name in ok(*group, "clusters", "list", "--format=value(name)").split()
    shown = gcloud.json(*group, "clusters", "describe", name, where)
    assert (shown["binaryAuthorization"], shown["resourceLabels"]) == ({"evaluationMode": "DISABLED"}, {"a": "b"})
    assert "default-pool" in ok(*group, "node-pools", "list", f"--cluster={name}", where)
    assert "default-pool" in ok(*group, "node-pools", "describe", "default-pool", f"--cluster={name}", where)
    assert "validMasterVersions" in ok(*group, "get-server-config", where)
    ok(*group, "clusters", "delete", name, where, "--quiet")
    ok("container", "fleet", "list")
    assert name in ok(*group, "operations", "list", "--format=value(targetLink)")


@pytest.mark.clients
@pytest.mark.shows(CLUSTERS_ALPHA, "CancelOperation")
def test_gcloud_alpha_calls_a_creation_off(
    need: Callable[[str], str], installation: Platform, target: Target, tmp_path: Path
) -> None:
    gcloud, name = Gcloud(need("gcloud"), target, tmp_path), fresh("c")
    group, where = ("alpha", "container"), f"--zone={ZONE}"
    # Without its keeper the cluster cannot come up before gcloud has started a second time.
    assert installation.process is not None
    installation.process.send_signal(signal.SIGSTOP)
    try:
        assert gcloud(*group, "clusters", "create", name, where, "--async").code == 0
        (operation,) = gcloud.json(*group, "operations", "list", "--filter=status!=DONE")
        cancelled = gcloud(*group, "operations", "cancel", operation["name"], where, "--quiet")
        assert cancelled.code == 0, cancelled.err
    finally:
        installation.process.send_signal(signal.SIGCONT)
    waited = gcloud(*group, "operations", "wait", operation["name"], where)
    assert "The creation was cancelled." in waited.err
    assert f"clusters/{name}" in gcloud(*group, "clusters", "describe", name, where).err
