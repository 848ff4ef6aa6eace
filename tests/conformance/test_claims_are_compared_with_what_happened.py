"""A claim counts only if an unmodified client was answered; the witness tells clients and answers apart, and compares
the changes with the audit log."""

from typing import Any

import pytest

from tests.conformance.rest import Rest
from tests.conformance.server import NUMBER, OTHER_PROJECT, PROJECT
from tests.conformance.services import BINAUTHZ
from tests.conformance.witness.entries import unaccounted
from tests.conformance.witness.ledger import Call, Ledger, client_of, unshown

GET = f"{BINAUTHZ}.GetPolicy"
UPDATE = f"{BINAUTHZ}.UpdatePolicy"


def call(client: str = "library", status: str = "OK", method: str = GET) -> Call:
    return Call(method=method, door="rest", client=client, status=status)


def test_an_answer_to_an_unmodified_client_shows_its_method() -> None:
    assert unshown([call()], BINAUTHZ, ["GetPolicy"]) == []
    assert unshown([call("gcloud")], BINAUTHZ, ["GetPolicy"]) == []


@pytest.mark.parametrize("seen", [[], [call(status="NOT_FOUND")], [call("curl")], [call(method=UPDATE)]])
def test_nothing_else_does(seen: list[Call]) -> None:
    assert unshown(seen, BINAUTHZ, ["GetPolicy"]) == [GET]


def test_curl_counts_where_the_claim_says_so() -> None:
    assert unshown([call("curl")], BINAUTHZ, ["GetPolicy"], curl=True) == []


@pytest.mark.parametrize(
    ("api_client", "user_agent", "client"),
    [
        ("", "google-cloud-sdk gcloud/528.0.0 command/gcloud.container", "gcloud"),
        ("gl-python/3.11.7 grpc/1.85.1 gapic/1.20.0", "grpc-python/1.85", "library"),
        ("gl-node/20.20.2 grpc/1.14.0 gapic/4.0.0", "grpc-node-js/1.14", "library"),
        ("gdcl/2.202.0 gl-python/3.11.7", "(gzip)", "library"),
        ("", "curl/8.0", "curl"),
        ("", "Python-urllib/3.11", "curl"),
    ],
)
def test_clients_are_told_apart_by_how_they_introduce_themselves(api_client: str, user_agent: str, client: str) -> None:
    assert client_of(api_client, user_agent) == client


def entry(method: str = UPDATE, code: int = 0, *, project: str = PROJECT) -> dict[str, Any]:
    payload = {"methodName": method, "resourceName": f"projects/{NUMBER}/policy", "status": {"code": code}}
    return {"logName": f"projects/{project}/logs/x", "protoPayload": payload}


@pytest.mark.parametrize(
    ("calls", "entries", "faults"),
    [
        ([call(method=UPDATE), call()], [entry()], 0),
        ([call(method=UPDATE)] * 2, [entry(), entry(code=7), entry()], 0),
        ([call(method=UPDATE, status="NOT_FOUND")], [], 0),
        ([call(method=UPDATE)], [], 1),
        ([call(method=UPDATE)], [entry(code=7)], 1),
        ([call(method=UPDATE)], [entry(), entry()], 1),
        ([call(method=UPDATE, status="NOT_FOUND")], [entry()], 1),
        ([call(method=UPDATE)], [entry(project=OTHER_PROJECT)], 1),
        ([call()], [entry(GET, code=7)], 1),
    ],
)
def test_a_change_is_accounted_for_by_one_entry_of_success_in_its_project(
    calls: list[Call], entries: list[dict[str, Any]], faults: int
) -> None:
    assert len(unaccounted(calls, entries, {f"projects/{NUMBER}": f"projects/{PROJECT}"})) == faults


@pytest.mark.servers
def test_the_witness_notes_the_method_of_a_path_and_the_status_of_its_answer(rest: Rest, ledger: Ledger) -> None:
    mark = ledger.mark
    rest.get(f"/v1/projects/{PROJECT}/policy")
    rest.get(f"/v1/projects/{PROJECT}/attestors/absent")
    rest.get("/v1/nowhere")
    assert [(each.method, each.status, each.client) for each in ledger.since(mark)] == [
        (GET, "OK", "curl"),
        (f"{BINAUTHZ}.GetAttestor", "NOT_FOUND", "curl"),
        ("", "NOT_FOUND", "curl"),
    ]
