"""The curl commands and recorded requests of SPEC 0 to 3, byte for byte where the spelling matters."""

import base64
import hashlib
import json
from urllib.parse import quote

import pytest

from tests.conformance.rest import Rest
from tests.conformance.server import NUMBER, PROJECT
from tests.conformance.services import PLATFORM_POLICIES
from tests.conformance.signing import Signer, fresh, payload, websafe

pytestmark = pytest.mark.servers
P = f"/v1/projects/{PROJECT}"
DENY = {"evaluationMode": "ALWAYS_DENY", "enforcementMode": "ENFORCED_BLOCK_AND_AUDIT_LOG"}


def note(rest: Rest) -> str:
    note_id = fresh("note")
    made = rest.post(f"{P}/notes/?noteId={note_id}", {"attestation": {"hint": {"human_readable_name": "x"}}})
    assert made.status == 200
    return f"projects/{PROJECT}/notes/{note_id}"


def image() -> tuple[str, str]:
    digest = hashlib.sha256(fresh("image").encode()).hexdigest()
    return digest, f"us-docker.pkg.dev/p1/r/img@sha256:{digest}"


def attestation(note_name: str, uri: str, *, key: str = "k", signature: bytes = b"\xfb\xff\xfe") -> dict[str, object]:
    return {
        "kind": "ATTESTATION",
        "noteName": note_name,
        "resourceUri": uri,
        "attestation": {
            "serializedPayload": websafe(b"\xfb\xff\xfe{}"),
            "signatures": [{"publicKeyId": key, "signature": websafe(signature)}],
        },
    }


@pytest.mark.parametrize(
    "body",
    [
        {"name": "ignored", "attestation": {"hint": {"human_readable_name": "qa"}}},
        {"attestation": {"hint": {"humanReadableName": "qa"}}},
        {"attestation": {"hint": {"humanReadableName": "qa"}}, "kind": "ATTESTATION"},
    ],
)
def test_both_documented_spellings_of_a_v1_note_work(rest: Rest, body: dict[str, object]) -> None:
    note_id = fresh("n")
    made = rest.post(f"{P}/notes/?noteId={note_id}", body)
    assert made.status == 200
    assert made.document["kind"] == "ATTESTATION"
    assert made.document["name"] == f"projects/{PROJECT}/notes/{note_id}"
    assert made.document["attestation"] == {"hint": {"humanReadableName": "qa"}}
    assert made.document["createTime"].endswith("Z")


@pytest.mark.parametrize("member", ["attestation_authority", "attestationAuthority"])
def test_the_codelabs_v1beta1_note_is_the_same_note(rest: Rest, member: str) -> None:
    note_id = fresh("n")
    path = f"/v1beta1/projects/{PROJECT}/notes"
    made = rest.post(f"{path}/?noteId={note_id}", {member: {"hint": {"human_readable_name": "qa"}}})
    assert made.document["kind"] == "ATTESTATION"
    assert made.document["attestationAuthority"] == {"hint": {"humanReadableName": "qa"}}
    assert rest.get(f"{P}/notes/{note_id}").document["attestation"] == {"hint": {"humanReadableName": "qa"}}
    assert rest.get(f"{path}/{note_id}").document == made.document
    assert any(each["name"].endswith(note_id) for each in rest.get(f"{path}/?pageSize=1000").document["notes"])
    assert rest.delete(f"{path}/{note_id}").document == {}
    assert rest.get(f"{P}/notes/{note_id}").error == "NOT_FOUND"


def test_a_v1beta1_occurrence_has_its_own_shape_and_the_same_content(rest: Rest) -> None:
    name, (_, uri) = note(rest), image()
    body = {
        "resource": {"uri": uri},
        "noteName": name,
        "attestation": {
            "attestation": {
                "genericSignedAttestation": {
                    "contentType": "SIMPLE_SIGNING_JSON",
                    "serializedPayload": websafe(b"{}"),
                    "signatures": [{"publicKeyId": "k", "signature": websafe(b"s")}],
                }
            }
        },
    }
    made = rest.post(f"/v1beta1/projects/{PROJECT}/occurrences", body)
    assert made.status == 200, made.document
    assert made.document["attestation"] == body["attestation"]
    occurrence = rest.get(f"/v1/{made.document['name']}").document
    assert occurrence["attestation"]["signatures"] == [{"publicKeyId": "k", "signature": "cw=="}]
    assert occurrence["resourceUri"] == uri


