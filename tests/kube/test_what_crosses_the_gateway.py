"""Which requests the gateway takes, and what of them reaches the cluster: nothing that the caller says about itself."""

import pytest

from binauthz.kube.gateway_route import gateway_route
from binauthz.kube.headers import downstream, groups_of, upstream, user_of
from binauthz.services.context import Caller

OWNER = Caller(principal="user:owner@binauthz.local", groups=("sre", "system:masters", "a\nb"))
MEMBER = "projects/123456789012/locations/global/memberships/local-cluster"


@pytest.mark.parametrize("version", ["v1", "v1beta1", "v1alpha1"])
@pytest.mark.parametrize("collection", ["memberships", "gkeMemberships"])
def test_every_documented_form_of_the_url_is_a_route(version: str, collection: str) -> None:
    base = f"/{version}/projects/123456789012/locations/global/{collection}/local-cluster"
    for rest in ("/api/v1/namespaces/default/pods/p/log", "/apis/apps/v1/deployments", "/version", "/"):
        route = gateway_route(base + rest)
        assert route is not None
        assert (route.membership, route.path) == (MEMBER, rest)
    bare = gateway_route(base)
    assert bare is not None
    assert bare.path == "/"


@pytest.mark.parametrize(
    "path",
    [
        "/v2/projects/p/locations/l/memberships/m/api",
        "/v1/projects/p/locations/l/clusters/m/api",
        "/v1/projects//locations/l/memberships/m/api",
        "/v1/projects/p/locations/l/memberships/m:generateCredentials",
        "/v1/projects/p%2fq/locations/l/memberships/m/api",
        "/v1/projects/p/locations/l/memberships/../memberships/m/api",
        "/v1/projects/p/locations/l/memberships/m/api/../../etc",
        "/v1/projects/p/locations/l/memberships/m/api/%2e%2e/x",
        "/v1/projects/p/locations/l/memberships/m/api%2fv1",
        "/v1/projects/p/locations/l/memberships/m//evil.example/api",
        "/v1/projects/p/locations/l/memberships/m/api\\x",
        "/v1/projects/p/locations/l/memberships/m/api\r\nHost: x",
        "/v1/projects/p/locations/l/memberships/m/" + "a" * 10_000,
        "//v1/projects/p/locations/l/memberships/m/api",
        "@evil.example/v1/projects/p/locations/l/memberships/m/api",
    ],
)
def test_B113_other_paths_are_none(path: str) -> None:
    assert gateway_route(path) is None


def test_the_callers_own_words_about_identity_are_dropped() -> None:
    given = [
        (b"accept", b"application/json;as=Table"),
        (b"authorization", b"Bearer of-the-caller"),
        (b"impersonate-user", b"system:admin"),
        (b"impersonate-group", b"system:masters"),
        (b"impersonate-uid", b"0"),
        (b"impersonate-extra-scopes", b"all"),
        (b"x-remote-user", b"system:admin"),
        (b"x-remote-group", b"system:masters"),
        (b"x-forwarded-for", b"10.0.0.1"),
        (b"audit-id", b"chosen"),
        (b"cookie", b"session"),
        (b"host", b"evil.example"),
        (b"connection", b"keep-alive, x-hop"),
        (b"x-hop", b"1"),
        (b"te", b"trailers"),
        (b"upgrade", b"SPDY/3.1"),
        (b"content-type", b"application/json"),
    ]
    assert upstream(given, OWNER, "of-the-gateway", groups_of(OWNER)) == [
        (b"accept", b"application/json;as=Table"),
        (b"content-type", b"application/json"),
        (b"authorization", b"Bearer of-the-gateway"),
        (b"impersonate-user", b"owner@binauthz.local"),
        (b"impersonate-group", b"sre"),
    ]


def test_hop_by_hop_headers_of_the_answer_are_dropped() -> None:
    given = [(b"Content-Type", b"application/json"), (b"Transfer-Encoding", b"chunked"), (b"Audit-Id", b"1")]
    assert downstream(given) == [(b"content-type", b"application/json"), (b"audit-id", b"1")]


@pytest.mark.parametrize(
    ("principal", "user"),
    [
        ("user:a@b.c", "a@b.c"),
        ("serviceAccount:ci@p.iam.gserviceaccount.com", "ci@p.iam.gserviceaccount.com"),
        ("principal://x/subject/y", "principal://x/subject/y"),
    ],
)
def test_a_member_is_a_kubernetes_user_by_its_email(principal: str, user: str) -> None:
    assert user_of(Caller(principal=principal)) == user


def test_a_group_that_a_header_would_carry_as_another_is_dropped() -> None:
    caller = Caller(principal="user:a@b.c", groups=(" system:masters", "system:masters ", " ", "a b"))
    assert groups_of(caller) == ("a b",)
