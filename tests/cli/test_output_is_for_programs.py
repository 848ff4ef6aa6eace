"""stdout is data: JSON parses, shells can evaluate ``env``, kubeconfigs keep what they held."""

import json
import shlex
import stat
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.cli.running import Shell

pytestmark = pytest.mark.servers

IMAGE = "us-docker.pkg.dev/p/r/hello@sha256:" + "3" * 64
ALLOW = {"evaluationMode": "ALWAYS_ALLOW", "enforcementMode": "ENFORCED_BLOCK_AND_AUDIT_LOG"}
DENY = {**ALLOW, "evaluationMode": "ALWAYS_DENY"}


@pytest.fixture
def signed(binauthz: Shell, tmp_path: Path) -> str:
    """An attestor of this test's own, with a key and an attestation of IMAGE."""
    name = f"attestor-{tmp_path.name[-20:].replace('_', '-')}".lower()
    binauthz("attestors", "create", name).ok()
    keys = ("--private-key", str(tmp_path / "key.pem"), "--public-key", str(tmp_path / "pub.pem"))
    binauthz("keys", "generate", *keys).ok()
    binauthz("attestors", "add-key", name, str(tmp_path / "pub.pem")).ok()
    create = ("attestations", "create", "--image", IMAGE, "--attestor", name)
    binauthz(*create, "--private-key", str(tmp_path / "key.pem")).ok()
    return name


@pytest.mark.parametrize(
    "arguments",
    [
        ["policy", "export"],
        ["attestors", "list"],
        ["attestors", "describe", "ATTESTOR"],
        ["attestations", "list", "--attestor", "ATTESTOR"],
        ["clusters", "list"],
        ["memberships", "list"],
        ["logs", "read"],
        ["logs", "read", "--only", "blocked"],
        ["evaluate", "--image", IMAGE],
        ["doctor"],
        ["env"],
    ],
    ids=" ".join,
)
def test_json_is_all_that_stdout_holds(binauthz: Shell, signed: str, arguments: list[str]) -> None:
    given = [signed if argument == "ATTESTOR" else argument for argument in arguments]
    assert isinstance(json.loads(binauthz(*given, "--format", "json").ok().out), dict | list)


def test_a_policy_survives_export_and_import(binauthz: Shell, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    document = {
        "defaultAdmissionRule": ALLOW,
        "description": "on\x07 and\ntwo lines",
        "globalPolicyEvaluationMode": "ENABLE",
    }
    binauthz("policy", "import", "-", stdin=json.dumps(document).encode()).ok()
    exported = binauthz("policy", "export").ok()
    file.write_text(exported.out)
    again = yaml.safe_load(binauthz("policy", "import", str(file)).ok().out)
    before = yaml.safe_load(exported.out)
    assert {k: v for k, v in again.items() if k not in ("etag", "updateTime")} == {
        k: v for k, v in before.items() if k not in ("etag", "updateTime")
    }
    assert again["description"] == document["description"]


def test_an_unquoted_time_is_text_as_the_api_has_it(binauthz: Shell) -> None:
    text = "updateTime: 2024-05-12T05:06:28Z\ndefaultAdmissionRule: " + json.dumps(ALLOW)
    binauthz("policy", "import", "-", stdin=text.encode()).ok()


def test_a_key_given_twice_is_refused(binauthz: Shell) -> None:
    rule = json.dumps(ALLOW)
    twice = f"defaultAdmissionRule: {json.dumps(DENY)}\ndefaultAdmissionRule: {rule}\n"
    result = binauthz("policy", "import", "-", stdin=twice.encode())
    assert result.code == 1
    assert "got the key `defaultAdmissionRule` twice" in result.err


@pytest.mark.parametrize("text", ["- a\n", "", "a: [", "? [a]\n: b\n", "&a [*a]\n", "!!python/object:os.system {}\n"])
def test_what_is_no_policy_is_refused(binauthz: Shell, text: str) -> None:
    result = binauthz("policy", "import", "-", stdin=text.encode())
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("Error: ")


def test_evaluate_agrees_with_a_draft(binauthz: Shell, signed: str, tmp_path: Path) -> None:
    draft = tmp_path / "draft.yaml"
    require = {**ALLOW, "evaluationMode": "REQUIRE_ATTESTATION"}
    require["requireAttestationsBy"] = [f"projects/demo-project/attestors/{signed}"]  # type: ignore[assignment]
    ask = ("evaluate", "--image", IMAGE, "--policy", str(draft))
    for rule, code in ((ALLOW, 0), (DENY, 2), (require, 0)):
        draft.write_text(yaml.safe_dump({"defaultAdmissionRule": rule}))
        assert binauthz(*ask).code == code
    other = IMAGE.replace("3", "4")
    assert binauthz("evaluate", "--image", other, "--policy", str(draft)).code == 2
    assert (
        binauthz("attestations", "verify", "--image", IMAGE, "--attestor", signed).ok().out.startswith("verified by ")
    )
    refused = binauthz("attestations", "verify", "--image", other, "--attestor", signed)
    assert (refused.code, refused.out) == (2, "")


def test_a_manifest_without_pods_is_an_error(binauthz: Shell) -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}
    result = binauthz("evaluate", "-f", "-", stdin=json.dumps(service).encode())
    assert (result.code, result.out) == (1, "")
    assert "no object with a Pod was found, got only Service" in result.err


