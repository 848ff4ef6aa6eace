"""The controllers through the front door: what kubectl shows of workloads, and of Pods that policy refuses."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.controllers.manifests import IMAGE, workload
from tests.cluster.controllers.serving import Served, cluster

pytestmark = [pytest.mark.servers, pytest.mark.clients]
WEBHOOK = "imagepolicywebhook.image-policy.k8s.io"
DENIED = f'admission webhook "{WEBHOOK}" denied the request: Image bad denied'


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, need: Callable[[str], str]) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("cluster")
    with cluster(folder, need("kubectl")) as running:
        yield running


@pytest.fixture(autouse=True)
def _admit_all(served: Served) -> None:
    served.verdicts.refuse = lambda _image: ""


def apply(served: Served, kind: str, name: str, **spec: Any) -> None:
    served("apply", "-f", "-", stdin=workload(kind, name, **spec))


def images(served: Served, app: str) -> set[str]:
    found = served.json("get", "pods", "-l", f"app={app}")["items"]
    return {container["image"] for pod in found for container in pod["spec"]["containers"]}


def count(served: Served, app: str) -> int:
    return len(served("get", "pods", "-l", f"app={app}", "-o", "name").split())


def test_a_pod_runs_and_is_described_and_deleted(served: Served) -> None:
    served("run", "hello", "--image", IMAGE)
    served("wait", "pod/hello", "--for=condition=Ready", "--timeout=10s")
    header, row = served("get", "pod", "hello", "-o", "wide").splitlines()
    assert " ".join(header.split()) == "NAME READY STATUS RESTARTS AGE IP NODE NOMINATED NODE READINESS GATES"
    assert row.split()[:4] == ["hello", "1/1", "Running", "0"]
    served.until(lambda: "Started container hello" in served("describe", "pod", "hello"))
    served("delete", "pod", "hello", "--timeout=10s")
    assert "NotFound" in served.run("get", "pod", "hello").stderr


def test_a_deployment_rolls_out_scales_rolls_back_and_cascades(served: Served) -> None:
    apply(served, "Deployment", "web", replicas=3)
    assert "successfully rolled out" in served("rollout", "status", "deployment/web", "--timeout=20s")
    assert served("get", "deployment", "web").splitlines()[1].split()[:4] == ["web", "3/3", "3", "3"]
    served("scale", "deployment/web", "--replicas=5")
    served("rollout", "status", "deployment/web", "--timeout=20s")
    assert count(served, "web") == 5
    served("set", "image", "deployment/web", "c=other:2")
    served("rollout", "status", "deployment/web", "--timeout=20s")
    served.until(lambda: images(served, "web") == {"other:2"})
    served("rollout", "undo", "deployment/web")
    served("rollout", "status", "deployment/web", "--timeout=20s")
    served.until(lambda: images(served, "web") == {IMAGE})
    served("delete", "deployment", "web", "--timeout=10s")
    served.until(lambda: count(served, "web") == 0)
    assert "No resources found" in served.run("get", "replicasets", "-l", "app=web").stderr


def test_a_stateful_set_has_named_pods_and_a_history(served: Served) -> None:
    apply(served, "StatefulSet", "db", replicas=2, serviceName="db")
    served("rollout", "status", "statefulset/db", "--timeout=20s")
    assert served("get", "pods", "-l", "app=db", "-o", "name").split() == ["pod/db-0", "pod/db-1"]
    served("set", "image", "statefulset/db", "c=other:2")
    served("rollout", "status", "statefulset/db", "--timeout=20s")
    served.until(lambda: images(served, "db") == {"other:2"})
    assert served("rollout", "history", "statefulset/db").split()[-4:] == ["1", "<none>", "2", "<none>"]
    served("delete", "statefulset", "db", "--timeout=10s")
    served.until(lambda: count(served, "db") == 0)


def test_a_daemon_set_and_a_job_do_their_work(served: Served) -> None:
    apply(served, "DaemonSet", "agent")
    served("rollout", "status", "daemonset/agent", "--timeout=20s")
    job = workload("Job", "once", api_version="batch/v1", completions=2, parallelism=2)
    del job["spec"]["selector"]
    job["spec"]["template"]["spec"]["restartPolicy"] = "Never"
    served("apply", "-f", "-", stdin=job)
    served("wait", "job/once", "--for=condition=Complete", "--timeout=20s")
    assert served("get", "job", "once").splitlines()[1].split()[:3] == ["once", "Complete", "2/2"]
    served("delete", "daemonset/agent", "job/once", "--timeout=10s")
    served.until(lambda: count(served, "agent") == count(served, "once") == 0)


def test_a_namespace_takes_everything_with_it(served: Served) -> None:
    served("apply", "-f", "-", stdin={"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}})
    served.until(lambda: served.run("get", "serviceaccount", "default", "-n", "team").returncode == 0)
    served("apply", "-n", "team", "-f", "-", stdin=workload("Deployment", "web", replicas=2))
    served("rollout", "status", "deployment/web", "-n", "team", "--timeout=20s")
    served("delete", "namespace", "team", "--timeout=20s")
    assert "NotFound" in served.run("get", "namespace", "team").stderr


@pytest.mark.parametrize(
    ("kind", "source", "said", "about"),
    [
        ("Deployment", "replicaset-controller", f"Error creating: {DENIED}", "ReplicaSet"),
        (
            "StatefulSet",
            "statefulset-controller",
            f"create Pod refused-statefulset-0 in StatefulSet refused-statefulset failed error: {DENIED}",
            "StatefulSet",
        ),
        ("DaemonSet", "daemonset-controller", f"Error creating: {DENIED}", "DaemonSet"),
    ],
)
def test_refused_pods_show_as_events_and_come_once_policy_allows(
    served: Served, kind: str, source: str, said: str, about: str
) -> None:
    name = f"refused-{kind.lower()}"
    served.verdicts.refuse = lambda image: "Image bad denied" if image == IMAGE else ""
    apply(served, kind, name, **({"serviceName": name} if kind == "StatefulSet" else {}))
    query = ("get", "events", "--field-selector", f"reason=FailedCreate,involvedObject.kind={about}")

    def found() -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = served.json(*query)["items"]
        return [event for event in events if event["involvedObject"]["name"].startswith(name)]

    served.until(found)
    event = found()[0]
    assert (event["message"], event["type"], event["source"]) == (said, "Warning", {"component": source})
    assert count(served, name) == 0
    reviewed = len(served.verdicts.reviewed)
    served.until(lambda: len(served.verdicts.reviewed) > reviewed)
    served.verdicts.refuse = lambda _image: ""
    served("rollout", "status", f"{kind.lower()}/{name}", "--timeout=40s")
    served("delete", kind.lower(), name, "--timeout=10s")


def test_a_failing_deployment_says_so_in_its_conditions(served: Served) -> None:
    served.verdicts.refuse = lambda _image: "Image bad denied"
    apply(served, "Deployment", "stuck")
    jsonpath = "jsonpath={.status.conditions[?(@.type=='ReplicaFailure')].message}"
    served.until(lambda: served("get", "deployment", "stuck", "-o", jsonpath) == DENIED)
    assert served("get", "deployment", "stuck").splitlines()[1].split()[:4] == ["stuck", "0/1", "0", "0"]
    assert "FailedCreate" in served("describe", "deployment", "stuck")
    served("delete", "deployment", "stuck", "--timeout=10s")