@pytest.mark.parametrize("body", [{}, {"shortDescription": "x"}, {"attestation": {}, "kind": "BUILD"}])
def test_a_note_without_a_type_or_of_two_minds_is_refused(rest: Rest, body: dict[str, object]) -> None:
    refused = rest.post(f"{P}/notes?noteId={fresh('n')}", body)
    assert (refused.status, refused.error) == (400, "INVALID_ARGUMENT")


def test_gclouds_attestation_is_stored_with_its_bytes_and_answered_in_standard_base64(rest: Rest) -> None:
    name, (_, uri) = note(rest), image()
    made = rest.post(f"{P}/occurrences/", attestation(name, uri))
    assert made.status == 200, made.document
    assert made.document["attestation"]["serializedPayload"] == base64.b64encode(b"\xfb\xff\xfe{}").decode()
    assert made.document["attestation"]["signatures"][0]["signature"] == "+//+"
    again = rest.post(f"{P}/occurrences/", attestation(name, uri))
    uuid = made.document["name"].rpartition("/")[2]
    assert (again.status, again.error) == (409, "ALREADY_EXISTS")
    assert again.message == f'occurrence ID "{uuid}" already exists in project "{PROJECT}"'


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        ("", True),
        ('has_suffix(resourceUrl, "sha256:{digest}")', True),
        ('resourceUrl="https://{uri}"', True),
        ('resourceUrl="{uri}"', True),
        (
            '((kind = "BUILD") OR (kind = "ATTESTATION")) AND ((resourceUrl = "https://{uri}") OR (resourceUrl = "x"))',
            True,
        ),
        ('has_prefix(resourceUrl, "https://us-docker.pkg.dev/p1/")', True),
        ('kind = "VULNERABILITY"', False),
        ('has_suffix(resourceUrl, "sha256:0")', False),
    ],
)
def test_the_filters_that_clients_send_find_it(rest: Rest, filter: str, found: bool) -> None:

    name, (digest, uri) = note(rest), image()
    assert rest.post(f"{P}/occurrences", attestation(name, uri)).status == 200
    query = quote(filter.format(digest=digest, uri=uri), safe="")
    listed = rest.get(f"/v1/{name}/occurrences?filter={query}&pageSize=100")
    assert listed.status == 200, listed.document
    assert [each["resourceUri"] for each in listed.document.get("occurrences", [])] == ([uri] if found else [])


def test_a_patch_changes_what_its_mask_names_and_nothing_else(rest: Rest) -> None:
    name = note(rest)
    changed = rest.call(
        "PATCH",
        f"/v1/{name}?updateMask=shortDescription",
        {"shortDescription": "new", "longDescription": "ignored", "name": "x"},
    )
    assert changed.document["shortDescription"] == "new"
    assert "longDescription" not in changed.document
    assert changed.document["attestation"]["hint"] == {"humanReadableName": "x"}
    deep = rest.call(
        "PATCH",
        f"/v1/{name}?updateMask=attestation.hint.humanReadableName,longDescription",
        {"attestation": {"hint": {"humanReadableName": "y"}}},
    )
    assert deep.document["attestation"]["hint"] == {"humanReadableName": "y"}
    assert deep.document["shortDescription"] == "new"
    assert rest.call("PATCH", f"/v1/{name}?updateMask=nope", {}).status == 400


def test_an_occurrence_is_patched_without_repeating_its_note(rest: Rest) -> None:
    name, (_, uri) = note(rest), image()
    made = rest.post(f"{P}/occurrences", attestation(name, uri)).document
    changed = rest.call("PATCH", f"/v1/{made['name']}?updateMask=remediation", {"remediation": "none"})
    assert changed.document["remediation"] == "none"
    assert changed.document["attestation"] == made["attestation"]
    assert rest.get(f"/v1/{made['name']}/notes").document["name"] == name


def test_batches_are_created_whole(rest: Rest) -> None:
    name, (_, uri) = note(rest), image()
    batch = [attestation(name, uri, key=key) for key in ("a", "b")]
    made = rest.post(f"{P}/occurrences:batchCreate", {"occurrences": batch})
    assert len(made.document["occurrences"]) == 2
    ids = [fresh("n"), fresh("n")]
    notes = rest.post(f"{P}/notes:batchCreate", {"notes": {each: {"attestation": {}} for each in ids}})
    assert {each["name"].rpartition("/")[2] for each in notes.document["notes"]} == set(ids)


