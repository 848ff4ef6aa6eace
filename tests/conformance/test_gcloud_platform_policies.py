"""`gcloud beta container binauthz policy` on platform policies, unmodified."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conformance.gcloud import Gcloud
from tests.conformance.rest import Rest
from tests.conformance.server import PROJECT, Target
from tests.conformance.services import EVALUATION, PLATFORM_POLICIES
from tests.conformance.signing import fresh

pytestmark = [pytest.mark.servers, pytest.mark.clients]
POLICY = """\
gkePolicy:
  checkSets:
  - displayName: everything
    checks:
    - displayName: ours
      trustedDirectoryCheck:
        trustedDirPatterns:
        - gcr.io/good
"""


@pytest.fixture(scope="module")
def gcloud(need: Callable[[str], str], target: Target, tmp_path_factory: pytest.TempPathFactory) -> Gcloud:
    return Gcloud(need("gcloud"), target, tmp_path_factory.mktemp("gcloud"))


@pytest.mark.shows(
    PLATFORM_POLICIES,
    "CreatePlatformPolicy",
    "GetPlatformPolicy",
    "ListPlatformPolicies",
    "ReplacePlatformPolicy",
    "DeletePlatformPolicy",
)
@pytest.mark.shows(EVALUATION, "EvaluateGkePolicy")
def test_a_platform_policy_lives_a_life(gcloud: Gcloud, tmp_path: Path) -> None:
    command = ("beta", "container", "binauthz", "policy")
    name, gke = fresh("policy"), "--platform=gke"
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    made = gcloud(*command, "create", name, gke, f"--policy-file={path}")
    assert made.code == 0, made.err
    assert name in gcloud(*command, "list", "gke").out
    good = gcloud(*command, "evaluate", name, gke, "--image=gcr.io/good/img")
    assert (good.code, "verdict: CONFORMANT" in good.out) == (0, True), good.err
    bad = gcloud(*command, "evaluate", name, gke, "--image=gcr.io/bad/img")
    assert (bad.code, "NON_CONFORMANT" in bad.out) == (2, True), bad.err
    path.write_text(POLICY.replace("gcr.io/good", "gcr.io/bad"))
    assert gcloud(*command, "update", name, gke, f"--policy-file={path}").code == 0
    assert "gcr.io/bad" in gcloud(*command, "describe", name, gke).out
    assert gcloud(*command, "delete", name, gke).code == 0
    assert gcloud(*command, "describe", name, gke).code == 1


COMMAND = ("beta", "container", "binauthz", "policy")
GKE = "--platform=gke"
CHECKS = """\
gkePolicy:
  checkSets:
  - displayName: supply chain
    checks:
    - displayName: scanned
      vulnerabilityCheck:
        maximumFixableSeverity: LOW
        maximumUnfixableSeverity: HIGH
        blockedCves: [CVE-2026-0666]
    - displayName: built
      slsaCheck:
        rules:
        - trustedBuilder: GOOGLE_CLOUD_BUILD
          configBasedBuildRequired: true
          trustedSourceRepoPatterns: ["github.com/org/*"]
          customConstraints: "payload.predicateType == 'https://slsa.dev/provenance/v1'"
