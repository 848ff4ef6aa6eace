"""The judge of answers itself: it passes what the discovery documents describe, and nothing beside it."""

from typing import Any

import pytest

from binauthz.transports.methods import METHODS
from binauthz.transports.routes import bindings
from binauthz.wire import descriptors
from tests.conformance.witness.schemas import Schemas

RULE = {"evaluationMode": "ALWAYS_ALLOW", "enforcementMode": "ENFORCED_BLOCK_AND_AUDIT_LOG"}
GET_POLICY = "google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1.GetPolicy"


def fault(schemas: Schemas, method: str, answer: Any, *, numeric: bool = False) -> str:
    found = descriptors.methods()[method]
    verb, template, _ = next(bindings(found))
    return schemas.fault(found, verb, template, answer, numeric_enums=numeric)


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        ({"defaultAdmissionRule": RULE, "updateTime": "2026-05-01T00:00:00.123456Z"}, ""),
        ({"invented": 1}, "invented"),
        ({"default_admission_rule": RULE}, "default_admission_rule"),
        ({"defaultAdmissionRule": {**RULE, "evaluationMode": "SOMETIMES"}}, "SOMETIMES"),
        ({"defaultAdmissionRule": {**RULE, "evaluationMode": 1}}, "1 is not of type"),
        ({"clusterAdmissionRules": {"a.b": {"deep": 1}}}, "deep"),
        ({"clusterAdmissionRules": []}, "object"),
        ({"admissionWhitelistPatterns": {}}, "array"),
        ({"description": None}, "None"),
        ({"updateTime": "yesterday"}, "google-datetime"),
        ({"updateTime": "2026-05-01T00:00:00+00:00"}, "google-datetime"),
        ([], "object"),
    ],
)
def test_a_policy_has_its_published_members(schemas: Schemas, answer: Any, word: str) -> None:
    found = fault(schemas, GET_POLICY, answer)
    assert bool(found) is bool(word)
    assert word in found


def test_enums_are_numbers_where_the_client_asked_for_numbers(schemas: Schemas) -> None:
    assert not fault(schemas, GET_POLICY, {"globalPolicyEvaluationMode": 1}, numeric=True)
    assert fault(schemas, GET_POLICY, {"globalPolicyEvaluationMode": "ENABLE"}, numeric=True)


@pytest.mark.parametrize(
    ("payload", "good"), [("+/8=", True), ("-_8=", False), ("+/8", False), ("!", False), ("", True)]
)
def test_bytes_are_standard_base64(schemas: Schemas, payload: str, good: bool) -> None:
    answer = {"attestation": {"serializedPayload": payload}}
    assert (fault(schemas, "grafeas.v1.Grafeas.GetOccurrence", answer) == "") is good


@pytest.mark.parametrize(("number", "good"), [("0", True), ("12", True), (12, False), ("1.5", False), ("01", False)])
def test_int64_is_a_string_of_digits(schemas: Schemas, number: Any, good: bool) -> None:
    answer = {"projectId": "p", "projectNumber": number}
    assert (fault(schemas, "google.cloud.resourcemanager.v1.Projects.GetProject", answer) == "") is good


def test_v1alpha2_is_held_to_the_document_of_v1beta1(schemas: Schemas) -> None:
    method = "google.cloud.binaryauthorization.v1alpha2.BinauthzManagementServiceV1Alpha2.GetAttestor"
    assert not fault(schemas, method, {"userOwnedDrydockNote": {"noteReference": "projects/p/notes/n"}})
    assert "userOwnedGrafeasNote" in fault(schemas, method, {"userOwnedGrafeasNote": {}})


@pytest.mark.parametrize(
    ("status", "answer", "good"),
    [
        (404, {"error": {"code": 404, "message": "x", "status": "NOT_FOUND"}}, True),
        (400, {"error": {"code": 404, "message": "x", "status": "NOT_FOUND"}}, False),
        (404, {"error": {"code": 404, "message": "", "status": "NOT_FOUND"}}, False),
        (404, {"error": {"code": 404, "message": "x", "status": "MISSING"}}, False),
        (404, {"error": {"code": 404, "message": "x", "status": "NOT_FOUND", "details": [{}]}}, False),
        (404, {"detail": "Not Found"}, False),
    ],
)
def test_an_error_has_googles_shape(schemas: Schemas, status: int, answer: dict[str, Any], good: bool) -> None:
    assert (schemas.error_fault(status, answer) == "") is good


def test_every_route_of_every_served_method_has_a_schema(schemas: Schemas) -> None:
    for row in METHODS:
        method = descriptors.methods()[row.full_name]
        for verb, template, _ in bindings(method):
            found = schemas.fault(method, verb, template, {})
            assert "no discovery document" not in found, found
