"""Hostile and mistaken input: refused in the caller's own error shape; nothing else is disturbed."""

import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.e2e.platform import HELLO, Kubectl, Platform, rule, unique

pytestmark = [pytest.mark.servers]

POLICY = "/v1/projects/demo-project/policy"


@pytest.fixture
def rest(platform: Platform) -> Iterator[httpx2.Client]:
    """A plain HTTP client with the owner's token; the server has to be well before and after."""
    token = Path(platform.env["BINAUTHZ_TOKEN_FILE"]).read_text().strip()
    with httpx2.Client(
        base_url=platform.env["BINAUTHZ_SERVER"],
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
        trust_env=False,
    ) as client:
        before = client.get(POLICY).json()
        control = platform.addresses["control_pid"]
        yield client
        assert client.get(POLICY).json() == before
        assert platform.addresses["control_pid"] == control


@pytest.fixture
def door(platform: Platform) -> Iterator[httpx2.Client]:
    """The admission door with the cluster's credential."""
    token = (platform.directory / "webhook-token").read_text().strip()
    trust = ssl.create_default_context(cafile=platform.directory / "pki" / "ca.pem")
    with httpx2.Client(
        base_url=platform.addresses["tls_url"],
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        verify=trust,
        timeout=30,
        trust_env=False,
    ) as client:
        yield client


REVIEW = "/v1/projects/demo-project/policy/locations/us-central1-a/clusters/local-cluster:admissionReview"
ALLOW = rule("ALWAYS_ALLOW")
BAD_POLICIES: dict[str, tuple[Any, str]] = {
    "malformed JSON": ("{", "JSON"),
    "an unknown field": ({"defaultAdmissionRule": ALLOW, "surprise": 1}, "surprise"),
    "a wrong enum": ({"defaultAdmissionRule": {**ALLOW, "evaluationMode": "SOMETIMES"}}, "SOMETIMES"),
    "an unspecified enum": ({"defaultAdmissionRule": {"evaluationMode": "ALWAYS_ALLOW"}}, "enforcementMode"),
    "no default rule": ({"description": "empty"}, "defaultAdmissionRule"),
    "two rule maps": (
        {
            "defaultAdmissionRule": ALLOW,
            "clusterAdmissionRules": {"us-central1-a.c": ALLOW},
            "kubernetesNamespaceAdmissionRules": {"n": ALLOW},
        },
        "kubernetesNamespaceAdmissionRules",
    ),
    "a wildcard in the middle": (
        {"defaultAdmissionRule": ALLOW, "admissionWhitelistPatterns": [{"namePattern": "gcr.io/p/n*x"}]},
        "gcr.io/p/n*x",
    ),
    "an attestor that does not exist": (
        {"defaultAdmissionRule": rule("REQUIRE_ATTESTATION", "projects/demo-project/attestors/nobody")},
        "nobody",
    ),
    "attestors under ALWAYS_ALLOW": (
        {"defaultAdmissionRule": rule("ALWAYS_ALLOW", "projects/demo-project/attestors/nobody")},
        "requireAttestationsBy",
    ),
    "deep nesting": ('{"a":' * 5000 + "1" + "}" * 5000, ""),
    "a list for an object": ("[]", ""),
    "duplicate keys": ('{"description":"a","description":"b"}', "description"),
}


@pytest.mark.parametrize("case", BAD_POLICIES)
def test_a_bad_policy_is_refused_in_googles_shape(rest: httpx2.Client, case: str) -> None:
    body, named = BAD_POLICIES[case]
    response = rest.put(POLICY, content=body if isinstance(body, str) else json.dumps(body))
    error = response.json()["error"]
    assert (response.status_code, error["code"]) in ((400, 400), (404, 404)), error
    assert error["status"] in ("INVALID_ARGUMENT", "NOT_FOUND")
    assert named in json.dumps(error)


def test_B101_twenty_megabytes_are_refused(rest: httpx2.Client) -> None:
    response = rest.put(POLICY, content=b'{"description": "' + b"x" * 20_000_000 + b'"}')
    assert response.status_code == 413
    assert response.json()["error"]["status"] in ("INVALID_ARGUMENT", "RESOURCE_EXHAUSTED", "OUT_OF_RANGE")


@pytest.mark.parametrize(
    "path", ["//v1/projects/demo-project/policy", "/v1/projects/demo-project%2fpolicy", "/v1/%2e%2e/x"]
)
def test_B113_path_tricks_are_not_found(rest: httpx2.Client, path: str) -> None:
    response = rest.get(path)
    assert 400 <= response.status_code < 500
    assert "error" in response.json()


