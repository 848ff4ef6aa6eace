"""The golden files beside what SPEC recorded of the real service: where it has a shape, ours is the same."""

import base64
import re
from typing import Any

import pytest
import yaml

from tests.conformance.golden import FOLDER
from tests.conformance.signing import payload

TRACKS = ("ga", "beta", "alpha")
PREVIEW = ("beta", "alpha")


def parts(track: str, name: str) -> tuple[str, str]:
    """What a command printed on stdout and on stderr."""
    text = (FOLDER / track / f"{name}.txt").read_text()
    _, _, printed = text.partition("--- stdout\n")
    out, _, err = printed.partition("--- stderr\n")
    return out, err


def document(track: str, name: str) -> Any:
    """What a command printed, as YAML."""
    return yaml.safe_load(parts(track, name)[0])


@pytest.mark.parametrize("track", TRACKS)
def test_an_untouched_policy_has_neither_etag_nor_time(track: str) -> None:
    # SPEC 1.6, 1.8.
    assert document(track, "policy-export-untouched") == {
        "globalPolicyEvaluationMode": "ENABLE",
        "defaultAdmissionRule": {"evaluationMode": "ALWAYS_ALLOW", "enforcementMode": "ENFORCED_BLOCK_AND_AUDIT_LOG"},
        "name": "projects/demo-project/policy",
    }


@pytest.mark.parametrize("track", TRACKS)
def test_a_written_policy_has_a_quoted_etag_and_microseconds(track: str) -> None:
    # SPEC 1.6: the etag's value holds double quotes around 12 characters of base64.
    out, _ = parts(track, "policy-export")
    assert """etag: '"ETAG"'\n""" in out
    assert "updateTime: 'MICROSECONDSZ'\n" in out
    assert document(track, "policy-import") == document(track, "policy-export")


@pytest.mark.parametrize("track", TRACKS)
def test_an_untouched_iam_policy_is_its_etag_alone(track: str) -> None:
    # SPEC 1.9.
    for resource in ("policy", "attestors"):
        assert document(track, f"{resource}-get-iam-policy") == {"etag": "ACAB"}


@pytest.mark.parametrize("track", TRACKS)
def test_attestors_are_listed_in_three_columns(track: str) -> None:
    # SPEC 2.3.
    out, _ = parts(track, "attestors-list")
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines() if "│" in line]
    assert rows == [["NAME", "NOTE", "NUM_PUBLIC_KEYS"], ["qa", "projects/demo-project/notes/qa-note", "2"]]


@pytest.mark.parametrize("track", TRACKS)
def test_a_notes_block_has_its_name_of_the_track_and_the_agent_that_reads_it(track: str) -> None:
    # SPEC 0.2, 2.2.
    block = "userOwnedGrafeasNote" if track == "ga" else "userOwnedDrydockNote"
    agent = "service-123456789012@gcp-sa-binaryauthorization.iam.gserviceaccount.com"
    assert document(track, "attestors-describe")[block]["delegationServiceAccountEmail"] == agent


@pytest.mark.parametrize("track", TRACKS)
def test_added_keys_come_back_with_their_ids(track: str) -> None:
    # SPEC 2.4: a PGP id is the bare fingerprint in upper-case hexadecimal digits.
    assert re.fullmatch(r"[0-9A-F]{40}", document(track, "public-keys-add-pgp")["id"])
    assert document(track, "public-keys-add-pkix")["id"] == "//example.com/qa-key"
    assert parts(track, "public-keys-remove-absent")[1].endswith(
        "No matching public key found on attestor [projects/demo-project/attestors/qa]\n"
    )


@pytest.mark.parametrize("track", TRACKS)
def test_the_payload_is_byte_exact_and_so_is_what_is_stored(track: str) -> None:
    # SPEC 3.1: stdout of the command and the embedded bytes are identical.
    expected = payload("c" * 64)
    assert parts(track, "create-signature-payload")[0].encode() == expected
    for each in yaml.safe_load_all(parts(track, "attestations-list-of-image")[0]):
        assert base64.urlsafe_b64decode(each["attestation"]["serializedPayload"]) == expected
        # SPEC 3.2: gcloud stores no scheme.
        assert each["resourceUri"].startswith("us-docker.pkg.dev/p1/r/")


