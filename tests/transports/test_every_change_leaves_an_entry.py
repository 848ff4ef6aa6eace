"""Over the whole method table: a call that may change something leaves one entry with its full name (SPEC 5.4).

Generated: a new row is covered by being in the table.
"""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from binauthz.services import audit
from binauthz.transports.access import Access, access
from binauthz.transports.method import Method
from binauthz.wire import descriptors
from tests.transports.table_calls import OWNER, PRESENT, ROWS, STRANGER, P, Table, requests

WRITES = {name: row for name, row in ROWS.items() if access(row).writes}
READS = {name: row for name, row in ROWS.items() if not access(row).writes}
ABSENT = {"projects": "demo-project"}
V1 = "google.cloud.binaryauthorization.v1"


@pytest.fixture(scope="module")
def table(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    made = Table(runner, tmp_path_factory.mktemp("audited") / "s.db")
    yield made
    made.close()


@pytest.mark.parametrize("row", WRITES.values(), ids=WRITES.keys())
@pytest.mark.parametrize("caller", [STRANGER, OWNER], ids=["refused", "allowed"])
def test_a_change_done_refused_or_failed_leaves_its_entry(table: Table, row: Method, caller: object) -> None:
    asked = 0
    for request in requests(row, ABSENT):
        if not row.resource(request).startswith(P):
            continue
        table.forget_entries()
        answer = table.call(row.full_name, caller, request)  # type: ignore[arg-type]
        payloads = [entry.document["protoPayload"] for entry in table.entries()]
        assert {payload["methodName"] for payload in payloads} == {row.full_name}
        assert len(payloads) == 1
        log = audit.DATA_ACCESS if access(row).of_data else audit.ACTIVITY
        assert table.entries()[0].log_name == f"{P}/logs/{log}"
        payload = payloads[0]
        assert payload["serviceName"].endswith(".googleapis.com")
        assert payload["status"].get("code", 0) == (answer.error.code.number if answer.error else 0)
        assert payload["authorizationInfo"][0]["granted"] is (answer.code != "PERMISSION_DENIED")
        assert payload["resourceName"] == row.resource(request)
        asked += 1
    # An operation of Service Usage is named by itself, and one that is not there lies in no project's log.
    assert asked or row.full_name == "google.longrunning.Operations.CancelOperation"


@pytest.mark.parametrize("row", READS.values(), ids=READS.keys())
def test_a_read_leaves_none(table: Table, row: Method) -> None:
    table.forget_entries()
    for request in requests(row, PRESENT):
        for caller in (OWNER, STRANGER):
            table.call(row.full_name, caller, request)
    assert table.entries() == []


def test_reads_are_kept_in_the_data_access_log_where_asked(
    runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory
) -> None:
    table = Table(runner, tmp_path_factory.mktemp("reads") / "s.db", reads=True)
    request = descriptors.message_class(f"{V1}.GetAttestorRequest")(name=f"{P}/attestors/built-by-ci")
    try:
        assert table.call(f"{V1}.BinauthzManagementServiceV1.GetAttestor", OWNER, request).code == "OK"
        assert [entry.log_name for entry in table.entries()] == [f"{P}/logs/{audit.DATA_ACCESS}"]
    finally:
        table.close()


def test_a_batch_leaves_one_entry(table: Table) -> None:
    table.forget_entries()
    request = descriptors.message_class("grafeas.v1.BatchCreateNotesRequest")(parent=P)
    for number in range(5):
        request.notes[f"n{number}"].attestation.SetInParent()  # type: ignore[attr-defined]
    assert table.call("grafeas.v1.Grafeas.BatchCreateNotes", OWNER, request).code == "OK"
    assert len(table.entries()) == 1


def test_an_operation_of_service_usage_is_logged_in_the_project_that_it_was_about(table: Table) -> None:
    enable = descriptors.message_class("google.api.serviceusage.v1.EnableServiceRequest")
    answer = table.call(
        "google.api.serviceusage.v1.ServiceUsage.EnableService",
        OWNER,
        enable(name=f"{P}/services/logging.googleapis.com"),
    )
    name = descriptors.message_class("google.longrunning.Operation").FromString(answer.raw).name  # type: ignore[attr-defined]
    table.forget_entries()
    codes = []
    for method, caller in (("Cancel", STRANGER), ("Cancel", OWNER), ("Delete", OWNER)):
        request = descriptors.message_class(f"google.longrunning.{method}OperationRequest")(name=name)
        codes.append(table.call(f"google.longrunning.Operations.{method}Operation", caller, request).code)
    assert codes == ["PERMISSION_DENIED", "OK", "OK"]
    payloads = [entry.document["protoPayload"] for entry in table.entries()]
    assert [payload["methodName"].rpartition(".")[2] for payload in payloads] == [
        *("CancelOperation", "CancelOperation", "DeleteOperation")
    ]
    assert {payload["serviceName"] for payload in payloads} == {"serviceusage.googleapis.com"}
    assert {payload["resourceName"] for payload in payloads} == {name}


def test_every_permission_of_the_table_is_known_to_read_or_to_write() -> None:
    sorted_ = {name: access(row) for name, row in ROWS.items()}
    reading = {name for name, kind in sorted_.items() if kind in {Access.ADMIN_READ, Access.DATA_READ}}
    verbs = (
        *("Get", "BatchGet", "List", "Search", "Test", "Validate", "Evaluate", "Read", "Fetch", "GenerateCredentials"),
        *("GenerateRandomBytes", "Asymmetric", "Mac", "Encrypt", "Decrypt", "Raw"),
    )
    assert [name for name in reading if not name.rpartition(".")[2].startswith(verbs)] == []


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        ("google.container.v1.SetMasterAuthRequest", {"update": {"password": "HUNTER2", "client_key": "HUNTER2"}}),
        ("google.cloud.kms.v1.EncryptRequest", {"plaintext": b"HUNTER2"}),
        ("google.cloud.kms.v1.AsymmetricSignRequest", {"data": b"HUNTER2"}),
        ("google.cloud.kms.v1.ImportCryptoKeyVersionRequest", {"wrapped_key": b"HUNTER2"}),
    ],
)
def test_a_secret_of_a_request_enters_no_entry(message: str, fields: dict[str, object]) -> None:
    from binauthz.transports.audit import _document  # noqa: PLC0415 - what becomes of any request, served or not

    text = json.dumps(_document(descriptors.message_class(message)(**fields)))
    assert "HUNTER2" not in text
    assert "SFVOVEVSMg" not in text
    assert "[redacted]" in text


