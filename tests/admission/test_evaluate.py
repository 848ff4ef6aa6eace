"""``:evaluate`` judges what a manifest would make, as the admission door would, and changes nothing."""

import json
from typing import Any

import pytest
import yaml

from binauthz.admission.evaluate import Evaluator
from binauthz.admission.evaluate_door import EvaluateDoor
from binauthz.base.errors import ApiError, Code
from binauthz.services.context import Caller, Context
from binauthz.wire.policies import policy_from_json
from tests.admission.world import (
    ALLOW,
    ATTEST,
    DENY,
    World,
    attestor,
    digest_of,
    image_of,
    occurrence,
    policy,
    post,
    rule,
)

PATH = "/binauthz/v1/projects/p1:evaluate"
BAD = "example.com/bad:1"
SPEC = {"containers": [{"name": "c", "image": BAD}]}
TEMPLATE = {"metadata": {"labels": {"app": "x"}}, "spec": SPEC}


RIGHTS = {
    ("binaryauthorization.policy.get", "projects/p1/policy"),
    ("binaryauthorization.attestors.get", "projects/p1/attestors/a"),
    ("containeranalysis.occurrences.get", "projects/p1"),
}


def ask(
    world: World, question: Any, *, token: str | None = "good", path: str = PATH, withheld: tuple[str, ...] = ()
) -> tuple[int, dict[str, Any]]:
    async def authenticate(given: str) -> Caller | None:
        return Caller(principal=f"user:{given}@example.com") if given in {"good", "poor"} else None

    async def authorize(ctx: Context, permission: str, resource: str) -> None:
        if permission in withheld or ctx.caller.principal.startswith("user:poor"):
            raise ApiError(Code.PERMISSION_DENIED, "denied")
        assert (permission, resource) in RIGHTS

    door = EvaluateDoor(
        world.store,
        world.clock,
        Evaluator(world.door.judge, policy_from_json),
        authenticator=authenticate,
        authorize=authorize,
    )
    body = question if isinstance(question, bytes) else json.dumps(question).encode()
    return world.run(post(door, path, body, token=token))


def manifest(*documents: object) -> str:
    return yaml.safe_dump_all(documents)


WORKLOADS: dict[str, dict[str, Any]] = {
    "Pod": {"apiVersion": "v1", "kind": "Pod", "spec": SPEC},
    "PodTemplate": {"apiVersion": "v1", "kind": "PodTemplate", "template": TEMPLATE},
    "ReplicationController": {"apiVersion": "v1", "kind": "ReplicationController", "spec": {"template": TEMPLATE}},
    "Deployment": {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": TEMPLATE}},
    "old Deployment": {"apiVersion": "extensions/v1beta1", "kind": "Deployment", "spec": {"template": TEMPLATE}},
    "ReplicaSet": {"apiVersion": "apps/v1", "kind": "ReplicaSet", "spec": {"template": TEMPLATE}},
    "StatefulSet": {"apiVersion": "apps/v1", "kind": "StatefulSet", "spec": {"template": TEMPLATE}},
    "DaemonSet": {"apiVersion": "apps/v1", "kind": "DaemonSet", "spec": {"template": TEMPLATE}},
    "Job": {"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": TEMPLATE}},
    "CronJob": {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "spec": {"jobTemplate": {"spec": {"template": TEMPLATE}}},
    },
}


@pytest.mark.parametrize("kind", WORKLOADS)
def test_B06_every_workload_kind_is_looked_into(world: World, kind: str) -> None:
    world.put(policy(rule(DENY)))
    workload = {**WORKLOADS[kind], "metadata": {"name": "w", "namespace": "prod"}}
    code, answer = ask(world, {"manifest": manifest(workload)})
    assert (code, answer["verdict"], answer["admitted"]) == (200, "NON_CONFORMANT", False)
    (result,) = answer["results"]
    assert (result["kind"], result["podName"], result["namespace"]) == (workload["kind"], "w", "prod")
    assert f"Image {BAD} denied by" in result["message"]
    assert result["images"][0]["image"] == BAD


def test_a_list_and_several_documents_have_one_result_each(world: World) -> None:
    items = {"apiVersion": "v1", "kind": "List", "items": [WORKLOADS["Pod"], WORKLOADS["Job"]]}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}
    _, answer = ask(world, {"manifest": manifest(items, service, None)})
    assert [result["verdict"] for result in answer["results"]] == ["CONFORMANT", "CONFORMANT", "NOT_JUDGED"]
    assert answer["admitted"] is True


