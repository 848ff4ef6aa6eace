"""Clusters that are created through the API by unmodified clients: they run, they are judged by themselves, they go."""

import json
import os
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from google.cloud import container_v1 as container

from tests.e2e.local_clusters import clusters, connected, create, delete, finished, processes_below, rest
from tests.e2e.platform import DIGEST, HELLO, IMAGE, ZONE, Kubectl, Platform, rule, unique, wait_for
from tests.e2e.python_clients import cluster_manager, discovered

pytestmark = [pytest.mark.servers, pytest.mark.clients]

ENFORCE = "PROJECT_SINGLETON_POLICY_ENFORCE"
POLICY = "projects/demo-project/platforms/gke/policies/absent"


@pytest.fixture(scope="module")
def clients(need: Callable[[str], str]) -> None:
    """Everything that these tests call."""
    for program in ("gcloud", "kubectl", "gke-gcloud-auth-plugin"):
        need(program)


@pytest.fixture
def made(platform: Platform) -> Iterator[Callable[..., str]]:
    """Create clusters that run, and delete them in the end."""
    names: list[tuple[str, str]] = []

    def make(location: str = ZONE, **settings: Any) -> str:
        name = unique("c")
        done = finished(platform, create(platform, name, location, **settings))
        names.append((name, location))
        assert "error" not in done, done
        return name

    yield make
    for name, location in names:
        delete(platform, name, location)


@pytest.mark.parametrize("track", [(), ("beta",), ("alpha",)], ids=["ga", "beta", "alpha"])
def test_gcloud_takes_a_cluster_through_its_life(
    platform: Platform, clients: None, allow_all: None, tmp_path: Path, track: tuple[str, ...]
) -> None:
    name = unique("life")
    where = (name, "--zone", ZONE)
    group = (*track, "container", "clusters")
    kubectl = Kubectl(platform, tmp_path / "kubeconfig")
    platform.env["KUBECONFIG"] = str(kubectl.kubeconfig)
    made = platform.gcloud(*group, "create", *where, f"--binauthz-evaluation-mode={ENFORCE}", "--labels=team=a")
    table = made.ok().splitlines()
    assert table[0].split()[:2] == ["NAME", "LOCATION"]
    assert (table[1].split()[0], table[1].split()[-1]) == (name, "RUNNING")
    assert "kubeconfig entry generated" in made.err

    shown = json.loads(platform.gcloud(*group, "describe", *where, "--format=json").ok())
    assert shown["binaryAuthorization"]["evaluationMode"] == ENFORCE
    assert shown["resourceLabels"] == {"team": "a"}
    assert shown["nodePools"][0]["initialNodeCount"] == 3
    assert name in platform.gcloud(*group, "list", "--format=value(name)").ok().split()

    platform.gcloud(*group, "get-credentials", *where).ok()
    kubectl("run", "hello", "--image", HELLO).ok()
    platform.set_policy({"defaultAdmissionRule": rule("ALWAYS_DENY")})
    assert "denied by Binary Authorization default admission rule" in kubectl("run", "no", "--image", HELLO).refused()

    platform.gcloud(*group, "update", *where, "--binauthz-evaluation-mode=DISABLED").ok()
    kubectl("run", "unjudged", "--image", HELLO).ok()

    platform.gcloud(*group, "delete", *where, "--quiet").ok()
    assert f"clusters/{name}" in platform.gcloud(*group, "describe", *where).refused()
    again = platform.gcloud(*group, "delete", *where, "--quiet").refused()
    assert "code=404" in again
    listed = json.loads(platform.gcloud("container", "operations", "list", "--format=json").ok())
    ours = [each for each in listed if each["targetLink"].endswith(f"/clusters/{name}")]
    assert [each["operationType"] for each in ours] == ["CREATE_CLUSTER", "UPDATE_CLUSTER", "DELETE_CLUSTER"]
    assert {each["status"] for each in ours} == {"DONE"}
    assert list(clusters(platform).glob("*" + name)) == []
    assert processes_below(clusters(platform)) == []


