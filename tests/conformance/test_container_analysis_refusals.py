"""Every rule of notes and occurrences (SPEC 3) with what it refuses and what it accepts: HTTP status, canonical code,
the field at fault; the same over gRPC."""

import copy
from typing import Any

import grpc
import pytest
from google.api_core import exceptions
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from tests.conformance.rest import Answer, Rest
from tests.conformance.server import NUMBER, OTHER_PROJECT, PROJECT, Target
from tests.conformance.signing import fresh, websafe
from tests.conformance.test_google_clients import Clients

pytestmark = pytest.mark.servers
P = f"/v1/projects/{PROJECT}"
ATTESTATION = {"attestation": {"hint": {"humanReadableName": "qa"}}}
SIGNED = {"serializedPayload": websafe(b"{}"), "signatures": [{"publicKeyId": "k", "signature": websafe(b"s")}]}
REQUIRED = object()


def make_note(rest: Rest, body: dict[str, Any] | None = None, project: str = PROJECT) -> str:
    made = rest.post(f"/v1/projects/{project}/notes?noteId={fresh('n')}", body or ATTESTATION)
    assert made.status == 200, made.document
    return str(made.document["name"])


def occurrence(note: str, **members: Any) -> dict[str, Any]:
    body = {"noteName": note, "resourceUri": f"us-docker.pkg.dev/p/r/{fresh('i')}@sha256:{'a' * 64}"}
    body |= {"attestation": copy.deepcopy(SIGNED)}
    body |= members
    return {name: value for name, value in body.items() if value is not REQUIRED}


def refused(answer: Answer, code: str, field: str = "") -> None:
    status = {"INVALID_ARGUMENT": 400, "FAILED_PRECONDITION": 400, "PERMISSION_DENIED": 403, "NOT_FOUND": 404,
              "ALREADY_EXISTS": 409}[code]  # fmt: skip
    assert (answer.status, answer.error) == (status, code), answer.document
    if field:
        assert field in answer.fields, answer.document


@pytest.mark.parametrize("note_id", ["release", "CVE-2014-9911", "a.b_c", "0", "x" * 256])
def test_note_ids_that_are_accepted(rest: Rest, note_id: str) -> None:
    rest.delete(f"{P}/notes/{note_id}")
    assert rest.post(f"{P}/notes?noteId={note_id}", ATTESTATION).status == 200


@pytest.mark.parametrize("note_id", ["", "a%2Fb", "..", "a:b", "a%20b", "x" * 257, "%C3%A9", "%00", "-a"])
def test_note_ids_that_are_refused(rest: Rest, note_id: str) -> None:
    refused(rest.post(f"{P}/notes?noteId={note_id}", ATTESTATION), "INVALID_ARGUMENT", "noteId")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "note.type"),
        ({"shortDescription": "s"}, "note.type"),
        ({"kind": "BUILD", **ATTESTATION}, "note.kind"),
        ({"kind": "BUILD"}, "note.kind"),
        ({"attestation": {}, "build": {}}, ""),
        ({"kind": "NOPE", **ATTESTATION}, ""),
        ({"kind": 99, **ATTESTATION}, "note.kind"),
        ({"unheardOf": 1, **ATTESTATION}, ""),
        ({"longDescription": "x" * (1 << 20), **ATTESTATION}, "note"),
    ],
)
def test_notes_that_are_refused(rest: Rest, body: dict[str, Any], field: str) -> None:
    refused(rest.post(f"{P}/notes?noteId={fresh('n')}", body), "INVALID_ARGUMENT", field)


