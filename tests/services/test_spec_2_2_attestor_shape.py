"""SPEC 2.2, 2.3: what an attestor may say of itself, what it may change, and what it ignores when it is sent back."""

import pytest

from binauthz.attestation.model import Attestor
from binauthz.store.records import Note
from tests.services.api import NOTE, OTHER, PROJECT, Api, Refused, api
from tests.services.conftest import NOW

__all__ = ["api"]

LIST = "/v1/projects/demo-project/attestors"
GOOD = {"userOwnedGrafeasNote": {"noteReference": NOTE}}
NOTE_FIELD = "attestor.userOwnedGrafeasNote.noteReference"
AGENT = "service-123456789012@gcp-sa-binaryauthorization.iam.gserviceaccount.com"


def noting(reference: object) -> dict[str, object]:
    return {"userOwnedGrafeasNote": {"noteReference": reference}}


@pytest.mark.parametrize("attestor", ["manually-verified", "my_attestor", "build-secure", "A1", "a" * 128])
def test_documented_ids_are_accepted(api: Api, attestor: str) -> None:
    assert api.ok("POST", f"{LIST}?attestorId={attestor}", GOOD)["name"] == f"{PROJECT}/attestors/{attestor}"


@pytest.mark.parametrize(
    "attestor", ["", "-a", "_a", "a.b", "a%2Fb", "a%20b", "%C3%A9", "a:b", "..", "a" * 129, "built-by-cloud-build"]
)
def test_other_ids_and_the_reserved_one_are_refused(api: Api, attestor: str) -> None:
    api.judge(Refused("attestorId"), "POST", f"{LIST}?attestorId={attestor}", GOOD)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (GOOD, None),
        (noting(f"{OTHER}/notes/theirs"), None),
        ({}, Refused(NOTE_FIELD)),
        (noting(""), Refused(NOTE_FIELD)),
        (noting("release"), Refused(NOTE_FIELD)),
        (noting("projects/demo-project/notes"), Refused(NOTE_FIELD)),
        (noting("projects/demo-project/notes/a/b"), Refused(NOTE_FIELD)),
        (noting("projects/123456789012/notes/release"), Refused(NOTE_FIELD)),
        (noting("providers/demo-project/notes/release"), Refused(NOTE_FIELD)),
        (noting(7), Refused()),
        (noting(f"{PROJECT}/notes/gone"), Refused(code=404, status="NOT_FOUND")),
    ],
)
def test_the_note_exists_and_is_named_by_project_id(
    api: Api, body: dict[str, object], expected: Refused | None
) -> None:
    api.put(Note(name=f"{OTHER}/notes/theirs", kind="ATTESTATION", create_time=NOW, update_time=NOW, body=b""))
    api.judge(expected, "POST", f"{LIST}?attestorId=x", body)


def test_the_note_never_changes(api: Api) -> None:
    api.put(Note(name=f"{PROJECT}/notes/other", kind="ATTESTATION", create_time=NOW, update_time=NOW, body=b""))
    api.judge(Refused(NOTE_FIELD), "PUT", f"{LIST}/qa", noting(f"{PROJECT}/notes/other"))
    assert api.ok("GET", f"{LIST}/qa")["userOwnedGrafeasNote"]["noteReference"] == NOTE


def test_a_description_of_4096_characters_is_accepted_and_one_more_is_not(api: Api) -> None:
    for verb, path in (("POST", f"{LIST}?attestorId=x"), ("PUT", f"{LIST}/qa")):
        api.judge(Refused("attestor.description"), verb, path, {**GOOD, "description": "x" * 4097})
        api.ok(verb, path, {**GOOD, "description": "é" * 4096})


@pytest.mark.parametrize("verb", ["POST", "PUT"])
def test_members_that_the_server_sets_are_ignored(api: Api, verb: str) -> None:
    block = {"noteReference": NOTE, "delegationServiceAccountEmail": "mine@example.com"}
    sent = {
        "name": f"{PROJECT}/attestors/ignored",
        "userOwnedGrafeasNote": block,
        "updateTime": "2019-06-26T16:58:33.977438Z",
        "etag": '"stale"',
    }
    if verb == "PUT":
        api.put(Attestor(name=f"{PROJECT}/attestors/x", note=NOTE, delegation_service_account=AGENT))
    made = api.ok(verb, f"{LIST}?attestorId=x" if verb == "POST" else f"{LIST}/x", sent)
    assert made["name"] == f"{PROJECT}/attestors/x"
    assert made["userOwnedGrafeasNote"]["delegationServiceAccountEmail"] == AGENT
    assert made["updateTime"] == "2026-05-01T12:00:00Z"
    assert made["etag"] != '"stale"'


def test_what_was_read_may_be_written_back(api: Api) -> None:
    """As gcloud does, for want of a PATCH."""
    made = api.ok("POST", f"{LIST}?attestorId=x", GOOD)
    again = api.ok("PUT", f"{LIST}/x", made)
    assert {**again, "etag": ""} == {**made, "etag": ""}


@pytest.mark.parametrize(
    ("version", "block"), [("v1beta1", "userOwnedDrydockNote"), ("v1alpha2", "userOwnedDrydockNote")]
)
def test_older_versions_say_drydock(api: Api, version: str, block: str) -> None:
    path = f"/{version}/projects/demo-project/attestors"
    api.judge(Refused(), "POST", f"{path}?attestorId=x", GOOD)
    made = api.ok("POST", f"{path}?attestorId=x", {block: {"noteReference": NOTE}})
    assert made[block]["noteReference"] == NOTE
    assert api.ok("GET", f"{LIST}/x")["userOwnedGrafeasNote"]["noteReference"] == NOTE


def test_a_project_holds_200_attestors(api: Api) -> None:
    api.put(*(Attestor(name=f"{PROJECT}/attestors/a{number}", note=NOTE) for number in range(198)))
    api.ok("POST", f"{LIST}?attestorId=last", GOOD)
    api.judge(Refused(code=429, status="RESOURCE_EXHAUSTED"), "POST", f"{LIST}?attestorId=more", GOOD)