def test_gcloud_says_what_is_wrong(platform: Platform, clients: None, made: Callable[..., str]) -> None:
    name = made()
    group = ("container", "clusters")
    assert "code=409" in platform.gcloud(*group, "create", name, "--zone", ZONE).refused()
    bad = platform.gcloud(*group, "create", "Bad_Name", "--zone", ZONE).refused()
    assert "code=400" in bad
    assert "Must be a match of regex" in bad
    unserved = platform.gcloud(*group, "update", name, "--zone", ZONE, "--enable-vertical-pod-autoscaling").refused()
    assert "desiredVerticalPodAutoscaling" in unserved
    ours = platform.gcloud(*group, "delete", "local-cluster", "--zone", ZONE, "--quiet").refused()
    assert "the one that `binauthz up` comes with" in ours
    config = json.loads(platform.gcloud("container", "get-server-config", "--zone", ZONE, "--format=json").ok())
    assert config["validMasterVersions"] == [config["defaultClusterVersion"]]
    pools = platform.gcloud("container", "node-pools", "list", "--cluster", name, "--zone", ZONE).ok()
    assert "default-pool" not in pools


@pytest.mark.parametrize(
    ("mode", "judged"),
    [
        ("DISABLED", False),
        ("POLICY_BINDINGS", False),
        (ENFORCE, True),
        ("POLICY_BINDINGS_AND_PROJECT_SINGLETON_POLICY_ENFORCE", True),
    ],
)
def test_a_mode_counts_for_the_very_next_pod(
    platform: Platform, lasting: Kubectl, allow_all: None, mode: str, judged: bool
) -> None:
    platform.set_policy({"defaultAdmissionRule": rule("ALWAYS_DENY")})
    bindings = [{"name": POLICY}] if "BINDINGS" in mode else []
    desired = {"desiredBinaryAuthorization": {"evaluationMode": mode, "policyBindings": bindings}}
    where = f"/v1beta1/projects/demo-project/locations/{ZONE}/clusters/{lasting.kubeconfig.name}"
    updated = rest(platform, "PUT", where, {"update": desired})
    pod = unique("pod")
    ran = lasting("run", pod, "--image", HELLO)
    assert updated["status"] == "DONE"
    shown = rest(platform, "GET", where)["binaryAuthorization"]
    assert (shown["evaluationMode"], shown.get("enabled", False)) == (mode, judged)
    assert shown.get("policyBindings", []) == bindings
    if judged:
        assert "denied by Binary Authorization" in ran.refused()
        return
    ran.ok()
    query = f'resource.labels.cluster_name="{lasting.kubeconfig.name}" protoPayload.resourceName:"{pod}"'
    entries = wait_for(lambda: platform.log(query), "the Pod's creation is in the log")
    assert {each["protoPayload"].get("response", {}).get("reason") for each in entries} == {None}
    assert not any("image-policy.k8s.io" in label for each in entries for label in each.get("labels", {}))


