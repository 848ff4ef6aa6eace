"""SPEC 6.2 and 6.4: check sets, scopes and allowlists, each rule from both sides."""

from typing import Any

import pytest

from tests.services.api import Api, Refused, api

__all__ = ["api"]

CREATE = "/v1/projects/demo-project/platforms/gke/policies?policyId=p1"
SETS = "gkePolicy.checkSets"
DENY = {"checks": [{"alwaysDeny": True}]}
NS, SA = {"kubernetesNamespace": "n"}, {"kubernetesServiceAccount": "n:s"}
HEX = "a" * 64


def scoped(*scopes: dict[str, str] | None) -> dict[str, Any]:
    return {"checkSets": [{**DENY, **({"scope": scope} if scope is not None else {})} for scope in scopes]}


@pytest.mark.parametrize(
    ("gke", "field"),
    [
        ({}, None),
        ({"checkSets": []}, None),
        ({"checkSets": [{}]}, None),
        (scoped(None), None),
        (scoped(SA, NS, None), None),
        (scoped(NS, {"kubernetesNamespace": "m"}, None), None),
        (scoped(SA, {"kubernetesServiceAccount": "n:t"}, {"kubernetesServiceAccount": "m:s"}, None), None),
        # The last one is the default, and the only one.
        (scoped(NS), f"{SETS}[0].scope"),
        (scoped(SA, NS), f"{SETS}[1].scope"),
        (scoped(None, None), f"{SETS}[0].scope"),
        (scoped(None, NS, None), f"{SETS}[0].scope"),
        # Each scope once; a service account before its namespace.
        (scoped(NS, NS, None), f"{SETS}[1].scope"),
        (scoped(SA, SA, None), f"{SETS}[1].scope"),
        (scoped(NS, SA, None), f"{SETS}[1].scope"),
        # What a scope may be.
        (scoped({}, None), f"{SETS}[0].scope.kubernetesServiceAccount"),
        (scoped({"kubernetesNamespace": ""}, None), f"{SETS}[0].scope.kubernetesNamespace"),
        (scoped({"kubernetesNamespace": "N"}, None), f"{SETS}[0].scope.kubernetesNamespace"),
        (scoped({"kubernetesNamespace": "a/b"}, None), f"{SETS}[0].scope.kubernetesNamespace"),
        (scoped({"kubernetesServiceAccount": "s"}, None), f"{SETS}[0].scope.kubernetesServiceAccount"),
        (scoped({"kubernetesServiceAccount": "n:"}, None), f"{SETS}[0].scope.kubernetesServiceAccount"),
        (scoped({"kubernetesServiceAccount": "n:s:t"}, None), f"{SETS}[0].scope.kubernetesServiceAccount"),
        # How many there may be.
        (scoped(*({"kubernetesNamespace": f"n{index}"} for index in range(499)), None), None),
        (scoped(*({"kubernetesNamespace": f"n{index}"} for index in range(500)), None), SETS),
        ({"checkSets": [{"checks": [{"alwaysDeny": True}] * 100}]}, None),
        ({"checkSets": [{"checks": [{"alwaysDeny": True}] * 101}]}, f"{SETS}[0].checks"),
    ],
)
def test_check_sets(api: Api, gke: dict[str, Any], field: str | None) -> None:
    api.judge(None if field is None else Refused(field), "POST", CREATE, {"gkePolicy": gke})


def test_a_scope_is_one_of_the_two(api: Api) -> None:
    api.judge(Refused(), "POST", CREATE, {"gkePolicy": scoped({**NS, **SA}, None)})


PATTERNS = [
    ("gcr.io/p/*", True), ("gcr.io/p/**", True), ("gcr.io/p/img", True), ("gcr.io/p/img*", True), ("nginx", True),
    ("gcr.io/p/img:v1", True), ("gcr.io/p/img:v1*", True), (f"gcr.io/p/img@sha256:{HEX}", True),
    (f"gcr.io/p/img:v1@sha256:{HEX}", True),
    ("", False), ("*", False), ("**", False), ("reg/img:*", False), ("gcr.io/p**", False), ("gcr.io/*/img", False),
    ("gcr.io/p/img:v1**", False), ("gcr.io/p/***", False), (f"gcr.io/p/img@sha256:{HEX}*", False),
    ("gcr.io/p/img@sha256:abc", False), ("gcr.io/p/i mg", False), ("gcr.io//img", False), ("x" * 2000, False),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "good"), PATTERNS)
@pytest.mark.parametrize("place", ["gkePolicy", f"{SETS}[0]", f"{SETS}[0].checks[0]"])
def test_allow_patterns(api: Api, place: str, pattern: str, good: bool) -> None:
    allowlist = {"imageAllowlist": {"allowPattern": ["gcr.io/fine", pattern]}}
    check = {"alwaysDeny": True, **(allowlist if place.endswith("checks[0]") else {})}
    check_set = {"checks": [check], **(allowlist if place == f"{SETS}[0]" else {})}
    body = {"gkePolicy": {"checkSets": [check_set], **(allowlist if place == "gkePolicy" else {})}}
    api.judge(None if good else Refused(f"{place}.imageAllowlist.allowPattern[1]"), "POST", CREATE, body)


def test_an_allowlist_is_bounded(api: Api) -> None:
    for count, field in ((2000, None), (2001, "gkePolicy.imageAllowlist.allowPattern")):
        patterns = [f"gcr.io/p/img{index}" for index in range(count)]
        expected = None if field is None else Refused(field)
        path = CREATE.replace("p1", f"p{count}")
        api.judge(expected, "POST", path, {"gkePolicy": {"imageAllowlist": {"allowPattern": patterns}}})


def test_a_description_is_bounded(api: Api) -> None:
    api.judge(None, "POST", CREATE, {"gkePolicy": {}, "description": "x" * 4096})
    path = CREATE.replace("p1", "p2")
    api.judge(Refused("description"), "POST", path, {"gkePolicy": {}, "description": "x" * 4097})
