"""The REST door over a toy table: what goes in, comes out, and is refused (SPEC 0.1, THREATS B100-B102, B110)."""

import asyncio
import json
import logging
from typing import Any

import pytest

from tests.transports.toy import Client, Toy

ATTESTOR = {"userOwnedGrafeasNote": {"noteReference": "projects/p/notes/n"}}


@pytest.fixture
def toy() -> Toy:
    return Toy()


@pytest.fixture
def client(toy: Toy) -> Client:
    return Client(toy.dispatcher())


def run(work: Any) -> Any:
    return asyncio.run(work)


def test_create_get_list_update_delete(client: Client, toy: Toy) -> None:
    made = run(client.call("POST", "/v1/projects/p/attestors?attestorId=a&alt=json", ATTESTOR))
    assert (made.status, made.json["name"]) == (200, "projects/p/attestors/a")
    assert made.headers["content-type"].startswith("application/json")
    assert run(client.call("GET", "/v1/projects/p/attestors/a")).json == made.json
    assert run(client.call("GET", "/v1/projects/p/attestors/")).json == {"attestors": [made.json]}
    changed = run(client.call("PUT", "/v1/projects/p/attestors/a", {**made.json, "name": "projects/evil/attestors/x"}))
    assert changed.json["name"] == "projects/p/attestors/a", "the path wins over the body"
    deleted = run(client.call("DELETE", "/v1/projects/p/attestors/a"))
    assert (deleted.status, deleted.json) == (200, {})


@pytest.mark.parametrize("spelling", ["pageSize=7&pageToken=t", "page_size=7&page_token=t"])
def test_query_parameters_fill_fields_in_either_spelling(client: Client, toy: Toy, spelling: str) -> None:
    assert run(client.call("GET", f"/v1/projects/p/attestors?{spelling}")).status == 200
    assert (toy.requests[-1].page_size, toy.requests[-1].page_token) == (7, "t")


def test_nested_query_parameters_fill_nested_fields(client: Client) -> None:
    found = run(client.call("GET", "/v1/projects/p/attestors/a:getIamPolicy?options.requestedPolicyVersion=3"))
    assert found.json == {"version": 3}


def test_standard_parameters_are_legal_everywhere(client: Client) -> None:
    standard = (
        "alt=json&prettyPrint=false&fields=*&$.xgafv=2&key=k&quotaUser=q&uploadType=u&upload_protocol=r&callback=c"
    )
    answer = run(client.call("GET", f"/v1/projects/p/attestors?{standard}&%24alt=json%3Benum-encoding%3Dint"))
    assert (answer.status, answer.body) == (200, b"{}")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            "x=1",
            (
                'Invalid JSON payload received. Unknown name "x": Cannot bind query parameter. '
                "Field 'x' could not be found in request message."
            ),
        ),
        ("pageSize=many", "Invalid value at 'page_size' (TYPE_INT32), \"many\""),
        ("pageSize=1&pageSize=2", "Invalid value at 'page_size' (TYPE_INT32), the parameter was given twice"),
        ("pageSize.x=1", None),
        ("pageToken=%ff", None),
        ("alt=xml", None),
        ("&".join(f"a{number}=" for number in range(1000)), None),
        ("pageToken=" + "x" * 100_000, None),
    ],
)
def test_bad_parameters_are_refused_by_name(client: Client, query: str, message: str | None) -> None:
    answer = run(client.call("GET", f"/v1/projects/p/attestors?{query}"))
    assert (answer.status, answer.error["status"]) == (400, "INVALID_ARGUMENT")
    if message is not None:
        assert answer.error["message"] == message
        assert answer.error["details"][0]["@type"] == "type.googleapis.com/google.rpc.BadRequest"


def test_a_body_fault_names_the_field_under_the_body(client: Client, toy: Toy) -> None:
    answer = run(client.call("POST", "/v1/projects/p/attestors?attestorId=a", {"nope": 1}))
    assert answer.error["message"] == (
        "Invalid JSON payload received. Unknown name \"nope\" at 'attestor': Cannot find field."
    )
    assert answer.error["details"][0]["fieldViolations"][0]["field"] == "attestor"
    assert not toy.attestors, "nothing was written"


def test_errors_of_use_cases_have_googles_shape(client: Client) -> None:
    answer = run(client.call("GET", "/v1/projects/p/attestors/none"))
    assert answer.json == {
        "error": {
            "code": 404,
            "message": "Attestor `projects/p/attestors/none` does not exist.",
            "status": "NOT_FOUND",
        }
    }
    missing = run(client.call("POST", "/v1/projects/p/attestors", {}))
    assert missing.error["details"] == [
        {
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": [{"field": "attestor_id", "description": "expected an id, got nothing"}],
        }
    ]


def test_a_denied_caller_learns_the_permission_and_resource(client: Client, toy: Toy) -> None:
    answer = run(client.call("GET", "/v1/projects/forbidden/attestors/a"))
    assert (answer.status, answer.error["status"]) == (403, "PERMISSION_DENIED")
    assert answer.error["details"][0]["metadata"] == {
        "permission": "toy.GetAttestor",
        "resource": "projects/forbidden/attestors/a",
    }
    assert [(outcome.resource, outcome.code and outcome.code.name) for outcome in toy.outcomes] == [
        ("projects/forbidden/attestors/a", "PERMISSION_DENIED")
    ]


