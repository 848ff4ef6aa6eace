"""SPEC 6.9: the project's continuous-validation config in v1alpha2, and its own IAM policy."""

from typing import Any

import pytest

from tests.services.api import PROJECT, Api, Refused, api

__all__ = ["api"]

CONFIG = f"/v1alpha2/{PROJECT}/continuousValidationConfig"
NAME = f"{PROJECT}/continuousValidationConfig"
ABSENT = Refused(code=404, status="NOT_FOUND")
BINDING = {"role": "roles/binaryauthorization.policyViewer", "members": ["user:a@example.com"]}


def test_every_project_has_one_that_is_off(api: Api) -> None:
    # gcloud reads through the inner message unasked, so it is there even when it says nothing.
    assert api.ok("GET", CONFIG) == {"name": NAME, "enforcementPolicyConfig": {}}


def test_a_put_replaces_the_whole(api: Api) -> None:
    on = api.ok("PUT", CONFIG, {"name": NAME, "enforcementPolicyConfig": {"enabled": True}})
    assert on == {"name": NAME, "enforcementPolicyConfig": {"enabled": True}, "updateTime": "2026-05-01T12:00:00Z"}
    assert api.ok("GET", CONFIG) == on
    assert api.ok("PUT", CONFIG, {**on, "enforcementPolicyConfig": {"enabled": True}}) == on
    assert api.ok("PUT", CONFIG, {})["enforcementPolicyConfig"] == {}
    assert api.ok("GET", "/v1alpha2/projects/123456789012/continuousValidationConfig")["name"] == NAME


@pytest.mark.parametrize(
    ("expected", "verb", "path", "body"),
    [
        (ABSENT, "GET", CONFIG.replace("demo-project", "no-such-project"), None),
        (ABSENT, "PUT", CONFIG.replace("demo-project", "no-such-project"), {}),
        (Refused(), "PUT", CONFIG, {"enforcementPolicyConfig": {"enabled": "yes"}}),
        (Refused(), "PUT", CONFIG, {"enforcementPolicyConfig": []}),
        (Refused(), "PUT", CONFIG, {"somethingElse": 1}),
        (Refused(), "PUT", CONFIG, b"{"),
        (Refused(), "GET", CONFIG.replace("demo-project", "Demo_Project"), None),
    ],
)
def test_what_is_not_there_or_malformed(api: Api, expected: Refused, verb: str, path: str, body: Any) -> None:
    api.judge(expected, verb, path, body)


def test_it_exists_in_v1alpha2_alone(api: Api) -> None:
    for version in ("v1", "v1beta1"):
        assert api.call("GET", CONFIG.replace("v1alpha2", version))[0] == 404


def test_it_has_an_iam_policy_of_its_own(api: Api) -> None:
    assert api.ok("GET", f"{CONFIG}:getIamPolicy") == {"etag": "ACAB"}
    made = api.ok("POST", f"{CONFIG}:setIamPolicy", {"policy": {"bindings": [BINDING], "etag": "ACAB", "version": 3}})
    assert made["bindings"] == [BINDING]
    assert api.ok("GET", f"{CONFIG}:getIamPolicy") == made
    assert api.ok("GET", f"/v1alpha2/{PROJECT}/policy:getIamPolicy") == {"etag": "ACAB"}
    permissions = [f"binaryauthorization.continuousValidationConfig.{verb}" for verb in ("get", "update", "fly")]
    held = api.ok("POST", f"{CONFIG}:testIamPermissions", {"permissions": permissions})
    assert held == {"permissions": permissions[:2]}
