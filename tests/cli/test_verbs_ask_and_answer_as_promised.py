"""IAM bindings, keys, lists and plain API calls from the command line: what they change, print and refuse."""

import json
from pathlib import Path

import pytest
import yaml

from tests.cli.running import Shell, answering

pytestmark = pytest.mark.servers

DEV, ROLE = "user:dev@example.com", "roles/binaryauthorization.attestorsViewer"


@pytest.fixture
def attestor(binauthz: Shell, tmp_path: Path) -> str:
    name = f"verbs-{tmp_path.name[-20:].replace('_', '-')}".lower()
    binauthz("attestors", "create", name).ok()
    return name


def test_a_binding_is_added_once_and_removed(binauthz: Shell, attestor: str) -> None:
    binding = ("--member", DEV, "--role", ROLE)
    shown = yaml.safe_load(binauthz("attestors", "add-iam-policy-binding", attestor, *binding, "--dry-run").ok().out)
    assert shown["bindings"] == [{"role": ROLE, "members": [DEV]}]
    assert "bindings" not in yaml.safe_load(binauthz("attestors", "get-iam-policy", attestor).ok().out)
    for _ in range(2):
        binauthz("attestors", "add-iam-policy-binding", attestor, *binding).ok()
    policy = yaml.safe_load(binauthz("attestors", "get-iam-policy", attestor).ok().out)
    assert policy["bindings"] == [{"role": ROLE, "members": [DEV]}]
    binauthz("attestors", "remove-iam-policy-binding", attestor, *binding).ok()
    again = binauthz("attestors", "remove-iam-policy-binding", attestor, *binding)
    assert (again.code, f"`{DEV}` does not hold `{ROLE}` here" in again.err) == (1, True)


@pytest.mark.parametrize(("member", "role", "field"), [("dev", ROLE, "members"), (DEV, "roles/none", "role")])
def test_a_binding_that_would_grant_nothing_is_refused_by_its_field(
    binauthz: Shell, attestor: str, member: str, role: str, field: str
) -> None:
    result = binauthz("attestors", "add-iam-policy-binding", attestor, "--member", member, "--role", role)
    assert (result.code, result.out) == (1, "")
    assert f"- policy.bindings[0].{field}: " in result.err


def test_a_stale_iam_policy_is_not_written(binauthz: Shell, attestor: str, tmp_path: Path) -> None:
    file = tmp_path / "iam.yaml"
    file.write_text(binauthz("attestors", "get-iam-policy", attestor).ok().out)
    binauthz("attestors", "add-iam-policy-binding", attestor, "--member", DEV, "--role", ROLE).ok()
    result = binauthz("attestors", "set-iam-policy", attestor, str(file))
    assert (result.code, "ABORTED" in result.err) == (1, True)


def test_keys_are_listed_changed_and_named(binauthz: Shell, attestor: str, tmp_path: Path) -> None:
    one, two = (tmp_path / f"{name}.pub" for name in ("one", "two"))
    for file in (one, two):
        binauthz("keys", "generate", "--private-key", f"{file}.key", "--public-key", str(file)).ok()
    binauthz("attestors", "public-keys", "add", attestor, str(one), "--id", "//k/1").ok()
    update = ("attestors", "public-keys", "update", attestor)
    binauthz(*update, "//k/1", "--comment", "of CI", "--file", str(two)).ok()
    (key,) = json.loads(binauthz("attestors", "public-keys", "list", attestor, "--format", "json").ok().out)
    assert (key["id"], key["comment"]) == ("//k/1", "of CI")
    missing = "no key `//k/2` on"
    assert missing in binauthz(*update, "//k/2", "--comment", "x").err
    assert missing in binauthz("attestors", "public-keys", "remove", attestor, "//k/2").err
    assert "give --comment or --file" in binauthz(*update, "//k/1").err
    PEM = (tmp_path / "two.pub").read_text()
    assert key["pkixPublicKey"]["publicKeyPem"].split() == PEM.split()


