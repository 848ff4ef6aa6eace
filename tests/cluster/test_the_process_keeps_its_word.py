"""What the process itself promises: whom it names in evidence, what it says of things it has not, how it ends."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cluster.controllers.serving import certificate
from tests.cluster.door import MASTER, PODS, SOURCES, Cluster, clustered, pod, wait_for

pytestmark = pytest.mark.servers
RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles"


def test_a_header_does_not_change_who_called(cluster: Cluster) -> None:
    with cluster.as_user(MASTER, X_Forwarded_For="203.0.113.9", Forwarded="for=203.0.113.9") as client:
        assert client.post(PODS, json=pod("forwarded")).status_code == 201
    assert cluster.receiver.event("forwarded")["sourceIPs"] == ["127.0.0.1"]


@pytest.mark.parametrize("subresource", ["exec", "attach", "portforward"])
def test_reaching_into_a_container_is_not_implemented_and_says_so(cluster: Cluster, subresource: str) -> None:
    cluster.create(f"for-{subresource}")
    upgrade = {"connection": "Upgrade", "upgrade": "SPDY/3.1"}
    answer = cluster.client.post(f"{PODS}/for-{subresource}/{subresource}?command=ls", headers=upgrade)
    assert answer.status_code == 501
    assert answer.json()["message"].startswith(f"{subresource} is not available: nothing is executed in this cluster")
    assert cluster.client.get(f"{PODS}/nobody/{subresource}").status_code == 404


def test_a_role_is_kept_with_a_warning_that_it_grants_nothing(cluster: Cluster) -> None:
    role = {"metadata": {"name": "reader"}, "rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]}
    answer = cluster.client.post(RBAC, json=role)
    assert answer.status_code == 201
    assert answer.headers["warning"].startswith('299 - "RBAC objects are kept but not obeyed')


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/api/v1/pods"), ("DELETE", "/api/v1/pods"), ("DELETE", "/api/v1/namespaces")]
)
def test_nothing_is_made_or_swept_away_across_namespaces(cluster: Cluster, method: str, path: str) -> None:
    assert cluster.client.request(method, path, json={}).status_code == 405


def test_no_credential_is_told_or_logged(cluster: Cluster) -> None:
    shown = cluster.client.get("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations").text
    log = (cluster.folder / "log").read_text()
    for secret in ("of-the-cluster", MASTER):
        assert secret not in shown + log
    for path in (cluster.folder / "data").iterdir():
        assert path.stat().st_mode & 0o077 == 0


def test_a_renewed_certificate_is_served_without_a_restart(tmp_path: Path) -> None:
    def served(running: Cluster) -> bytes:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with (
            socket.create_connection(("127.0.0.1", running.port), 5) as plain,
            context.wrap_socket(plain) as secure,
        ):
            return secure.getpeercert(binary_form=True) or b""

    with clustered(tmp_path) as running:
        before = served(running)
        (tmp_path / "renewed").mkdir()
        for path in certificate(tmp_path / "renewed"):
            path.replace(tmp_path / path.name)
        wait_for(lambda: served(running) != before)


def test_an_open_watch_does_not_hold_up_the_end(tmp_path: Path) -> None:
    with clustered(tmp_path) as running, running.client.stream("GET", f"{PODS}?watch=true") as watch:
        assert watch.status_code == 200
        running.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert running.process.wait(10) == 0
        assert time.monotonic() - began < 4


_PARENT = """
import subprocess, sys
process = subprocess.Popen([sys.executable, "-m", "binauthz.cluster", "--config", sys.argv[1]])
print(process.pid, flush=True)
sys.stdin.read()
"""


def test_a_cluster_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    with clustered(tmp_path) as first:
        config = json.loads((tmp_path / "config.json").read_text())
    config |= {"data_dir": str(tmp_path / "other"), "ready_file": str(tmp_path / "other.json"), "port": 0}
    (tmp_path / "other-config.json").write_text(json.dumps(config))
    command = [sys.executable, "-c", _PARENT, str(tmp_path / "other-config.json")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(SOURCES)}, text=True, **pipes) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        wait_for((tmp_path / "other.json").exists, 20)
        parent.kill()
    assert first.process.returncode == 0
    wait_for(lambda: not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text().split()[2])


def test_a_configuration_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"data_dir": 1}')
    command = [sys.executable, "-m", "binauthz.cluster", "--config", str(tmp_path / "config.json")]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(SOURCES)}, check=False
    )
    assert done.returncode == 1
    assert "cannot read" in done.stderr
    assert "Traceback" not in done.stderr
