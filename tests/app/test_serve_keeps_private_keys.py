"""Private keys of ``binauthz serve``: sealed in the store, shared by its servers, or on a PKCS#11 token."""

import base64
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from binauthz.crypto.sealing import SealingKey
from tests.cli.running import Shell, clean_environment, serving

pytestmark = pytest.mark.servers

LOCATION = "projects/demo-project/locations/global"
VERSION = f"{LOCATION}/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1"
DIGEST = {"digest": {"sha256": base64.b64encode(bytes(32)).decode()}}


class Api:
    """Plain requests as the owner of a directory."""

    def __init__(self, url: str, directory: Path) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {(directory / 'owner-token').read_text().strip()}"}

    def __call__(self, verb: str, path: str, body: Any = None) -> Any:
        answer = httpx2.request(
            verb, f"{self._url}/v1/{path}", json=body, headers=self._headers, trust_env=False, timeout=60
        )
        return answer.json()

    def make_key(self, level: str = "SOFTWARE") -> Any:
        self("POST", f"{LOCATION}/keyRings?keyRingId=r", {})
        template = {"algorithm": "EC_SIGN_P256_SHA256", "protectionLevel": level}
        return self(
            "POST",
            f"{LOCATION}/keyRings/r/cryptoKeys?cryptoKeyId=k",
            {"purpose": "ASYMMETRIC_SIGN", "versionTemplate": template},
        )

    def sign(self) -> Any:
        return self("POST", f"{VERSION}:asymmetricSign", DIGEST)


def test_the_sealing_keys_are_made_beside_the_store_and_survive(tmp_path: Path) -> None:
    directory, environment = tmp_path / "dir", clean_environment(tmp_path)
    with serving(directory, environment) as (process, url):
        assert (directory / "sealing-keys").stat().st_mode & 0o777 == 0o600
        assert "error" not in Api(url, directory).make_key()
        process.kill()
        process.wait()
    with serving(directory, environment) as (_, url):
        assert "signature" in Api(url, directory).sign()
        everything = b"".join(each.read_bytes() for each in (directory / "control").iterdir())
    assert b"cryptoKeyVersions/1" in everything
    assert b"PRIVATE KEY" not in everything
    sealing_key = re.findall(r"(?m)^[\w-]{43}=$", (directory / "sealing-keys").read_text())[0]
    assert sealing_key.encode() not in everything


def test_servers_on_one_store_share_a_sealing_key_file(tmp_path: Path, postgres_url: str) -> None:
    shared = tmp_path / "shared-keys"
    environment = {**clean_environment(tmp_path), "BINAUTHZ_KEYS_SEALING_KEY_FILE": str(shared)}
    more = ("--store", postgres_url)
    with (
        serving(tmp_path / "one", environment, *more) as (_, first),
        serving(tmp_path / "two", environment, *more) as (_, second),
    ):
        one, two = Api(first, tmp_path / "one"), Api(second, tmp_path / "two")
        # A file that is named and not there is never made: each server would seal under a key of its own.
        refused = one.make_key()["error"]
        assert (refused["status"], "sealing keys cannot be read" in refused["message"]) == ("UNAVAILABLE", True)
        shared.write_text(f"{SealingKey.generate().line}\n")
        shared.chmod(0o600)
        assert "error" not in one.make_key()
        assert "signature" in one.sign()
        assert "signature" in two.sign()
        shared.write_text(f"{SealingKey.generate().line}\n")
        assert two.sign()["error"]["status"] == "FAILED_PRECONDITION"
        assert two("GET", VERSION)["state"] == "ENABLED"
    log = (tmp_path / "two.log").read_text()
    assert "it is sealed under key" in log
    assert "Traceback" not in log


@pytest.mark.clients
def test_hsm_keys_live_on_a_token(tmp_path: Path, need: Callable[[str], str]) -> None:
    (tmp_path / "tokens").mkdir()
    softhsm = tmp_path / "softhsm2.conf"
    softhsm.write_text(f"directories.tokendir = {tmp_path / 'tokens'}\nlog.level = ERROR\n")
    environment = {**clean_environment(tmp_path), "SOFTHSM2_CONF": str(softhsm)}
    subprocess.run(
        [
            need("softhsm2-util"),
            "--init-token",
            "--free",
            "--label",
            "keys",
            "--so-pin",
            "87654321",
            "--pin",
            "secret-pin",
        ],
        env=environment,
        check=True,
        capture_output=True,
    )
    (tmp_path / "pin").write_text("secret-pin\n")
    (tmp_path / "pin").chmod(0o600)
    directory = tmp_path / "dir"
    directory.mkdir()
    module = "/usr/lib/softhsm/libsofthsm2.so"
    (directory / "binauthz.toml").write_text(
        f'[keys]\npkcs11_module = "{module}"\npkcs11_token = "keys"\npkcs11_pin_file = "{tmp_path / "pin"}"\n'
    )
    with serving(directory, environment) as (_, url):
        api = Api(url, directory)
        assert "error" not in api.make_key("HSM")
        assert api("GET", VERSION)["protectionLevel"] == "HSM"
        assert api.sign()["protectionLevel"] == "HSM"
        random = api("POST", f"{LOCATION}:generateRandomBytes", {"lengthBytes": 32, "protectionLevel": "HSM"})
        assert len(base64.b64decode(random["data"])) == 32
    with serving(directory, environment) as (_, url):
        assert "signature" in Api(url, directory).sign()
    # The token is gone: the server starts, says so, and serves what needs no token.
    (tmp_path / "pin").unlink()
    with serving(directory, environment) as (_, url):
        api = Api(url, directory)
        assert api.sign()["error"]["status"] == "UNAVAILABLE"
        assert "pem" in api("GET", f"{VERSION}/publicKey")
    everything = b"".join(each.read_bytes() for each in (directory / "control").iterdir())
    assert b"secret-pin" not in everything
    assert "secret-pin" not in (tmp_path / "dir.log").read_text()


def test_half_a_token_is_refused_before_anything_starts(tmp_path: Path) -> None:
    shell = Shell({**clean_environment(tmp_path), "BINAUTHZ_KEYS_PKCS11_MODULE": "/usr/lib/module.so"})
    ran = shell("serve", "--dir", str(tmp_path / "dir"), "--port", "0")
    assert (ran.code, ran.out) == (1, "")
    assert "set together or not at all" in ran.err
    assert "Traceback" not in ran.err


def test_env_tells_gcloud_where_cloud_kms_is(tmp_path: Path) -> None:
    environment = clean_environment(tmp_path)
    with serving(tmp_path / "dir", environment) as (_, url):
        printed = Shell(environment)("env", "--dir", str(tmp_path / "dir"), "--format", "json").ok().out
    assert json.loads(printed)["CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS"] == f"{url}/"
