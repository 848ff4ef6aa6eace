"""The AdmissionReview contract of SPEC 4.4, over a real store."""

from typing import Any

import pytest

from binauthz.policy.model import EvaluationMode
from tests.admission.samples import HELLO, UID, encoded, pod, review
from tests.admission.world import (
    ALLOW,
    ATTEST,
    DENY,
    REVIEW,
    World,
    attestor,
    cluster,
    digest_of,
    image_of,
    occurrence,
    policy,
    rule,
)

BAD, GOOD = "example.com/bad:1", "example.com/good:1"
DENIED_BY_DEFAULT = "denied by Binary Authorization default admission rule. Denied by always_deny admission rule"


def deny_all_but_good(world: World) -> None:
    world.put(policy(rule(DENY), allowlist=(GOOD, "example.com/good@*")))


def test_a_denial_is_exactly_gkes(world: World) -> None:
    world.put(policy(rule(ALLOW), cluster_rules={"us-central1-a.c1": rule(DENY)}))
    assert world.review(review(pod("gcr.io/P/nginx:latest"))) == {
        "uid": UID,
        "allowed": False,
        "status": {
            "status": "Failure",
            "reason": "VIOLATES_POLICY",
            "message": "Image gcr.io/P/nginx:latest denied by Binary Authorization cluster admission rule for "
            "us-central1-a.c1. Denied by always_deny admission rule",
            "details": {
                "kind": "Pod",
                "causes": [{"reason": "'gcr.io/P/nginx:latest' : Denied by an ALWAYS_DENY admission rule\n"}],
            },
        },
    }


def test_a_conforming_pod_gets_no_annotation(world: World) -> None:
    assert world.review(review(pod(HELLO))) == {"uid": UID, "allowed": True}


@pytest.mark.parametrize(
    ("metadata", "broken"),
    [
        ({"labels": {"image-policy.k8s.io/break-glass": "true"}}, True),
        ({"annotations": {"alpha.image-policy.k8s.io/break-glass": "true"}}, True),
        ({"labels": {"image-policy.k8s.io/break-glass": "True"}}, False),
        ({"labels": {"image-policy.k8s.io/break-glass": "yes"}}, False),
        ({"annotations": {"alpha.image-policy.k8s.io/break-glass": "incident 7"}}, False),
        ({"annotations": {"image-policy.k8s.io/break-glass": "true"}}, False),
    ],
)
def test_B22_break_glass_is_exactly_true_and_always_recorded(
    world: World, metadata: dict[str, Any], broken: bool
) -> None:
    world.put(policy(rule(DENY)))
    document = pod(BAD)
    document["metadata"].update(metadata)
    response = world.review(review(document))
    assert response["allowed"] is broken
    if broken:
        assert response["auditAnnotations"] == {
            "break-glass": "true",
            "overridden-verification-result": f"'{BAD}' : Denied by an ALWAYS_DENY admission rule\n",
        }
        world.put(policy(rule(ALLOW)))
        assert world.review(review(document))["auditAnnotations"] == {"break-glass": "true"}


def test_B22_break_glass_may_be_kept_to_groups(world: World) -> None:
    world.put(policy(rule(DENY)), cluster(break_glass_groups=("sre",)))
    document = pod(BAD)
    document["metadata"]["labels"] = {"image-policy.k8s.io/break-glass": "true"}
    refused = world.review(review(document))
    assert (refused["allowed"], refused["auditAnnotations"]) == (False, {"break-glass-ignored": "true"})
    user = {"username": "u", "groups": ["sre"]}
    assert world.review(review(document, userInfo=user))["allowed"] is True


def test_a_dry_run_admits_and_says_what_it_would_have_said(world: World) -> None:
    world.put(policy(rule(DENY, dry_run=True)))
    assert world.review(review(pod(BAD)))["auditAnnotations"]["dry-run"] == "true"


BAD_CONTAINER = {"name": "x", "image": BAD}


