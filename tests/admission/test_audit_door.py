"""The audit webhook: durable before it is acknowledged, once however often it is sent, judged again where it must."""

import asyncio
import json
from typing import Any

import pytest

from binauthz.store.records import PendingJudgement
from tests.admission.samples import HELLO, event, event_list, pod
from tests.admission.world import ALLOW, AUDIT, DENY, World, cluster, policy, rule

ACTIVITY, VALIDATION = "activity", "continuous_validation"
FAILED_OPEN = {
    "failed-open.validating.webhook.admission.k8s.io/round_0_index_0": "imagepolicywebhook.image-policy.k8s.io"
}
ERRED = {"imagepolicywebhook.image-policy.k8s.io/failed-open": "true"}


def send(world: World, *events: object) -> None:
    code, answer = world.post(AUDIT, event_list(*events))
    assert (code, answer) == (200, {})


def queue(world: World) -> list[PendingJudgement]:
    return list(world.run(world.store.read(lambda tx: tx.list(PendingJudgement, ""))))


def work_off(world: World) -> int:
    return world.run(world.door.second_judgement.work_off())


def test_a_batch_is_in_the_store_when_it_is_acknowledged(world: World) -> None:
    send(world, event(), event(verb="get"), event(auditID="another", verb="delete"), event(stage="RequestReceived"))
    assert [entry.document["insertId"] for entry in world.entries(ACTIVITY)] == [
        "5a3a3498-e69a-47f5-a02d-67bcc8f9efae",
        "another",
    ]


def test_a_batch_sent_twice_is_stored_once(world: World) -> None:
    batch = [event(auditID=f"id-{index}") for index in range(250)]
    send(world, *batch)
    send(world, *batch)
    assert len(world.entries(ACTIVITY)) == 250


def test_a_reused_audit_id_hides_nothing(world: World) -> None:
    """A client may choose its Audit-ID; a harmless request must not shadow the one that breaks glass."""
    send(world, event())
    breaking = {"imagepolicywebhook.image-policy.k8s.io/break-glass": "true"}
    send(world, event(annotations=breaking, requestReceivedTimestamp="2024-05-12T05:14:00.000000Z"))
    assert [entry.document["labels"] for entry in world.entries(ACTIVITY)][1] == breaking


def test_an_event_that_cannot_be_read_costs_no_other_and_is_not_silent(world: World) -> None:
    send(world, event(auditID="a"), {"verb": 7}, "text", None, event(auditID="b"))
    assert [entry.document["insertId"] for entry in world.entries(ACTIVITY)] == ["a", "b"]
    unread = world.entries("unreadable_audit_events")
    assert len(unread) == 3
    assert all(entry.severity == "WARNING" for entry in unread)


def test_an_empty_batch_is_fine(world: World) -> None:
    assert world.post(AUDIT, b'{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":null}')[0] == 200


def test_a_batch_that_cannot_be_stored_is_not_acknowledged(world: World) -> None:
    world.post(AUDIT, event_list())
    world.run(world.store.close())
    code, answer = world.post(AUDIT, event_list(event()))
    assert (code, answer["reason"]) == (503, "ServiceUnavailable")


@pytest.mark.parametrize("annotations", [FAILED_OPEN, ERRED])
def test_B104_a_pod_admitted_by_failing_open_is_judged_again(world: World, annotations: dict[str, str]) -> None:
    world.put(policy(rule(DENY), allowlist=("example.com/fine:1",)))
    document = pod("example.com/fine:1", HELLO, initContainers=[{"name": "init", "image": HELLO}])
    send(world, event(annotations=annotations, responseObject=document))
    assert len(queue(world)) == 1
    assert work_off(world) == 0
    assert queue(world) == []
    (entry,) = world.entries(VALIDATION)
    description = (
        f"The Pod was admitted by failing open and has now been judged: Image {HELLO} is denied by Binary "
        "Authorization default admission rule. Denied by always_deny admission rule"
    )
    assert entry.severity == "WARNING"
    document = dict(entry.document)
    assert document.pop("insertId").startswith("5a3a3498-e69a-47f5-a02d-67bcc8f9efae")
    assert document == {
        "logName": "projects/p1/logs/binaryauthorization.googleapis.com%2Fcontinuous_validation",
        "timestamp": "2026-11-22T12:00:00.000000Z",
        "receiveTimestamp": "2026-11-22T12:00:00.000000Z",
        "severity": "WARNING",
        "resource": {
            "type": "k8s_cluster",
            "labels": {"project_id": "p1", "location": "us-central1-a", "cluster_name": "c1"},
        },
        "jsonPayload": {
            "@type": "type.googleapis.com/google.cloud.binaryauthorization.v1beta1.ContinuousValidationEvent",
            "podEvent": {
                "podNamespace": "default",
                "pod": "p",
                "policyName": "projects/123456789012/policy",
                "deployTime": "2024-05-12T05:13:08.760303Z",
                "verdict": "VIOLATES_POLICY",
                "images": [
                    {
                        "image": HELLO,
                        "containerName": "c1",
                        "containerType": "CONTAINER",
                        "result": "DENY",
                        "description": description,
                    },
                    {
                        "image": HELLO,
                        "containerName": "init",
                        "containerType": "INIT_CONTAINER",
                        "result": "DENY",
                        "description": description,
                    },
                ],
            },
        },
    }


