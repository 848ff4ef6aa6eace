"""``policy lint``, ``diff``, ``what-if``, ``import --dry-run`` and ``explain``: findings and exit codes."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.running import Shell

ALLOW = {"evaluationMode": "ALWAYS_ALLOW", "enforcementMode": "ENFORCED_BLOCK_AND_AUDIT_LOG"}
DENY = {**ALLOW, "evaluationMode": "ALWAYS_DENY"}
CAREFUL = {"globalPolicyEvaluationMode": "ENABLE", "defaultAdmissionRule": DENY}
IMAGE = "us-docker.pkg.dev/p/r/hello@sha256:" + "9" * 64
TAGGED = "us-docker.pkg.dev/p/r/hello:1"
Written = Callable[[object], str]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """A file that holds a document."""

    def write(document: object) -> str:
        file = tmp_path / f"{len(list(tmp_path.iterdir()))}.json"
        file.write_text(json.dumps(document))
        return str(file)

    return write


@pytest.fixture
def attestor(binauthz: Shell, tmp_path: Path) -> str:
    """An attestor of this test's own, with a key and an attestation of IMAGE."""
    name = f"checks-{tmp_path.name[-20:].replace('_', '-')}".lower()
    private, public = str(tmp_path / "key.pem"), str(tmp_path / "pub.pem")
    binauthz("attestors", "create", name).ok()
    binauthz("keys", "generate", "--private-key", private, "--public-key", public).ok()
    binauthz("attestors", "public-keys", "add", name, public).ok()
    binauthz("attestations", "create", "--image", IMAGE, "--attestor", name, "--private-key", private).ok()
    return name


def requiring(*attestors: str) -> dict[str, object]:
    named = [f"projects/demo-project/attestors/{name}" for name in attestors]
    rule = {**ALLOW, "evaluationMode": "REQUIRE_ATTESTATION", "requireAttestationsBy": named}
    return {**CAREFUL, "defaultAdmissionRule": rule}


@pytest.mark.parametrize(
    ("changes", "expected", "code"),
    [
        ({}, [], 0),
        ({"admissionWhitelistPatterns": [{"namePattern": "gcr.io/p/app"}]}, [("bare-name", "NOTE")], 0),
        ({"admissionWhitelistPatterns": [{"namePattern": "gcr.io/p**"}]}, [("siblings", "WARNING")], 2),
        ({"admissionWhitelistPatterns": [{"namePattern": "gcr.io/n*x"}]}, [("invalid", "ERROR")], 2),
        ({"defaultAdmissionRule": ALLOW}, [("default-allows", "WARNING")], 2),
        ({"globalPolicyEvaluationMode": "DISABLE"}, [("system-policy-off", "WARNING")], 2),
        ({"defaultAdmissionRule": None}, [("invalid", "ERROR")], 2),
        ({"surprise": 1}, [("invalid", "ERROR")], 2),
    ],
)
def test_lint_ends_by_the_worst_it_found(
    shell: Shell, written: Written, changes: dict[str, object], expected: list[tuple[str, str]], code: int
) -> None:
    result = shell("policy", "lint", written({**CAREFUL, **changes}), "--format", "json")
    found = json.loads(result.out)
    assert ([(each["rule"], each["severity"]) for each in found], result.code) == (expected, code)


@pytest.mark.servers
def test_lint_asks_the_server_what_only_it_knows(binauthz: Shell, written: Written, attestor: str) -> None:
    binauthz("attestors", "create", f"{attestor}-bare").ok()
    document = {
        **requiring(attestor, f"{attestor}-bare", f"{attestor}-gone"),
        "clusterAdmissionRules": {"us-central1-a.never-made": DENY},
        "admissionWhitelistPatterns": [{"namePattern": "us-docker.pkg.dev/p/**"}],
    }
    result = binauthz("policy", "lint", written(document), "--server", "--format", "json")
    assert result.code == 2
    found = {(each["rule"], each["field"]) for each in json.loads(result.out)}
    at = "defaultAdmissionRule.requireAttestationsBy"
    assert found == {
        ("tags-refused", "defaultAdmissionRule.evaluationMode"),
        ("no-keys", f"{at}[1]"),
        ("unknown-attestor", f"{at}[2]"),
        ("unknown-cluster", "clusterAdmissionRules[us-central1-a.never-made]"),
        ("exempt-attested", "admissionWhitelistPatterns[0].namePattern"),
    }
    assert binauthz("policy", "lint", written(requiring(attestor)), "--server").code == 0


