"""Google's libraries for Node.js, unmodified: over gRPC, and over REST as their fallback."""

from collections.abc import Callable

import pytest

from tests.conformance.node import Node, modules
from tests.conformance.server import PROJECT, Target
from tests.conformance.services import (
    ANALYSIS,
    ANALYSIS_BETA,
    BINAUTHZ,
    BINAUTHZ_BETA,
    GRAFEAS,
    GRAFEAS_BETA,
    IAM,
    SYSTEM,
    SYSTEM_BETA,
)

pytestmark = [pytest.mark.servers, pytest.mark.clients]
DOORS = ("grpc", "rest")
# Its own fallback gives an error's HTTP status where the error carries no details.
CODES = {"grpc": {"conflict": 6, "invalid": 3, "absent": 5}, "rest": {"conflict": 409, "invalid": 400, "absent": 404}}


@pytest.fixture(scope="module")
def node(need: Callable[[str], str], target: Target) -> Node:
    return Node(need("node"), modules(need), target)


@pytest.mark.shows(GRAFEAS, "CreateNote", "GetNote", "ListNotes", "UpdateNote", "DeleteNote")
@pytest.mark.shows(GRAFEAS, "CreateOccurrence", "BatchCreateOccurrences", "GetOccurrence", "GetOccurrenceNote")
@pytest.mark.shows(GRAFEAS, "ListOccurrences", "ListNoteOccurrences", "DeleteOccurrence")
@pytest.mark.parametrize("door", DOORS)
def test_notes_and_occurrences_live_a_life(node: Node, door: str) -> None:
    found = node("grafeas", door)
    assert found["name"].startswith(f"projects/{PROJECT}/notes/npm-")
    assert (found["kind"], found["same"], found["walked"]) == ("ATTESTATION", True, True)
    assert found["changed"] == ["short", "npm"]
    assert (found["batch"], found["listed"], found["payload"]) == (2, 3, "{}")
    assert found["attached"] == ["a", "b", "c"]
    assert found["owner"] == found["name"]
    for trouble, code in CODES[door].items():
        assert found[trouble]["code"] == code
    assert "already exists in project" in found["conflict"]["message"]


@pytest.mark.shows(ANALYSIS, "GetIamPolicy", "SetIamPolicy", "TestIamPermissions")
@pytest.mark.shows(ANALYSIS_BETA, "GetIamPolicy", "SetIamPolicy", "TestIamPermissions")
@pytest.mark.parametrize("door", DOORS)
def test_who_may_attach_to_a_note_in_both_versions(node: Node, door: str) -> None:
    found = node("iam", door)
    for version in ("v1", "v1beta1"):
        assert found[version] == {"members": ["user:a@example.com"], "held": ["containeranalysis.notes.get"]}


@pytest.mark.shows(GRAFEAS_BETA, "CreateNote", "CreateOccurrence", "ListNoteOccurrences")
@pytest.mark.shows(GRAFEAS_BETA, "DeleteOccurrence", "DeleteNote")
@pytest.mark.parametrize("door", DOORS)
def test_v1beta1_has_its_own_shapes(node: Node, door: str) -> None:
    found = node("beta", door)
    assert (found["kind"], found["key"], found["listed"]) == ("ATTESTATION", "k", 1)
    assert found["absent"]["code"] == 5


@pytest.mark.shows(BINAUTHZ, "GetPolicy", "UpdatePolicy", "CreateAttestor", "UpdateAttestor", "ListAttestors")
@pytest.mark.shows(BINAUTHZ, "DeleteAttestor")
@pytest.mark.shows(BINAUTHZ_BETA, "GetPolicy", "UpdatePolicy", "CreateAttestor", "UpdateAttestor", "ListAttestors")
@pytest.mark.shows(BINAUTHZ_BETA, "DeleteAttestor")
@pytest.mark.shows(SYSTEM, "GetSystemPolicy")
@pytest.mark.shows(SYSTEM_BETA, "GetSystemPolicy")
@pytest.mark.shows(IAM, "GetIamPolicy")
def test_binary_authorization_in_both_public_versions(node: Node) -> None:
    found = node("binauthz", "rest")
    for version in ("v1", "v1beta1"):
        seen = found[version]
        assert (seen["reference"], seen["listed"], seen["system"]) == (True, True, True)
        assert (seen["description"], seen["etag"]) == ("changed", "ACAB")
        assert seen["policy"] == [f"projects/{PROJECT}/policy"] * 2
        assert seen["absent"]["code"] == 404
