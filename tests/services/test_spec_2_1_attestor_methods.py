"""SPEC 2.1: what each method of attestors answers, and for whom it is not there."""

import pytest

from binauthz.attestation.model import Attestor
from tests.services.api import NOTE, PROJECT, Api, Refused, api

__all__ = ["api"]

LIST = "/v1/projects/demo-project/attestors"
QA = f"{LIST}/qa"
GOOD = {"userOwnedGrafeasNote": {"noteReference": NOTE}}
ABSENT = Refused(code=404, status="NOT_FOUND")


def test_create_get_update_list_delete(api: Api) -> None:
    made = api.ok("POST", f"{LIST}?attestorId=build", GOOD)
    assert made["name"] == f"{PROJECT}/attestors/build"
    assert api.ok("GET", f"{LIST}/build") == made
    assert api.ok("PUT", f"{LIST}/build", {**made, "description": "x"})["description"] == "x"
    assert [each["name"].rpartition("/")[2] for each in api.ok("GET", LIST)["attestors"]] == ["build", "qa"]
    assert api.ok("DELETE", f"{LIST}/build") == {}
    api.judge(ABSENT, "GET", f"{LIST}/build")


@pytest.mark.parametrize(
    ("expected", "verb", "path", "body"),
    [
        (Refused(code=409, status="ALREADY_EXISTS"), "POST", f"{LIST}?attestorId=qa", GOOD),
        (ABSENT, "POST", "/v1/projects/no-such-project/attestors?attestorId=x", GOOD),
        (ABSENT, "GET", f"{LIST}/gone", None),
        (ABSENT, "GET", "/v1/projects/no-such-project/attestors/qa", None),
        (ABSENT, "PUT", f"{LIST}/gone", GOOD),
        (ABSENT, "DELETE", f"{LIST}/gone", None),
        (ABSENT, "POST", f"{LIST}/gone:validateAttestationOccurrence", None),
        # Not NOT_FOUND, as everywhere else (SPEC 13.32).
        (Refused("parent"), "GET", "/v1/projects/no-such-project/attestors", None),
        (Refused(), "GET", f"{LIST}?pageSize=-1", None),
        (Refused(), "GET", f"{LIST}?pageSize=many", None),
        (Refused(), "GET", f"{LIST}?pageToken=guessed", None),
    ],
)
def test_what_is_not_there_or_there_already(
    api: Api, expected: Refused, verb: str, path: str, body: dict[str, object] | None
) -> None:
    if path.endswith("Occurrence"):
        body = {"attestation": SIGNED, "occurrenceNote": NOTE, "occurrenceResourceUri": IMAGE}
    api.judge(expected, verb, path, body)


IMAGE = f"us-docker.pkg.dev/p/r/app@sha256:{'7' * 64}"
SIGNED = {"serializedPayload": "e30=", "signatures": [{"publicKeyId": "k", "signature": "AAAA"}]}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({}, None),
        ({"attestation": {}}, "attestation"),
        ({"occurrenceNote": ""}, "occurrenceNote"),
        ({"occurrenceNote": "release"}, "occurrenceNote"),
        ({"occurrenceNote": "projects/123456789012/notes/release"}, "occurrenceNote"),
        ({"occurrenceResourceUri": ""}, "occurrenceResourceUri"),
        ({"occurrenceResourceUri": "x" * 3000}, "occurrenceResourceUri"),
    ],
)
def test_validation_asks_for_all_of_its_members(api: Api, change: dict[str, object], field: str | None) -> None:
    body = {"attestation": SIGNED, "occurrenceNote": NOTE, "occurrenceResourceUri": IMAGE, **change}
    expected = None if field is None else Refused()
    answer = api.judge(expected, "POST", f"{QA}:validateAttestationOccurrence", body)
    if field is None:
        assert answer["result"] == "ATTESTATION_NOT_VERIFIABLE"
        assert answer["denialReason"]
    else:
        assert field in str(answer)


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_pages_follow_one_another(api: Api, size: int) -> None:
    api.put(*(Attestor(name=f"{PROJECT}/attestors/{name}", note=NOTE) for name in "abcd"))
    seen, token = [], ""
    while True:
        page = api.ok("GET", f"{LIST}?pageSize={size}&pageToken={token}")
        seen += [each["name"].rpartition("/")[2] for each in page["attestors"]]
        token = page.get("nextPageToken", "")
        if not token:
            break
    assert seen == ["a", "b", "c", "d", "qa"]


@pytest.mark.parametrize(
    "path", [f"{LIST}//qa", f"{LIST}/..", f"{LIST}/q%2fa", f"{LIST}/qa:surprise", f"{LIST}/qa/extra", f"{LIST}/%00"]
)
def test_B113_a_path_with_another_reading_is_no_attestor(api: Api, path: str) -> None:
    status, document = api.call("GET", path)
    assert status in {400, 404}
    assert document["error"]["status"] in {"INVALID_ARGUMENT", "NOT_FOUND"}
