"""Which webhooks a request concerns, what they are sent, and what their answers mean: no sockets."""

import datetime as dt
import json
from typing import Any

import pytest

from binauthz.cluster.admission.hooks import Operation, Target, hooks_of, refusals
from binauthz.cluster.admission.review import AnswerError, judge, request
from binauthz.cluster.call import Call, User
from binauthz.cluster.catalogue import by_key

NAME = "imagepolicywebhook.image-policy.k8s.io"


def configuration(**webhook: Any) -> dict[str, Any]:
    rule = {"operations": ["CREATE", "UPDATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
    plain = {
        "name": NAME,
        "clientConfig": {"url": "https://127.0.0.1/review"},
        "rules": [rule],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    return {"metadata": {"name": "binauthz"}, "webhooks": [plain | webhook]}


def target(plural: str = "pods", subresource: str = "", **more: Any) -> Target:
    plain: dict[str, Any] = {
        "operation": Operation.CREATE,
        "group": "",
        "version": "v1",
        "namespaced": True,
        "new": {"metadata": {"labels": {"app": "web"}}},
        "old": None,
        "namespace_labels": {"env": "prod"},
    }
    return Target(plural=plural, subresource=subresource, **(plain | more))


def concerns(wanted: Target, **webhook: Any) -> bool:
    (hook,) = hooks_of(configuration(**webhook))
    return hook.concerns(wanted)


def rule(**changes: Any) -> list[dict[str, Any]]:
    return [configuration()["webhooks"][0]["rules"][0] | changes]


@pytest.mark.parametrize(
    ("rules", "wanted", "expected"),
    [
        (rule(), target(), True),
        (rule(operations=["*"]), target(operation=Operation.DELETE), True),
        (rule(), target(operation=Operation.DELETE), False),
        (rule(), target(group="apps"), False),
        (rule(apiGroups=["*"]), target(group="apps"), True),
        (rule(apiVersions=["v2"]), target(), False),
        (rule(), target(subresource="ephemeralcontainers"), False),
        (rule(resources=["pods/*"]), target(subresource="ephemeralcontainers"), True),
        (rule(resources=["pods/ephemeralcontainers"]), target(subresource="ephemeralcontainers"), True),
        (rule(resources=["pods/ephemeralcontainers"]), target(), False),
        (rule(resources=["*"]), target("services"), True),
        (rule(resources=["*"]), target(subresource="status"), False),
        (rule(resources=["*/*"]), target(subresource="status"), True),
        (rule(resources=["*/scale"]), target("deployments", "scale"), True),
        (rule(scope="Cluster"), target(), False),
        (rule(scope="Namespaced"), target(), True),
        ([], target(), False),
    ],
)
def test_rules(rules: list[dict[str, Any]], wanted: Target, expected: bool) -> None:
    assert concerns(wanted, rules=rules) is expected


@pytest.mark.parametrize(
    ("selector", "wanted", "expected"),
    [
        ({}, target(), True),
        ({"matchLabels": {"env": "prod"}}, target(), True),
        ({"matchLabels": {"env": "test"}}, target(), False),
        ({"matchExpressions": [{"key": "env", "operator": "NotIn", "values": ["prod"]}]}, target(), False),
        ({"matchLabels": {"env": "test"}}, target(namespace_labels=None), True),
    ],
)
def test_the_namespace_selector(selector: dict[str, Any], wanted: Target, expected: bool) -> None:
    assert concerns(wanted, namespaceSelector=selector) is expected


def test_the_object_selector_matches_either_version_so_that_no_label_slips_through() -> None:
    selector = {"matchLabels": {"app": "web"}}
    plain: dict[str, Any] = {"metadata": {}}
    labelled: dict[str, Any] = {"metadata": {"labels": {"app": "web"}}}
    assert concerns(target(), objectSelector=selector)
    assert concerns(target(operation=Operation.UPDATE, new=plain, old=labelled), objectSelector=selector)
    assert concerns(target(operation=Operation.UPDATE, new=labelled, old=plain), objectSelector=selector)
    assert not concerns(target(operation=Operation.UPDATE, new=plain, old=plain), objectSelector=selector)


@pytest.mark.parametrize(
    ("webhook", "field"),
    [
        ({"matchConditions": [{"name": "n", "expression": "true"}]}, "matchConditions"),
        ({"clientConfig": {"service": {"name": "s", "namespace": "n"}}}, "clientConfig.service"),
        ({"admissionReviewVersions": ["v1beta1"]}, "admissionReviewVersions"),
        ({"clientConfig": {"url": "https://x/", "caBundle": "bm90IGEgY2VydGlmaWNhdGU="}}, "clientConfig.caBundle"),
        ({"objectSelector": {"matchExpressions": [{"key": "a", "operator": "Like"}]}}, "objectSelector"),
    ],
)
def test_what_cannot_be_obeyed_is_refused_when_written(webhook: dict[str, Any], field: str) -> None:
    assert [path for path, _ in refusals(configuration(**webhook))] == [f"webhooks[0].{field}"]
    assert refusals(configuration()) == []


def call(**more: Any) -> Call:
    resource = by_key(more.pop("resource", "pods"))
    assert resource is not None
    plain: dict[str, Any] = {
        "user": User(name="owner", groups=("system:masters",)),
        "verb": "create",
        "namespace": "default",
        "received": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    }
    return Call(resource=resource, **(plain | more))


def test_a_review_says_what_is_asked_by_whom_of_what() -> None:
    actor = User(name="bob", groups=("dev",), uid="7", extra={"k": ("v",)})
    pod = {"kind": "Pod", "metadata": {"name": "p"}}
    body = request(call(impersonated=actor, dry_run=True), Operation.CREATE, pod, None, "p")
    asked = body["request"]
    assert (body["apiVersion"], body["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
    assert asked["kind"] == asked["requestKind"] == {"group": "", "version": "v1", "kind": "Pod"}
    assert asked["resource"] == {"group": "", "version": "v1", "resource": "pods"}
    assert (asked["namespace"], asked["name"], asked["operation"], asked["dryRun"]) == ("default", "p", "CREATE", True)
    assert asked["userInfo"] == {"username": "bob", "groups": ["dev"], "uid": "7", "extra": {"k": ["v"]}}
    assert (asked["object"], asked["oldObject"]) == (pod, None)
    assert asked["options"]["kind"] == "CreateOptions"
    assert "subResource" not in asked


def test_a_generated_name_is_not_told_and_a_delete_has_only_an_old_object() -> None:
    created = request(call(), Operation.CREATE, {}, None, "")["request"]
    assert "name" not in created
    deleted = request(call(verb="delete", name="p"), Operation.DELETE, None, {"kind": "Pod"}, "p")["request"]
    assert (deleted["object"], deleted["oldObject"], deleted["options"]["kind"]) == (
        None,
        {"kind": "Pod"},
        "DeleteOptions",
    )


def answer(**response: Any) -> bytes:
    return json.dumps(
        {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": {"uid": "u"} | response}
    ).encode()


def verdict(body: bytes) -> Any:
    (hook,) = hooks_of(configuration())
    return judge(hook, "u", body)


PREFIX = f'admission webhook "{NAME}" denied the request'


@pytest.mark.parametrize(
    ("status", "code", "reason", "message"),
    [
        ({"message": "no", "reason": "VIOLATES_POLICY"}, 400, "VIOLATES_POLICY", f"{PREFIX}: no"),
        ({"message": "no", "code": 200}, 400, None, f"{PREFIX}: no"),
        ({"message": "no", "code": 403, "reason": "Forbidden"}, 403, "Forbidden", f"{PREFIX}: no"),
        ({"reason": "Because"}, 400, "Because", f"{PREFIX}: Because"),
        ({}, 400, None, f"{PREFIX} without explanation"),
        (None, 400, None, f"{PREFIX} without explanation"),
    ],
)
def test_a_refusal_becomes_the_status_that_kube_apiserver_makes_of_it(
    status: Any, code: int, reason: str | None, message: str
) -> None:
    """SPEC 4.4: ToStatusErr."""
    refusal = verdict(answer(allowed=False, status=status)).refusal
    assert (refusal["status"], refusal["code"], refusal["message"]) == ("Failure", code, message)
    assert refusal.get("reason") == reason


def test_details_annotations_and_warnings_are_kept() -> None:
    details = {"kind": "Pod", "causes": [{"reason": "'i' : no\n"}]}
    body = answer(allowed=False, status={"details": details}, auditAnnotations={"dry-run": "true"}, warnings=["w"])
    found = verdict(body)
    assert found.refusal["details"] == details
    assert found.annotations == {f"{NAME}/dry-run": "true"}
    assert found.warnings == ("w",)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "json parse error"),
        (b"[]", "expected webhook response"),
        (b'{"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview"}', "got admission.k8s.io/v1beta1"),
        (b'{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}', "webhook response was absent"),
        (answer(uid="other", allowed=True), 'expected response.uid="u", got "other"'),
        (answer(uid=None, allowed=True), 'expected response.uid="u", got ""'),
        (answer(allowed="yes"), "not a boolean"),
        (answer(allowed=True, patch="e30="), "may not return response.patch"),
        (answer(allowed=True, auditAnnotations={"k": 1}), "not a map of strings"),
        (answer(allowed=False, status="no"), "status is not an object"),
        (answer(allowed=False, status={"code": "400"}), "wrong type"),
        (b'{"a":' * 100 + b"1" + b"}" * 100, "nested deeper"),
    ],
)
def test_what_is_no_verdict_on_this_request_is_an_error_and_never_an_admission(body: bytes, why: str) -> None:
    with pytest.raises(AnswerError, match=why):
        verdict(body)


def test_an_answer_without_a_verdict_refuses() -> None:
    assert verdict(answer()).refusal is not None
