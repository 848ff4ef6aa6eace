"""SPEC 1.6: what a whole-policy PUT keeps, ignores and answers."""

import re

import pytest

from tests.services.api import Api, Refused, api

__all__ = ["api"]

PATH = "/v1/projects/demo-project/policy"
RULE = {"evaluationMode": "ALWAYS_DENY", "enforcementMode": "ENFORCED_BLOCK_AND_AUDIT_LOG"}
GOOD = {"defaultAdmissionRule": RULE}


def test_the_untouched_default_has_neither_etag_nor_time(api: Api) -> None:
    assert not {"etag", "updateTime"} & api.ok("GET", PATH).keys()


def test_a_written_policy_has_both_in_their_form(api: Api) -> None:
    written = api.ok("PUT", PATH, GOOD)
    assert re.fullmatch(r'"[A-Za-z0-9+/]{12}"', written["etag"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{6})?Z", written["updateTime"])
    assert api.ok("PUT", PATH, GOOD)["etag"] != written["etag"]


@pytest.mark.parametrize(
    "more",
    [
        {"name": "projects/demo-project/policy"},
        {"updateTime": "2024-05-12T05:06:28.965039Z"},
        {"updateTime": "2024-05-12T05:06:28.965039Z", "etag": '"MTHbw9ppQqhK"'},
        {"admissionWhitelistPatterns": []},
        {"clusterAdmissionRules": {}},
        {"description": ""},
    ],
)
def test_what_an_export_holds_may_be_sent_back(api: Api, more: dict[str, object]) -> None:
    written = api.ok("PUT", PATH, {**GOOD, **more})
    assert {name for name in written if name not in {"name", "etag", "updateTime"}} == {"defaultAdmissionRule"}
    assert written["updateTime"].startswith("2026-05-01")


def test_the_path_says_which_policy_is_meant(api: Api) -> None:
    written = api.ok("PUT", PATH, {**GOOD, "name": "projects/other-project/policy"})
    assert written["name"] == "projects/demo-project/policy"
    assert "etag" not in api.ok("GET", "/v1/projects/other-project/policy")


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"updateTime": "yesterday"}, "update_time"),
        ({"etag": 7}, "etag"),
        ({"surprise": 1}, "surprise"),
        ({"defaultAdmissionRule": {**RULE, "surprise": 1}}, "surprise"),
    ],
)
def test_members_that_cannot_be_read_are_refused_by_name(api: Api, more: dict[str, object], field: str) -> None:
    error = api.judge(Refused(), "PUT", PATH, {**GOOD, **more})
    assert field in str(error)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"name": "projects/demo-project/policy"}'])
def test_an_empty_import_is_refused_for_want_of_a_default_rule(api: Api, body: bytes) -> None:
    api.judge(Refused("defaultAdmissionRule"), "PUT", PATH, body)


@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"', b"{", b'{"etag": "a", "etag": "b"}', b"\xff", b"{} {}"])
def test_a_body_that_is_no_policy_is_refused(api: Api, body: bytes) -> None:
    api.judge(Refused(), "PUT", PATH, body)


def test_there_is_no_delete_and_no_patch(api: Api) -> None:
    for verb in ("DELETE", "PATCH"):
        status, document = api.call(verb, PATH, {})
        assert (status, document["error"]["status"]) == (405, "UNIMPLEMENTED")
