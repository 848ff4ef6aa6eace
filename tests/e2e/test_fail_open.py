"""No answer to be had: admitted and logged, judged again afterwards; refused where a cluster is fail-closed (D4)."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from tests.e2e.platform import CLUSTER, HELLO, ZONE, Kubectl, Platform, rule, unique, wait_for

pytestmark = [pytest.mark.servers, pytest.mark.clients]

FAILED_OPEN = """resource.type="k8s_cluster"
logName:"cloudaudit.googleapis.com%2Factivity"
(protoPayload.methodName="io.k8s.core.v1.pods.create" OR
protoPayload.methodName="io.k8s.core.v1.pods.update")
("image-policy.k8s.io/failed-open" OR
"imagepolicywebhook.image-policy.k8s.io/failed-open" OR
"failed-open.validating.webhook.admission.k8s.io")"""
SECOND = 'logName:"binaryauthorization.googleapis.com%2Fcontinuous_validation" "policyName"'


@contextmanager
def killed(platform: Platform) -> Iterator[None]:
    """The control plane dies, and its supervisor is kept from bringing it back meanwhile."""
    supervisor = platform.addresses["supervisor_pid"]
    control = platform.addresses["control_pid"]
    os.kill(supervisor, signal.SIGSTOP)
    try:
        os.kill(control, signal.SIGKILL)
        yield
    finally:
        os.kill(supervisor, signal.SIGCONT)
    wait_for(lambda: platform.addresses["control_pid"] not in (0, control), "the control plane comes back")
    wait_for(lambda: platform.curl("GET", "/readyz").code == 0, "the control plane answers")


@contextmanager
def hung(platform: Platform) -> Iterator[None]:
    """The control plane's process stops and answers nothing, with its sockets open."""
    control = platform.addresses["control_pid"]
    os.kill(control, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(control, signal.SIGCONT)


@pytest.mark.parametrize("outage", [killed, hung])
def test_B104_a_pod_created_during_an_outage_is_admitted_logged_and_judged_again(
    platform: Platform,
    cluster_context: Kubectl,
    allow_all: None,
    outage: Callable[[Platform], AbstractContextManager[None]],
) -> None:
    name = unique("open")
    platform.set_policy({"defaultAdmissionRule": rule("ALWAYS_DENY")})
    with outage(platform):
        cluster_context("run", name, "--image", HELLO).ok()
    (entry,) = wait_for(lambda: _about(platform.log(FAILED_OPEN), name), "the failed-open entry", 40)
    label = "failed-open.validating.webhook.admission.k8s.io/round_0_index_0"
    assert entry["labels"][label] == "imagepolicywebhook.image-policy.k8s.io"
    (judged,) = wait_for(
        lambda: [e for e in platform.log(SECOND) if e["jsonPayload"]["podEvent"]["pod"] == name],
        "the second judgement",
    )
    assert judged["severity"] == "WARNING"
    assert judged["jsonPayload"]["podEvent"]["verdict"] == "VIOLATES_POLICY"
    assert "denied by" in cluster_context("run", unique("after"), "--image", HELLO).refused()
    cluster_context("delete", "pod", name).ok()


def test_a_pod_that_failed_open_and_conforms_leaves_no_violation(
    platform: Platform, cluster_context: Kubectl, allow_all: None
) -> None:
    name = unique("open")
    with killed(platform):
        cluster_context("run", name, "--image", HELLO).ok()
    wait_for(lambda: _about(platform.log(FAILED_OPEN), name), "the failed-open entry", 40)
    assert not [e for e in platform.log(SECOND) if e["jsonPayload"]["podEvent"]["pod"] == name]
    cluster_context("delete", "pod", name).ok()


def test_the_store_erring_inside_admits_with_our_own_label(
    platform: Platform, kubectl: Kubectl, pod: str, broken_store: Callable[[], AbstractContextManager[None]]
) -> None:
    platform.set_policy({"defaultAdmissionRule": rule("ALWAYS_DENY")})
    with broken_store():
        created = kubectl("run", pod, "--image", HELLO)
    if created.code:
        # The gateway cannot tell who calls while its store is down, so it refuses; the cluster itself admits.
        assert "connectgateway" in kubectl("config", "current-context").ok()
        return
    entries = wait_for(lambda: _about(platform.log(FAILED_OPEN), pod), "the failed-open entry", 40)
    assert entries[0]["labels"]["imagepolicywebhook.image-policy.k8s.io/failed-open"] == "true"


def test_a_fail_closed_cluster_refuses_instead(
    tmp_path_factory: pytest.TempPathFactory, need: Callable[[str], str]
) -> None:
    for program in ("gcloud", "kubectl", "gke-gcloud-auth-plugin"):
        need(program)
    platform = Platform(tmp_path_factory.mktemp("closed") / "dir", ("--fail-closed",)).start()
    try:
        kubectl = Kubectl(platform, platform.directory.parent / "kubeconfig")
        platform.env["KUBECONFIG"] = str(kubectl.kubeconfig)
        platform.gcloud("container", "clusters", "get-credentials", "--zone", ZONE, CLUSTER).ok()
        kubectl("run", "before", "--image", HELLO).ok()
        with killed(platform):
            error = kubectl("run", "during", "--image", HELLO).refused()
        assert 'failed calling webhook "imagepolicywebhook.image-policy.k8s.io"' in error
        wait_for(lambda: kubectl("run", "after", "--image", HELLO).code == 0, "the cluster admits again")
    finally:
        assert platform.stop() == 0


def _about(entries: list[dict], pod: str) -> list[dict]:
    return [entry for entry in entries if entry["protoPayload"]["request"]["metadata"].get("name") == pod]