@pytest.fixture(scope="module")
def lasting(platform: Platform, clients: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    """kubectl to a cluster that lives as long as the module; its kubeconfig is called as the cluster is."""
    name = unique("lasting")
    finished(platform, create(platform, name))
    kubectl = Kubectl(platform, tmp_path_factory.mktemp("kube") / name)
    platform.env["KUBECONFIG"] = str(kubectl.kubeconfig)
    platform.gcloud("container", "clusters", "get-credentials", "--zone", ZONE, name).ok()
    yield kubectl
    delete(platform, name)


def test_a_cluster_rule_is_for_its_cluster_alone(
    platform: Platform, made: Callable[..., str], clients: None, allow_all: None, tmp_path: Path
) -> None:
    enforce = {"binaryAuthorization": {"evaluationMode": ENFORCE}}
    first = connected(platform, made(**enforce), ZONE, tmp_path)
    name = made("us-east1", **enforce)
    second = connected(platform, name, "us-east1", tmp_path)
    platform.set_policy(
        {
            "defaultAdmissionRule": rule("ALWAYS_ALLOW"),
            "clusterAdmissionRules": {f"us-east1.{name}": rule("ALWAYS_DENY")},
        }
    )
    first("run", "hello", "--image", HELLO).ok()
    refused = second("run", "hello", "--image", HELLO).refused()
    assert f"denied by Binary Authorization cluster admission rule for us-east1.{name}" in refused


def test_a_cluster_opens_no_door_of_another(platform: Platform, made: Callable[..., str]) -> None:
    one, other = made(), made()
    config = json.loads((clusters(platform) / f"demo-project_{ZONE}_{one}" / "config.json").read_text())
    review = {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {"uid": "u", "operation": "CREATE", "kind": {"group": "", "version": "v1", "kind": "Pod"},
                    "object": {"spec": {"containers": [{"name": "c", "image": f"{IMAGE}@{DIGEST}"}]}}},
    }  # fmt: skip
    webhook = config["webhook"]

    def ask(name: str) -> int:
        trust = ssl.create_default_context(cafile=webhook["ca_file"])
        url = webhook["url"].replace(one, name)
        headers = {"Authorization": f"Bearer {webhook['token']}"}
        return httpx2.post(url, json=review, headers=headers, verify=trust, trust_env=False).status_code

    assert [ask(one), ask(other), ask("local-cluster")] == [200, 401, 401]


def test_what_is_not_modelled_comes_back_as_it_was_given(platform: Platform, made: Callable[..., str]) -> None:
    settings = {
        "description": "for tests",
        "resourceLabels": {"a": "b"},
        "releaseChannel": {"channel": "RAPID"},
        "networkConfig": {"datapathProvider": "ADVANCED_DATAPATH"},
        "nodePools": [{"name": "p", "initialNodeCount": 2, "config": {"machineType": "e2-small"}}],
    }
    name = made(**settings)
    for version in ("v1", "v1beta1"):
        shown = rest(platform, "GET", f"/{version}/projects/demo-project/zones/{ZONE}/clusters/{name}")
        assert {key: shown[key] for key in settings if key != "nodePools"} == {
            key: value for key, value in settings.items() if key != "nodePools"
        }
        assert shown["nodePools"][0]["config"] == {"machineType": "e2-small"}
        assert shown["binaryAuthorization"] == {"evaluationMode": "DISABLED"}
        pools = rest(platform, "GET", f"/{version}/projects/demo-project/zones/{ZONE}/clusters/{name}/nodePools")
        assert [pool["name"] for pool in pools["nodePools"]] == ["p"]


def test_as_many_as_are_allowed_and_no_more(platform: Platform) -> None:
    names = [unique("n") for _ in range(5)]
    begun: list[tuple[str, dict[str, Any]]] = []
    refusal: dict[str, Any] = {}
    for name in [*names, unique("n")]:
        answer = rest(platform, "POST", f"/v1/projects/demo-project/zones/{ZONE}/clusters", {"cluster": {"name": name}})
        if "error" in answer:
            refusal = answer["error"]
            break
        begun.append((name, answer))
    assert (refusal["code"], refusal["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert "local_cluster.limit" in refusal["message"]
    # They are all called off at once: each ends, says so, and leaves nothing.
    for _, operation in begun:
        path = f"/v1/projects/demo-project/zones/{ZONE}/operations/{operation['name']}:cancel"
        answer = rest(platform, "POST", path, {})
        assert answer == {} or answer["error"]["status"] == "FAILED_PRECONDITION", answer
    for name, operation in begun:
        done = finished(platform, operation)
        if "error" in done:
            assert (done["error"]["code"], done["statusMessage"]) == (1, "The creation was cancelled.")
        else:
            delete(platform, name)
        assert not (clusters(platform) / f"demo-project_{ZONE}_{name}").exists()


def test_a_change_waits_for_the_one_under_way(platform: Platform) -> None:
    name = unique("busy")
    operation = create(platform, name)
    where = f"/v1/projects/demo-project/locations/{ZONE}/clusters/{name}"
    assert rest(platform, "GET", where)["status"] == "PROVISIONING"
    refused = rest(platform, "DELETE", where)["error"]
    assert refused["status"] == "FAILED_PRECONDITION"
    assert f"{operation['name']} is currently creating cluster {name}" in refused["message"]
    stages = operation["progress"]["stages"]
    assert [each["name"] for each in stages] == ["CLUSTER_CONFIGURING", "CLUSTER_DEPLOYING", "CLUSTER_HEALTHCHECKING"]
    done = finished(platform, operation)
    assert {each["status"] for each in done["progress"]["stages"]} == {"DONE"}
    assert done["targetLink"].endswith(f"/zones/{ZONE}/clusters/{name}")
    assert done["startTime"] <= done["endTime"]
    delete(platform, name)


def test_the_python_client_creates_updates_and_deletes(platform: Platform) -> None:
    name = unique("py")
    parent = f"projects/demo-project/locations/{ZONE}"
    full = f"{parent}/clusters/{name}"
    mode = container.BinaryAuthorization.EvaluationMode.PROJECT_SINGLETON_POLICY_ENFORCE
    wanted = container.Cluster(name=name, binary_authorization=container.BinaryAuthorization(evaluation_mode=mode))
    off = container.BinaryAuthorization(evaluation_mode="DISABLED")
    with cluster_manager(platform) as client:

        def settle(operation: Any) -> Any:
            path = f"{parent}/operations/{operation.name}"

            def look() -> Any:
                found = client.get_operation(name=path)
                return found if found.status == container.Operation.Status.DONE else None

            return wait_for(look, "the operation is over", 60)

        assert settle(client.create_cluster(parent=parent, cluster=wanted)).status_message == ""
        found = client.get_cluster(name=full)
        assert found.status == container.Cluster.Status.RUNNING
        assert found.binary_authorization.evaluation_mode == mode
        zonal = client.get_cluster(project_id="demo-project", zone=ZONE, cluster_id=name)
        assert zonal.endpoint == found.endpoint
        update = container.ClusterUpdate(desired_binary_authorization=off)
        updated = client.update_cluster(name=full, update=update)
        assert updated.operation_type == container.Operation.Type.UPDATE_CLUSTER
        assert client.get_cluster(name=full).binary_authorization.evaluation_mode == off.evaluation_mode
        assert settle(client.delete_cluster(name=full)).status_message == ""
        assert name not in [each.name for each in client.list_clusters(parent=parent).clusters]


def test_the_discovery_client_speaks_both_spellings(platform: Platform, made: Callable[..., str]) -> None:
    name = made()
    body = {"update": {"desiredBinaryAuthorization": {"enabled": True}}}
    for version in ("v1", "v1beta1"):
        with discovered(platform, version) as service:
            zonal = service.projects().zones().clusters()
            assert zonal.get(projectId="demo-project", zone=ZONE, clusterId=name).execute()["name"] == name
            done = zonal.update(projectId="demo-project", zone=ZONE, clusterId=name, body=body).execute()
            assert done["status"] == "DONE"
            path = f"projects/demo-project/locations/{ZONE}/clusters/{name}"
            shown = service.projects().locations().clusters().get(name=path).execute()
            assert shown["binaryAuthorization"] == {"enabled": True, "evaluationMode": ENFORCE}


def test_nothing_is_left_of_a_process_or_a_directory(platform: Platform) -> None:
    name = unique("gone")
    finished(platform, create(platform, name))
    directory = clusters(platform) / f"demo-project_{ZONE}_{name}"
    pids = processes_below(directory)
    assert len(pids) == 1
    assert directory.stat().st_mode & 0o077 == 0
    delete(platform, name)
    assert processes_below(directory) == []
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)
    assert [each.name for each in clusters(platform).iterdir() if name in each.name] == []
