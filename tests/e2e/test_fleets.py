"""Fleets and their members with the unmodified gcloud: a created cluster is registered, reached and forgotten."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.local_clusters import create, delete, finished, rest
from tests.e2e.platform import HELLO, ZONE, Kubectl, Platform, rule, unique, wait_for

pytestmark = [pytest.mark.servers, pytest.mark.clients]

FLEET = "projects/demo-project/locations/global/fleets/default"
POLICY = "projects/demo-project/platforms/gke/policies/absent"


@pytest.fixture(scope="module", autouse=True)
def clients(need: Callable[[str], str]) -> None:
    """Everything that these tests call."""
    for program in ("gcloud", "kubectl", "gke-gcloud-auth-plugin"):
        need(program)


@pytest.fixture
def no_fleet(platform: Platform) -> Iterator[None]:
    """No fleet before and after; what is registered now is registered again."""
    members = rest(platform, "GET", "/v1/projects/demo-project/locations/-/memberships").get("resources", [])

    def clear() -> None:
        listed = rest(platform, "GET", "/v1/projects/demo-project/locations/-/memberships").get("resources", [])
        for each in listed:
            rest(platform, "DELETE", f"/v1/{each['name']}")
        rest(platform, "DELETE", f"/v1/{FLEET}")

    clear()
    yield
    clear()
    for each in members:
        parent, _, membership = each["name"].rpartition("/")
        answer = rest(platform, "POST", f"/v1/{parent}?membershipId={membership}", {"endpoint": each["endpoint"]})
        assert answer.get("done"), answer


@pytest.fixture
def cluster(platform: Platform) -> Iterator[str]:
    """A cluster that runs and enforces."""
    name = unique("fleet")
    block = {"evaluationMode": "PROJECT_SINGLETON_POLICY_ENFORCE"}
    assert "error" not in finished(platform, create(platform, name, binaryAuthorization=block))
    yield name
    delete(platform, name)


@pytest.mark.parametrize("track", [(), ("beta",), ("alpha",)], ids=["ga", "beta", "alpha"])
def test_gcloud_takes_a_fleet_through_its_life(platform: Platform, no_fleet: None, track: tuple[str, ...]) -> None:
    group = (*track, "container", "fleet")

    def described() -> dict[str, Any]:
        return dict(json.loads(platform.gcloud(*group, "describe", "--format=json").ok()))

    assert "NOT_FOUND" in platform.gcloud(*group, "describe").refused()
    platform.gcloud(*group, "create", "--display-name=mine", "--labels=a=b").ok()
    assert "ALREADY_EXISTS" in platform.gcloud(*group, "create").refused()
    shown = described()
    assert (shown["name"], shown["displayName"], shown["labels"]) == (FLEET, "mine", {"a": "b"})
    assert shown["state"] == {"code": "READY"}
    listed = platform.gcloud(*group, "list").ok().splitlines()
    assert (listed[0].split()[:2], listed[-1].split()[:2]) == (["DISPLAY_NAME", "PROJECT"], ["mine", "demo-project"])
    mode = ("--binauthz-evaluation-mode=policy-bindings", f"--binauthz-policy-bindings=name={POLICY}")
    platform.gcloud(*group, "update", "--display-name=other", *mode).ok()
    shown = described()
    assert shown["displayName"] == "other"
    assert shown["defaultClusterConfig"]["binaryAuthorizationConfig"] == {
        "evaluationMode": "POLICY_BINDINGS",
        "policyBindings": [{"name": POLICY}],
    }
    platform.gcloud(*group, "delete", "--quiet").ok()
    assert "NOT_FOUND" in platform.gcloud(*group, "delete", "--quiet").refused()
    operations = json.loads(platform.gcloud(*group, "operations", "list", "--location=global", "--format=json").ok())
    assert {each["metadata"]["verb"] for each in operations} == {"create", "update", "delete"}


@pytest.mark.parametrize("track", [(), ("beta",), ("alpha",)], ids=["ga", "beta", "alpha"])
def test_gcloud_registers_a_created_cluster_and_kubectl_reaches_it_through_the_gateway(
    platform: Platform, no_fleet: None, allow_all: None, cluster: str, tmp_path: Path, track: tuple[str, ...]
) -> None:
    group = (*track, "container", "fleet", "memberships")
    member, which = unique("member"), f"--gke-cluster={ZONE}/{cluster}"
    where = (member, "--location=us-central1")
    registered = platform.gcloud(*group, "register", member, which)
    assert "Finished registering to the Fleet" in registered.err + registered.ok()
    again = platform.gcloud(*group, "register", member, which)
    assert "already registered with the cluster" in again.err + again.ok()
    assert member in platform.gcloud(*group, "list", "--format=value(name)").ok()

    platform.gcloud(*group, "update", *where, "--update-labels=env=prod").ok()
    shown = json.loads(platform.gcloud(*group, "describe", *where, "--format=json").ok())
    assert shown["labels"] == {"env": "prod"}
    assert shown["endpoint"]["gkeCluster"]["resourceLink"].endswith(f"/clusters/{cluster}")

    kubectl = Kubectl(platform, tmp_path / "kubeconfig")
    platform.env["KUBECONFIG"] = str(kubectl.kubeconfig)
    platform.gcloud(*group, "get-credentials", member).ok()
    kubectl("run", "hello", "--image", HELLO).ok()
    platform.set_policy(
        {
            "defaultAdmissionRule": rule("ALWAYS_ALLOW"),
            "clusterAdmissionRules": {f"{ZONE}.{cluster}": rule("ALWAYS_DENY")},
        }
    )
    assert f"cluster admission rule for {ZONE}.{cluster}" in kubectl("run", "no", "--image", HELLO).refused()

    unregistered = platform.gcloud(*group, "unregister", member, which)
    unregistered.ok()
    assert "NOT_FOUND" in platform.gcloud(*group, "describe", *where).refused()
    assert kubectl("get", "pods").code != 0


def test_gcloud_creates_and_deletes_bare_memberships(platform: Platform, no_fleet: None, cluster: str) -> None:
    group = ("container", "fleet", "memberships")
    link = f"//container.googleapis.com/projects/demo-project/locations/{ZONE}/clusters/{cluster}"
    made = platform.gcloud(*group, "create", "bare", "--location=global", f"--gke-cluster-self-link={link}")
    made.ok()
    assert "FAILED_PRECONDITION" in platform.gcloud("container", "fleet", "delete", "--quiet").refused()
    platform.gcloud(*group, "delete", "bare", "--location=global", "--quiet").ok()
    elsewhere = platform.gcloud(*group, "create", "bare", "--location=global")
    assert "only clusters that this server knows can be registered" in elsewhere.refused()


def test_a_cluster_that_joins_a_fleet_takes_its_default_and_leaves_with_its_end(
    platform: Platform, no_fleet: None
) -> None:
    block = {"evaluationMode": "POLICY_BINDINGS", "policyBindings": [{"name": POLICY}]}
    fleet = {"defaultClusterConfig": {"binaryAuthorizationConfig": block}}
    assert rest(platform, "POST", "/v1/projects/demo-project/locations/global/fleets", fleet)["done"]
    name = unique("join")
    made = platform.gcloud("container", "clusters", "create", name, f"--zone={ZONE}", "--enable-fleet")
    made.ok()
    shown = rest(platform, "GET", f"/v1/projects/demo-project/locations/{ZONE}/clusters/{name}")
    assert shown["binaryAuthorization"] == block
    assert shown["fleet"]["membership"].endswith(f"/locations/us-central1/memberships/{name}")
    member = f"/v1/projects/demo-project/locations/us-central1/memberships/{name}"
    assert rest(platform, "GET", member)["state"] == {"code": "READY"}
    delete(platform, name)
    assert wait_for(lambda: rest(platform, "GET", member).get("error"), "it is gone")["status"] == "NOT_FOUND"