def test_a_key_that_is_there_already_is_refused_by_its_place(binauthz: Shell, attestor: str, tmp_path: Path) -> None:
    file = tmp_path / "pub.pem"
    binauthz("keys", "generate", "--private-key", str(tmp_path / "key.pem"), "--public-key", str(file)).ok()
    binauthz("attestors", "public-keys", "add", attestor, str(file)).ok()
    result = binauthz("attestors", "public-keys", "add", attestor, str(file))
    assert result.code == 1
    assert "attestor.userOwnedGrafeasNote.publicKeys[1].id" in result.err


def test_a_limit_stops_a_list(binauthz: Shell, attestor: str) -> None:
    binauthz("attestors", "create", f"{attestor}-2").ok()
    assert len(json.loads(binauthz("attestors", "list", "--limit", "1", "--format", "json").ok().out)) == 1
    assert len(json.loads(binauthz("attestors", "list", "--format", "json").ok().out)) >= 2
    assert binauthz("attestors", "list", "--limit", "0").code == 1


def test_a_server_that_repeats_a_page_forever_is_an_error(shell: Shell, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("t")
    with answering(200, {"notes": [], "nextPageToken": "again"}) as url:
        result = shell("notes", "list", BINAUTHZ_SERVER=url, BINAUTHZ_PROJECT="p", BINAUTHZ_TOKEN_FILE=str(token))
    assert (result.code, "the same page again and again" in result.err) == (1, True)


def test_any_method_can_be_called_by_its_path(binauthz: Shell, attestor: str) -> None:
    path = f"/v1/projects/demo-project/attestors/{attestor}"
    assert json.loads(binauthz("api", "get", path).ok().out)["name"].endswith(attestor)
    assert binauthz("api", "get", path[1:], "--format", "yaml").ok().out.startswith("name: ")
    asked = ("api", "post", f"{path}:testIamPermissions", "--data", "-")
    answer = binauthz(*asked, stdin=b"permissions: [binaryauthorization.attestors.get]").ok().out
    assert json.loads(answer) == {"permissions": ["binaryauthorization.attestors.get"]}
    page = json.loads(binauthz("api", "get", "v1/projects/demo-project/attestors?pageSize=1&fields=x").ok().out)
    assert len(page["attestors"]) == 1
    assert json.loads(binauthz("api", "delete", path).ok().out) == {}
    assert "NOT_FOUND" in binauthz("api", "get", path).err


@pytest.mark.parametrize("path", ["/v1/a b", "/v1/é", "/v1/a\nHost: x", "/v1/{name}", "/v1/a#b"])
def test_a_path_that_is_no_path_is_refused_before_it_is_sent(binauthz: Shell, path: str) -> None:
    result = binauthz("api", "get", path)
    assert (result.code, "expected it percent-encoded" in result.err) == (1, True)


def test_the_methods_that_are_served_can_be_listed(binauthz: Shell) -> None:
    methods = json.loads(binauthz("api", "list", "--service", "SystemPolicyV1", "--format", "json").ok().out)
    assert {
        "service": "google.cloud.binaryauthorization.v1.SystemPolicyV1",
        "method": "GetSystemPolicy",
        "routes": [{"verb": "GET", "path": "/v1/{name=locations/*/policy}", "body": ""}],
    } in methods
    assert "UpdatePolicy" in binauthz("api", "list").ok().out


def test_what_is_served_is_told_to_nobody_without_a_token(binauthz: Shell, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("wrong")
    result = binauthz("api", "list", BINAUTHZ_TOKEN_FILE=str(token))
    assert (result.code, "UNAUTHENTICATED" in result.err) == (1, True)


def test_a_written_entry_is_read_again(binauthz: Shell) -> None:
    binauthz("logs", "write", "my/log", "hello there", "--severity", "NOTICE").ok()
    binauthz("logs", "write", "my/log", '{"a": {"b": 7}}', "--json").ok()
    found = json.loads(binauthz("logs", "read", 'logName:"my%2Flog"', "--format", "json").ok().out)
    assert [entry.get("textPayload") or entry["jsonPayload"] for entry in found] == [{"a": {"b": 7}}, "hello there"]
    refused = binauthz("logs", "write", "my/log", "[1]", "--json")
    assert (refused.code, "no JSON object" in refused.err) == (1, True)


def test_a_platform_policy_answers_by_its_exit_code(binauthz: Shell, tmp_path: Path) -> None:
    policy, pods = tmp_path / "policy.yaml", tmp_path / "pods.yaml"
    checks = [{"displayName": "ours", "trustedDirectoryCheck": {"trustedDirPatterns": ["us-docker.pkg.dev/p/r"]}}]
    policy.write_text(yaml.safe_dump({"gkePolicy": {"checkSets": [{"displayName": "all", "checks": checks}]}}))
    name = f"cli-{tmp_path.name[-20:]}"
    binauthz("platform-policies", "create", name, str(policy)).ok()
    evaluate = ("platform-policies", "evaluate", name)
    assert binauthz(*evaluate, "--image", "us-docker.pkg.dev/p/r/app").code == 0
    refused = binauthz(*evaluate, "--image", "docker.io/app", "--image", "us-docker.pkg.dev/p/r/app")
    assert (refused.code, "ours: NON_CONFORMANT" in refused.out) == (2, True)
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"image": "x.io/a"}]}}
    pods.write_text(yaml.safe_dump_all([pod, {**pod, "metadata": {"name": "q"}}]))
    answer = binauthz(*evaluate, "-f", str(pods), "--format", "json")
    assert (answer.code, [each["podName"] for each in json.loads(answer.out)["results"]]) == (2, ["p", "q"])
    assert binauthz(*evaluate).code == 1
    assert binauthz("platform-policies", "evaluate", "none", "--image", "a").code == 1


