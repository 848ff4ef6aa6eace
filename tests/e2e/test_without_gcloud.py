"""The whole story with ``binauthz`` and kubectl alone: gcloud and its plugin are not there to help."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.e2e.platform import CLUSTER, DIGEST, HELLO, ZONE, Kubectl, Platform, rule, unique, wait_for

pytestmark = [pytest.mark.servers, pytest.mark.clients]

DENIED = "denied by Binary Authorization default admission rule"


@pytest.fixture(params=["cluster", "fleet"])
def reach(request: pytest.FixtureRequest, platform: Platform, need: Callable[[str], str], tmp_path: Path) -> Kubectl:
    """kubectl with a kubeconfig that our own command wrote, on a PATH without gcloud and its plugin."""
    kubeconfig = tmp_path / "kube" / "config"
    directories = platform.env["PATH"].split(os.pathsep)
    without = os.pathsep.join(each for each in directories if not (Path(each) / "gcloud").exists())
    alone = Platform(platform.directory, env={**platform.env, "KUBECONFIG": str(kubeconfig), "PATH": without})
    if request.param == "cluster":
        alone.binauthz("clusters", "get-credentials", CLUSTER, "--zone", ZONE).ok()
    else:
        alone.binauthz("memberships", "get-credentials", CLUSTER, "--location", "global").ok()
    return Kubectl(alone, kubeconfig, binary=need("kubectl"))


@pytest.fixture
def key(platform: Platform, make_attestor: Callable[[], str], tmp_path: Path) -> tuple[str, Path]:
    """An attestor with one key; its full name and its private key."""
    attestor = make_attestor()
    private, public = tmp_path / "key.pem", tmp_path / "pub.pem"
    platform.binauthz("keys", "generate", "--private-key", str(private), "--public-key", str(public)).ok()
    platform.binauthz("attestors", "add-key", attestor, str(public)).ok()
    return attestor, private


@pytest.fixture
def import_policy(platform: Platform, allow_all: None, tmp_path: Path) -> Callable[..., None]:
    """``binauthz policy import`` of a default rule."""

    def write(*arguments: str) -> None:
        file = tmp_path / "policy.yaml"
        file.write_text(yaml.safe_dump({"defaultAdmissionRule": rule(*arguments)}))
        platform.binauthz("policy", "import", str(file)).ok()

    return write


def deployment(name: str, image: str) -> str:
    labels = {"app": name}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": image}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": pod}
    return yaml.safe_dump({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec})


@pytest.fixture
def fresh(reach: Kubectl) -> Iterator[Callable[[], str]]:
    """Pod names that are free before and after."""
    made: list[str] = []

    def name() -> str:
        made.append(unique("own"))
        return made[-1]

    yield name
    reach("delete", "pods,deployments", *made, "--ignore-not-found", "--now", "--wait=false")


def test_deny_attest_admit_revoke_refuse(
    platform: Platform,
    reach: Kubectl,
    fresh: Callable[[], str],
    key: tuple[str, Path],
    import_policy: Callable[..., None],
) -> None:
    attestor, private = key
    import_policy("ALWAYS_DENY")
    refused = fresh()
    assert f"Image {HELLO} {DENIED}" in reach("run", refused, "--image", HELLO).refused()
    assert platform.binauthz("evaluate", "--image", HELLO).code == 2

    import_policy("REQUIRE_ATTESTATION", attestor)
    assert "No attestations found" in reach("run", fresh(), "--image", HELLO).refused()
    unattested = platform.binauthz("evaluate", "--image", HELLO, "--format", "json")
    assert (unattested.code, json.loads(unattested.out)["admitted"]) == (2, False)
    sign = ("attestations", "create", "--image", HELLO, "--attestor", attestor, "--private-key", str(private))
    made = yaml.safe_load(platform.binauthz(*sign).ok())
    platform.binauthz("attestations", "verify", "--image", HELLO, "--attestor", attestor).ok()
    platform.binauthz("evaluate", "--image", HELLO).ok()
    admitted = fresh()
    reach("run", admitted, "--image", HELLO).ok()
    assert reach("get", "pod", admitted, "-o", "jsonpath={.spec.containers[0].image}").ok() == HELLO

    again = platform.binauthz(*sign)
    assert again.code == 1
    assert "ALREADY_EXISTS" in again.err
    platform.binauthz("attestations", "delete", made["name"]).ok()
    assert platform.binauthz("attestations", "verify", "--image", HELLO, "--attestor", attestor).code == 2
    assert "No attestations found" in reach("run", fresh(), "--image", HELLO).refused()
    assert platform.binauthz("evaluate", "--image", HELLO).code == 2

    blocked = wait_for(
        lambda: _names(platform.binauthz("logs", "read", "--only", "blocked", "--format", "json").ok(), refused),
        "the refusal's log entry",
    )
    assert blocked[0]["protoPayload"]["response"]["status"] == "Failure"
    assert blocked[0]["protoPayload"]["authenticationInfo"]["principalEmail"] == "owner@binauthz.local"
    assert refused in platform.binauthz("logs", "read", "--only", "blocked").ok()


def test_removing_the_key_refuses_the_next_pod(
    platform: Platform,
    reach: Kubectl,
    fresh: Callable[[], str],
    key: tuple[str, Path],
    import_policy: Callable[..., None],
) -> None:
    attestor, private = key
    import_policy("REQUIRE_ATTESTATION", attestor)
    sign = ("attestations", "create", "--image", HELLO, "--attestor", attestor, "--private-key", str(private))
    platform.binauthz(*sign).ok()
    reach("run", fresh(), "--image", HELLO).ok()
    described = json.loads(platform.binauthz("attestors", "describe", attestor, "--format", "json").ok())
    (trusted,) = described["userOwnedGrafeasNote"]["publicKeys"]
    platform.binauthz("attestors", "remove-key", attestor, trusted["id"]).ok()
    assert "No attestations found" in reach("run", fresh(), "--image", HELLO).refused()


def test_a_deployment_is_evaluated_as_it_is_then_judged(
    platform: Platform, reach: Kubectl, fresh: Callable[[], str], import_policy: Callable[..., None], tmp_path: Path
) -> None:
    name = fresh()
    manifest = tmp_path / "deployment.yaml"
    manifest.write_text(deployment(name, HELLO))
    import_policy("ALWAYS_DENY")
    foretold = platform.binauthz("evaluate", "-f", str(manifest), "--format", "json")
    (result,) = json.loads(foretold.out)["results"]
    assert (foretold.code, result["kind"], result["admitted"]) == (2, "Deployment", False)
    reach("apply", "-f", str(manifest)).ok()
    event = wait_for(lambda: _failed_create(reach, name), "the FailedCreate event")
    assert result["message"] in event["message"]
    assert DIGEST in event["message"]
    import_policy("ALWAYS_ALLOW")
    platform.binauthz("evaluate", "-f", str(manifest)).ok()
    reach("delete", "-f", str(manifest)).ok()
    reach("apply", "-f", str(manifest)).ok()
    reach("wait", "--for=condition=Available", f"deployment/{name}", "--timeout=50s").ok()


def test_the_kubeconfig_holds_no_secret_and_needs_no_program(platform: Platform, reach: Kubectl) -> None:
    text = reach.kubeconfig.read_text()
    assert (platform.directory / "owner-token").read_text().strip() not in text
    (user,) = yaml.safe_load(text)["users"]
    assert user["user"] == {"tokenFile": str(platform.directory / "owner-token")}
    assert reach("auth", "whoami", "-o", "jsonpath={.status.userInfo.username}").ok() == "owner@binauthz.local"


def test_both_contexts_share_one_file(platform: Platform, tmp_path: Path, need: Callable[[str], str]) -> None:
    kubeconfig = tmp_path / "config"
    alone = Platform(platform.directory, env={**platform.env, "KUBECONFIG": str(kubeconfig)})
    alone.binauthz("clusters", "get-credentials", CLUSTER, "--zone", ZONE).ok()
    alone.binauthz("memberships", "get-credentials", CLUSTER, "--location", "global").ok()
    kubectl = Kubectl(alone, kubeconfig, binary=need("kubectl"))
    direct, gateway = sorted(kubectl("config", "get-contexts", "-o", "name").ok().split(), key=lambda n: "connect" in n)
    assert direct == f"gke_demo-project_{ZONE}_{CLUSTER}"
    assert kubectl("config", "current-context").ok().strip() == gateway
    seen = [kubectl("--context", each, "get", "namespaces", "-o", "name").ok() for each in (direct, gateway)]
    assert seen[0] == seen[1]
    assert "namespace/default" in seen[0]


def test_lists_name_the_cluster_and_its_membership(platform: Platform) -> None:
    (cluster,) = json.loads(platform.binauthz("clusters", "list", "--format", "json").ok())
    assert (cluster["name"], cluster["location"]) == (CLUSTER, ZONE)
    assert CLUSTER in platform.binauthz("memberships", "list").ok()


def test_doctor_finds_nothing_wrong(platform: Platform) -> None:
    checks = {each["check"]: each for each in json.loads(platform.binauthz("doctor", "--format", "json").ok())}
    for door in ("REST door", "gRPC door", "TLS door", "local cluster", "policy", "certificate cluster"):
        assert checks[door]["status"] == "ok"


def _names(out: str, pod: str) -> list[dict]:
    return [entry for entry in json.loads(out) if entry["protoPayload"]["resourceName"].endswith(f"/pods/{pod}")]


def _failed_create(kubectl: Kubectl, name: str) -> dict | None:
    events = json.loads(kubectl("get", "events", "-o", "json").ok())["items"]
    found = [e for e in events if e["reason"] == "FailedCreate" and e["involvedObject"]["name"].startswith(name)]
    return found[0] if found else None