@pytest.mark.parametrize("token", [None, "", "bad-token", "x" * 10_000])
def test_B100_without_a_good_token_nothing_runs_and_no_body_is_read(
    client: Client, toy: Toy, token: str | None
) -> None:
    answer = run(client.call("POST", "/v1/projects/p/attestors?attestorId=a", ATTESTOR, token=token))
    assert (answer.status, answer.error["status"]) == (401, "UNAUTHENTICATED")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert client.chunks_read == 0
    assert not toy.attestors


@pytest.mark.parametrize("header", ["Basic Zm9v", "good-token", "Bearer", "Bearer  ", "Bearer good-token x"])
def test_B100_other_schemes_are_refused(client: Client, header: str) -> None:
    answer = run(client.call("GET", "/v1/projects/p/attestors", token=None, headers={"authorization": header}))
    assert answer.status == 401


def test_B100_a_token_in_the_url_is_not_a_credential(client: Client) -> None:
    answer = run(client.call("GET", "/v1/projects/p/attestors?access_token=good-token", token=None))
    assert answer.status == 401
    assert b"good-token" not in answer.body


def test_B101_a_body_past_the_limit_is_never_held(toy: Toy) -> None:
    client = Client(toy.dispatcher(), max_body=1000)
    chunks = [b" " * 400] * 1000
    answer = run(client.call("POST", "/v1/projects/p/attestors?attestorId=a", chunks))
    assert (answer.status, answer.error["code"]) == (413, 413)
    assert answer.error["message"] == "Request payload size exceeds the limit: 1000 bytes."
    assert client.chunks_read == 3
    announced = run(client.call("POST", "/v1/projects/p/attestors", chunks, headers={"content-length": "20971520"}))
    assert (announced.status, client.chunks_read) == (413, 0)


def test_B101_a_compressed_body_is_refused(client: Client) -> None:
    answer = run(client.call("POST", "/v1/projects/p/attestors", b"\x1f\x8b", headers={"content-encoding": "gzip"}))
    assert answer.status == 415


@pytest.mark.parametrize("body", [b"{", b'{"a":' * 50_000, b'{"name": "a", "name": "b"}', b"[1]", b"\xff", b'"x"'])
def test_B102_bad_json_has_the_error_shape(client: Client, body: bytes) -> None:
    answer = run(client.call("POST", "/v1/projects/p/attestors?attestorId=a", body))
    assert set(answer.json) == {"error"}
    assert (answer.status, answer.error["code"], answer.error["status"]) == (400, 400, "INVALID_ARGUMENT")


def test_B110_an_internal_error_says_only_where_to_look(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        answer = run(client.call("GET", "/v1/projects/p/attestors/broken"))
    assert (answer.status, answer.error["status"]) == (500, "INTERNAL")
    assert "SECRET" not in answer.body.decode()
    request_id = answer.error["message"].rpartition(" ")[2].rstrip(".")
    assert request_id in caplog.text
    assert "SECRET" in caplog.text


def test_a_method_without_a_row_says_so_and_where_to_look(client: Client) -> None:
    answer = run(client.call("GET", "/v1/projects/p/policy"))
    assert (answer.status, answer.error["status"]) == (501, "UNIMPLEMENTED")
    assert "BinauthzManagementServiceV1.GetPolicy" in answer.error["message"]
    assert "docs/coverage.md" in answer.error["message"]


@pytest.mark.parametrize("verb", ["HEAD", "OPTIONS", "TRACE", "PATCH", "BREW", "get"])
def test_other_http_methods_are_405(client: Client, verb: str) -> None:
    answer = run(client.call(verb, "/v1/projects/p/attestors"))
    assert (answer.status, answer.headers["allow"]) == (405, "GET, POST")


def test_any_content_type_is_json(client: Client) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = run(client.call("POST", "/v1/projects/p/attestors?attestorId=a", ATTESTOR, headers=form))
    assert answer.status == 200


def test_an_empty_body_is_an_empty_message(client: Client) -> None:
    assert run(client.call("POST", "/v1/projects/p/attestors?attestorId=a")).json == {"name": "projects/p/attestors/a"}


def test_a_long_get_may_come_as_a_form(client: Client, toy: Toy) -> None:
    override = {"x-http-method-override": "GET", "content-type": "application/x-www-form-urlencoded"}
    answer = run(client.call("POST", "/v1/projects/p/attestors", b"pageSize=3&alt=json", headers=override))
    assert answer.status == 200
    assert toy.requests[-1].page_size == 3


def test_the_context_knows_where_a_call_came_from(client: Client, toy: Toy) -> None:
    run(client.call("GET", "/v1/projects/p/attestors", headers={"user-agent": "curl/8\x07" + "x" * 1000}))
    caller = toy.outcomes[-1].caller
    assert (caller.principal, caller.ip) == ("user:toy@example.com", "192.0.2.1")
    assert caller.user_agent.startswith("curl/8x")
    assert len(caller.user_agent) < 600


def test_output_is_pretty_unless_asked_otherwise(client: Client) -> None:
    run(client.call("POST", "/v1/projects/p/attestors?attestorId=a", {}))
    assert run(client.call("GET", "/v1/projects/p/attestors/a")).body.startswith(b'{\n  "name"')
    compact = run(client.call("GET", "/v1/projects/p/attestors/a?prettyPrint=false")).body
    assert compact == json.dumps({"name": "projects/p/attestors/a"}, separators=(",", ":")).encode()