@pytest.mark.parametrize(
    "changes",
    [
        {"containers": [{"name": "ok", "image": GOOD}, BAD_CONTAINER]},
        {"initContainers": [BAD_CONTAINER]},
        {"initContainers": [{**BAD_CONTAINER, "restartPolicy": "Always"}]},
        {"ephemeralContainers": [BAD_CONTAINER]},
        {"volumes": [{"name": "v", "emptyDir": {}}, {"name": "x", "image": {"reference": BAD}}]},
    ],
    ids=["B01_containers", "B01_init", "B01_sidecar", "B02_ephemeral", "B03_volume"],
)
def test_every_image_of_the_pod_is_looked_at(world: World, changes: dict[str, Any]) -> None:
    deny_all_but_good(world)
    assert world.review(review(pod(GOOD)))["allowed"] is True
    response = world.review(review(pod(GOOD, **changes)))
    assert response["status"]["message"] == f"Image {BAD} {DENIED_BY_DEFAULT}"


def test_B02_an_ephemeral_container_added_later_is_judged(world: World) -> None:
    deny_all_but_good(world)
    new = pod(GOOD, ephemeralContainers=[BAD_CONTAINER])
    changes = {"oldObject": pod(GOOD), "operation": "UPDATE", "subResource": "ephemeralcontainers"}
    assert world.review(review(new, **changes))["allowed"] is False


@pytest.mark.parametrize("image", ["", " ", "\t"])
@pytest.mark.parametrize("where", ["containers", "initContainers"])
def test_B09_a_blank_image_is_refused(world: World, image: str, where: str) -> None:
    response = world.review(review(pod(GOOD, **{where: [{"name": "x", "image": image}]})))
    assert response["allowed"] is False
    assert "blank image" in response["status"]["message"]


def test_B09_a_pod_without_containers_is_refused(world: World) -> None:
    assert world.review(review(pod()))["allowed"] is False


@pytest.mark.parametrize(
    "kind",
    [
        {"group": "", "version": "v1", "kind": "ConfigMap"},
        {"group": "apps", "version": "v1", "kind": "Deployment"},
        {"group": "", "version": "v2", "kind": "Pod"},
        {"group": "evil.io", "version": "v1", "kind": "Pod"},
    ],
)
def test_B05_what_is_not_a_pod_is_refused_by_name(world: World, kind: dict[str, str]) -> None:
    response = world.review(review(pod(GOOD), kind=kind))
    assert (response["allowed"], response["uid"]) == (False, UID)
    assert kind["kind"] in response["status"]["message"]
    assert "expected `v1 Pod`" in response["status"]["message"]


@pytest.mark.parametrize(
    "document",
    [
        None,
        {"apiVersion": "apps/v1", "kind": "Deployment"},
        {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": "many"}},
        {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"image": 7}]}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"labels": {"a": 1}}},
    ],
)
def test_B05_an_object_that_cannot_be_read_is_refused(world: World, document: dict[str, Any] | None) -> None:
    response = world.review(review(document))
    assert (response["allowed"], response["uid"]) == (False, UID)
    assert "expected" in response["status"]["message"].lower()


def test_B13_the_namespace_is_the_requests(world: World) -> None:
    world.put(policy(rule(DENY), namespace_rules={"lax": rule(ALLOW)}))
    document = pod(BAD)
    document["metadata"]["namespace"] = "lax"
    response = world.review(review(document, namespace="default"))
    assert response["allowed"] is False
    assert "namespace `lax`" in response["status"]["message"]
    del document["metadata"]["namespace"]
    assert world.review(review(document, namespace="default"))["allowed"] is False
    assert world.review(review(document, namespace="lax"))["allowed"] is True


def test_a_service_account_rule_sees_the_pods_account_and_its_default(world: World) -> None:
    world.put(policy(rule(DENY), service_account_rules={"default:robot": rule(ALLOW)}))
    assert world.review(review(pod(BAD)))["allowed"] is False
    assert world.review(review(pod(BAD, serviceAccountName="robot")))["allowed"] is True
    assert world.review(review(pod(BAD, serviceAccount="robot")))["allowed"] is True