@pytest.mark.parametrize("directory", ["plain", 'it\'s $HOME; `x` "y"'])
def test_env_can_be_evaluated_by_a_shell(binauthz: Shell, installation: Path, tmp_path: Path, directory: str) -> None:
    link = tmp_path / directory
    link.symlink_to(installation)
    asked = json.loads(binauthz("env", "--dir", str(link), "--format", "json").ok().out)
    assert asked["BINAUTHZ_TOKEN_FILE"] == str(link / "owner-token")
    script = f'eval "$(binauthz env --dir {shlex.quote(str(link))})" && exec env -0'
    done = subprocess.run(["sh", "-c", script], env=binauthz.env, capture_output=True, text=True, check=True)
    evaluated = dict(line.partition("=")[::2] for line in done.stdout.split("\0") if line)
    assert {name: evaluated.get(name) for name in asked} == asked
    assert done.stderr == ""


def test_env_lets_a_shell_reach_the_server(binauthz: Shell, installation: Path) -> None:
    script = f'eval "$(binauthz env --dir {installation})" && cd / && unset BINAUTHZ_DIR && binauthz policy export'
    subprocess.run(["sh", "-c", script], env=binauthz.env, capture_output=True, check=True)


def test_keys_are_private_and_never_replaced(shell: Shell, tmp_path: Path) -> None:
    private, public = tmp_path / "key.pem", tmp_path / "pub.pem"
    generate = ("keys", "generate", "--private-key", str(private), "--public-key")
    assert shell(*generate, str(private)).code == 1
    assert not private.exists()
    shell(*generate, str(public)).ok()
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    before = private.read_bytes()
    again = shell(*generate, str(tmp_path / "other.pem"))
    assert again.code == 1
    assert "keys are never replaced" in again.err
    assert private.read_bytes() == before


def test_a_wrong_signature_is_refused_before_it_is_stored(binauthz: Shell, signed: str, tmp_path: Path) -> None:
    other = IMAGE.replace("3", "5")
    (tmp_path / "signature").write_bytes(b"not one")
    key = json.loads(binauthz("attestors", "describe", signed, "--format", "json").ok().out)
    result = binauthz(
        "attestations", "create", "--image", other, "--attestor", signed, "--signature", str(tmp_path / "signature"),
        "--key-id", key["userOwnedGrafeasNote"]["publicKeys"][0]["id"],
    )  # fmt: skip
    assert result.code == 1
    assert "the attestor would not accept this attestation" in result.err
    listed = binauthz("attestations", "list", "--attestor", signed, "--format", "json").ok().out
    assert [each["resourceUri"] for each in json.loads(listed)] == [IMAGE]


def test_doctor_says_what_is_wrong(shell: Shell, tmp_path: Path) -> None:
    result = shell("doctor", "--format", "json", BINAUTHZ_DIR=str(tmp_path / "none"))
    assert result.code == 1
    checks = {each["check"]: each for each in json.loads(result.out)}
    assert checks["directory"]["detail"] == f"{tmp_path / 'none'} (from BINAUTHZ_DIR)"
    assert checks["installation"]["status"] == "WRONG"


def test_doctor_finds_a_token_that_others_can_read(binauthz: Shell, installation: Path) -> None:
    file = installation / "owner-token"
    file.chmod(0o644)
    try:
        result = binauthz("doctor")
    finally:
        file.chmod(0o600)
    assert result.code == 1
    assert "others can read it" in result.out
    assert binauthz("doctor").code == 0
