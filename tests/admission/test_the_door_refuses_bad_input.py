"""Whatever is sent, the answer has a known shape, says got and expected, and nothing else is disturbed."""

import json
from typing import Any

import pytest

from tests.admission.samples import HELLO, UID, encoded, pod, review
from tests.admission.world import AUDIT, IMAGE_REVIEW, REVIEW, World, cluster

GOOD = review(pod(HELLO))


BODIES: dict[str, bytes] = {
    "nothing": b"",
    "truncated": encoded(GOOD)[:-30],
    "not UTF-8": b"\xff\xfe\x00",
    "not an object": b"[]",
    "no request": b'{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}',
    "request null": b'{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": null}',
    "another version": encoded({**GOOD, "apiVersion": "admission.k8s.io/v1beta1"}),
    "another kind": encoded({**GOOD, "kind": "ImageReview"}),
    "no uid": encoded(review(pod(HELLO), uid="")),
    "long uid": encoded(review(pod(HELLO), uid="x" * 1000)),
    "uid a number": encoded(review(pod(HELLO), uid=7)),
    "deep": b'{"apiVersion":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}",
}


@pytest.mark.parametrize("case", BODIES)
def test_B102_a_review_that_cannot_be_answered_is_a_status(world: World, case: str) -> None:
    code, answer = world.post(REVIEW, BODIES[case])
    assert (code, answer["kind"], answer["status"], answer["code"]) == (400, "Status", "Failure", 400)
    assert answer["message"].startswith("got ")
    assert world.review(GOOD)["allowed"] is True


@pytest.mark.parametrize("path", [REVIEW, IMAGE_REVIEW])
@pytest.mark.parametrize("declared", [True, False])
def test_B101_twenty_megabytes_are_refused_without_being_kept(world: World, path: str, declared: bool) -> None:
    body = b" " * 20_000_000
    headers = ((b"content-length", str(len(body)).encode()),) if declared else ()
    code, answer = world.post(path, body, headers=headers, pieces=300)
    assert (code, answer["reason"]) == (413, "RequestEntityTooLarge")
    assert "expected at most 8388608 bytes" in answer["message"]


def test_a_deeply_nested_pod_is_refused_in_the_review(world: World) -> None:
    deep: Any = "x"
    for _ in range(600):
        deep = {"a": deep}
    document = pod(HELLO)
    document["metadata"]["labels"] = deep
    response = world.review(review(document))
    assert response["allowed"] is False


def test_duplicate_keys_read_as_the_apiserver_reads_them_the_last_one_counts(world: World) -> None:
    from tests.admission.world import DENY, policy, rule  # noqa: PLC0415

    world.put(policy(rule(DENY), allowlist=("good",)))
    body = encoded(review(pod("good"))).replace(b'"image": "good"', b'"image": "good", "image": "bad"')
    _, answer = world.post(REVIEW, body)
    assert answer["response"]["allowed"] is False


@pytest.mark.parametrize("token", [None, "", "nonsense", "Bearer", "x" * 100_000])
@pytest.mark.parametrize("path", [REVIEW, IMAGE_REVIEW, AUDIT])
def test_B27_without_the_clusters_token_no_door_opens(world: World, path: str, token: str | None) -> None:
    code, answer = world.post(path, encoded(GOOD), token=token)
    assert (code, answer["kind"], answer["reason"]) == (401, "Status", "Unauthorized")


def test_B27_the_token_of_one_cluster_opens_no_door_of_another(world: World) -> None:
    other = cluster(name="projects/p1/locations/us-central1-a/clusters/c2", webhook_token_hash="0" * 64)
    world.put(other, cluster(name="projects/p1/locations/us-central1-a/clusters/c3", webhook_token_hash=""))
    for name in ("c2", "c3", "c4"):
        assert world.post(REVIEW.replace("clusters/c1", f"clusters/{name}"), encoded(GOOD))[0] == 401


def test_the_token_may_stand_in_the_path(world: World) -> None:
    from tests.admission.world import TOKEN  # noqa: PLC0415

    assert world.post(f"/t/{TOKEN}{REVIEW}", encoded(GOOD), token=None)[0] == 200
    assert world.post(f"/t/wrong{REVIEW}", encoded(GOOD), token=TOKEN)[0] == 401