def evaluation(mode: str) -> Any:
    from binauthz.wire.fields import set_enum  # noqa: PLC0415 - for this request alone

    request: Any = descriptors.message_class(f"{V1}.EvaluateGkePolicyRequest")(name=f"{P}/platforms/gke/policies/p")
    container = {"image": f"gcr.io/p/app@sha256:{'a' * 64}", "env": [{"name": "DB", "value": "HUNTER2"}]}
    request.resource.update({"kind": "Pod", "apiVersion": "v1", "spec": {"containers": [container]}})
    set_enum(request, "attestation_mode", mode)
    return request


def test_an_evaluation_that_asks_for_signatures_is_a_write_and_names_the_images(table: Table) -> None:
    evaluate = f"{V1}.PlatformPolicyEvaluationService.EvaluateGkePolicy"
    table.forget_entries()
    table.call(evaluate, OWNER, evaluation("ATTESTATION_MODE_UNSPECIFIED"))
    assert table.entries() == []
    for caller, code in ((STRANGER, "PERMISSION_DENIED"), (OWNER, "NOT_FOUND")):
        table.forget_entries()
        assert table.call(evaluate, caller, evaluation("GENERATE_DEPLOY")).code == code
        (entry,) = table.entries()
        assert entry.log_name == f"{P}/logs/{audit.DATA_ACCESS}"
        assert entry.document["protoPayload"]["request"]["images"] == [f"gcr.io/p/app@sha256:{'a' * 64}"]
        assert "HUNTER2" not in json.dumps(entry.document)


def test_what_is_too_large_for_its_entry_is_not_attested(table: Table) -> None:
    request = evaluation("GENERATE_DEPLOY")
    request.resource.update({"metadata": {"annotations": {"a": "x" * 300_000}}})
    answer = table.call(f"{V1}.PlatformPolicyEvaluationService.EvaluateGkePolicy", OWNER, request)
    assert answer.code == "INVALID_ARGUMENT"
    request.ClearField("attestation_mode")
    assert table.call(f"{V1}.PlatformPolicyEvaluationService.EvaluateGkePolicy", OWNER, request).code == "NOT_FOUND"