@pytest.mark.parametrize("track", TRACKS)
def test_errors_are_worded_as_gcloud_words_googles(track: str) -> None:
    # SPEC 0.1.
    prefix = "gcloud." if track == "ga" else f"gcloud.{track}."
    absent = parts(track, "attestors-describe-absent")[1]
    assert absent.startswith(f"ERROR: ({prefix}container.binauthz.attestors.describe) NOT_FOUND: ")
    conflict = "Resource in projects [demo-project] is the subject of a conflict: "
    assert conflict in parts(track, "attestors-create-again")[1]
    again = parts(track, "attestations-create-again")[1]
    # SPEC 3.2: scripts rely on this text.
    assert f'{conflict}occurrence ID "UUID" already exists in project "demo-project"' in again
    malformed = parts(track, "policy-import-malformed")[1]
    assert "- '@type': type.googleapis.com/google.rpc.BadRequest\n  fieldViolations:\n" in malformed


@pytest.mark.parametrize("track", TRACKS)
def test_a_refused_attestation_warns_and_a_good_one_is_silent(track: str) -> None:
    # SPEC 2.6.
    refused = parts(track, "attestations-create-refused")[1]
    assert refused.startswith("WARNING: Attestation could not be validated! (")
    assert parts(track, "attestations-create") == ("", "")


@pytest.mark.parametrize("track", PREVIEW)
def test_keys_of_kms_are_named_by_their_link(track: str) -> None:
    # SPEC 2.4, 3.6.
    version = "v1/projects/demo-project/locations/global/keyRings/ring/cryptoKeys/signing/cryptoKeyVersions/1"
    assert document(track, "public-keys-add-kms")["id"] == f"//127.0.0.1:PORT/{version}"
    unknown = parts(track, "attestations-sign-and-create-unknown-key")[1]
    assert unknown.startswith(f"WARNING: No public key with ID [//127.0.0.1:PORT/{version}] found on attestor [")
    assert parts(track, "attestations-sign-and-create") == ("", "")


@pytest.mark.parametrize("track", PREVIEW)
def test_an_evaluation_is_the_documented_tree(track: str) -> None:
    # SPEC 6.5.
    for name, verdict in (("conformant", "CONFORMANT"), ("non-conformant", "NON_CONFORMANT")):
        answer = document(track, f"platform-policy-evaluate-{name}")
        assert set(answer) == {"results", "verdict"}
        (pod,) = answer["results"]
        assert (answer["verdict"], pod["verdict"]) == (verdict, verdict)
        assert (pod["kubernetesNamespace"], pod["kubernetesServiceAccount"]) == ("default", "default")
        (image,) = pod["imageResults"]
        assert (image["verdict"], image["checkSetResult"]["index"]) == (verdict, "1")
        (check,) = image["checkSetResult"]["checkResults"]["results"]
        assert check["type"] == "TrustedDirectoryCheck"
        assert check["evaluationResult"] == {"verdict": verdict}
    scoped = document(track, "platform-policy-evaluate-resource")["results"][0]
    assert (scoped["podName"], scoped["kubernetesNamespace"], scoped["kubernetesServiceAccount"]) == (
        "web", "prod", "robot",
    )  # fmt: skip
    assert scoped["imageResults"][0]["checkSetResult"]["scope"] == {"kubernetesNamespace": "prod"}


def test_clusters_and_fleets_are_worded_as_recorded() -> None:
    # SPEC 0.1, 7.1, 7.2.
    absent = parts("ga", "clusters-describe-absent")[1]
    assert absent.startswith("ERROR: (gcloud.container.clusters.describe) ResponseError: code=404, message=")
    described = document("ga", "clusters-describe")
    assert (described["zone"], described["status"]) == ("us-central1-a", "RUNNING")
    assert parts("ga", "clusters-get-credentials")[1] == (
        "Fetching cluster endpoint and auth data.\nkubeconfig entry generated for local-cluster.\n"
    )
    gateway = parts("ga", "fleet-memberships-get-credentials")[1]
    assert 'kubeconfig entry "connectgateway_demo-project_global_local-cluster"' in gateway
    member = document("ga", "fleet-memberships-describe")
    link = member["endpoint"]["gkeCluster"]["resourceLink"]
    assert link == "//container.googleapis.com/projects/demo-project/locations/us-central1-a/clusters/local-cluster"


def test_continuous_validation_always_has_its_block() -> None:
    # SPEC 6.9: gcloud reads it without asking whether it is there.
    assert document("alpha", "continuous-validation-describe-untouched")["enforcementPolicyConfig"] == {
        "enabled": False
    }
    assert document("alpha", "continuous-validation-describe")["enforcementPolicyConfig"] == {"enabled": True}
