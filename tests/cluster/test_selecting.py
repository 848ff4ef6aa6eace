"""Label and field selectors, and the rules by which webhooks are chosen."""

import dataclasses
from typing import Any

import pytest

from binauthz.cluster import limits, selectors
from binauthz.cluster.admission.hooks import Operation, Target, hooks_of, refusals
from binauthz.cluster.client import StatusError

LABELS = {"metadata": {"labels": {"app": "web", "tier": "front", "n": "5", "empty": ""}}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("app", True),
        ("!app", False),
        ("!gone", True),
        ("app=web", True),
        ("app==web,tier=front", True),
        ("app = web , tier != front", False),
        ("gone!=web", True),
        ("app in (api, web)", True),
        ("app notin (api,web)", False),
        ("gone notin (x)", True),
        ("gone in (x)", False),
        ("n>4", True),
        ("n<5", False),
        ("app>4", False),
        ("empty=", True),
        ("empty in ()", False),
    ],
)
def test_label_selectors_match_as_kubernetes_says(text: str, expected: bool) -> None:
    assert selectors.matches_labels(selectors.parse_labels(text), LABELS) is expected


@pytest.mark.parametrize("text", ["=x", "a in", "a in (", "a in b", "a,", ",a", "a b", "!", "a=b=c", "a in (b))", "("])
def test_what_is_no_selector_is_400(text: str) -> None:
    with pytest.raises(StatusError) as caught:
        selectors.parse_labels(text)
    assert caught.value.code == 400


def test_B101_selectors_are_bounded() -> None:
    with pytest.raises(StatusError):
        selectors.parse_labels("a" * (limits.SELECTOR_CHARACTERS + 1))


def test_field_selectors_know_the_fields_of_their_kind() -> None:
    pod = {"metadata": {"name": "p"}, "spec": {"nodeName": "n"}, "status": {"phase": "Running"}}
    for text, expected in (
        ("metadata.name=p", True),
        ("spec.nodeName!=n", False),
        ("status.phase==Running,spec.nodeName=n", True),
        ("status.podIP=", True),
    ):
        assert selectors.matches_fields(selectors.parse_fields(text, "pods"), pod) is expected
    with pytest.raises(StatusError) as caught:
        selectors.parse_fields("spec.secretField=x", "pods")
    assert caught.value.code == 400


def configuration(rule: dict[str, Any], **more: Any) -> dict[str, Any]:
    base = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
    webhook = {
        "name": "h.example.com",
        "clientConfig": {"url": "https://127.0.0.1/"},
        "admissionReviewVersions": ["v1"],
        "rules": [base | rule],
        **more,
    }
    return {"metadata": {"name": "c"}, "webhooks": [webhook]}


CREATE = Target(
    operation=Operation.CREATE,
    group="",
    version="v1",
    plural="pods",
    subresource="",
    namespaced=True,
    new=LABELS,
    old=None,
    namespace_labels={"env": "prod"},
)
STATUS = dataclasses.replace(CREATE, operation=Operation.UPDATE, subresource="status", old=LABELS)


@pytest.mark.parametrize(
    ("rule", "target", "expected"),
    [
        ({}, CREATE, True),
        ({"operations": ["UPDATE", "DELETE"]}, CREATE, False),
        ({"operations": ["*"]}, CREATE, True),
        ({"apiGroups": ["apps"]}, CREATE, False),
        ({"apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*"]}, CREATE, True),
        ({"apiVersions": ["v2"]}, CREATE, False),
        ({"resources": ["deployments", "pods"]}, CREATE, True),
        ({"scope": "Cluster"}, CREATE, False),
        ({"scope": "Namespaced"}, CREATE, True),
        ({"operations": ["*"]}, STATUS, False),
        ({"operations": ["*"], "resources": ["*"]}, STATUS, False),
        ({"operations": ["*"], "resources": ["pods/status"]}, STATUS, True),
        ({"operations": ["*"], "resources": ["pods/*"]}, STATUS, True),
        ({"operations": ["*"], "resources": ["*/*"]}, STATUS, True),
        ({"resources": ["pods/status"]}, CREATE, False),
    ],
)
def test_rules_match_every_part_or_not_at_all(rule: dict[str, Any], target: Target, expected: bool) -> None:
    (hook,) = hooks_of(configuration(rule))
    assert hook.concerns(target) is expected


def test_namespaces_are_selected_and_an_object_may_not_be_relabelled_away() -> None:
    (hook,) = hooks_of(configuration({"operations": ["*"]}, namespaceSelector={"matchLabels": {"env": "prod"}}))
    assert hook.concerns(CREATE)
    assert not hook.concerns(dataclasses.replace(CREATE, namespace_labels={}))
    assert hook.concerns(dataclasses.replace(CREATE, namespace_labels=None))
    (hook,) = hooks_of(configuration({"operations": ["*"]}, objectSelector={"matchLabels": {"app": "web"}}))
    bare: dict[str, Any] = {"metadata": {}}
    assert not hook.concerns(dataclasses.replace(CREATE, new=bare))
    assert hook.concerns(dataclasses.replace(CREATE, operation=Operation.UPDATE, new=bare, old=LABELS))


@pytest.mark.parametrize(
    "more",
    [
        {"matchConditions": [{"name": "x", "expression": "true"}]},
        {"clientConfig": {"service": {"name": "s", "namespace": "n"}}},
        {"admissionReviewVersions": ["v1beta1"]},
        {"clientConfig": {"url": "https://127.0.0.1/", "caBundle": "bm8="}},
        {"objectSelector": {"matchExpressions": [{"key": "a", "operator": "Near"}]}},
    ],
)
def test_what_cannot_be_obeyed_is_refused(more: dict[str, Any]) -> None:
    assert refusals(configuration({}, **more))
    assert not refusals(configuration({}))