def test_a_build_note_and_its_occurrence_keep_every_detail(rest: Rest) -> None:
    note_id, (_, uri) = fresh("build"), image()
    made = rest.post(
        f"{P}/notes?noteId={note_id}", {"build": {"builderVersion": "7"}, "expirationTime": "2030-01-01T00:00:00Z"}
    )
    assert made.document["build"] == {"builderVersion": "7"}
    body = {
        "noteName": made.document["name"],
        "resourceUri": uri,
        "build": {"provenance": {"id": "b1", "commands": [{"name": "make", "args": ["all"]}]}},
    }
    occurrence = rest.post(f"{P}/occurrences", body)
    assert occurrence.document["kind"] == "BUILD"
    assert occurrence.document["build"] == body["build"]


def attestor(rest: Rest, version: str = "v1") -> tuple[str, dict[str, object]]:
    field = "userOwnedGrafeasNote" if version == "v1" else "userOwnedDrydockNote"
    attestor_id = fresh("attestor")
    made = rest.post(
        f"/{version}/projects/{PROJECT}/attestors?attestorId={attestor_id}", {field: {"noteReference": note(rest)}}
    )
    assert made.status == 200, made.document
    return f"projects/{PROJECT}/attestors/{attestor_id}", made.document


def test_an_attestor_has_its_note_under_another_name_in_each_version(rest: Rest) -> None:
    name, v1 = attestor(rest)
    for version in ("v1beta1", "v1alpha2"):
        other = rest.get(f"/{version}/{name}").document
        assert other["userOwnedDrydockNote"] == v1["userOwnedGrafeasNote"]
        assert other["etag"] == v1["etag"]
        assert "userOwnedGrafeasNote" not in other
        assert attestor(rest, version)[1]["userOwnedDrydockNote"]


def test_an_attestor_is_put_back_with_everything_that_was_read(rest: Rest) -> None:
    name, document = attestor(rest)
    signer = Signer()
    block = document["userOwnedGrafeasNote"]
    assert isinstance(block, dict)
    block["publicKeys"] = [{"pkixPublicKey": {"publicKeyPem": signer.pem, "signatureAlgorithm": "EC_SIGN_P256_SHA256"}}]
    put = rest.put(f"/v1/{name}", document)
    assert put.status == 200, put.document
    key = put.document["userOwnedGrafeasNote"]["publicKeys"][0]
    assert key["id"].startswith("ni:///sha-256;")
    assert key["pkixPublicKey"]["signatureAlgorithm"] == "ECDSA_P256_SHA256"
    assert rest.put(f"/v1/{name}", put.document).status == 200


def test_validation_says_verified_or_why_not_and_never_fails_over_it(rest: Rest) -> None:
    name, document = attestor(rest)
    signer, (digest, uri) = Signer(), image()
    block = document["userOwnedGrafeasNote"]
    assert isinstance(block, dict)
    block["publicKeys"] = [
        {"id": "//kms/k", "pkixPublicKey": {"publicKeyPem": signer.pem, "signatureAlgorithm": "ECDSA_P256_SHA256"}}
    ]
    rest.put(f"/v1/{name}", document)
    text = payload(digest)

    def verdict(key: str, resource: str, version: str = "v1") -> dict[str, str]:
        signed = {"publicKeyId": key, "signature": websafe(signer.sign(text))}
        answer = rest.post(
            f"/{version}/{name}:validateAttestationOccurrence",
            {
                "attestation": {"serializedPayload": websafe(text), "signatures": [signed]},
                "occurrenceNote": block["noteReference"],
                "occurrenceResourceUri": resource,
            },
        )
        assert answer.status == 200, answer.document
        result: dict[str, str] = answer.document
        return result

    for version in ("v1", "v1beta1", "v1alpha2"):
        assert verdict("//kms/k", uri, version) == {"result": "VERIFIED"}
    for key, resource in (("//kms/other", uri), ("//kms/k", image()[1]), ("//kms/k", "img:latest")):
        answer = verdict(key, resource)
        assert answer["result"] == "ATTESTATION_NOT_VERIFIABLE"
        assert answer["denialReason"]