def test_B64_a_rotated_token_counts_at_once(world: World) -> None:
    assert world.post(REVIEW, encoded(GOOD))[0] == 200
    world.put(cluster(webhook_token_hash="1" * 64))
    assert world.post(REVIEW, encoded(GOOD))[0] == 401


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "//v1/projects/p1/policy/locations/us-central1-a/clusters/c1:admissionReview",
        "/v1/projects/p1/policy/locations/us-central1-a/clusters/c1%3AadmissionReview",
        "/v1/projects/p1/policy/locations/us-central1-a/clusters/../clusters/c1:admissionReview",
        "/v1/projects/p1%2f/policy/locations/us-central1-a/clusters/c1:admissionReview",
        REVIEW + "/",
        REVIEW.replace("admissionReview", "admissionreview"),
        REVIEW.replace("/policy/", "/"),
        AUDIT.replace("/locations", "/policy/locations"),
        "/" + "a" * 100_000,
    ],
)
def test_B113_other_paths_are_not_found(world: World, path: str) -> None:
    assert world.post(path, encoded(GOOD))[0] == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_only_post_is_served(world: World, method: str) -> None:
    assert world.post(REVIEW, encoded(GOOD), method=method)[0] == 405


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"kind": "EventList", "apiVersion": "v1", "items": []}', b'{"items": ' + b"[" * 100_000],
)
def test_what_is_not_an_event_list_is_refused(world: World, body: bytes) -> None:
    code, answer = world.post(AUDIT, body)
    assert (code, answer["kind"]) == (400, "Status")
    assert world.entries() == []


def test_B102_each_door_reads_only_its_own_kind(world: World) -> None:
    assert world.post(IMAGE_REVIEW, encoded(GOOD))[0] == 400
    image_review = {"apiVersion": "imagepolicy.k8s.io/v1alpha1", "kind": "ImageReview", "spec": {"containers": []}}
    assert world.post(REVIEW, encoded(image_review))[0] == 400
    assert world.post(AUDIT, encoded(GOOD))[0] == 400


def test_B110_no_answer_repeats_the_credential(world: World) -> None:
    code, answer = world.post(REVIEW, encoded(GOOD), token="a-secret-that-is-wrong")
    assert code == 401
    assert "a-secret-that-is-wrong" not in json.dumps(answer)


@pytest.mark.parametrize("enforced", [True, False])
@pytest.mark.parametrize("pieces", [1, 300])
def test_B101_a_pod_too_large_to_be_read_is_refused_and_not_failed_open(
    world: World, enforced: bool, pieces: int
) -> None:
    """An HTTP error would count as a failed call, which admits: a Pod could then be made too large to be judged."""
    world.put(cluster(evaluation_mode="PROJECT_SINGLETON_POLICY_ENFORCE" if enforced else "DISABLED"))
    document = pod(HELLO)
    document["metadata"]["annotations"] = {"a": "\x01" * 1_500_000}
    body = encoded(review(document))
    assert len(body) > 8 * 1024 * 1024
    headers = ((b"content-length", str(len(body)).encode()),)
    for declared in ((), headers):
        code, answer = world.post(REVIEW, body, headers=declared, pieces=pieces)
        assert (code, answer["response"]["uid"]) == (200, UID)
        assert answer["response"]["allowed"] is not enforced


@pytest.mark.parametrize("space", [True, False])
def test_B101_a_pod_too_deep_to_be_read_is_refused_and_not_failed_open(world: World, space: bool) -> None:
    """Nesting of managed fields is the requester's choice, and deeper than our decoder goes is still legal."""
    document = pod(HELLO)
    document["metadata"]["managedFields"] = "MARK"
    text = json.dumps(review(document), separators=None if space else (",", ":"))
    body = text.encode().replace(b'"MARK"', b'{"f:a":' * 5000 + b"1" + b"}" * 5000)
    code, answer = world.post(REVIEW, body)
    assert (code, answer["response"]["uid"], answer["response"]["allowed"]) == (200, UID, False)


def test_an_image_review_too_large_to_be_read_is_refused(world: World) -> None:
    spec = {"containers": [{"image": HELLO}], "annotations": {"a": "x" * 9_000_000}}
    document = {"apiVersion": "imagepolicy.k8s.io/v1alpha1", "kind": "ImageReview", "spec": spec}
    code, answer = world.post(IMAGE_REVIEW, encoded(document), pieces=50)
    assert (code, answer["status"]["allowed"]) == (200, False)


def test_an_update_of_the_largest_pod_is_read(world: World) -> None:
    document = pod(HELLO)
    document["metadata"]["annotations"] = {"a": "x" * 3_000_000}
    assert world.review(review(document, oldObject=document, operation="UPDATE"))["allowed"] is True


def test_a_length_that_is_no_number_of_bytes_is_refused(world: World) -> None:
    assert world.post(REVIEW, b"", headers=((b"content-length", b"9" * 10_000),))[0] == 413
