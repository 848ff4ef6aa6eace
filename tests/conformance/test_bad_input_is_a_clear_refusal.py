"""Tricks with paths, duplicates, etags, page tokens and filters: a clear 4xx over REST, and its code over gRPC."""

import base64
import http.client
import json
import uuid
from typing import Any
from urllib.parse import quote, urlsplit

import grpc
import pytest
from google.cloud.binaryauthorization_v1.types import service
from grafeas.grafeas_v1.types import grafeas

from tests.conformance.rest import Answer, Rest
from tests.conformance.server import OTHER_PROJECT, PROJECT, Target
from tests.conformance.signing import Signer

pytestmark = pytest.mark.servers

P, THEIRS = f"/v1/projects/{PROJECT}", f"/v1/projects/{OTHER_PROJECT}"
BINAUTHZ = "/google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1"
LONG = " OR ".join(['kind = "BUILD"'] * 7000)


def raw(target: Target, verb: str, path: str, sent: bytes = b"") -> tuple[int, Any]:
    """A request whose path no client has tidied up."""
    parts = urlsplit(target.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    try:
        connection.putrequest(verb, path, skip_accept_encoding=True)
        connection.putheader("Authorization", f"Bearer {target.token}")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(sent)))
        connection.endheaders(sent)
        response = connection.getresponse()
        body = response.read()
        # Past 64 KiB the HTTP parser itself refuses, in plain text.
        return response.status, json.loads(body) if body.startswith(b"{") else {"text": body.decode()}
    finally:
        connection.close()


@pytest.mark.parametrize(
    "path",
    [
        f"/v1/projects/{PROJECT}//policy",
        f"//v1/projects/{PROJECT}/policy",
        f"/v1//projects/{PROJECT}/policy",
        f"/v1/projects/{PROJECT}/attestors/a%2Fb",
        f"/v1/projects/{PROJECT}/attestors/a%2fb",
        f"/v1/projects/{PROJECT}%2Fpolicy",
        f"/v1/projects/{PROJECT}/attestors/..",
        f"/v1/projects/{PROJECT}/attestors/../policy",
        f"/v1/projects/{PROJECT}/attestors/%2e%2e/policy",
        f"/v1/projects/{PROJECT}/attestors/%2E%2E%2Fpolicy",
        f"/v1/projects/{PROJECT}/./policy",
        f"/v1/projects/{PROJECT}/attestors/a%00b",
        f"/v1/projects/{PROJECT}/attestors/a%0d%0ab",
        f"/v1/projects/{PROJECT}/attestors/%ff",
        f"/v1/projects/{PROJECT}/attestors/a%",
        f"/v1/projects/{PROJECT}/attestors/a:b",
        f"/v1/projects/{PROJECT}/attestors/a:getIamPolicy:b",
        f"/v1/projects/{PROJECT}/attestors/a:getIamPolicy/b",
        f"/v1/projects/{PROJECT}/attestors/a%3AgetIamPolicy",
        f"/v1/projects/{PROJECT}/attestors/:getIamPolicy",
        f"/v1/projects/{PROJECT}/policy:testIamPermissions:getIamPolicy",
        f"/v1/projects/{PROJECT}/policy;x=1",
        "/v1/projects/" + "a" * 9000 + "/policy",
        "/v1/projects/../../etc/passwd",
    ],
    ids=lambda path: path[:70],
)
def test_B113_a_path_trick_is_no_other_resource(server: Target, path: str) -> None:
    status, document = raw(server, "GET", path)
    assert status in {400, 404, 414}, document
    assert document["error"]["status"] in {"INVALID_ARGUMENT", "NOT_FOUND"}
    assert "policy" not in document


def test_B113_a_verb_in_an_id_makes_nothing(target: Target, rest: Rest) -> None:
    for attestor_id in ("a:getIamPolicy", "a/b", "..", ".", "a%2Fb", "a?b", "a#b"):
        asked = quote(attestor_id, safe="")
        answer = rest.post(f"{P}/attestors?attestorId={asked}", {"userOwnedGrafeasNote": {"noteReference": "x"}})
        assert (answer.status, answer.error) == (400, "INVALID_ARGUMENT"), attestor_id


@pytest.mark.parametrize(
    "body",
    [
        b'{"defaultAdmissionRule": {"evaluationMode": "ALWAYS_DENY", "evaluationMode": "ALWAYS_ALLOW"}}',
        b'{"description": "a", "description": "b"}',
        b'{"defaultAdmissionRule": {}, "default_admission_rule": {}}',
        b'{"clusterAdmissionRules": {"l.c": {}, "l.c": {}}}',
        b'{"description": "a"} {"description": "b"}',
        b'{"description": "a"}]',
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
    ],
    ids=lambda body: body[:40].decode(errors="replace"),
)
def test_B69_a_document_with_two_readings_is_refused(target: Target, body: bytes) -> None:
    status, document = raw(target, "PUT", f"{P}/policy", body)
    assert (status, document["error"]["status"]) == (400, "INVALID_ARGUMENT")