def test_a_note_exists_once_in_a_project_that_is_known(rest: Rest) -> None:
    note = make_note(rest)
    again = rest.post(f"{P}/notes?noteId={note.rpartition('/')[2]}", ATTESTATION)
    refused(again, "ALREADY_EXISTS")
    refused(rest.post("/v1/projects/absent/notes?noteId=n", ATTESTATION), "NOT_FOUND")
    refused(rest.get(f"{P}/notes/absent"), "NOT_FOUND")
    refused(rest.delete(f"{P}/notes/absent"), "NOT_FOUND")
    refused(rest.call("PATCH", f"{P}/notes/absent", ATTESTATION), "NOT_FOUND")
    regional = rest.post(f"{P}/locations/us-central1/notes?noteId=n", ATTESTATION)
    refused(regional, "INVALID_ARGUMENT", "parent")


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"noteName": REQUIRED}, "occurrence.noteName"),
        ({"noteName": "projects/p/attestors/a"}, "occurrence.noteName"),
        ({"noteName": f"projects/{NUMBER}/notes/n"}, "occurrence.noteName"),
        ({"noteName": "//containeranalysis.googleapis.com/projects/p/notes/n"}, "occurrence.noteName"),
        ({"noteName": "projects/p/notes/../notes/n"}, "occurrence.noteName"),
        ({"resourceUri": REQUIRED}, "occurrence.resourceUri"),
        ({"resourceUri": "a b"}, "occurrence.resourceUri"),
        ({"resourceUri": "a\u0000b"}, "occurrence.resourceUri"),
        ({"resourceUri": "x" * 2049}, "occurrence.resourceUri"),
        ({"attestation": REQUIRED}, "occurrence.details"),
        ({"attestation": REQUIRED, "build": {}}, "occurrence.kind"),
        ({"kind": "BUILD"}, "occurrence.kind"),
        ({"attestation": {"serializedPayload": "e30="}}, "occurrence.attestation.signatures"),
        ({"attestation": {"signatures": [{"signature": "cw=="}]}}, "occurrence.attestation.signatures[0].publicKeyId"),
        ({"attestation": {"signatures": [{"publicKeyId": "k"}]}}, "occurrence.attestation.signatures[0].signature"),
        ({"attestation": {"signatures": [{"publicKeyId": "k", "signature": "*"}]}}, ""),
        ({"remediation": "x" * (1 << 20)}, "occurrence"),
    ],
)
def test_occurrences_that_are_refused(rest: Rest, members: dict[str, Any], field: str) -> None:
    note = make_note(rest)
    refused(rest.post(f"{P}/occurrences", occurrence(note, **members)), "INVALID_ARGUMENT", field)
    assert rest.post(f"{P}/occurrences", occurrence(note)).status == 200


def test_the_note_must_exist_and_be_of_the_kind(rest: Rest) -> None:
    refused(rest.post(f"{P}/occurrences", occurrence(f"projects/{PROJECT}/notes/absent")), "NOT_FOUND")
    refused(rest.post(f"{P}/occurrences", occurrence("projects/absent/notes/n")), "NOT_FOUND")
    build = make_note(rest, {"build": {}})
    refused(rest.post(f"{P}/occurrences", occurrence(build)), "INVALID_ARGUMENT", "occurrence.kind")
    refused(rest.post("/v1/projects/absent/occurrences", occurrence(build)), "NOT_FOUND")


def test_a_batch_holds_one_to_a_thousand_and_is_whole_or_not_at_all(rest: Rest) -> None:
    note = make_note(rest, {"build": {}})
    path = f"{P}/occurrences:batchCreate"
    refused(rest.post(path, {}), "INVALID_ARGUMENT", "occurrences")
    body = occurrence(note, attestation=REQUIRED, build={})
    refused(rest.post(path, {"occurrences": [body] * 1001}), "INVALID_ARGUMENT", "occurrences")
    refused(rest.post(path, {"occurrences": [body, {**body, "resourceUri": ""}]}), "INVALID_ARGUMENT")
    assert rest.get(f"/v1/{note}/occurrences").document == {}
    made = rest.post(path, {"occurrences": [body] * 1000})
    assert len(made.document["occurrences"]) == 1000
    assert len(rest.get(f"/v1/{note}/occurrences?pageSize=1000").document["occurrences"]) == 1000
    notes = f"{P}/notes:batchCreate"
    refused(rest.post(notes, {}), "INVALID_ARGUMENT", "notes")
    many = {f"{fresh('n')}-{number}": {"build": {}} for number in range(1001)}
    refused(rest.post(notes, {"notes": many}), "INVALID_ARGUMENT", "notes")
    refused(rest.post(notes, {"notes": {"a/b": {"build": {}}}}), "INVALID_ARGUMENT", "noteId")