@pytest.mark.parametrize(
    ("algorithm", "pae"),
    [("EC_SIGN_P256_SHA256", ()), ("EC_SIGN_P384_SHA384", ("--pae",)), ("RSA_SIGN_PSS_2048_SHA256", ())],
)
def test_a_key_that_stays_on_the_server_signs(
    binauthz: Shell, attestor: str, tmp_path: Path, algorithm: str, pae: tuple[str, ...]
) -> None:
    image = f"us-docker.pkg.dev/p/r/app@sha256:{'6' * 64}"
    ring = f"projects/demo-project/locations/global/keyRings/{attestor}"
    rings, _, ring_id = ring.rpartition("/")
    version = f"{ring}/cryptoKeys/key/cryptoKeyVersions/1"
    key = tmp_path / "key.json"
    key.write_text(json.dumps({"purpose": "ASYMMETRIC_SIGN", "versionTemplate": {"algorithm": algorithm}}))
    binauthz("api", "post", f"/v1/{rings}?keyRingId={ring_id}").ok()
    binauthz("api", "post", f"/v1/{ring}/cryptoKeys?cryptoKeyId=key", "--data", str(key)).ok()
    create = ("attestations", "create", "--attestor", attestor, "--image", image, "--keyversion", version)
    unknown = binauthz(*create)
    assert (unknown.code, "the attestor would not accept this attestation" in unknown.err) == (1, True)
    added = yaml.safe_load(binauthz("attestors", "public-keys", "add", attestor, "--keyversion", version).ok().out)
    assert added[0]["id"].startswith("//127.0.0.1:")
    assert added[0]["id"].endswith(f"/v1/{version}")
    binauthz(*create, *pae).ok()
    binauthz("attestations", "verify", "--attestor", attestor, "--image", image).ok()


@pytest.mark.parametrize("keyversion", ["1", "projects/p/locations/l/keyRings/r/cryptoKeys/k", "/".join("abcdefghij")])
def test_a_key_version_is_named_in_full(binauthz: Shell, attestor: str, keyversion: str) -> None:
    result = binauthz("attestors", "public-keys", "add", attestor, "--keyversion", keyversion)
    assert (result.code, "expected projects/P/locations/L" in result.err) == (1, True)
    assert "give FILE or --keyversion" in binauthz("attestors", "public-keys", "add", attestor).err
