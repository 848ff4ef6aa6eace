"""A webhook's answer as a Status (kube-apiserver's ToStatusErr), and the shape of audit events."""

import datetime as dt
import json
from typing import Any

import pytest

from binauthz.cluster.admission.hooks import Hook, hooks_of
from binauthz.cluster.admission.review import AnswerError, judge
from binauthz.cluster.audit import event
from binauthz.cluster.audit.policy import Level, level
from binauthz.cluster.call import Call, User
from binauthz.cluster.catalogue import by_key

NOW = dt.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=dt.UTC)


def hook() -> Hook:
    webhook = {"name": "h.example.com", "clientConfig": {"url": "https://127.0.0.1/"}}
    return hooks_of({"metadata": {"name": "c"}, "webhooks": [webhook]})[0]


def answer(**response: Any) -> bytes:
    body = {"uid": "u", **response}
    return json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": body}).encode()


DENIED = 'admission webhook "h.example.com" denied the request'


@pytest.mark.parametrize(
    ("status", "message", "code", "reason"),
    [
        (None, f"{DENIED} without explanation", 400, None),
        ({}, f"{DENIED} without explanation", 400, None),
        ({"message": "m"}, f"{DENIED}: m", 400, None),
        ({"reason": "R"}, f"{DENIED}: R", 400, "R"),
        ({"message": "m", "reason": "R"}, f"{DENIED}: m", 400, "R"),
        ({"message": "m", "code": 200}, f"{DENIED}: m", 400, None),
        ({"message": "m", "code": 403, "reason": "Forbidden"}, f"{DENIED}: m", 403, "Forbidden"),
        ({"message": "m", "code": 999}, f"{DENIED}: m", 400, None),
    ],
)
def test_a_denial_is_the_status_kube_apiserver_makes(status: Any, message: str, code: int, reason: str | None) -> None:
    refusal = judge(hook(), "u", answer(allowed=False, status=status)).refusal
    assert refusal is not None
    assert (refusal["message"], refusal["code"], refusal.get("reason")) == (message, code, reason)
    assert (refusal["kind"], refusal["status"]) == ("Status", "Failure")


def test_an_allowance_brings_its_annotations_and_warnings() -> None:
    verdict = judge(hook(), "u", answer(allowed=True, auditAnnotations={"k": "v"}, warnings=["w", 1]))
    assert verdict.refusal is None
    assert verdict.annotations == {"h.example.com/k": "v"}
    assert verdict.warnings == ("w",)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        answer(allowed="yes"),
        answer(allowed=1),
        answer(uid="other", allowed=True),
        answer(uid=None, allowed=True),
        answer(allowed=True, patch="W10="),
        answer(allowed=True, auditAnnotations={"k": 1}),
        answer(allowed=False, status="no"),
        answer(allowed=False, status={"code": "403"}),
        answer(allowed=True).replace(b"admission.k8s.io/v1", b"admission.k8s.io/v1beta1"),
        b'{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":' + b"[" * 5000,
    ],
)
def test_what_answers_no_question_is_no_verdict(body: bytes) -> None:
    with pytest.raises(AnswerError):
        judge(hook(), "u", body)


def test_an_answer_that_does_not_say_allowed_refuses() -> None:
    assert judge(hook(), "u", answer()).refusal is not None


def call(verb: str = "create", key: str = "pods", user: str = "alice", **more: Any) -> Call:
    resource = by_key(key)
    assert resource is not None
    named = {"namespace": "default", "audit_id": "id", "uri": "/api/v1/x", "agent": "kubectl/1", "source": "127.0.0.1"}
    return Call(user=User(name=user, groups=("g",)), verb=verb, resource=resource, received=NOW, **(named | more))


def test_an_event_tells_who_did_what_with_which_answer() -> None:
    managed = {"name": "p", "managedFields": [{"manager": "m"}]}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": dict(managed), "spec": {}}
    asked = call(body=body, impersonated=User(name="bob"), annotations={"a": "b"})
    made = event.build(asked, Level.REQUEST_RESPONSE, 201, body, NOW + dt.timedelta(seconds=1))
    assert made["apiVersion"] == "audit.k8s.io/v1"
    assert (made["kind"], made["level"], made["stage"]) == ("Event", "RequestResponse", "ResponseComplete")
    assert (made["user"]["username"], made["impersonatedUser"]["username"]) == ("alice", "bob")
    assert made["objectRef"] == {"resource": "pods", "apiVersion": "v1", "namespace": "default", "name": "p"}
    assert made["responseStatus"] == {"metadata": {}, "code": 201}
    assert made["requestReceivedTimestamp"] == "2026-01-02T03:04:05.678901Z"
    assert made["stageTimestamp"] == "2026-01-02T03:04:06.678901Z"
    assert made["annotations"] == {"a": "b"}
    assert made["requestObject"]["metadata"] == made["responseObject"]["metadata"] == {"name": "p"}


def test_a_refused_call_leaves_the_status_it_was_answered_with() -> None:
    status = {"kind": "Status", "metadata": {}, "status": "Failure", "message": "m", "reason": "R", "code": 400}
    made = event.build(call(body={"metadata": {"name": "p"}}), Level.REQUEST_RESPONSE, 400, status, NOW)
    assert made["responseStatus"] == {
        "metadata": {},
        "code": 400,
        "status": "Failure",
        "message": "m",
        "reason": "R",
    }


def test_long_agents_and_addresses_are_cut() -> None:
    made = event.build(call(agent="a" * 9000, uri="/" + "u" * 9000), Level.REQUEST_RESPONSE, 201, {}, NOW)
    assert (len(made["userAgent"]), len(made["requestURI"])) == (4096, 4096)


def test_every_write_is_audited_but_bookkeeping_and_events() -> None:
    assert level(call()) is Level.REQUEST_RESPONSE
    assert level(call("update", subresource="status")) is Level.REQUEST_RESPONSE
    assert level(call("get")) is Level.NONE
    assert level(call("create", "events")) is Level.NONE
    kubelet = call("update", user="system:node:n", subresource="status")
    assert level(kubelet) is Level.NONE
    assert level(call(user="system:serviceaccount:kube-system:replicaset-controller")) is Level.REQUEST_RESPONSE


def test_an_event_about_a_secret_names_it_and_never_holds_it() -> None:
    assert level(call("delete", "secrets")) is Level.METADATA
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"k": "aHVudGVyMg=="}}
    made = event.build(call(key="secrets", body=body), Level.METADATA, 201, body, NOW)
    assert made["objectRef"]["name"] == "s"
    assert "aHVudGVyMg" not in str(made)