def update(old: dict[str, Any], new: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return review(new, oldObject=old, operation="UPDATE", **changes)


def test_B12_removing_a_finalizer_is_never_blocked(world: World) -> None:
    world.put(policy(rule(DENY)))
    old, new = pod(BAD), pod(BAD)
    old["metadata"].update(deletionTimestamp="2026-01-01T00:00:00Z", finalizers=["a/b"])
    new["metadata"].update(deletionTimestamp="2026-01-01T00:00:00Z")
    assert world.review(update(old, new)) == {"uid": UID, "allowed": True}
    new["spec"]["containers"][0]["image"] = "example.com/worse:1"
    assert world.review(update(old, new))["allowed"] is False


def test_B14_only_an_unchanged_set_of_images_is_excused(world: World) -> None:
    world.put(policy(rule(DENY)))
    old = pod(BAD, GOOD)
    swapped = pod(GOOD, BAD)
    assert world.review(update(old, swapped))["allowed"] is True
    assert world.review(update(old, pod(BAD, BAD)))["allowed"] is False
    assert world.review(update(old, pod(BAD, GOOD, GOOD)))["allowed"] is False
    assert world.review(update(old, pod(GOOD, initContainers=[BAD_CONTAINER])))["allowed"] is False
    assert world.review(review(pod(BAD), operation="UPDATE"))["allowed"] is False


def test_strict_updates_judge_every_update(world: World) -> None:
    world.put(policy(rule(DENY)), cluster(strict_updates=True))
    assert world.review(update(pod(BAD), pod(BAD)))["allowed"] is False


def test_B20_and_B21_what_the_pod_says_of_itself_decides_nothing(world: World) -> None:
    world.put(policy(rule(DENY)))
    document = pod(BAD)
    document["metadata"]["annotations"] = {
        "imagepolicywebhook.image-policy.k8s.io/dry-run": "true",
        "imagepolicywebhook.image-policy.k8s.io/break-glass": "true",
        "alpha.image-policy.k8s.io/failed-open": "true",
    }
    document["metadata"]["ownerReferences"] = [
        {"kind": "ReplicaSet", "name": "rs", "uid": "1", "apiVersion": "apps/v1"}
    ]
    document["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert world.review(review(document))["allowed"] is False


def test_B18_kube_system_is_not_exempt(world: World) -> None:
    world.put(policy(rule(DENY)))
    document = pod(BAD)
    document["metadata"]["namespace"] = "kube-system"
    assert world.review(review(document, namespace="kube-system"))["allowed"] is False


def test_B111_a_dry_run_request_is_judged_and_writes_nothing(world: World) -> None:
    world.put(policy(rule(DENY)))
    before = world.run(world.store.revision())
    assert world.review(review(pod(BAD), dryRun=True))["allowed"] is False
    assert world.run(world.store.revision()) == before
    assert world.entries() == []


@pytest.mark.parametrize(
    ("mode", "enforced"),
    [
        ("PROJECT_SINGLETON_POLICY_ENFORCE", True),
        ("POLICY_BINDINGS_AND_PROJECT_SINGLETON_POLICY_ENFORCE", True),
        ("POLICY_BINDINGS", False),
        ("DISABLED", False),
        ("EVALUATION_MODE_UNSPECIFIED", False),
    ],
)
def test_the_clusters_mode_says_whether_anything_is_enforced(world: World, mode: str, enforced: bool) -> None:
    world.put(policy(rule(DENY)), cluster(evaluation_mode=mode))
    assert world.review(review(pod(BAD)))["allowed"] is not enforced


def test_deletions_are_not_judged(world: World) -> None:
    world.put(policy(rule(DENY)))
    assert world.review(review(None, oldObject=pod(BAD), operation="DELETE"))["allowed"] is True


def test_attestors_are_asked_by_digest(world: World) -> None:
    world.put(policy(rule(ATTEST, "projects/p1/attestors/a", "projects/p1/attestors/b")), attestor("a"), attestor("b"))
    document = review(pod(image_of(1)))
    assert "attestors/a: No attestations found" in world.review(document)["status"]["message"]
    world.put(occurrence("a", digest_of(1)))
    message = world.review(document)["status"]["message"]
    assert "attestors/a" not in message
    assert "attestors/b" in message
    world.put(occurrence("b", digest_of(1)))
    assert world.review(document)["allowed"] is True
    tagged = world.review(review(pod("us-docker.pkg.dev/p1/r/img:1")))
    assert "Expected digest with sha256 scheme, but got tag or malformed digest" in tagged["status"]["message"]


def test_B92_a_revocation_counts_for_the_very_next_review(world: World) -> None:
    world.put(policy(rule(ATTEST, "projects/p1/attestors/a")), attestor("a"), occurrence("a", digest_of(1)))
    document = review(pod(image_of(1)))
    for _ in range(2):
        assert world.review(document)["allowed"] is True
    world.delete(occurrence("a", digest_of(1)))
    assert world.review(document)["allowed"] is False
    world.put(occurrence("a", digest_of(1)))
    assert world.review(document)["allowed"] is True
    world.put(attestor("a", key="another"))
    assert world.review(document)["allowed"] is False
    world.put(attestor("a"))
    assert world.review(document)["allowed"] is True
    world.put(policy(rule(DENY)))
    assert world.review(document)["allowed"] is False


def test_B92_a_write_by_another_process_counts_too(world: World) -> None:
    from binauthz.store import open_store  # noqa: PLC0415

    world.put(policy(rule(ALLOW)))
    assert world.review(review(pod(BAD)))["allowed"] is True
    other = open_store(f"sqlite:///{world.database}")
    world.run(other.write(lambda tx: tx.put(policy(rule(DENY)))))
    assert world.review(review(pod(BAD)))["allowed"] is False
    world.run(other.close())


@pytest.mark.parametrize("shared", [False, True])
def test_B109_an_attestor_of_another_project_needs_both_grants(world: World, shared: bool) -> None:
    from binauthz.store.records import Binding, IamPolicy, Project  # noqa: PLC0415

    theirs = attestor("a", project="p2")
    world.put(
        Project(name="projects/p2", number=2, create_time=world.clock.now()),
        theirs,
        occurrence("a", digest_of(1), project="p2"),
        policy(rule(ATTEST, theirs.name)),
    )
    agent = "serviceAccount:service-123456789012@gcp-sa-binaryauthorization.iam.gserviceaccount.com"
    verify = IamPolicy(
        name=theirs.name, bindings=(Binding(role="roles/binaryauthorization.attestorsVerifier", members=(agent,)),)
    )
    world.put(verify)
    assert world.review(review(pod(image_of(1))))["allowed"] is False
    if shared:
        role = "roles/containeranalysis.notes.occurrences.viewer"
        world.put(IamPolicy(name=theirs.note, bindings=(Binding(role=role, members=(agent,)),)))
    assert world.review(review(pod(image_of(1))))["allowed"] is shared


def test_an_attestor_named_by_project_number_is_found(world: World) -> None:
    world.put(policy(rule(ATTEST, "projects/123456789012/attestors/a")), attestor("a"), occurrence("a", digest_of(1)))
    assert world.review(review(pod(image_of(1))))["allowed"] is True


def test_B101_ten_thousand_containers_are_answered_in_time_and_more_are_refused(world: World) -> None:
    world.put(policy(rule(DENY)))
    many = pod(*[f"example.com/i{index}:1" for index in range(10_000)])
    code, answer = world.post(REVIEW, encoded(review(many)))
    assert (code, answer["response"]["allowed"]) == (200, False)
    assert len(encoded(answer)) < 1_000_000
    response = world.review(review(pod(*["a"] * 10_001)))
    assert "10001 containers" in response["status"]["message"]


def test_every_evaluation_mode_is_exercised_here() -> None:
    assert {ALLOW, DENY, ATTEST, EvaluationMode.UNSPECIFIED} == set(EvaluationMode)


def test_B51_an_image_that_runs_in_a_lax_namespace_is_judged_anew_in_a_strict_one(world: World) -> None:
    world.put(policy(rule(DENY), namespace_rules={"lax": rule(ALLOW)}))
    document = pod(HELLO)
    for _ in range(2):
        for namespace, allowed in (("lax", True), ("strict", False)):
            document["metadata"]["namespace"] = namespace
            assert world.review(review(document, namespace=namespace))["allowed"] is allowed