def test_diff_compares_files_by_meaning(shell: Shell, written: Written) -> None:
    patterns = [{"namePattern": "gcr.io/a/*"}, {"namePattern": "gcr.io/b/*"}]
    one = written({**CAREFUL, "admissionWhitelistPatterns": patterns, "etag": "1"})
    same = written({**CAREFUL, "admissionWhitelistPatterns": patterns[::-1]})
    other = written({**CAREFUL, "admissionWhitelistPatterns": patterns[:1]})
    assert shell("policy", "diff", one, "--against", same).code == 0
    result = shell("policy", "diff", other, "--against", one, "--format", "json")
    assert result.code == 2
    assert json.loads(result.out) == [
        {"change": "REMOVED", "field": "admissionWhitelistPatterns", "before": "gcr.io/b/*", "after": ""}
    ]
    assert "REMOVED  admissionWhitelistPatterns  gcr.io/b/*  -" in shell("policy", "diff", other, "--against", one).out


def test_diff_of_what_would_be_refused_is_an_error(shell: Shell, written: Written) -> None:
    result = shell("policy", "diff", written({"description": "x"}), "--against", written(CAREFUL))
    assert (result.code, result.out) == (1, "")
    assert "- defaultAdmissionRule: is missing" in result.err


@pytest.mark.servers
def test_a_dry_run_shows_what_an_import_would_change_and_changes_nothing(binauthz: Shell, written: Written) -> None:
    binauthz("policy", "import", written(CAREFUL)).ok()
    before = binauthz("policy", "export").ok().out
    draft = written({**CAREFUL, "defaultAdmissionRule": ALLOW})
    shown = json.loads(binauthz("policy", "import", draft, "--dry-run", "--format", "json").ok().out)
    assert [(each["field"], each["after"]) for each in shown] == [
        ("defaultAdmissionRule.evaluationMode", "ALWAYS_ALLOW")
    ]
    assert binauthz("policy", "export").ok().out == before
    assert binauthz("policy", "diff", draft).code == 2
    binauthz("policy", "import", draft).ok()
    assert binauthz("policy", "diff", draft).code == 0


@pytest.mark.servers
def test_what_if_says_what_would_be_decided_otherwise(
    binauthz: Shell, written: Written, attestor: str, tmp_path: Path
) -> None:
    binauthz("policy", "import", written({**CAREFUL, "defaultAdmissionRule": ALLOW})).ok()
    draft = written(requiring(attestor))
    result = binauthz("policy", "what-if", draft, "--image", IMAGE, "--image", TAGGED, "--format", "json")
    assert result.code == 2
    rows = [(row["image"], row["now"], row["proposed"], row["change"]) for row in json.loads(result.out)]
    assert rows == [
        (IMAGE, "CONFORMANT", "CONFORMANT", "same"),
        (TAGGED, "CONFORMANT", "NON_CONFORMANT", "newly refused"),
    ]
    assert binauthz("policy", "what-if", draft, "--image", IMAGE).code == 0
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"image": TAGGED}]}}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {}}
    deployment["spec"] = {"template": {"spec": {"containers": [{"image": IMAGE}]}}}
    files = ("-f", written(pod), "-f", written(deployment))
    changed = binauthz("policy", "what-if", draft, *files, "--only-changes", "--format", "json")
    assert [(row["object"], row["image"]) for row in json.loads(changed.out)] == [("Pod p", TAGGED)]
    binauthz("policy", "import", draft).ok()
    back = binauthz("policy", "what-if", written({**CAREFUL, "defaultAdmissionRule": ALLOW}), "--image", TAGGED)
    assert (back.code, "newly admitted" in back.out) == (2, True)


@pytest.mark.servers
def test_what_if_refuses_a_draft_that_could_not_be_imported(binauthz: Shell, written: Written) -> None:
    result = binauthz("policy", "what-if", written({"defaultAdmissionRule": {}}), "--image", IMAGE)
    assert (result.code, result.out) == (1, "")
    assert "INVALID_ARGUMENT" in result.err
    assert "policy.defaultAdmissionRule.evaluationMode" in result.err


@pytest.mark.servers
def test_explain_says_rule_pattern_and_what_attestors_tried(binauthz: Shell, written: Written, attestor: str) -> None:
    binauthz("policy", "import", written(requiring(attestor))).ok()
    admitted = binauthz("explain", IMAGE)
    assert admitted.code == 0, admitted
    assert "default rule: REQUIRE_ATTESTATION, ENFORCED_BLOCK_AND_AUDIT_LOG" in admitted.out
    assert "SATISFIED, key ni:///sha-256;" in admitted.out
    refused = binauthz("explain", IMAGE.replace("9", "8"))
    assert (refused.code, "no attestations were found" in refused.out) == (2, True)
    tagged = binauthz("explain", TAGGED)
    assert (tagged.code, "none: attestations are looked up by digest" in tagged.out) == (2, True)
    exempting = {**requiring(attestor), "admissionWhitelistPatterns": [{"namePattern": "us-docker.pkg.dev/p/**"}]}
    binauthz("policy", "import", written(exempting)).ok()
    exempt = binauthz("explain", TAGGED).ok().out
    assert "us-docker.pkg.dev/p/**, of the policy: no rule is asked" in exempt
    assert "us-a.nowhere: NOT_FOUND" in binauthz("explain", TAGGED, "--cluster", "us-a.nowhere").ok().out