def test_B100_no_token_is_unauthenticated(platform: Platform) -> None:
    response = httpx2.get(platform.env["BINAUTHZ_SERVER"] + POLICY, trust_env=False)
    assert response.status_code == 401
    assert response.json()["error"]["status"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("bad", ["not a key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_a_key_that_is_not_one_is_refused(platform: Platform, rest: httpx2.Client, bad: str) -> None:
    name = unique("attestor")
    platform.binauthz("attestors", "create", name).ok()
    path = f"/v1/projects/demo-project/attestors/{name}"
    attestor = rest.get(path).json()
    attestor["userOwnedGrafeasNote"]["publicKeys"] = [
        {"pkixPublicKey": {"publicKeyPem": bad, "signatureAlgorithm": "ECDSA_P256_SHA256"}}
    ]
    response = rest.put(path, json=attestor)
    assert response.status_code == 400
    assert "publicKeyPem" in json.dumps(response.json()["error"])
    assert "publicKeys" not in rest.get(path).json()["userOwnedGrafeasNote"]
    platform.binauthz("attestors", "delete", name).ok()


def test_B67_a_key_whose_algorithm_does_not_match_is_refused(
    platform: Platform, rest: httpx2.Client, tmp_path: Path
) -> None:
    name = unique("attestor")
    platform.binauthz("attestors", "create", name).ok()
    public = tmp_path / "pub.pem"
    platform.binauthz("keys", "generate", "--private-key", str(tmp_path / "key.pem"), "--public-key", str(public)).ok()
    error = platform.binauthz("attestors", "add-key", name, str(public), "--algorithm", "rsa-pss-2048-sha256").refused()
    assert "INVALID_ARGUMENT" in error
    platform.binauthz("attestors", "delete", name).ok()


def review(**changes: Any) -> dict[str, Any]:
    """A well-formed review of a Pod, with some members of the request replaced."""
    request = {
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "namespace": "default",
        "operation": "CREATE",
        "userInfo": {"username": "u"},
        "object": {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "p", "namespace": "default"},
            "spec": {"containers": [{"name": "c", "image": HELLO}]},
        },
    }
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {**request, **changes}}


def test_a_good_review_is_answered(door: httpx2.Client) -> None:
    answer = door.post(REVIEW, json=review()).json()
    assert answer["response"] == {"uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "allowed": True}


BAD_REVIEWS: dict[str, bytes] = {
    "truncated": json.dumps(review()).encode()[:-40],
    "not JSON": b"\xff\xfe",
    "no request": b'{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}',
    "another kind": json.dumps({**review(), "kind": "ImageReview"}).encode(),
    "another version": json.dumps({**review(), "apiVersion": "admission.k8s.io/v9"}).encode(),
    "no uid": json.dumps(review(uid="")).encode(),
    "a uid that is a number": json.dumps(review(uid=7)).encode(),
    "deep nesting": b'{"apiVersion":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "20 MB": b" " * 20_000_000,
}


@pytest.mark.parametrize("case", BAD_REVIEWS)
def test_B102_a_bad_review_gets_a_clear_error_and_disturbs_nothing(door: httpx2.Client, case: str) -> None:
    response = door.post(REVIEW, content=BAD_REVIEWS[case])
    assert 400 <= response.status_code < 500, response.text
    body = response.json()
    assert body["kind"] in ("Status", "AdmissionReview")
    assert "Traceback" not in response.text
    assert door.post(REVIEW, json=review()).json()["response"]["allowed"] is True


def test_B101_ten_thousand_containers_get_an_answer(door: httpx2.Client) -> None:
    pod = review()["request"]["object"]
    pod["spec"]["containers"] = [{"name": f"c{i}", "image": f"example.com/i{i}:1"} for i in range(10_000)]
    response = door.post(REVIEW, json=review(object=pod))
    assert response.status_code in (200, 400, 413), response.text[:500]


def test_B107_many_images_make_no_new_metrics(rest: httpx2.Client, door: httpx2.Client) -> None:
    def series() -> set[str]:
        lines = rest.get("/metrics").text.splitlines()
        return {line.rpartition(" ")[0] for line in lines if not line.startswith("#")}

    before = series()
    assert before
    for number in range(100):
        pod = review()["request"]["object"]
        pod["spec"]["containers"][0]["image"] = f"example.com/{unique('image')}:{number}"
        assert door.post(REVIEW, json=review(object=pod)).status_code == 200
    assert series() == before


def test_B05_a_non_pod_is_not_silently_in_scope(door: httpx2.Client) -> None:
    kind = {"group": "", "version": "v1", "kind": "ConfigMap"}
    resource = {"group": "", "version": "v1", "resource": "configmaps"}
    response = door.post(REVIEW, json=review(kind=kind, resource=resource, object={"kind": "ConfigMap"}))
    assert "ConfigMap" in response.text or "configmaps" in response.text


def test_B27_the_wrong_credential_opens_no_door(door: httpx2.Client) -> None:
    response = door.post(REVIEW, json=review(), headers={"Authorization": "Bearer nonsense"})
    assert response.status_code in (401, 403)
    assert response.json()["kind"] == "Status"


def test_kubectl_shows_kubernetes_own_errors(cluster_context: Kubectl) -> None:
    bad = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "Bad_Name"}, "spec": {"containers": []}}
    error = cluster_context("create", "-f", "-", stdin=json.dumps(bad)).refused()
    assert "Invalid" in error or "invalid" in error
    assert "spec.containers" in error
