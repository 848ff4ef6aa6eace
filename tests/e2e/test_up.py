"""``binauthz up`` keeps what it acknowledged, brings back what dies, and leaves nothing behind."""

import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.platform import CLUSTER, HELLO, ZONE, Kubectl, Platform, rule, unique, wait_for
from tests.ports import neighbouring

pytestmark = [pytest.mark.servers, pytest.mark.clients]

ALLOW = {"globalPolicyEvaluationMode": "ENABLE", "defaultAdmissionRule": rule("ALWAYS_ALLOW")}
DENY = {"globalPolicyEvaluationMode": "ENABLE", "defaultAdmissionRule": rule("ALWAYS_DENY")}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """An installation of this module's own, because its processes are killed."""
    running = Platform(tmp_path_factory.mktemp("own") / "dir").start()
    yield running
    if running.process is not None and running.process.poll() is None:
        assert running.stop() == 0


@pytest.fixture
def kubectl(own: Platform, need: Callable[[str], str]) -> Kubectl:
    """kubectl with the kubeconfig that our own command writes."""
    return connected(own, need("kubectl"))


def connected(platform: Platform, binary: str) -> Kubectl:
    kubeconfig = platform.directory.parent / "kubeconfig"
    platform.env["KUBECONFIG"] = str(kubeconfig)
    platform.binauthz("clusters", "get-credentials", CLUSTER, "--zone", ZONE).ok()
    return Kubectl(platform, kubeconfig, binary)


def end(platform: Platform, number: signal.Signals) -> int:
    """Send `binauthz up` a signal; how it ended."""
    process = platform.process
    assert process is not None
    assert process.stdout is not None
    process.send_signal(number)
    with process.stdout:
        return process.wait(30)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def pids(platform: Platform) -> list[int]:
    return [platform.addresses[f"{name}_pid"] for name in ("supervisor", "control", "cluster")]


def policy(platform: Platform) -> dict[str, Any]:
    return dict(json.loads(platform.binauthz("policy", "export", "--format", "json").ok()))


def kill(platform: Platform, name: str) -> None:
    """Kill one process and wait until another one has taken its place."""
    before = platform.addresses[f"{name}_pid"]
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: platform.addresses[f"{name}_pid"] not in (0, before), f"the {name} process comes back")


@pytest.mark.parametrize("round_", range(3))
def test_B103_the_control_plane_comes_back_with_what_it_acknowledged(
    own: Platform, kubectl: Kubectl, round_: int
) -> None:
    own.set_policy({**DENY, "description": f"round {round_}"})
    kill(own, "control")
    wait_for(lambda: own.binauthz("policy", "export").code == 0, "the control plane answers")
    assert policy(own)["description"] == f"round {round_}"
    wait_for(lambda: own.binauthz("doctor").code == 0, "every door answers")
    assert "denied by" in kubectl("run", unique("after"), "--image", HELLO).refused()
    own.set_policy(ALLOW)
    kubectl("run", unique("allowed"), "--image", HELLO).ok()


def test_the_cluster_comes_back_with_its_objects(own: Platform, kubectl: Kubectl) -> None:
    own.set_policy(ALLOW)
    name = unique("kept")
    kubectl("run", name, "--image", HELLO).ok()
    uid = kubectl("get", "pod", name, "-o", "jsonpath={.metadata.uid}").ok()
    kill(own, "cluster")
    wait_for(lambda: kubectl("get", "pod", name).code == 0, "the cluster answers")
    assert kubectl("get", "pod", name, "-o", "jsonpath={.metadata.uid}").ok() == uid
    own.set_policy(DENY)
    assert "denied by" in kubectl("run", unique("after"), "--image", HELLO).refused()


def test_a_process_that_keeps_dying_is_started_again_each_time(own: Platform) -> None:
    for _ in range(3):
        kill(own, "cluster")
    wait_for(lambda: own.binauthz("doctor").code == 0, "every door answers")
    assert alive(own.addresses["supervisor_pid"])


def test_a_second_up_in_the_same_directory_is_refused(own: Platform) -> None:
    before = own.addresses
    second = own.binauthz("up", "--dir", str(own.directory), "--port", "0")
    assert (second.code, second.out) == (1, "")
    assert f"another binauthz runs from `{own.directory}`" in second.err
    assert own.addresses == before
    assert own.binauthz("policy", "export").code == 0


def test_a_taken_port_is_named(own: Platform, tmp_path: Path) -> None:
    port = own.addresses["base_url"].rpartition(":")[2]
    second = own.binauthz("up", "--dir", str(tmp_path / "other"), "--port", port)
    assert (second.code, second.out) == (1, "")
    assert f"port {port} on 127.0.0.1 cannot be used" in second.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_restart_in_the_same_directory_keeps_policy_and_pods(
    tmp_path: Path, need: Callable[[str], str], number: signal.Signals
) -> None:
    platform = Platform(tmp_path / "dir").start()
    try:
        kubectl = connected(platform, need("kubectl"))
        name = unique("kept")
        kubectl("run", name, "--image", HELLO).ok()
        uid = kubectl("get", "pod", name, "-o", "jsonpath={.metadata.uid}").ok()
        platform.set_policy({**DENY, "description": "kept"})
        token = (platform.directory / "owner-token").read_text()
        running = pids(platform)
        assert all(map(alive, running))
        assert end(platform, number) == 0
        assert not any(map(alive, running))
        assert not (platform.directory / "addresses.json").exists()
        gone = platform.binauthz("clusters", "list")
        assert platform.binauthz("env").code == 1
        assert gone.code == 1
        platform.start()
        kubectl = connected(platform, need("kubectl"))
        assert policy(platform)["description"] == "kept"
        assert (platform.directory / "owner-token").read_text() == token
        assert kubectl("get", "pod", name, "-o", "jsonpath={.metadata.uid}").ok() == uid
        assert "denied by" in kubectl("run", unique("after"), "--image", HELLO).refused()
    finally:
        assert platform.stop() == 0


def test_nothing_outlives_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    platform = Platform(tmp_path / "dir").start()
    _, *children = pids(platform)
    assert end(platform, signal.SIGKILL) == -signal.SIGKILL
    wait_for(lambda: not any(map(alive, children)), "the processes end", 15)
    gone = platform.binauthz("env", "--dir", str(platform.directory))
    assert gone.code == 1
    assert "left by a process that is gone" in gone.err
    # What it left does not stand in the way of the next one.
    assert platform.start().stop() == 0


def test_four_neighbouring_ports_from_the_one_given(tmp_path: Path) -> None:
    first = neighbouring(4)
    platform = Platform(tmp_path / "dir", ("--port", str(first), "--project", "my-project")).start()
    try:
        found = platform.addresses
        answered = [found["base_url"], f"x://{found['grpc']}", found["tls_url"], found["cluster_url"]]
        assert [int(each.rpartition(":")[2]) for each in answered] == list(range(first, first + 4))
        assert policy(platform)["name"] == "projects/my-project/policy"
        assert platform.ready_after < 30
    finally:
        assert platform.stop() == 0
    for port in range(first, first + 4):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 2)


def test_what_it_keeps_is_its_owners_alone(own: Platform) -> None:
    open_to_others = [
        path for path in [own.directory, *own.directory.rglob("*")] if path.is_dir() and path.stat().st_mode & 0o077
    ]
    assert open_to_others in ([], [own.directory / "gcloud"])
    secrets = [own.directory / name for name in ("owner-token", "webhook-token", "gateway-token")]
    for path in [*secrets, *own.directory.rglob("*.key"), own.directory / "cluster" / "config.json"]:
        assert path.stat().st_mode & 0o077 == 0, path
