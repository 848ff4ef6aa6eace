"""B105: where no answer means no Pod, the installation still comes back by itself, and the cluster with it."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.platform import CLUSTER, HELLO, ZONE, Kubectl, Platform, rule, wait_for

pytestmark = [pytest.mark.servers, pytest.mark.clients]


@pytest.fixture
def closed(need: Callable[[str], str], tmp_path: Path) -> Iterator[Platform]:
    need("kubectl")
    platform = Platform(tmp_path / "dir", ("--fail-closed",)).start()
    yield platform
    if platform.process is not None and platform.process.poll() is None:
        assert platform.stop() == 0


def connected(platform: Platform) -> Kubectl:
    kubeconfig = platform.directory.parent / "kubeconfig"
    platform.env["KUBECONFIG"] = str(kubeconfig)
    platform.binauthz("clusters", "get-credentials", CLUSTER, "--zone", ZONE).ok()
    return Kubectl(platform, kubeconfig)


def running(kubectl: Kubectl, deployment: str) -> bool:
    shown = kubectl("get", "deployment", deployment, "-o", "jsonpath={.status.readyReplicas}")
    return shown.out == "2"


@pytest.mark.parametrize("certificates", ["kept", "renewed"])
def test_B105_everything_killed_at_once_comes_back_and_the_workloads_with_it(
    closed: Platform, certificates: str
) -> None:
    kubectl = connected(closed)
    kubectl("create", "deployment", "before", "--image", HELLO, "--replicas", "2").ok()
    wait_for(lambda: running(kubectl, "before"), "the Pods run")
    killed = [closed.addresses[f"{name}_pid"] for name in ("supervisor", "control", "cluster")]
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    process = closed.process
    assert process is not None
    assert process.wait(15) == -signal.SIGKILL
    assert process.stdout is not None
    process.stdout.close()
    if certificates == "renewed":
        leaves = [each for each in (closed.directory / "pki").glob("*.pem") if each.name != "ca.pem"]
        assert leaves
        for leaf in leaves:
            leaf.unlink()
    closed.start()
    kubectl = connected(closed)
    kubectl("delete", "pods", "--all").ok()
    wait_for(lambda: running(kubectl, "before"), "the controller's Pods are admitted again", 60)
    kubectl("create", "deployment", "after", "--image", HELLO, "--replicas", "2").ok()
    wait_for(lambda: running(kubectl, "after"), "new Pods are admitted", 60)


def test_B105_what_was_refused_while_nobody_answered_is_made_when_somebody_does(closed: Platform) -> None:
    kubectl = connected(closed)
    supervisor, control = closed.addresses["supervisor_pid"], closed.addresses["control_pid"]
    os.kill(supervisor, signal.SIGSTOP)
    try:
        os.kill(control, signal.SIGKILL)
        # What is no Pod goes on, and so does everything that would repair the installation.
        kubectl("create", "deployment", "during", "--image", HELLO, "--replicas", "2").ok()
        kubectl("create", "configmap", "during").ok()
        assert "failed calling webhook" in kubectl("run", "during", "--image", HELLO).refused()
    finally:
        os.kill(supervisor, signal.SIGCONT)
    wait_for(lambda: running(kubectl, "during"), "the controller tries again", 60)
    closed.set_policy({"defaultAdmissionRule": rule("ALWAYS_DENY")})
    assert "denied by" in kubectl("run", "after", "--image", HELLO).refused()
