"""Every kubectl that the Cloud SDK brings, against the cluster: the commands people type, from create to delete."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.controllers.manifests import IMAGE, workload
from tests.cluster.controllers.serving import Served, cluster

pytestmark = [pytest.mark.servers, pytest.mark.clients]
VERSIONS = ("1.27", "1.28", "1.29", "1.30", "1.31", "1.32", "1.33")


def _beside(program: str) -> Iterator[Path]:
    for name in ("kubectl", "gcloud"):
        found = shutil.which(name)
        if found is not None:
            for folder in (Path(found).parent, Path(found).resolve().parent):
                yield folder / program


@pytest.fixture(scope="module")
def kubectl(request: pytest.FixtureRequest, need: Callable[[str], str]) -> str:
    """The path of one version: on PATH, or beside kubectl or gcloud."""
    program = f"kubectl.{request.param}"
    path = next((path for path in _beside(program) if path.is_file()), None)
    return need(program) if path is None else str(path)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with cluster(tmp_path_factory.mktemp("cluster"), "") as served:
        yield served


@pytest.fixture(scope="module")
def space(kubectl: str, running: Served) -> Iterator["Space"]:
    """A namespace made by one version of kubectl for itself, with a Deployment in it."""
    made = Space(running.with_kubectl(kubectl), f"v{kubectl.rpartition('.')[2]}")
    made.client("create", "namespace", made.name)
    made("create", "deployment", "web", f"--image={IMAGE}", "--replicas=2")
    yield made
    made.client("delete", "namespace", made.name, "--wait=true", "--timeout=30s")


class Space:
    """kubectl in one namespace."""

    def __init__(self, client: Served, name: str) -> None:
        self.client = client
        self.name = name

    def __call__(self, *arguments: str, stdin: object = None) -> str:
        return self.client("-n", self.name, *arguments, stdin=stdin)

    def json(self, *arguments: str) -> dict[str, Any]:
        return self.client.json("-n", self.name, *arguments)


def each_version(test: Callable[..., None]) -> Callable[..., None]:
    return pytest.mark.parametrize("kubectl", VERSIONS, indirect=True, scope="module")(test)


@each_version
def test_create_makes_what_its_flags_say(space: Space) -> None:
    assert space("create", "serviceaccount", "robot") == "serviceaccount/robot created\n"
    space("create", "configmap", "settings", "--from-literal=a=b")
    space("create", "secret", "generic", "key", "--from-literal=a=b")
    space("create", "role", "reader", "--verb=get", "--resource=pods")
    space("create", "rolebinding", "readers", "--role=reader", "--user=me")
    space("create", "service", "clusterip", "front", "--tcp=80:8080")
    space("create", "cronjob", "nightly", f"--image={IMAGE}", "--schedule=0 1 * * *")
    space("create", "job", "once", f"--image={IMAGE}")
    assert space.json("get", "configmap", "settings")["data"] == {"a": "b"}
    assert space.json("get", "secret", "key")["data"] == {"a": "Yg=="}
    assert space.json("get", "service", "front")["spec"]["ports"][0]["targetPort"] == 8080
    assert space.json("get", "cronjob", "nightly")["spec"]["schedule"] == "0 1 * * *"
    assert space.json("get", "role", "reader")["rules"] == [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
    ]
    deployment = space.json("get", "deployment", "web")
    assert (deployment["spec"]["replicas"], deployment["spec"]["strategy"]["type"]) == (2, "RollingUpdate")


@each_version
def test_a_deployment_rolls_out_scales_and_takes_a_new_image(space: Space) -> None:
    assert "successfully rolled out" in space("rollout", "status", "deployment/web", "--timeout=30s")
    space("scale", "deployment/web", "--replicas=1")
    container = space.json("get", "deployment", "web")["spec"]["template"]["spec"]["containers"][0]["name"]
    space("set", "image", "deployment/web", f"{container}={IMAGE}-2")
    assert "successfully rolled out" in space("rollout", "status", "deployment/web", "--timeout=30s")
    assert f"{IMAGE}-2" in space("get", "deployment", "web", "-o", "wide")
    described = space("describe", "deployment", "web")
    assert "Replicas:" in described
    assert "ScalingReplicaSet" in described
    assert "ScalingReplicaSet" in space("get", "events")


@each_version
def test_run_makes_a_pod_that_get_label_and_describe_show(space: Space) -> None:
    assert space("run", "single", f"--image={IMAGE}") == "pod/single created\n"
    space("wait", "--for=condition=Ready", "pod/single", "--timeout=30s")
    space("label", "pod", "single", "tier=test")
    wide = space("get", "pods", "-l", "tier=test", "-o", "wide").splitlines()
    assert wide[0].split()[:3] == ["NAME", "READY", "STATUS"]
    assert wide[1].split()[:3] == ["single", "1/1", "Running"]
    shown = yaml.safe_load(space("get", "pod", "single", "-o", "yaml"))
    assert shown == space.json("get", "pod", "single")
    assert shown["metadata"]["labels"] == {"run": "single", "tier": "test"}
    assert "Image:" in space("describe", "pod", "single")
    space("delete", "pod", "single", "--now")
    assert space("get", "pods", "-l", "tier=test", "-o", "name") == ""


@each_version
def test_apply_creates_then_changes_and_reports_unknown_fields(space: Space) -> None:
    for name, flags in (("client", ()), ("server", ("--server-side",))):
        wanted = workload("Deployment", name, replicas=0)
        first = space("apply", *flags, "-f", "-", stdin=wanted)
        assert first == f"deployment.apps/{name} {'serverside-applied' if flags else 'created'}\n"
        again = space("apply", *flags, "-f", "-", stdin=wanted)
        assert again == f"deployment.apps/{name} {'serverside-applied' if flags else 'unchanged'}\n"
        wanted["spec"]["revisionHistoryLimit"] = 3
        space("apply", *flags, "-f", "-", stdin=wanted)
        assert space.json("get", "deployment", name)["spec"]["revisionHistoryLimit"] == 3
        wanted["spec"]["replicsa"] = 1
        refused = space.client.run("-n", space.name, "apply", *flags, "-f", "-", stdin=wanted)
        assert refused.returncode == 1
        assert "replicsa" in refused.stderr
    created = workload("Deployment", "made", replicas=0)
    assert space("create", "-f", "-", stdin=created) == "deployment.apps/made created\n"
    assert space("delete", "deployment", "client", "server", "made").count("deleted") == 3


@each_version
def test_auth_answers_what_one_may_do_and_who_one_is(space: Space) -> None:
    assert space("auth", "can-i", "create", "deployments") == "yes\n"
    assert "*.*" in space("auth", "can-i", "--list")
    who = json.loads(space("auth", "whoami", "-o", "json"))
    assert who["status"]["userInfo"]["username"] == "owner"


@each_version
def test_a_kind_that_is_not_served_is_not_found(space: Space) -> None:
    for arguments in (("quota", "q", "--hard=cpu=1"), ("pdb", "p", "--selector=a=b", "--min-available=1")):
        refused = space.client.run("-n", space.name, "create", *arguments)
        assert refused.returncode == 1
        assert "could not find the requested resource" in refused.stderr


@each_version
def test_an_object_is_patched_in_every_way_edited_and_replaced(space: Space) -> None:
    space("create", "configmap", "patched", "--from-literal=a=1")
    space("patch", "configmap", "patched", "-p", '{"data":{"b":"2"}}')
    space("patch", "configmap", "patched", "--type=merge", "-p", '{"data":{"a":null}}')
    space("patch", "configmap", "patched", "--type=json", "-p", '[{"op":"add","path":"/data/c","value":"3"}]')
    space("annotate", "configmap", "patched", "note=x")
    stored = space.json("get", "configmap", "patched")
    assert (stored["data"], stored["metadata"]["annotations"]) == ({"b": "2", "c": "3"}, {"note": "x"})
    edited = space.client.run("-n", space.name, "edit", "configmap", "patched", editor="sed -i '/^  c:/s/3/4/'")
    assert edited.stdout == "configmap/patched edited\n"
    stored = space.json("get", "configmap", "patched")
    assert stored["data"] == {"b": "2", "c": "4"}
    assert space("replace", "-f", "-", stdin=stored | {"data": {"d": "5"}}) == "configmap/patched replaced\n"
    assert space.json("get", "configmap", "patched")["data"] == {"d": "5"}
    assert space("delete", "configmap", "patched") == 'configmap "patched" deleted\n'


@each_version
def test_diff_shows_what_apply_would_change_and_changes_nothing(space: Space) -> None:
    for flags in ((), ("--server-side",)):
        wanted = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "compared"}, "data": {"a": "before"}}
        space("apply", *flags, "-f", "-", stdin=wanted)
        assert space("diff", *flags, "-f", "-", stdin=wanted) == ""
        wanted["data"] = {"a": "after"}
        found = space.client.run("-n", space.name, "diff", *flags, "-f", "-", stdin=wanted)
        assert found.returncode == 1, found.stderr
        assert "-  a: before" in found.stdout
        assert "+  a: after" in found.stdout
        assert space.json("get", "configmap", "compared")["data"] == {"a": "before"}
        space("delete", "configmap", "compared")


@each_version
def test_a_watch_shows_what_happens_next(space: Space) -> None:
    metadata = {"name": "watched", "labels": {"seen": "yes"}}
    with space.client.started("-n", space.name, "get", "configmaps", "-w", "-l", "seen=yes") as lines:
        space("create", "-f", "-", stdin={"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
        assert [next(lines).split()[:2] for _ in range(2)] == [["NAME", "DATA"], ["watched", "0"]]
        space("patch", "configmap", "watched", "-p", '{"data":{"a":"1"}}')
        assert next(lines).split()[:2] == ["watched", "1"]
    space("delete", "configmap", "watched")


@each_version
def test_what_cannot_be_done_here_is_said_in_one_sentence(space: Space) -> None:
    space("run", "still", f"--image={IMAGE}")
    for arguments in (("logs", "still"), ("exec", "still", "--", "ls"), ("port-forward", "still", "8080:80")):
        refused = space.client.run("-n", space.name, *arguments)
        assert refused.returncode == 1
        assert "nothing is executed in this cluster" in refused.stderr
    space("delete", "pod", "still", "--now")


@each_version
def test_the_cluster_describes_itself(space: Space) -> None:
    assert "deploy" in space("api-resources")
    assert "apps/v1" in space("api-versions").splitlines()
    assert "FIELD: containers <[]Container>" in space("explain", "pod.spec.containers")
    assert json.loads(space("version", "-o", "json"))["serverVersion"]["gitVersion"] == "v1.33.0+binauthz"
    assert "is running at" in space("cluster-info")
