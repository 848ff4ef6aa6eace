"""What the door takes and refuses: credentials, bodies, dry runs, pages, watches."""

import json

import pytest

from tests.cluster.door import MASTER, PLAIN, PODS, Cluster, pod

pytestmark = pytest.mark.servers
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize("path", ["/api", "/apis", PODS, "/openapi/v2", "/nowhere"])
@pytest.mark.parametrize("token", ["", "guessed"])
def test_nothing_is_told_without_a_token(cluster: Cluster, path: str, token: str) -> None:
    with cluster.as_user(token) as stranger:
        answer = stranger.get(path)
    assert answer.status_code == 401
    assert answer.json()["reason"] == "Unauthorized"


def test_health_and_version_are_told_to_anybody(cluster: Cluster) -> None:
    with cluster.as_user() as stranger:
        for path in ("/healthz", "/livez", "/readyz", "/version"):
            assert stranger.get(path).status_code == 200


def test_only_masters_impersonate_and_the_event_names_both(cluster: Cluster) -> None:
    with cluster.as_user(PLAIN, Impersonate_User="owner", Impersonate_Group="system:masters") as other:
        answer = other.post(PODS, json=pod("stolen"))
    assert answer.status_code == 403
    assert answer.json()["message"].startswith('users "owner" is forbidden: User "somebody" cannot impersonate')
    with cluster.as_user(MASTER, Impersonate_User="alice", Impersonate_Group="devs") as master:
        assert master.post(PODS, json=pod("as-alice")).status_code == 201
    event = cluster.receiver.event("as-alice")
    assert (event["user"]["username"], event["impersonatedUser"]["username"]) == ("owner", "alice")
    review = next(one for one in cluster.receiver.reviews if one["name"] == "as-alice")
    assert review["userInfo"] == {"username": "alice", "groups": ["devs", "system:authenticated"]}


def test_somebody_without_masters_may_not_switch_enforcement_off(cluster: Cluster) -> None:
    with cluster.as_user(PLAIN) as other:
        path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/binauthz"
        assert other.delete(path).status_code == 403
        assert other.get(path).status_code == 200


def test_B101_a_body_beyond_3_MiB_is_413_declared_or_not(cluster: Cluster) -> None:
    body = json.dumps(pod("big", pad="x" * (3 << 20))).encode()
    assert cluster.client.post(PODS, content=body, headers=JSON).status_code == 413
    chunks = (body[at : at + 65536] for at in range(0, len(body), 65536))
    assert cluster.client.post(PODS, content=chunks, headers=JSON).status_code == 413


@pytest.mark.parametrize("depth", [65, 5_000, 200_000])
def test_B101_deep_json_is_400(cluster: Cluster, depth: int) -> None:
    body = b'{"apiVersion":"v1","kind":"Pod","x":' + b"[" * depth + b"]" * depth + b"}"
    answer = cluster.client.post(PODS, content=body, headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["reason"] == "BadRequest"


def test_unknown_and_repeated_fields_follow_fieldValidation(cluster: Cluster) -> None:
    body = pod("odd")
    body["spec"]["replica"] = 2
    strict = cluster.client.post(f"{PODS}?fieldValidation=Strict", json=body)
    assert strict.status_code == 400
    assert 'strict decoding error: unknown field "spec.replica"' in strict.json()["message"]
    warned = cluster.client.post(f"{PODS}?fieldValidation=Warn", json=body)
    assert (warned.status_code, warned.headers["warning"]) == (201, '299 - "unknown field \\"spec.replica\\""')
    text = json.dumps(pod("twice")).replace('"kind"', '"kind": "Pod", "kind"')
    twice = cluster.client.post(f"{PODS}?fieldValidation=Strict", content=text, headers=JSON)
    assert (twice.status_code, 'duplicate field "kind"' in twice.json()["message"]) == (400, True)


def test_B111_dry_run_writes_nothing_and_the_webhook_is_told(cluster: Cluster) -> None:
    answer = cluster.create("dry", query="?dryRun=All")
    assert answer.status_code == 201
    assert cluster.client.get(f"{PODS}/dry").status_code == 404
    review = next(one for one in cluster.receiver.reviews if one.get("name") == "dry")
    assert (review["dryRun"], review["options"]["dryRun"]) == (True, ["All"])
    assert cluster.create("dry", "denied", query="?dryRun=All").status_code == 400
    assert cluster.create("wet").status_code == 201
    merge = {"content-type": "application/merge-patch+json"}
    patched = cluster.client.patch(
        f"{PODS}/wet?dryRun=All", content=b'{"metadata":{"labels":{"a":"b"}}}', headers=merge
    )
    assert patched.json()["metadata"]["labels"] == {"a": "b"}
    assert cluster.client.delete(f"{PODS}/wet?dryRun=All").status_code == 200
    kept = cluster.client.get(f"{PODS}/wet").json()["metadata"]
    assert "labels" not in kept or kept["labels"] == {}
    assert "deletionTimestamp" not in kept
    assert cluster.create("never", query="?dryRun=Some").status_code == 422


def test_lists_come_in_pages_that_miss_and_repeat_nothing(cluster: Cluster) -> None:
    for number in range(7):
        assert cluster.create(f"page-{number}", page="yes").status_code == 201
    found: list[str] = []
    token, versions = "", set()
    while True:
        query = {"limit": "3", "labelSelector": "page=yes", "continue": token}
        listed = cluster.client.get(PODS, params=query).json()
        found += [one["metadata"]["name"] for one in listed["items"]]
        versions.add(listed["metadata"]["resourceVersion"])
        token = listed["metadata"].get("continue", "")
        if not token:
            break
    assert found == [f"page-{number}" for number in range(7)]
    assert len(versions) == 1
    assert cluster.client.get(PODS, params={"limit": "3", "continue": "guessed"}).status_code == 400


def test_a_watch_goes_on_from_a_version(cluster: Cluster) -> None:
    first = cluster.create("seen", watched="yes").json()["metadata"]["resourceVersion"]
    assert cluster.create("new", watched="yes").status_code == 201
    query = {"watch": "1", "resourceVersion": first, "timeoutSeconds": "1", "labelSelector": "watched=yes"}
    with cluster.client.stream("GET", PODS, params=query) as answer:
        names = []
        for line in answer.iter_lines():
            event = json.loads(line)
            names.append(event["object"]["metadata"]["name"])
            if names[-1] == "new":
                assert event["type"] in ("ADDED", "MODIFIED")
                break
    assert "new" in names


def test_everything_listed_in_discovery_is_served(cluster: Cluster) -> None:
    listed = cluster.client.get("/api/v1").json()["resources"]
    names = {one["name"] for one in listed}
    assert {"pods", "pods/status", "pods/binding", "pods/ephemeralcontainers"} <= names
    assert not names & {"pods/eviction", "serviceaccounts/token"}
