"""``binauthz serve``: the control plane alone, over either database, stopped without a trace."""

import json
import os
import signal
import socket
import ssl
from pathlib import Path

import httpx2
import pytest

from tests.cli.running import Shell, clean_environment, serving
from tests.ports import neighbouring

pytestmark = pytest.mark.servers

POLICY = {
    "globalPolicyEvaluationMode": "ENABLE",
    "defaultAdmissionRule": {"evaluationMode": "ALWAYS_DENY", "enforcementMode": "ENFORCED_BLOCK_AND_AUDIT_LOG"},
}


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A shell pointed at this test's directory."""
    return Shell({**clean_environment(tmp_path), "BINAUTHZ_DIR": str(tmp_path / "dir")})


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'elsewhere.sqlite'}"
    found: str = request.getfixturevalue("postgres_url")
    return found


def test_what_it_acknowledged_is_there_after_it_is_killed(shell: Shell, tmp_path: Path, store: str) -> None:
    with serving(tmp_path / "dir", shell.env, "--store", store) as (process, _):
        shell("policy", "import", "-", stdin=json.dumps(POLICY).encode()).ok()
        process.kill()
        process.wait()
    gone = shell("policy", "export")
    assert gone.code == 1
    assert "left by a process that is gone" in gone.err
    with serving(tmp_path / "dir", shell.env, "--store", store):
        exported = json.loads(shell("policy", "export", "--format", "json").ok().out)
        assert exported["defaultAdmissionRule"] == POLICY["defaultAdmissionRule"]
        checks = json.loads(shell("doctor", "--format", "json").ok().out)
        assert store.partition("?")[0] in next(each["detail"] for each in checks if each["check"] == "store")


def test_every_door_answers_once_it_is_ready_and_none_after_sigterm(shell: Shell, tmp_path: Path) -> None:
    directory = tmp_path / "dir"
    with serving(directory, shell.env) as (process, url):
        addresses = json.loads((directory / "addresses.json").read_text())
        assert (addresses["base_url"], addresses["supervisor_pid"]) == (url, process.pid)
        trust = ssl.create_default_context(cafile=directory / "pki" / "ca.pem")
        assert httpx2.get(f"{url}/readyz", trust_env=False).status_code == 200
        assert httpx2.get(f"{addresses['tls_url']}/readyz", verify=trust, trust_env=False).status_code == 200
        host, _, port = addresses["grpc"].rpartition(":")
        socket.create_connection((host, int(port)), 5).close()
        assert json.loads(shell("clusters", "list", "--format", "json").ok().out) == []
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(15) == 0
    assert not (directory / "addresses.json").exists()
    assert (directory.parent / "dir.log").read_text() == ""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), 5)


def test_it_has_one_project_and_takes_neighbouring_ports(shell: Shell, tmp_path: Path) -> None:
    first = neighbouring(3)
    more = ("--port", str(first), "--project", "my-project")
    with serving(tmp_path / "dir", shell.env, *more) as (_, url):
        addresses = json.loads((tmp_path / "dir" / "addresses.json").read_text())
        assert (url, addresses["grpc"], addresses["tls_url"]) == (
            f"http://127.0.0.1:{first}",
            f"127.0.0.1:{first + 1}",
            f"https://127.0.0.1:{first + 2}",
        )
        assert (
            json.loads(shell("policy", "export", "--format", "json").ok().out)["name"] == "projects/my-project/policy"
        )
        taken = shell("serve", "--dir", str(tmp_path / "other"), "--port", str(first))
        assert taken.code == 1
        assert f"port {first} on 127.0.0.1 cannot be used" in taken.err


def test_a_directory_is_served_once(shell: Shell, tmp_path: Path) -> None:
    with serving(tmp_path / "dir", shell.env):
        for verb in ("serve", "up"):
            second = shell(verb, "--port", "0")
            assert (second.code, second.out) == (1, "")
            assert f"another binauthz runs from `{tmp_path / 'dir'}`" in second.err
        shell("policy", "export").ok()


def test_a_store_that_is_not_there_is_said_without_its_password(shell: Shell) -> None:
    url = "postgresql://owner:hunter2@127.0.0.1:1/nothing"
    result = shell("serve", "--port", "0", BINAUTHZ_STORE=url)
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("Error: the store cannot be used")
    assert "Traceback" not in result.err
    assert "hunter2" not in result.err
    assert "hunter2" not in shell("doctor").out


def test_the_certificate_names_the_public_host(shell: Shell, tmp_path: Path) -> None:
    with serving(tmp_path / "dir", shell.env, "--host", "0.0.0.0", "--public-host", "binauthz.example.com"):
        addresses = json.loads((tmp_path / "dir" / "addresses.json").read_text())
        trust = ssl.create_default_context(cafile=tmp_path / "dir" / "pki" / "ca.pem")
        _, _, port = addresses["tls_url"].rpartition(":")
        with (
            socket.create_connection(("127.0.0.1", int(port)), 5) as plain,
            trust.wrap_socket(plain, server_hostname="binauthz.example.com"),
        ):
            pass
        shell("policy", "export").ok()