@pytest.mark.parametrize(
    ("mask", "field"),
    [
        ("nope", "updateMask"),
        ("attestation.nope", "updateMask"),
        ("relatedUrl.url", "updateMask"),
        ("attestation.hint.humanReadableName.x", "updateMask"),
        ("shortDescription,nope", "updateMask"),
        ("*,shortDescription", "updateMask"),
        (",".join(["shortDescription"] * 101), "updateMask"),
        ("attestation", "note.kind"),
        ("build", "note.kind"),
    ],
)
def test_masks_of_notes_that_are_refused(rest: Rest, mask: str, field: str) -> None:
    note = make_note(rest)
    body = {"build": {"builderVersion": "1"}} if mask == "build" else {"shortDescription": "s"}
    refused(rest.call("PATCH", f"/v1/{note}?updateMask={mask}", body), "INVALID_ARGUMENT", field)
    assert "shortDescription" not in rest.get(f"/v1/{note}").document


@pytest.mark.parametrize(
    ("mask", "changed"),
    [
        ("shortDescription", {"shortDescription": "s"}),
        ("short_description", {"shortDescription": "s"}),
        ("attestation.hint.humanReadableName", {"attestation": {"hint": {"humanReadableName": "new"}}}),
        ("shortDescription,attestation.hint", {"shortDescription": "s", "attestation": {"hint": {
            "humanReadableName": "new"}}}),
        ("longDescription", {}),
        ("name,kind,createTime,updateTime", {}),
        ("relatedUrl", {"relatedUrl": [{"url": "u"}]}),
        ("*", {"shortDescription": "s", "relatedUrl": [{"url": "u"}], "attestation": {"hint": {
            "humanReadableName": "new"}}}),
        ("", {"shortDescription": "s", "relatedUrl": [{"url": "u"}], "attestation": {"hint": {
            "humanReadableName": "new"}}}),
    ],
)  # fmt: skip
def test_masks_choose_what_changes(rest: Rest, mask: str, changed: dict[str, Any]) -> None:
    note = make_note(rest)
    before = rest.get(f"/v1/{note}").document
    body = {
        "name": "projects/evil/notes/mine",
        "createTime": "2000-01-01T00:00:00Z",
        "shortDescription": "s",
        "relatedUrl": [{"url": "u"}],
        "attestation": {"hint": {"humanReadableName": "new"}},
    }
    answer = rest.call("PATCH", f"/v1/{note}?updateMask={mask}" if mask else f"/v1/{note}", body)
    assert answer.status == 200
    assert {**answer.document, "updateTime": ""} == {**before, **changed, "updateTime": ""}


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"resourceUri": "other@sha256:" + "b" * 64}, "occurrence.resourceUri"),
        ({"noteName": f"projects/{PROJECT}/notes/other"}, "occurrence.noteName"),
        ({"attestation": REQUIRED, "build": {}}, "occurrence.kind"),
        ({"attestation": REQUIRED}, "occurrence.details"),
    ],
)
def test_what_an_occurrence_is_about_cannot_change(rest: Rest, members: dict[str, Any], field: str) -> None:
    body = occurrence(make_note(rest))
    made = rest.post(f"{P}/occurrences", body).document
    sent = {name: value for name, value in {**body, **members}.items() if value is not REQUIRED}
    refused(rest.call("PATCH", f"/v1/{made['name']}", sent), "INVALID_ARGUMENT", field)
    changed = rest.call("PATCH", f"/v1/{made['name']}", {**body, "remediation": "r"})
    assert changed.document["remediation"] == "r"