def test_images_are_judged_as_one_pod(world: World) -> None:
    world.put(policy(rule(ATTEST, "projects/p1/attestors/a")), attestor("a"), occurrence("a", digest_of(1)))
    _, answer = ask(world, {"images": [image_of(1), image_of(2)]})
    (result,) = answer["results"]
    assert [image["verdict"] for image in result["images"]] == ["CONFORMANT", "NON_CONFORMANT"]
    assert result["images"][1]["attestors"] == [
        {"attestor": "projects/p1/attestors/a", "verdict": "NON_CONFORMANT", "why": "NOT_ATTESTED"}
    ]
    assert ask(world, {"images": [image_of(1)]})[1]["verdict"] == "CONFORMANT"


def test_cluster_namespace_and_service_account_choose_the_rule(world: World) -> None:
    world.put(policy(rule(DENY), cluster_rules={"us-central1-a.c1": rule(ALLOW)}))
    assert ask(world, {"images": [BAD]})[1]["admitted"] is False
    assert ask(world, {"images": [BAD], "cluster": "us-central1-a.c1"})[1]["admitted"] is True
    world.put(policy(rule(DENY), namespace_rules={"lax": rule(ALLOW)}))
    assert ask(world, {"images": [BAD], "namespace": "lax"})[1]["admitted"] is True
    world.put(policy(rule(DENY), service_account_rules={"default:robot": rule(ALLOW)}))
    assert ask(world, {"images": [BAD], "serviceAccount": "robot"})[1]["admitted"] is True


def test_break_glass_and_dry_run_are_admitted_and_still_violations(world: World) -> None:
    world.put(policy(rule(DENY)))
    template = {**TEMPLATE, "metadata": {"labels": {"image-policy.k8s.io/break-glass": "true"}}}
    workload = {**WORKLOADS["Deployment"], "spec": {"template": template}}
    _, answer = ask(world, {"manifest": manifest(workload)})
    assert (answer["verdict"], answer["admitted"]) == ("NON_CONFORMANT", True)
    outside = {**WORKLOADS["Deployment"], "metadata": {"labels": {"image-policy.k8s.io/break-glass": "true"}}}
    assert ask(world, {"manifest": manifest(outside)})[1]["admitted"] is False
    world.put(policy(rule(DENY, dry_run=True)))
    _, answer = ask(world, {"images": [BAD]})
    assert (answer["verdict"], answer["admitted"]) == ("NON_CONFORMANT", True)


def test_a_draft_is_tried_and_not_stored(world: World) -> None:
    draft = {
        "defaultAdmissionRule": {"evaluationMode": "ALWAYS_DENY", "enforcementMode": "ENFORCED_BLOCK_AND_AUDIT_LOG"}
    }
    before = world.run(world.store.revision())
    assert ask(world, {"images": [BAD], "policy": draft})[1]["admitted"] is False
    assert ask(world, {"images": [BAD]})[1]["admitted"] is True
    assert world.run(world.store.revision()) == before
    assert world.entries() == []


