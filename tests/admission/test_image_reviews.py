"""The second door of SPEC 4.8: the same decision, with the blind spots of its interface."""

from typing import Any

import pytest

from tests.admission.samples import encoded
from tests.admission.world import ALLOW, DENY, IMAGE_REVIEW, World, cluster, policy, rule

BAD = "example.com/bad:1"


def ask(world: World, *images: str, **spec: Any) -> dict[str, Any]:
    containers = [{"image": image} for image in images]
    document = {
        "apiVersion": "imagepolicy.k8s.io/v1alpha1",
        "kind": "ImageReview",
        "spec": {"containers": containers, "namespace": "default", **spec},
    }
    code, answer = world.post(IMAGE_REVIEW, encoded(document))
    assert (code, answer["apiVersion"], answer["kind"]) == (200, "imagepolicy.k8s.io/v1alpha1", "ImageReview")
    status: dict[str, Any] = answer["status"]
    return status


def test_the_same_policy_decides(world: World) -> None:
    world.put(policy(rule(DENY), allowlist=("example.com/good:1",)))
    assert ask(world, "example.com/good:1") == {"allowed": True}
    assert ask(world, "example.com/good:1", BAD) == {
        "allowed": False,
        "reason": f"Image {BAD} denied by Binary Authorization default admission rule. "
        "Denied by always_deny admission rule",
    }


def test_the_namespace_chooses_a_rule_and_the_service_account_cannot(world: World) -> None:
    world.put(policy(rule(DENY), namespace_rules={"lax": rule(ALLOW)}))
    assert ask(world, BAD, namespace="lax")["allowed"] is True
    assert ask(world, BAD)["allowed"] is False
    world.put(policy(rule(DENY), service_account_rules={"default:robot": rule(ALLOW)}))
    assert ask(world, BAD)["allowed"] is False


def test_B22_break_glass_is_the_older_annotation_alone(world: World) -> None:
    world.put(policy(rule(DENY)))
    status = ask(world, BAD, annotations={"alpha.image-policy.k8s.io/break-glass": "true"})
    assert (status["allowed"], status["auditAnnotations"]["break-glass"]) == (True, "true")
    assert ask(world, BAD, annotations={"image-policy.k8s.io/break-glass": "true"})["allowed"] is False
    world.put(cluster(break_glass_groups=("sre",)))
    assert ask(world, BAD, annotations={"alpha.image-policy.k8s.io/break-glass": "true"})["allowed"] is False


@pytest.mark.parametrize("images", [(), ("",), (" ",)])
def test_B09_no_image_and_a_blank_one_are_refused(world: World, images: tuple[str, ...]) -> None:
    status = ask(world, *images)
    assert status["allowed"] is False
    assert status["reason"]


def test_B104_a_broken_store_admits_with_the_annotation(world: World) -> None:
    world.put(policy(rule(DENY)))
    assert ask(world, BAD)["allowed"] is False
    world.run(world.store.close())
    assert ask(world, BAD)["auditAnnotations"]["failed-open"] == "true"


def test_a_cluster_that_does_not_enforce_admits(world: World) -> None:
    world.put(policy(rule(DENY)), cluster(evaluation_mode="DISABLED"))
    assert ask(world, BAD) == {"allowed": True}