"""


def occurrence(
    rest: Rest, kind: str, image: str, details: dict[str, Any], note: dict[str, Any], note_id: str = ""
) -> None:
    """An occurrence and its note, pushed as a scanner or a builder does."""
    note_id = note_id or fresh(kind)
    parent = f"/v1/projects/{PROJECT}"
    assert rest.post(f"{parent}/notes?noteId={note_id}", {kind: note}).status in {200, 409}
    body = {"noteName": f"projects/{PROJECT}/notes/{note_id}", "resourceUri": f"https://{image}", kind: details}
    made = rest.post(f"{parent}/occurrences", body)
    assert made.status == 200, made.document


def provenance(digest: str, builder: str) -> dict[str, Any]:
    source = "git+https://github.com/org/app"
    definition = {
        "externalParameters": {"buildConfigSource": {"path": "cloudbuild.yaml", "repository": source}},
        "resolvedDependencies": [{"uri": f"{source}@refs/heads/main", "digest": {"gitCommit": "abc"}}],
    }
    return {
        "inTotoSlsaProvenanceV1": {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": "app", "digest": {"sha256": digest}}],
            "predicateType": "https://slsa.dev/provenance/v1",
            "predicate": {"buildDefinition": definition, "runDetails": {"builder": {"id": builder}}},
        }
    }


def test_vulnerabilities_and_provenance_decide(gcloud: Gcloud, rest: Rest, tmp_path: Path) -> None:
    name, digest = fresh("policy"), secrets.token_hex(32)
    image = f"us-docker.pkg.dev/p/r/app@sha256:{digest}"
    path = tmp_path / "policy.yaml"
    path.write_text(CHECKS)
    made = gcloud(*COMMAND, "create", name, GKE, f"--policy-file={path}")
    assert made.code == 0, made.err

    def verdicts() -> tuple[int, str, list[str]]:
        ran = gcloud(*COMMAND, "evaluate", name, GKE, f"--image={image}", "--format=json")
        document = ran.document
        (result,) = document["results"][0]["imageResults"]
        checks = result["checkSetResult"]["checkResults"]["results"]
        return ran.code, document["verdict"], [each["evaluationResult"]["verdict"] for each in checks]

    assert verdicts() == (2, "NON_CONFORMANT", ["ERROR", "NON_CONFORMANT"])
    builder = "https://cloudbuild.googleapis.com/GoogleHostedWorker"
    occurrence(rest, "build", image, provenance(digest, "https://elsewhere.example/Worker"), {"builderVersion": "1"})
    assert verdicts() == (2, "NON_CONFORMANT", ["ERROR", "NON_CONFORMANT"])
    occurrence(rest, "build", image, provenance(digest, builder), {"builderVersion": "1"})
    assert verdicts() == (2, "ERROR", ["ERROR", "CONFORMANT"])
    scan = {"analysisStatus": "FINISHED_SUCCESS"}
    occurrence(rest, "discovery", image, scan, {"analysisKind": "VULNERABILITY"})
    assert verdicts() == (0, "CONFORMANT", ["CONFORMANT", "CONFORMANT"])
    found = {"effectiveSeverity": "HIGH", "severity": "HIGH"}
    occurrence(rest, "vulnerability", image, found, {"severity": "HIGH"}, fresh("CVE"))
    assert verdicts() == (0, "CONFORMANT", ["CONFORMANT", "CONFORMANT"])
    blocked = {"effectiveSeverity": "MINIMAL"}
    occurrence(rest, "vulnerability", image, blocked, {"severity": "MINIMAL"}, "CVE-2026-0666")
    assert verdicts() == (2, "NON_CONFORMANT", ["NON_CONFORMANT", "CONFORMANT"])
    ran = gcloud(*COMMAND, "evaluate", name, GKE, f"--image={image}")
    assert "CVE-2026-0666 (MINIMAL, unfixable; blocked)" in " ".join(ran.out.split())


def test_a_manifest_is_one_object_or_a_list(gcloud: Gcloud, tmp_path: Path) -> None:
    name, path = fresh("policy"), tmp_path / "policy.yaml"
    path.write_text(POLICY)
    assert gcloud(*COMMAND, "create", name, GKE, f"--policy-file={path}").code == 0

    def template(image: str) -> dict[str, Any]:
        return {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": image}]}}

    good = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "good"}, "spec": template("gcr.io/good/a")["spec"]}
    job = {"spec": {"template": template("gcr.io/bad/b")}}
    bad = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "bad"}, "spec": {"jobTemplate": job}}
    listed, both = tmp_path / "list.yaml", tmp_path / "both.yaml"
    listed.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": [good, bad]}))
    ran = gcloud(*COMMAND, "evaluate", name, GKE, f"--resource={listed}", "--format=json")
    assert ran.code == 2, ran.err
    assert [(each["podName"], each["verdict"]) for each in ran.document["results"]] == [
        ("good", "CONFORMANT"), ("bad", "NON_CONFORMANT"),
    ]  # fmt: skip
    # gcloud reads one document of a file and sends nothing of a file that has two.
    both.write_text(yaml.safe_dump_all([good, bad]))
    refused = gcloud(*COMMAND, "evaluate", name, GKE, f"--resource={both}")
    assert (refused.code, "expected a single document" in refused.err) == (1, True), refused.err


def test_a_bad_policy_is_refused_by_its_field(gcloud: Gcloud, tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY.replace("gcr.io/good", "gcr.i*"))
    ran = gcloud(*COMMAND, "create", fresh("policy"), GKE, f"--policy-file={path}")
    assert ran.code == 1
    assert "INVALID_ARGUMENT" in ran.err
    assert "gkePolicy.checkSets[0].checks[0].trustedDirectoryCheck.trustedDirPatterns[0]" in ran.err
    path.write_text(CHECKS.replace("payload.predicateType", "payload..predicateType"))
    ran = gcloud(*COMMAND, "create", fresh("policy"), GKE, f"--policy-file={path}")
    assert (ran.code, "customConstraints" in ran.err) == (1, True)


def test_a_cloud_run_policy_lives_a_life(gcloud: Gcloud, tmp_path: Path) -> None:
    name, run, path = fresh("policy"), "--platform=cloudRun", tmp_path / "policy.yaml"
    rule = {"evaluationMode": "ALWAYS_DENY", "enforcementMode": "DRYRUN_AUDIT_LOG_ONLY"}
    policy = {"cloudRunPolicy": {"allowlistPatterns": [{"namePattern": "gcr.io/p/*"}], "rule": rule}}
    path.write_text(yaml.safe_dump(policy))
    made = gcloud(*COMMAND, "create", name, run, f"--policy-file={path}")
    assert made.code == 0, made.err
    assert name in gcloud(*COMMAND, "list", "cloudRun").out
    assert gcloud.json(*COMMAND, "describe", name, run)["cloudRunPolicy"] == policy["cloudRunPolicy"]
    path.write_text(POLICY)
    refused = gcloud(*COMMAND, "update", name, run, f"--policy-file={path}")
    assert (refused.code, "platformPolicy.gkePolicy" in refused.err) == (1, True)
    assert gcloud(*COMMAND, "delete", name, run).code == 0