def test_a_draft_that_could_not_be_stored_is_refused_by_its_field(world: World) -> None:
    code, answer = ask(world, {"images": [BAD], "policy": {"admissionWhitelistPatterns": [{"namePattern": "a*"}]}})
    assert (code, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")
    (details,) = answer["error"]["details"]
    assert [each["field"] for each in details["fieldViolations"]] == [
        "policy.admissionWhitelistPatterns[0].namePattern",
        "policy.defaultAdmissionRule",
    ]


def explained(world: World, image: str, **more: Any) -> dict[str, Any]:
    code, answer = ask(world, {"images": [image], "explain": True}, **more)
    assert code == 200, answer
    (result,) = answer["results"]
    return dict(result)


def test_B83_an_explanation_names_the_rule_and_the_pattern(world: World) -> None:
    world.put(policy(rule(DENY), allowlist=("example.com/ok/*",), namespace_rules={"lax": rule(ALLOW)}))
    result = explained(world, "example.com/ok/app")
    assert result["rule"] == {
        "scope": "DEFAULT", "key": "", "evaluationMode": "ALWAYS_DENY",
        "enforcementMode": "ENFORCED_BLOCK_AND_AUDIT_LOG", "requireAttestationsBy": [],
    }  # fmt: skip
    assert result["images"][0]["exemption"] == {"owner": "POLICY", "pattern": "example.com/ok/*"}
    assert "exemption" not in explained(world, BAD)["images"][0]
    _, answer = ask(world, {"images": [BAD], "namespace": "lax", "explain": True})
    assert (answer["results"][0]["rule"]["scope"], answer["results"][0]["rule"]["key"]) == ("NAMESPACE", "lax")


def test_an_explanation_says_what_each_attestor_tried(world: World) -> None:
    world.put(policy(rule(ATTEST, "projects/p1/attestors/a")), attestor("a"), occurrence("a", digest_of(1)))
    (image,) = explained(world, image_of(1))["images"]
    (finding,) = image["findings"]
    assert (image["digest"], finding["cause"]) == (f"sha256:{digest_of(1)}", "PROVEN")
    assert finding["trials"][0]["outcome"] == "SATISFIED"
    assert finding["trials"][0]["keyId"]
    (image,) = explained(world, image_of(2))["images"]
    assert (image["findings"][0]["cause"], image["findings"][0]["trials"]) == ("NO_ATTESTATIONS", [])


def test_B109_an_explanation_shows_only_what_the_caller_may_read(world: World) -> None:
    world.put(policy(rule(ATTEST, "projects/p1/attestors/a")), attestor("a"), occurrence("a", digest_of(1)))
    (image,) = explained(world, image_of(1), withheld=("binaryauthorization.attestors.get",))["images"]
    assert set(image["findings"][0]) == {"attestor", "verdict", "why", "withheld"}
    (image,) = explained(world, image_of(1), withheld=("containeranalysis.occurrences.get",))["images"]
    assert (image["findings"][0]["trials"], image["findings"][0]["trialsLeftOut"]) == ([], 1)


def test_what_cannot_be_told_is_not_called_admitted(world: World) -> None:
    world.run(world.store.close())
    _, answer = ask(world, {"images": [BAD]})
    assert (answer["verdict"], answer["admitted"]) == ("ERROR", False)


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + level)}: &{chr(98 + level)} [{','.join(['*' + chr(97 + level)] * 9)}]\n" for level in range(9)
)


@pytest.mark.parametrize(
    "question",
    [
        b"",
        b"[]",
        b'{"manifest": 7}',
        b'{"surprise": 1, "images": ["a"]}',
        b'{"a":' * 5000,
        {},
        {"manifest": "x", "images": ["y"]},
        {"manifest": "---\n---\n"},
        {"manifest": "just text"},
        {"manifest": "{unbalanced"},
        {"manifest": "!!python/object/apply:os.system ['true']"},
        {"manifest": "kind: Pod"},
        {"manifest": "[" * 2000},
        {"manifest": BOMB},
        {"images": ["a"], "cluster": "no-dot"},
        {"images": ["a"], "cluster": "../x.y"},
        {"images": ["a"], "policy": {"defaultAdmissionRule": {"evaluationMode": "SOMETIMES"}}},
    ],
)
def test_bad_questions_are_invalid_arguments(world: World, question: Any) -> None:
    code, answer = ask(world, question)
    assert (code, answer["error"]["status"]) == (400, "INVALID_ARGUMENT"), answer


@pytest.mark.parametrize(
    ("workload", "why"),
    [
        ({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {}}, "no Pod template at `spec.template`"),
        ({**WORKLOADS["Pod"], "spec": {"containers": "many"}}, "cannot be read"),
        ({**WORKLOADS["Pod"], "spec": {"containers": [{"image": ""}]}}, "blank image"),
    ],
)
def test_a_workload_that_cannot_be_read_is_not_admitted(world: World, workload: dict[str, Any], why: str) -> None:
    code, answer = ask(world, {"manifest": manifest(workload)})
    assert (code, answer["admitted"]) == (200, False)
    assert why in answer["results"][0]["message"]


@pytest.mark.parametrize(("token", "code"), [(None, 401), ("bad", 401), ("poor", 403)])
def test_who_may_not_read_the_policy_may_not_ask(world: World, token: str | None, code: int) -> None:
    assert ask(world, {"images": [BAD]}, token=token)[0] == code


@pytest.mark.parametrize("path", ["/binauthz/v1/projects/p1", "/binauthz/v1/projects/a%2fb:evaluate", f"{PATH}/x"])
def test_B113_other_paths_are_not_found(world: World, path: str) -> None:
    assert ask(world, {"images": [BAD]}, path=path)[0] == 404


def test_B101_a_large_manifest_is_refused(world: World) -> None:
    assert ask(world, b" " * (2 * 1024 * 1024))[0] == 413