def test_policy_round_trips_through_all_three_versions(rest: Rest) -> None:
    policy = {
        "description": "d",
        "globalPolicyEvaluationMode": "ENABLE",
        "admissionWhitelistPatterns": [{"namePattern": "gcr.io/p/*"}],
        "clusterAdmissionRules": {"us-central1-a.c": DENY},
        "defaultAdmissionRule": DENY,
    }
    for version in ("v1", "v1beta1", "v1alpha2"):
        put = rest.put(f"/{version}/projects/{PROJECT}/policy", policy)
        assert put.status == 200, put.document
        assert {key: put.document[key] for key in policy} == policy
        assert put.document["etag"].startswith('"')
        for reader in ("v1", "v1beta1", "v1alpha2"):
            assert rest.get(f"/{reader}/projects/{PROJECT}/policy").document == put.document
        assert rest.put(f"/{version}/projects/{PROJECT}/policy", put.document).status == 200


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"defaultAdmissionRule": None}, "defaultAdmissionRule"),
        ({"defaultAdmissionRule": {"evaluationMode": "ALWAYS_DENY"}}, "defaultAdmissionRule.enforcementMode"),
        (
            {"kubernetesNamespaceAdmissionRules": {"a": DENY}, "clusterAdmissionRules": {"l.c": DENY}},
            "clusterAdmissionRules",
        ),
        ({"admissionWhitelistPatterns": [{"namePattern": "gcr.io/n*x"}]}, "admissionWhitelistPatterns[0].namePattern"),
        (
            {
                "defaultAdmissionRule": {
                    **DENY,
                    "evaluationMode": "REQUIRE_ATTESTATION",
                    "requireAttestationsBy": [f"projects/{PROJECT}/attestors/absent"],
                }
            },
            "defaultAdmissionRule.requireAttestationsBy[0]",
        ),
    ],
)
def test_a_refused_policy_names_the_field(rest: Rest, change: dict[str, object], field: str) -> None:
    before = rest.get(f"{P}/policy").document
    body = {key: value for key, value in {"defaultAdmissionRule": DENY, **change}.items() if value is not None}
    refused = rest.put(f"{P}/policy", body)
    assert (refused.status, refused.error) == (400, "INVALID_ARGUMENT")
    assert field in refused.fields
    assert rest.get(f"{P}/policy").document == before


def test_an_unknown_enum_value_is_refused(rest: Rest) -> None:
    for mode in ("ALWAYS_MAYBE", 77):
        refused = rest.put(f"{P}/policy", {"defaultAdmissionRule": {**DENY, "evaluationMode": mode}})
        assert (refused.status, refused.error) == (400, "INVALID_ARGUMENT")


def test_iam_is_a_get_for_attestors_and_a_post_for_notes(rest: Rest) -> None:
    name, document = attestor(rest)
    block = document["userOwnedGrafeasNote"]
    assert isinstance(block, dict)
    assert rest.get(f"/v1/{name}:getIamPolicy?options.requestedPolicyVersion=3").document == {"etag": "ACAB"}
    assert rest.get(f"/v1alpha2/projects/{PROJECT}/policy:getIamPolicy").status == 200
    assert rest.post(f"/v1/{block['noteReference']}:getIamPolicy", {}).document == {"etag": "ACAB"}
    policy = {"bindings": [{"role": "roles/viewer", "members": ["user:a@b.c"]}], "etag": "ACAB", "version": 3}
    made = rest.post(f"/v1alpha2/{name}:setIamPolicy", {"policy": policy})
    assert made.document["bindings"] == policy["bindings"]
    assert rest.get(f"/v1/{name}:getIamPolicy").document == made.document
    stale = rest.post(f"/v1/{name}:setIamPolicy", {"policy": policy})
    assert (stale.status, stale.error) == (409, "ABORTED")


def test_a_conditional_binding_is_refused_rather_than_ignored(rest: Rest) -> None:
    binding = {"role": "roles/viewer", "members": ["user:a@b.c"], "condition": {"expression": "false"}}
    refused = rest.post(f"{P}/policy:setIamPolicy", {"policy": {"bindings": [binding]}})
    assert (refused.status, refused.fields) == (400, ["policy.bindings[0].condition"])


