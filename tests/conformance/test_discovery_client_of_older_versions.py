"""google-api-python-client on v1beta1, and on the methods that no other client of the suite calls."""

import pytest
from googleapiclient import errors

from tests.conformance.discovery import Apis
from tests.conformance.server import PROJECT
from tests.conformance.services import (
    ANALYSIS_BETA,
    BINAUTHZ_BETA,
    GRAFEAS_BETA,
    IAM,
    LOCATIONS,
    PROJECTS,
    SERVICES,
    SYSTEM_BETA,
    VALIDATION_BETA,
)
from tests.conformance.signing import Signer, fresh, payload, websafe

pytestmark = pytest.mark.servers
PARENT = f"projects/{PROJECT}"
AUTHORITY = {"attestationAuthority": {"hint": {"humanReadableName": "qa"}}}


@pytest.mark.shows(GRAFEAS_BETA, "CreateNote", "BatchCreateNotes", "GetNote", "ListNotes", "UpdateNote", "DeleteNote")
@pytest.mark.shows(ANALYSIS_BETA, "GetIamPolicy", "SetIamPolicy", "TestIamPermissions")
def test_a_v1beta1_note_lives_a_life(apis: Apis) -> None:
    notes = apis("containeranalysis", "v1beta1").projects().notes()
    made = notes.create(parent=PARENT, noteId=fresh("n"), body=AUTHORITY).execute()
    assert made["kind"] == "ATTESTATION"
    assert notes.get(name=made["name"]).execute() == made
    batch = {fresh("n"): AUTHORITY, fresh("n"): AUTHORITY}
    created = notes.batchCreate(parent=PARENT, body={"notes": batch}).execute()["notes"]
    assert {each["name"].rpartition("/")[2] for each in created} == set(batch)
    listed = notes.list(parent=PARENT, pageSize=1000).execute()["notes"]
    assert made in listed
    changed = notes.patch(name=made["name"], body={"shortDescription": "s"}, updateMask="shortDescription").execute()
    assert changed["shortDescription"] == "s"
    assert changed["attestationAuthority"] == AUTHORITY["attestationAuthority"]
    policy = notes.getIamPolicy(resource=made["name"], body={}).execute()
    binding = {"role": "roles/containeranalysis.notes.attacher", "members": ["user:a@b.c"]}
    written = notes.setIamPolicy(
        resource=made["name"], body={"policy": {"bindings": [binding], "etag": policy["etag"]}}
    ).execute()
    assert written["bindings"] == [binding]
    asked = {"permissions": ["containeranalysis.notes.get", "made.up.one"]}
    assert notes.testIamPermissions(resource=made["name"], body=asked).execute() == {
        "permissions": ["containeranalysis.notes.get"]
    }
    assert notes.delete(name=made["name"]).execute() == {}
    with pytest.raises(errors.HttpError) as refused:
        notes.get(name=made["name"]).execute()
    assert refused.value.status_code == 404


@pytest.mark.shows(
    GRAFEAS_BETA,
    "CreateOccurrence",
    "BatchCreateOccurrences",
    "GetOccurrence",
    "GetOccurrenceNote",
    "ListOccurrences",
    "ListNoteOccurrences",
    "UpdateOccurrence",
    "DeleteOccurrence",
)
def test_a_v1beta1_occurrence_lives_a_life(apis: Apis) -> None:
    projects = apis("containeranalysis", "v1beta1").projects()
    note = projects.notes().create(parent=PARENT, noteId=fresh("n"), body=AUTHORITY).execute()
    uri = f"us-docker.pkg.dev/p/r/{fresh('i')}@sha256:{'d' * 64}"

    def body(key: str) -> dict[str, object]:
        signed = {"contentType": "SIMPLE_SIGNING_JSON", "serializedPayload": websafe(b"{}")}
        signed["signatures"] = [{"publicKeyId": key, "signature": websafe(b"s")}]  # type: ignore[assignment]
        attestation = {"attestation": {"genericSignedAttestation": signed}}
        return {"resource": {"uri": uri}, "noteName": note["name"], "attestation": attestation}

    occurrences = projects.occurrences()
    made = occurrences.create(parent=PARENT, body=body("a")).execute()
    assert made["attestation"]["attestation"]["genericSignedAttestation"]["signatures"][0]["publicKeyId"] == "a"
    assert occurrences.get(name=made["name"]).execute() == made
    assert occurrences.getNotes(name=made["name"]).execute() == note
    batch = {"occurrences": [body("b"), body("c")]}
    assert len(occurrences.batchCreate(parent=PARENT, body=batch).execute()["occurrences"]) == 2
    filter = f'resourceUrl="{uri}"'
    assert len(occurrences.list(parent=PARENT, filter=filter).execute()["occurrences"]) == 3
    attached = projects.notes().occurrences().list(name=note["name"]).execute()["occurrences"]
    assert made in attached
    changed = occurrences.patch(name=made["name"], body={"remediation": "r"}, updateMask="remediation").execute()
    assert (changed["remediation"], changed["attestation"]) == ("r", made["attestation"])
    assert occurrences.delete(name=made["name"]).execute() == {}
    with pytest.raises(errors.HttpError) as refused:
        occurrences.get(name=made["name"]).execute()
    assert refused.value.status_code == 404


