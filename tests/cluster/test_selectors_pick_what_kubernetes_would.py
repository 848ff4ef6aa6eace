"""Label and field selectors: the grammar, what matches, and what is refused."""

import pytest

from binauthz.cluster import limits, selectors
from binauthz.cluster.client import StatusError

LABELS = {"app": "web", "tier": "front", "n": "5"}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("app=web", True),
        ("app==web", True),
        ("app = web , tier = front", True),
        ("app!=web", False),
        ("missing!=web", True),
        ("app in (db, web)", True),
        ("app in (db)", False),
        ("app notin (db)", True),
        ("missing notin (db)", True),
        ("app", True),
        ("!app", False),
        ("!missing", True),
        ("missing", False),
        ("app=", False),
        ("n>4", True),
        ("n<5", False),
        ("app>4", False),
        ("app=web,!missing,tier in (front)", True),
    ],
)
def test_labels(text: str, matches: bool) -> None:
    selector = selectors.parse_labels(text)
    assert selectors.matches_labels(selector, {"metadata": {"labels": LABELS}}) is matches


@pytest.mark.parametrize(
    "text", ["=", "app=web,", "app in web", "app in (web", "app web", "!", "in ()x", "a=b=c", "(", "a,,b"]
)
def test_what_is_no_label_selector_is_a_bad_request(text: str) -> None:
    with pytest.raises(StatusError, match="unable to parse requirement") as caught:
        selectors.parse_labels(text)
    assert caught.value.code == 400


def test_a_selector_is_bounded() -> None:
    with pytest.raises(StatusError):
        selectors.parse_labels("a" * (limits.SELECTOR_CHARACTERS + 1))
    with pytest.raises(StatusError):
        selectors.parse_fields("a" * (limits.SELECTOR_CHARACTERS + 1), "pods")


@pytest.mark.parametrize("text", ["a=b", "a!=b", "a in (b,c)", "a notin (b,c)", "a", "!a", "a=b,c in (d,e)"])
def test_what_is_rendered_reads_the_same(text: str) -> None:
    selector = selectors.parse_labels(text)
    assert selectors.parse_labels(selectors.render(selector)) == selector


def test_a_selector_object_is_its_labels_and_its_expressions() -> None:
    selector = selectors.from_object(
        {
            "matchLabels": {"app": "web"},
            "matchExpressions": [
                {"key": "tier", "operator": "In", "values": ["front", "back"]},
                {"key": "old", "operator": "DoesNotExist"},
            ],
        }
    )
    assert selectors.matches_labels(selector, {"metadata": {"labels": LABELS}})
    assert not selectors.matches_labels(selector, {"metadata": {"labels": LABELS | {"old": ""}}})
    assert selectors.from_object(None) == selectors.from_object({}) == ()
    with pytest.raises(StatusError, match='"Like" is not a valid label selector operator'):
        selectors.from_object({"matchExpressions": [{"key": "a", "operator": "Like"}]})


POD = {"metadata": {"name": "a,b=c", "namespace": "n"}, "spec": {"nodeName": "x"}, "status": {"phase": "Running"}}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("status.phase=Running", True),
        ("status.phase==Running,spec.nodeName=x", True),
        ("status.phase!=Running", False),
        ("metadata.namespace=n", True),
        (r"metadata.name=a\,b\=c", True),
        ("spec.hostNetwork=false", True),
        ("spec.nodeName=", False),
    ],
)
def test_fields(text: str, matches: bool) -> None:
    assert selectors.matches_fields(selectors.parse_fields(text, "pods"), POD) is matches


def test_a_field_that_a_kind_is_not_selected_by_is_named() -> None:
    with pytest.raises(StatusError, match=r"^field label not supported: spec\.image$"):
        selectors.parse_fields("spec.image=x", "pods")
    with pytest.raises(StatusError, match=r"^field label not supported: status\.phase$"):
        selectors.parse_fields("status.phase=x", "configmaps")
    with pytest.raises(StatusError, match="invalid selector"):
        selectors.parse_fields("metadata.name", "pods")