def note(rest: Rest) -> str:
    made = f"n-{uuid.uuid4().hex[:12]}"
    answer = rest.post(f"{P}/notes?noteId={made}", {"attestation": {"hint": {"humanReadableName": "x"}}})
    assert answer.status == 200, answer.document
    return f"projects/{PROJECT}/notes/{made}"


def attestor(rest: Rest, *keys: dict[str, Any]) -> Answer:
    body = {"userOwnedGrafeasNote": {"noteReference": note(rest), "publicKeys": keys}}
    return rest.post(f"{P}/attestors?attestorId=a-{uuid.uuid4().hex[:12]}", body)


def test_B68_two_keys_of_one_id_are_refused(rest: Rest) -> None:
    one, two = (
        {"id": "key://same", "pkixPublicKey": {"publicKeyPem": Signer().pem, "signatureAlgorithm": "ECDSA_P256_SHA256"}}
        for _ in range(2)
    )
    refused = attestor(rest, one, two)
    assert (refused.status, refused.error) == (400, "INVALID_ARGUMENT")
    assert refused.fields == ["attestor.userOwnedGrafeasNote.publicKeys[1].id"]
    twice = {name: value for name, value in one.items() if name != "id"}
    assert attestor(rest, twice, twice).status == 400
    assert attestor(rest, one).status == 200


def test_a_stale_iam_etag_is_a_conflict_and_a_malformed_one_is_none(rest: Rest) -> None:
    name = attestor(rest).document["name"]
    policy = {"bindings": [{"role": "roles/viewer", "members": ["user:a@example.com"]}], "version": 3}
    first = rest.post(f"/v1/{name}:setIamPolicy", {"policy": {**policy, "etag": "ACAB"}})
    assert first.status == 200
    for etag in ("ACAB", base64.b64encode(b"other").decode()):
        stale = rest.post(f"/v1/{name}:setIamPolicy", {"policy": {**policy, "etag": etag}})
        assert (stale.status, stale.error) == (409, "ABORTED")
    assert rest.post(f"/v1/{name}:setIamPolicy", {"policy": {**policy, "etag": "not base64!"}}).status == 400
    assert rest.post(f"/v1/{name}:setIamPolicy", {"policy": {**policy, "version": 4}}).status == 400
    fresh = {**policy, "etag": first.document["etag"], "bindings": []}
    assert rest.post(f"/v1/{name}:setIamPolicy", {"policy": fresh}).status == 200


BINDINGS: dict[str, dict[str, Any]] = {
    "an unknown role": {"role": "roles/nope", "members": ["user:a@example.com"]},
    "a role of one's own": {"role": f"projects/{PROJECT}/roles/mine", "members": ["user:a@example.com"]},
    "no role": {"members": ["user:a@example.com"]},
    "a bare address": {"role": "roles/viewer", "members": ["a@example.com"]},
    "an unknown kind": {"role": "roles/viewer", "members": ["robot:a@example.com"]},
    "a deleted member": {"role": "roles/viewer", "members": ["deleted:user:a@example.com?uid=1"]},
    "an empty member": {"role": "roles/viewer", "members": [""]},
    "too many members": {"role": "roles/viewer", "members": [f"user:u{n}@example.com" for n in range(1501)]},
    "a condition": {"role": "roles/viewer", "members": ["user:a@b.c"], "condition": {"expression": "true"}},
    "an empty condition": {"role": "roles/viewer", "members": ["user:a@b.c"], "condition": {}},
}


@pytest.mark.parametrize("binding", BINDINGS.values(), ids=BINDINGS.keys())
@pytest.mark.parametrize("resource", [f"projects/{PROJECT}", f"projects/{PROJECT}/policy"])
def test_a_binding_that_would_not_hold_is_refused_and_nothing_kept(
    rest: Rest, resource: str, binding: dict[str, Any]
) -> None:
    verb, body = ("POST", {}) if resource.count("/") == 1 else ("GET", None)
    before = rest.call(verb, f"/v1/{resource}:getIamPolicy", body)
    refused = rest.post(f"/v1/{resource}:setIamPolicy", {"policy": {"bindings": [binding]}})
    assert (refused.status, refused.error) == (400, "INVALID_ARGUMENT")
    assert rest.call(verb, f"/v1/{resource}:getIamPolicy", body).document == before.document


