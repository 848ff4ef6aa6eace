"""What is created through the API survives crashes: of the control plane, of its own process, of the installation."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.local_clusters import clusters, connected, create, delete, finished, processes_below, rest
from tests.e2e.platform import HELLO, ZONE, Platform, rule, unique, wait_for

pytestmark = [pytest.mark.servers, pytest.mark.clients]

ENFORCING = {"binaryAuthorization": {"evaluationMode": "PROJECT_SINGLETON_POLICY_ENFORCE"}}
ALLOW = {"globalPolicyEvaluationMode": "ENABLE", "defaultAdmissionRule": rule("ALWAYS_ALLOW")}
DENY = {"globalPolicyEvaluationMode": "ENABLE", "defaultAdmissionRule": rule("ALWAYS_DENY")}


@pytest.fixture
def own(need: Callable[[str], str], tmp_path: Path) -> Iterator[Platform]:
    """An installation of the test's own, because its processes are killed; nothing of it may be left running."""
    need("kubectl")
    running = Platform(tmp_path / "dir").start()
    yield running
    if running.process is not None and running.process.poll() is None:
        assert running.stop() == 0
    wait_for(lambda: not processes_below(running.directory), "every cluster process is gone", 10)


def kill_control_plane(platform: Platform) -> None:
    before = platform.addresses["control_pid"]
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: platform.addresses["control_pid"] not in (0, before), "the control plane comes back")
    wait_for(lambda: platform.binauthz("policy", "export").code == 0, "the control plane answers")


def endpoint(platform: Platform, name: str) -> str:
    return str(cluster(platform, name)["endpoint"])


def cluster(platform: Platform, name: str) -> dict[str, Any]:
    return rest(platform, "GET", f"/v1/projects/demo-project/locations/{ZONE}/clusters/{name}")


def the_process(platform: Platform, name: str) -> int:
    directory = clusters(platform) / f"demo-project_{ZONE}_{name}"
    (pid,) = wait_for(lambda: processes_below(directory), "the cluster's process runs")
    return int(pid)


def test_a_creation_goes_on_after_the_control_plane_is_killed(own: Platform, tmp_path: Path) -> None:
    name = unique("resumed")
    operation = create(own, name, **ENFORCING)
    kill_control_plane(own)
    done = finished(own, operation)
    assert "error" not in done
    assert cluster(own, name)["status"] == "RUNNING"
    kubectl = connected(own, name, ZONE, tmp_path)
    own.set_policy(DENY)
    assert "denied by" in kubectl("run", "no", "--image", HELLO).refused()


def test_a_deletion_goes_on_after_the_control_plane_is_killed(own: Platform) -> None:
    name = unique("resumed")
    finished(own, create(own, name))
    operation = rest(own, "DELETE", f"/v1/projects/demo-project/locations/{ZONE}/clusters/{name}")
    kill_control_plane(own)
    assert "error" not in finished(own, operation)
    assert list(clusters(own).iterdir()) == []


def test_a_cluster_serves_while_the_control_plane_is_down_and_says_so_in_the_log(own: Platform, tmp_path: Path) -> None:
    name = unique("alone")
    finished(own, create(own, name, **ENFORCING))
    kubectl = connected(own, name, ZONE, tmp_path)
    own.set_policy(DENY)
    # Stopped, not killed: it would be back too soon.
    control = own.addresses["control_pid"]
    os.kill(control, signal.SIGSTOP)
    try:
        kubectl("run", "unasked", "--image", HELLO).ok()
    finally:
        os.kill(control, signal.SIGCONT)
    query = f'resource.labels.cluster_name="{name}" "failed-open.validating.webhook.admission.k8s.io"'
    assert wait_for(lambda: own.log(query), "the admission is in the log")
    assert "denied by" in kubectl("run", "asked", "--image", HELLO).refused()


def test_a_cluster_that_dies_comes_back_where_it_was(own: Platform, tmp_path: Path) -> None:
    name = unique("killed")
    finished(own, create(own, name, **ENFORCING))
    before = endpoint(own, name)
    kubectl = connected(own, name, ZONE, tmp_path)
    own.set_policy(ALLOW)
    kubectl("run", "kept", "--image", HELLO).ok()
    pid = the_process(own, name)
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: kubectl("get", "pod", "kept").code == 0, "the cluster answers again")
    assert the_process(own, name) != pid
    assert endpoint(own, name) == before
    own.set_policy(DENY)
    assert "denied by" in kubectl("run", "no", "--image", HELLO).refused()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_clusters_come_back_with_the_installation(own: Platform, tmp_path: Path, how: signal.Signals) -> None:
    name = unique("back")
    operation = create(own, name, **ENFORCING)
    finished(own, operation)
    before = endpoint(own, name)
    kubectl = connected(own, name, ZONE, tmp_path)
    kubectl("run", "kept", "--image", HELLO).ok()
    assert own.process is not None
    assert own.process.stdout is not None
    own.process.send_signal(how)
    with own.process.stdout:
        own.process.wait(30)
    wait_for(lambda: not processes_below(own.directory), "the cluster processes end with it", 10)

    own.start()
    assert finished(own, operation)["status"] == "DONE"
    wait_for(lambda: kubectl("get", "pod", "kept").code == 0, "the cluster answers again")
    assert (endpoint(own, name), cluster(own, name)["status"]) == (before, "RUNNING")
    # The doors of the control plane have moved, and the cluster knows.
    own.set_policy(DENY)
    assert "denied by" in kubectl("run", "no", "--image", HELLO).refused()
    delete(own, name)
    assert list(clusters(own).iterdir()) == []


def test_the_setting_of_the_installation_counts_for_every_cluster(tmp_path: Path, need: Callable[[str], str]) -> None:
    need("kubectl")
    own = Platform(tmp_path / "dir", ("--fail-closed",)).start()
    try:
        name = unique("closed")
        finished(own, create(own, name, **ENFORCING))
        config = json.loads((clusters(own) / f"demo-project_{ZONE}_{name}" / "config.json").read_text())
        assert config["failure_policy"] == "Fail"
        kubectl = connected(own, name, ZONE, tmp_path)
        control = own.addresses["control_pid"]
        os.kill(control, signal.SIGSTOP)
        try:
            assert "failed calling webhook" in kubectl("run", "unasked", "--image", HELLO).refused()
        finally:
            os.kill(control, signal.SIGCONT)
    finally:
        assert own.stop() == 0
    assert processes_below(own.directory) == []