@pytest.mark.shows(BINAUTHZ_BETA, "CreateAttestor", "GetAttestor", "UpdateAttestor", "ListAttestors", "DeleteAttestor")
@pytest.mark.shows(BINAUTHZ_BETA, "GetPolicy", "UpdatePolicy")
@pytest.mark.shows(SYSTEM_BETA, "GetSystemPolicy")
@pytest.mark.shows(VALIDATION_BETA, "ValidateAttestationOccurrence")
@pytest.mark.shows(IAM, "GetIamPolicy", "SetIamPolicy", "TestIamPermissions")
def test_v1beta1_of_binary_authorization(apis: Apis) -> None:
    service = apis("binaryauthorization", "v1beta1")
    system = service.systempolicy().getPolicy(name="locations/global/policy").execute()
    assert system["admissionWhitelistPatterns"]
    policy = service.projects().getPolicy(name=f"{PARENT}/policy").execute()
    assert service.projects().updatePolicy(name=policy["name"], body=policy).execute()["name"] == policy["name"]
    notes = apis("containeranalysis", "v1").projects().notes()
    note = notes.create(parent=PARENT, noteId=fresh("n"), body={"attestation": {}}).execute()
    attestors, signer = service.projects().attestors(), Signer()
    pkix = {"publicKeyPem": signer.pem, "signatureAlgorithm": "ECDSA_P256_SHA256"}
    block = {"noteReference": note["name"], "publicKeys": [{"pkixPublicKey": pkix}]}
    made = attestors.create(parent=PARENT, attestorId=fresh("a"), body={"userOwnedDrydockNote": block}).execute()
    assert attestors.get(name=made["name"]).execute() == made
    made["description"] = "changed"
    assert attestors.update(name=made["name"], body=made).execute()["description"] == "changed"
    listed = attestors.list(parent=PARENT, pageSize=1000).execute()["attestors"]
    assert made["name"] in [each["name"] for each in listed]
    text = payload("e" * 64)
    signature = {
        "publicKeyId": made["userOwnedDrydockNote"]["publicKeys"][0]["id"],
        "signature": websafe(signer.sign(text)),
    }
    question = {
        "attestation": {"serializedPayload": websafe(text), "signatures": [signature]},
        "occurrenceNote": note["name"],
        "occurrenceResourceUri": f"r/i@sha256:{'e' * 64}",
    }
    answer = attestors.validateAttestationOccurrence(attestor=made["name"], body=question).execute()
    assert answer == {"result": "VERIFIED"}
    etag = attestors.getIamPolicy(resource=made["name"]).execute()["etag"]
    binding = {"role": "roles/binaryauthorization.attestorsViewer", "members": ["user:a@b.c"]}
    body = {"policy": {"bindings": [binding], "etag": etag}}
    assert attestors.setIamPolicy(resource=made["name"], body=body).execute()["bindings"] == [binding]
    asked = {"permissions": ["binaryauthorization.attestors.get", "made.up.one"]}
    assert attestors.testIamPermissions(resource=made["name"], body=asked).execute() == {
        "permissions": ["binaryauthorization.attestors.get"]
    }
    assert attestors.delete(name=made["name"]).execute() == {}


@pytest.mark.shows(PROJECTS, "GetIamPolicy", "SetIamPolicy")
@pytest.mark.shows(SERVICES, "GetService")
def test_a_projects_own_policy_and_its_services(apis: Apis) -> None:
    projects = apis("cloudresourcemanager", "v1").projects()
    policy = projects.getIamPolicy(resource=PROJECT, body={}).execute()
    binding = {"role": "roles/binaryauthorization.policyViewer", "members": ["user:viewer@example.com"]}
    before = policy.get("bindings", [])
    written = projects.setIamPolicy(
        resource=PROJECT, body={"policy": {**policy, "bindings": [*before, binding]}}
    ).execute()
    assert binding in written["bindings"]
    after = projects.setIamPolicy(resource=PROJECT, body={"policy": {**written, "bindings": before}}).execute()
    assert after.get("bindings", []) == before
    service = apis("serviceusage", "v1").services().get(name=f"{PARENT}/services/container.googleapis.com").execute()
    assert service["state"] == "ENABLED"


@pytest.mark.shows(LOCATIONS, "GetLocation", "ListLocations")
def test_locations_are_listed(apis: Apis) -> None:
    locations = apis("gkehub", "v1").projects().locations()
    listed = locations.list(name=PARENT).execute()["locations"]
    assert "global" in [each["locationId"] for each in listed]
    assert locations.get(name=listed[0]["name"]).execute() == listed[0]