def test_a_second_judgement_is_logged_once_however_often_it_is_asked_for(world: World) -> None:
    world.put(policy(rule(DENY)))
    for _ in range(2):
        send(world, event(annotations=FAILED_OPEN))
        assert work_off(world) == 0
    assert len(world.entries(VALIDATION)) == 1


def test_a_conforming_pod_leaves_no_entry(world: World) -> None:
    world.put(policy(rule(ALLOW)))
    send(world, event(annotations=FAILED_OPEN))
    assert work_off(world) == 0
    assert (queue(world), world.entries(VALIDATION)) == ([], [])


@pytest.mark.parametrize(
    "changes",
    [
        {"annotations": {}},
        {"requestURI": "/api/v1/namespaces/default/pods?dryRun=All"},
        {"responseStatus": {"code": 409}},
        {"objectRef": {"resource": "services", "namespace": "default", "name": "s", "apiVersion": "v1"}},
    ],
)
def test_only_pods_that_were_really_admitted_are_queued(world: World, changes: dict[str, Any]) -> None:
    send(world, event(**{"annotations": FAILED_OPEN, **changes}))
    assert queue(world) == []


@pytest.mark.parametrize("document", [None, {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": 7}}])
def test_a_pod_that_cannot_be_judged_is_reported(world: World, document: dict[str, Any] | None) -> None:
    world.put(policy(rule(DENY)))
    send(world, event(annotations=FAILED_OPEN, requestObject=None, responseObject=document))
    assert work_off(world) == 0
    (entry,) = world.entries(VALIDATION)
    assert "cannot be judged" in entry.document["jsonPayload"]["configErrorEvent"]["description"]


def test_what_cannot_be_told_yet_stays_queued(world: World) -> None:
    two_maps = policy(rule(ALLOW), namespace_rules={"n": rule(ALLOW)}, cluster_rules={"l.c": rule(ALLOW)})
    world.put(two_maps)
    send(world, event(annotations=FAILED_OPEN))
    assert work_off(world) == 1
    assert len(queue(world)) == 1
    world.put(policy(rule(DENY)))
    assert work_off(world) == 0
    assert len(world.entries(VALIDATION)) == 1


def test_a_cluster_that_stopped_enforcing_is_not_reported(world: World) -> None:
    world.put(policy(rule(DENY)))
    send(world, event(annotations=FAILED_OPEN))
    world.put(cluster(evaluation_mode="DISABLED"))
    assert work_off(world) == 0
    assert (queue(world), world.entries(VALIDATION)) == ([], [])


def test_a_whole_queue_is_worked_off_in_the_background(world: World) -> None:
    world.put(policy(rule(DENY)))

    async def main() -> None:
        await world.door.start()
        for _ in range(50):
            await asyncio.sleep(0)
        from tests.admission.world import post  # noqa: PLC0415

        batch = event_list(*(event(auditID=f"id-{index}", annotations=FAILED_OPEN) for index in range(120)))
        assert (await post(world.door, AUDIT, batch))[0] == 200
        async with asyncio.timeout(20):
            for _ in range(1000):
                if not await world.store.read(lambda tx: tx.count(PendingJudgement, "")):
                    break
                await asyncio.sleep(0.02)
        await world.door.stop()

    world.run(main())
    assert len(world.entries(VALIDATION)) == 120


def test_the_documented_queries_find_the_entries(world: World) -> None:
    """SPEC 5.1, verbatim."""
    status = {"status": "Failure", "code": 400, "reason": "VIOLATES_POLICY", "message": "m"}
    prefix = "imagepolicywebhook.image-policy.k8s.io"
    send(
        world,
        event(auditID="blocked", responseStatus=status, responseObject=None),
        event(auditID="broken", annotations={f"{prefix}/break-glass": "true"}),
        event(auditID="opened", annotations=FAILED_OPEN),
        event(auditID="erred", annotations=ERRED),
        event(auditID="dry", annotations={f"{prefix}/dry-run": "true"}),
        event(auditID="plain"),
    )
    first = (
        'resource.type="k8s_cluster"\nlogName:"cloudaudit.googleapis.com%2Factivity"\n'
        '(protoPayload.methodName="io.k8s.core.v1.pods.create" OR\n'
        'protoPayload.methodName="io.k8s.core.v1.pods.update")\n'
    )
    queries = {
        first + 'protoPayload.response.status="Failure"\n(protoPayload.response.reason="VIOLATES_POLICY" OR\n'
        'protoPayload.response.reason="Forbidden")': {"blocked"},
        first + '"image-policy.k8s.io/break-glass"': {"broken"},
        first + '("image-policy.k8s.io/failed-open" OR "imagepolicywebhook.image-policy.k8s.io/failed-open" OR '
        '"failed-open.validating.webhook.admission.k8s.io")': {"opened", "erred"},
        'labels."imagepolicywebhook.image-policy.k8s.io/dry-run"="true"': {"dry"},
    }
    for query, expected in queries.items():
        found = world.run(
            world.store.read(lambda tx, query=query: list(tx.log_entries(projects=["projects/p1"], filter=query)))
        )
        assert {entry.document["insertId"] for entry in found} == expected, query


def test_what_the_log_holds_is_json(world: World) -> None:
    other = event(auditID="11111111-2222-3333-4444-555555555555")
    send(world, event(requestObject={"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "\ud800"}}), other)
    entries = [dict(entry.document) for entry in world.entries(ACTIVITY)]
    assert len(entries) == 2
    assert json.dumps(entries, ensure_ascii=False).encode()