@pytest.mark.usefixtures("other_project")
def test_B109_a_page_token_is_good_for_its_own_list_alone(rest: Rest) -> None:
    for _ in range(2):
        assert attestor(rest).status == 200
    for _ in range(2):
        made = rest.post(f"{THEIRS}/notes?noteId=n-{uuid.uuid4().hex[:12]}", {"attestation": {}})
        assert made.status == 200
    tokens = {
        path: rest.get(f"{path}?pageSize=1").document["nextPageToken"]
        for path in (f"{P}/attestors", f"{P}/notes", f"{THEIRS}/notes")
    }
    lists = [f"{P}/attestors", f"{THEIRS}/attestors", f"{P}/notes", f"{THEIRS}/notes", f"{P}/occurrences"]
    for given, token in tokens.items():
        for asked in lists:
            answer = rest.get(f"{asked}?pageSize=1&pageToken={quote(token)}")
            if asked == given:
                assert answer.status == 200
            else:
                assert (answer.status, answer.error) == (400, "INVALID_ARGUMENT"), (given, asked)
    with_filter = rest.get(f"{P}/notes?filter=kind%3D%22BUILD%22&pageToken={quote(tokens[f'{P}/notes'])}")
    assert with_filter.status == 400


@pytest.mark.parametrize("token", ["x", "AAAA", "%00", "a" * 5000, "../..", "'; DROP TABLE notes; --"])
def test_a_page_token_that_nobody_gave_out_is_refused(rest: Rest, token: str) -> None:
    for path in (f"{P}/attestors", f"{P}/notes", f"{P}/occurrences"):
        answer = rest.get(f"{path}?pageToken={quote(token)}")
        assert (answer.status, answer.error) == (400, "INVALID_ARGUMENT")


def test_B101_a_filter_of_100_kB_is_refused_wherever_one_is_taken(server: Target, rest: Rest) -> None:
    assert len(LONG) > 100_000
    for path in (f"{P}/occurrences", f"{P}/notes"):
        status, _ = raw(server, "GET", f"{path}?filter={quote(LONG)}")
        assert status in {400, 414}
        status, document = raw(server, "GET", f"{path}?filter={quote(LONG[:25_000])}")
        assert (status, document["error"]["status"]) == (400, "INVALID_ARGUMENT")
    body = {"resourceNames": [f"projects/{PROJECT}"], "filter": LONG}
    answer = rest.post("/v2/entries:list", body)
    assert (answer.status, answer.error, answer.fields) == (400, "INVALID_ARGUMENT", ["filter"])


class Rpc:
    """Calls over gRPC with a caller's token."""

    def __init__(self, target: Target, channel: grpc.Channel) -> None:
        self._channel = channel
        self._metadata = [("authorization", f"Bearer {target.token}")]

    def code(self, method: str, request: Any) -> str:
        call = self._channel.unary_unary(method, request_serializer=type(request).serialize)
        try:
            call(request, metadata=self._metadata, timeout=30)
        except grpc.RpcError as error:
            return str(error.code().name)
        return "OK"


@pytest.mark.parametrize(
    "name",
    [
        f"projects/{PROJECT}//policy",
        f"projects/{PROJECT}/attestors/../policy",
        f"projects/{PROJECT}/attestors/a%2Fb",
        f"projects/{PROJECT}/attestors/a:getIamPolicy",
        f"projects/{PROJECT}/attestors/a/b",
        f"/projects/{PROJECT}/attestors/a",
        f"projects/{PROJECT}/attestors/a/",
        f"projects/{PROJECT}/attestors/a\x00b",
        "projects/-/attestors/a",
        "",
        "a" * 100_000,
    ],
    ids=lambda name: ascii(name)[:60],
)
def test_B113_the_same_tricks_over_grpc(target: Target, name: str) -> None:
    with grpc.insecure_channel(target.grpc_address) as channel:
        code = Rpc(target, channel).code(f"{BINAUTHZ}/GetAttestor", service.GetAttestorRequest(name=name))
    assert code in {"INVALID_ARGUMENT", "NOT_FOUND"}


def test_page_tokens_and_filters_over_grpc(rest: Rest, target: Target) -> None:
    for _ in range(2):
        assert attestor(rest).status == 200
    token = rest.get(f"{P}/attestors?pageSize=1").document["nextPageToken"]
    parent, other = f"projects/{PROJECT}", f"projects/{OTHER_PROJECT}"
    with grpc.insecure_channel(target.grpc_address) as channel:
        rpc = Rpc(target, channel)
        asked = service.ListAttestorsRequest(parent=parent, page_token=token)
        assert rpc.code(f"{BINAUTHZ}/ListAttestors", asked) == "OK"
        asked = service.ListAttestorsRequest(parent=other, page_token=token)
        assert rpc.code(f"{BINAUTHZ}/ListAttestors", asked) == "INVALID_ARGUMENT"
        notes = grafeas.ListNotesRequest(parent=parent, page_token=token)
        assert rpc.code("/grafeas.v1.Grafeas/ListNotes", notes) == "INVALID_ARGUMENT"
        long = grafeas.ListOccurrencesRequest(parent=parent, filter=LONG)
        assert rpc.code("/grafeas.v1.Grafeas/ListOccurrences", long) == "INVALID_ARGUMENT"
