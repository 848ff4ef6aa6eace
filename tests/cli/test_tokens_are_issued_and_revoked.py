"""``binauthz tokens``: a name with an end, shown once, kept as a hash, logged, and gone when revoked."""

import json
from pathlib import Path

import pytest

from tests.cli.running import Shell, answering

pytestmark = pytest.mark.servers

DEV = "user:dev@example.com"


@pytest.fixture
def issued(binauthz: Shell) -> str:
    return binauthz("tokens", "create", "--principal", "user:Dev@example.com", "--lifetime", "5m").ok().out.strip()


def listed(binauthz: Shell) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(binauthz("tokens", "list", "--format", "json").ok().out)
    return [each for each in found if each["principal"] == DEV]


def test_a_token_is_its_holders_until_it_is_revoked(binauthz: Shell, issued: str, tmp_path: Path) -> None:
    file = tmp_path / "dev-token"
    file.write_text(issued)
    file.chmod(0o600)
    url = json.loads(binauthz("env", "--format", "json").ok().out)["BINAUTHZ_SERVER"]
    dev = Shell({**binauthz.env, "BINAUTHZ_TOKEN_FILE": str(file), "BINAUTHZ_SERVER": url,
                 "BINAUTHZ_PROJECT": "demo-project"})  # fmt: skip
    refused = dev("policy", "export")
    assert (refused.code, "binaryauthorization.policy.get" in refused.err) == (1, True)
    for row in listed(binauthz):
        binauthz("tokens", "revoke", str(row["id"])).ok()
    gone = dev("policy", "export")
    assert gone.code == 1
    assert "invalid authentication credentials" in gone.err
    assert listed(binauthz) == []


def test_the_list_shows_no_token_and_the_store_keeps_none(binauthz: Shell, installation: Path, issued: str) -> None:
    for style in ("table", "json"):
        assert issued not in binauthz("tokens", "list", "--format", style).ok().out
    row = listed(binauthz)[0]
    assert row["expires"] != "never"
    for kept in (installation / "control").iterdir():
        assert issued.encode() not in kept.read_bytes()


def test_what_the_operator_did_is_logged_without_the_token(binauthz: Shell, issued: str) -> None:
    found = binauthz("logs", "read", 'protoPayload.methodName="binauthz.Tokens.Create"', "--format", "json").ok().out
    entry = json.loads(found)[0]["protoPayload"]
    assert entry["request"]["principal"] == DEV
    assert entry["authenticationInfo"]["principalEmail"] == "binauthz:operator"
    assert issued not in found


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["create", "--principal", "dev@example.com"], "expected user:"),
        (["create", "--principal", "allUsers"], "expected user:"),
        (["create", "--principal", "group:g@example.com"], "expected user:"),
        (["create", "--principal", "system:masters"], "expected user:"),
        (["create", "--principal", DEV, "--lifetime", "forever"], "--lifetime takes"),
        (["create", "--principal", DEV, "--lifetime", "0h"], "--lifetime takes"),
        (["create", "--principal", DEV, "--lifetime", "999d"], "at most 366 days"),
        (["revoke", "x"], "is not an ID"),
        (["revoke", "0" * 12], "no token has the ID"),
    ],
)
def test_a_mistake_is_named(binauthz: Shell, arguments: list[str], said: str) -> None:
    result = binauthz("tokens", *arguments)
    assert (result.code, result.out) == (1, "")
    assert said in result.err


def test_a_directory_without_an_installation_is_said(shell: Shell, tmp_path: Path) -> None:
    result = shell("tokens", "list", "--dir", str(tmp_path / "nothing"))
    assert result.code == 1
    assert "holds no installation" in result.err


def test_the_owners_token_goes_to_its_own_server_only(binauthz: Shell) -> None:
    with answering(200, {}) as elsewhere:
        result = binauthz("policy", "export", BINAUTHZ_SERVER=elsewhere)
    assert result.code == 1
    assert "BINAUTHZ_TOKEN_FILE" in result.err
    own = json.loads(binauthz("env", "--format", "json").ok().out)["BINAUTHZ_SERVER"]
    binauthz("policy", "export", BINAUTHZ_SERVER=f"{own}/").ok()
