"""SPEC 6.1: what each method of platform policies answers, for whom it is not there, and what a stale etag does."""

from typing import Any

import pytest

from tests.services.api import OTHER, PROJECT, Api, Refused, api

__all__ = ["api"]

PLATFORMS = "/v1/projects/demo-project/platforms"
LIST, RUN = f"{PLATFORMS}/gke/policies", f"{PLATFORMS}/cloudRun/policies"
NOWHERE = "/v1/projects/no-such-project/platforms/gke/policies"
GOOD: dict[str, Any] = {"gkePolicy": {"checkSets": [{"checks": [{"alwaysDeny": True}]}]}}
RULE = {"evaluationMode": "ALWAYS_DENY", "enforcementMode": "ENFORCED_BLOCK_AND_AUDIT_LOG"}
SERVERLESS = {"cloudRunPolicy": {"allowlistPatterns": [{"namePattern": "gcr.io/p/*"}], "rule": RULE}}
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": ""}, "spec": {"containers": [{"image": "gcr.io/a/b"}]}}
ABSENT = Refused(code=404, status="NOT_FOUND")
STALE = Refused(code=409, status="ABORTED")
THERE = Refused(code=409, status="ALREADY_EXISTS")


def test_create_get_list_replace_delete(api: Api) -> None:
    made = api.ok("POST", f"{LIST}?policyId=p1", {**GOOD, "description": "first", "name": "ignored"})
    assert made["name"] == f"{PROJECT}/platforms/gke/policies/p1"
    assert made["updateTime"]
    assert made["etag"]
    assert made["gkePolicy"] == GOOD["gkePolicy"]
    assert api.ok("GET", f"{LIST}/p1") == made
    replaced = api.ok("PUT", f"{LIST}/p1", {"gkePolicy": {}})
    assert (replaced["gkePolicy"], "description" in replaced) == ({}, False)
    assert replaced["etag"] != made["etag"]
    assert [each["name"].rpartition("/")[2] for each in api.ok("GET", LIST)["platformPolicies"]] == ["p1"]
    assert api.ok("DELETE", f"{LIST}/p1") == {}
    api.judge(ABSENT, "GET", f"{LIST}/p1")


def test_cloud_run_policies_are_kept_beside_those_of_gke(api: Api) -> None:
    made = api.ok("POST", f"{RUN}?policyId=p1", SERVERLESS)
    assert made["name"] == f"{PROJECT}/platforms/cloudRun/policies/p1"
    assert made["cloudRunPolicy"] == SERVERLESS["cloudRunPolicy"]
    assert api.ok("GET", f"{RUN}/p1") == made
    assert api.ok("GET", LIST) == {}
    assert len(api.ok("GET", RUN)["platformPolicies"]) == 1
    assert [each["name"] for each in api.ok("GET", PLATFORMS)["platforms"]] == [
        f"{PROJECT}/platforms/cloudRun", f"{PROJECT}/platforms/gke",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "verb", "path", "body"),
    [
        (THERE, "POST", f"{LIST}?policyId=there", GOOD),
        (ABSENT, "POST", f"{NOWHERE}?policyId=x", GOOD),
        (ABSENT, "POST", f"{PLATFORMS}/moon/policies?policyId=x", GOOD),
        (Refused("policyId"), "POST", LIST, GOOD),
        (Refused("policyId"), "POST", f"{LIST}?policyId=", GOOD),
        (Refused("policyId"), "POST", f"{LIST}?policyId=a.b", GOOD),
        (Refused("policyId"), "POST", f"{LIST}?policyId={'a' * 200}", GOOD),
        (Refused(), "POST", f"{LIST}?policyId=x", b"{"),
        (Refused(), "POST", f"{LIST}?policyId=x", {"gkePolicy": {"unknown": 1}}),
        (Refused("gkePolicy"), "POST", f"{LIST}?policyId=x", {}),
        (Refused("platformPolicy.cloudRunPolicy"), "POST", f"{LIST}?policyId=x", {**GOOD, **SERVERLESS}),
        (Refused("platformPolicy.cloudRunPolicy"), "POST", f"{LIST}?policyId=x", SERVERLESS),
        (Refused("platformPolicy.gkePolicy"), "POST", f"{RUN}?policyId=x", GOOD),
        (Refused("platformPolicy.cloudRunPolicy"), "POST", f"{RUN}?policyId=x", {}),
        (ABSENT, "GET", f"{LIST}/gone", None),
        (ABSENT, "GET", f"{NOWHERE}/there", None),
        (ABSENT, "PUT", f"{LIST}/gone", GOOD),
        (Refused("platformPolicy.cloudRunPolicy"), "PUT", f"{LIST}/there", SERVERLESS),
        (ABSENT, "DELETE", f"{LIST}/gone", None),
        (ABSENT, "DELETE", f"{NOWHERE}/there", None),
        (Refused("parent"), "GET", NOWHERE, None),
        (Refused("parent"), "GET", f"{PLATFORMS}/moon/policies", None),
        (Refused(), "GET", f"{LIST}?pageSize=-1", None),
        (Refused(), "GET", f"{LIST}?pageToken=guessed", None),
        (ABSENT, "POST", f"{LIST}/gone:evaluate", {"resource": POD}),
        (ABSENT, "POST", f"{NOWHERE}/there:evaluate", {"resource": POD}),
        (ABSENT, "GET", "/v1/projects/no-such-project/platforms", None),
    ],
)
def test_what_is_not_there_or_malformed(api: Api, expected: Refused, verb: str, path: str, body: object) -> None:
    api.ok("POST", f"{LIST}?policyId=there", GOOD)
    api.judge(expected, verb, path, body)


def test_a_stale_etag_conflicts_and_none_overwrites(api: Api) -> None:
    first = api.ok("POST", f"{LIST}?policyId=p1", GOOD)
    second = api.ok("PUT", f"{LIST}/p1", {**GOOD, "etag": first["etag"]})
    api.judge(STALE, "PUT", f"{LIST}/p1", {**GOOD, "etag": first["etag"]})
    stale = first["etag"].replace('"', "%22").replace("+", "%2B").replace("/", "%2F")
    api.judge(STALE, "DELETE", f"{LIST}/p1?etag={stale}")
    assert api.ok("GET", f"{LIST}/p1") == second
    third = api.ok("PUT", f"{LIST}/p1", GOOD)
    current = third["etag"].replace('"', "%22").replace("+", "%2B").replace("/", "%2F")
    assert api.ok("DELETE", f"{LIST}/p1?etag={current}") == {}


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_pages_follow_one_another_and_stay_in_their_platform(api: Api, size: int) -> None:
    for name in "abcd":
        api.ok("POST", f"{LIST}?policyId={name}", GOOD)
    api.ok("POST", f"{RUN}?policyId=r", SERVERLESS)
    found, token = [], ""
    while True:
        page = api.ok("GET", f"{LIST}?pageSize={size}&pageToken={token}")
        found += [each["name"].rpartition("/")[2] for each in page["platformPolicies"]]
        token = page.get("nextPageToken", "")
        if not token:
            break
        api.judge(Refused(), "GET", f"{RUN}?pageSize={size}&pageToken={token}")
    assert found == [*"abcd"]


def test_a_project_may_be_named_by_its_number(api: Api) -> None:
    api.ok("POST", f"{LIST}?policyId=p1", GOOD)
    assert api.ok("GET", "/v1/projects/123456789012/platforms/gke/policies/p1")["name"].startswith(PROJECT)
    other = f"/v1/{OTHER}/platforms/gke/policies"
    api.judge(ABSENT, "GET", f"{other}/p1")