@pytest.mark.usefixtures("other_project")
def test_notes_of_another_project_are_attached_to_by_right(rest: Rest, stranger: Rest) -> None:
    note = make_note(rest, project=OTHER_PROJECT)
    body = occurrence(note)
    refused(stranger.post(f"{P}/occurrences", body), "PERMISSION_DENIED")
    editor = [{"role": "roles/containeranalysis.occurrences.editor", "members": ["user:stranger@example.com"]}]
    theirs = rest.post(f"{P}/occurrences", occurrence(make_note(rest))).document["name"]
    rest.post(f"/v1/{theirs}:setIamPolicy", {"policy": {"bindings": editor}})
    assert stranger.get(f"/v1/{theirs}").status == 200
    update = stranger.call("PATCH", f"/v1/{theirs}?updateMask=remediation", {"remediation": "r"})
    refused(update, "PERMISSION_DENIED")
    assert "containeranalysis.notes.attachOccurrence" in update.message
    made = rest.post(f"{P}/occurrences", body)
    assert made.status == 200
    refused(stranger.get(f"/v1/{note}/occurrences"), "PERMISSION_DENIED")
    viewer = [{"role": "roles/containeranalysis.notes.occurrences.viewer", "members": ["user:stranger@example.com"]}]
    rest.post(f"/v1/{note}:setIamPolicy", {"policy": {"bindings": viewer}})
    listed = stranger.get(f"/v1/{note}/occurrences").document["occurrences"]
    assert [each["name"] for each in listed] == [made.document["name"]]


@pytest.mark.usefixtures("other_project")
@pytest.mark.parametrize("path", ["notes", "occurrences", "notes/{note}/occurrences"])
def test_tokens_of_another_list_filter_or_project_are_refused(rest: Rest, path: str) -> None:
    note = make_note(rest)
    make_note(rest, project=OTHER_PROJECT)
    for _ in range(2):
        rest.post(f"{P}/occurrences", occurrence(note))
    path = path.format(note=note.rpartition("/")[2])
    token = rest.get(f"{P}/{path}?pageSize=1").document["nextPageToken"]
    assert rest.get(f"{P}/{path}?pageSize=1&pageToken={token}").status == 200
    other = {"notes": "occurrences", "occurrences": "notes"}.get(path, "occurrences")
    elsewhere = path if "/" not in path else "occurrences"
    for wrong in (
        f"{P}/{other}?pageToken={token}",
        f'{P}/{path}?pageToken={token}&filter=kind="BUILD"',
        f"/v1/projects/{OTHER_PROJECT}/{elsewhere}?pageToken={token}",
        f"{P}/{path}?pageToken={token}x",
        f"{P}/{path}?pageToken=x",
    ):
        refused(rest.get(wrong), "INVALID_ARGUMENT", "pageToken")
    refused(rest.get(f"{P}/{path}?pageSize=-1"), "INVALID_ARGUMENT", "pageSize")


def test_grpc_refuses_with_the_same_details(target: Target, rest: Rest) -> None:
    client = Clients("grpc", target).grafeas()
    over_rest = rest.post(f"{P}/notes?noteId=n", {})
    with pytest.raises(exceptions.InvalidArgument) as caught:
        client.create_note(parent=f"projects/{PROJECT}", note_id="n", note={})
    call = caught.value.errors[0]
    assert isinstance(call, grpc.Call)
    status = rpc_status.from_call(call)
    assert status is not None
    assert status.message == over_rest.message
    bad = error_details_pb2.BadRequest()
    assert status.details[0].Unpack(bad)
    assert [violation.field for violation in bad.field_violations] == over_rest.fields == ["note.type"]