def test_B109_a_stranger_learns_nothing(rest: Rest, stranger: Rest) -> None:
    name, document = attestor(rest)
    block = document["userOwnedGrafeasNote"]
    assert isinstance(block, dict)
    absent = f"projects/{PROJECT}/attestors/absent"
    for verb, path in (
        ("GET", f"/v1/{name}"),
        ("GET", f"/v1/{absent}"),
        ("DELETE", f"/v1/{name}"),
        ("GET", f"{P}/attestors"),
        ("GET", "/v1/projects/absent/policy"),
        ("GET", f"/v1/{block['noteReference']}/occurrences"),
        ("GET", f"{P}/locations/-/clusters"),
        ("POST", f"{P}/services/container.googleapis.com:enable"),
        ("GET", f"/v1/{name}:getIamPolicy"),
    ):
        refused = stranger.call(verb, path, {} if verb == "POST" else None)
        assert (refused.status, refused.error) == (403, "PERMISSION_DENIED"), path
    listed = stranger.post("/v2/entries:list", {"resourceNames": [f"projects/{PROJECT}"]})
    assert listed.error == "PERMISSION_DENIED"
    assert (
        stranger.post(f"/v1/{name}:testIamPermissions", {"permissions": ["binaryauthorization.attestors.get"]}).document
        == {}
    )


def test_every_change_leaves_an_entry_that_the_documented_query_finds(rest: Rest, stranger: Rest) -> None:
    name, _ = attestor(rest)
    stranger.delete(f"/v1/{name}")
    query = 'protoPayload.serviceName="binaryauthorization.googleapis.com" protoPayload.resourceName:"attestor"'
    body = {"resourceNames": [f"projects/{PROJECT}"], "filter": query, "orderBy": "timestamp desc", "pageSize": 1}
    found = rest.post("/v2/entries:list", body).document["entries"][0]
    service = "google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1"
    payload_ = found["protoPayload"]
    assert payload_["methodName"] == f"{service}.DeleteAttestor"
    assert payload_["resourceName"] == name
    assert payload_["status"]["code"] == 7
    assert payload_["authenticationInfo"] == {"principalEmail": "stranger@example.com"}
    assert found["logName"] == f"projects/{PROJECT}/logs/cloudaudit.googleapis.com%2Factivity"
    assert json.dumps(found).count("Bearer") == 0


@pytest.mark.parametrize("version", ["v1", "v1beta1", "v1alpha1"])
def test_gateway_credentials_are_a_get_by_project_number(rest: Rest, version: str) -> None:
    path = f"/{version}/projects/{NUMBER}/locations/global/memberships/local-cluster:generateCredentials"
    answer = rest.get(f"{path}?forceUseAgent=False").document
    assert answer["endpoint"].endswith(f"/projects/{NUMBER}/locations/global/gkeMemberships/local-cluster")
    assert b"connectgateway_demo-project_global_local-cluster" in base64.b64decode(answer["kubeconfig"])


@pytest.mark.parametrize(
    ("verb", "path", "status"),
    [
        ("GET", f"/v1/projects/{PROJECT}//policy", 400),
        ("GET", f"/v1/projects/{PROJECT}/attestors/a%2Fb", 400),
        ("GET", f"/v1/projects/{PROJECT}/attestors/..", 400),
        ("GET", f"/v1/projects/{PROJECT}/attestors/a:b", 400),
        ("GET", f"/v1/projects/{PROJECT}/attestors?pageToken=x", 400),
        ("GET", f"/v1/projects/{PROJECT}/attestors?pageSize=-1", 400),
        ("GET", f"/v1/projects/{PROJECT}/notes/a/occurrences?filter=(", 404),
        ("GET", "/v1/projects/nope/notes", 404),
        ("GET", "/v1/projects/nope/attestors", 400),
        ("GET", f"/v1/projects/{PROJECT}/occurrences/nope", 404),
        ("GET", f"/v1/projects/{PROJECT}/locations/us-central1/notes", 400),
        ("POST", f"/v1/projects/{PROJECT}/attestors", 400),
        ("GET", f"/v1/projects/{PROJECT}/continuousValidationConfig", 404),
    ],
)
def test_B113_bad_paths_and_parameters_are_4xx(rest: Rest, verb: str, path: str, status: int) -> None:
    assert rest.call(verb, path, {} if verb == "POST" else None).status == status


@pytest.mark.shows(PLATFORM_POLICIES, "ListPlatforms", client="curl")
def test_platforms_are_listed(rest: Rest) -> None:
    listed = rest.get(f"{P}/platforms").document["platforms"]
    assert f"projects/{PROJECT}/platforms/gke" in [each["name"] for each in listed]
