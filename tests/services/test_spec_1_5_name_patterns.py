"""SPEC 1.5: which `namePattern` may be written. What a written one matches is tests/base/test_allowlist_patterns.py."""

import pytest

from tests.services.api import Api, Refused, api

__all__ = ["api"]

PATH = "/v1/projects/demo-project/policy"
RULE = {"evaluationMode": "ALWAYS_DENY", "enforcementMode": "ENFORCED_BLOCK_AND_AUDIT_LOG"}


def policy(*patterns: object) -> dict[str, object]:
    return {"defaultAdmissionRule": RULE, "admissionWhitelistPatterns": [{"namePattern": each} for each in patterns]}


@pytest.mark.parametrize(
    "pattern",
    [
        "gcr.io/example-project/helloworld",
        "gcr.io/example-project/helloworld:latest",
        "gcr.io/example-project/helloworld:v1.*",
        f"gcr.io/example-project/helloworld@sha256:{'7' * 64}",
        "gcr.io/example-project/helloworld@*",
        "gcr.io/my-project/nginx*",
        "gcr.io/my-project/*",
        "gcr.io/my-project/**",
        "gcr.io/my-project/nginx**",
        "gcr.io/my-project**",
        "localhost:5000/app",
        "loc-ref",
        "x" * 1024,
    ],
)
def test_documented_patterns_are_accepted_and_kept(api: Api, pattern: str) -> None:
    api.ok("PUT", PATH, policy(pattern))
    assert api.ok("GET", PATH)["admissionWhitelistPatterns"] == [{"namePattern": pattern}]


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "*",
        "**",
        "gcr.io*",
        "gcr.i*/p/app",
        "/app*",
        "gcr.io/my-project/n*x",
        "gcr.io/my-project/***",
        "gcr.io/*/app*",
        "gcr.io/my project/app",
        "gcr.io/p/app\n",
        "gcr.io/p/\u200bapp",
        "x" * 1025,
    ],
)
def test_other_patterns_are_refused_by_their_place(api: Api, pattern: str) -> None:
    before = api.ok("GET", PATH)
    field = "admissionWhitelistPatterns[1].namePattern"
    api.judge(Refused(field), "PUT", PATH, policy("gcr.io/p/**", pattern))
    assert api.ok("GET", PATH) == before


@pytest.mark.parametrize("pattern", [7, True, ["a"], {"a": "b"}])
def test_what_is_no_text_is_refused(api: Api, pattern: object) -> None:
    api.judge(Refused(), "PUT", PATH, policy(pattern))


def test_2000_patterns_are_accepted_and_one_more_is_not(api: Api) -> None:
    patterns = [f"gcr.io/p/app-{number}" for number in range(2000)]
    api.ok("PUT", PATH, policy(*patterns))
    api.judge(Refused("admissionWhitelistPatterns"), "PUT", PATH, policy(*patterns, "gcr.io/p/more"))
