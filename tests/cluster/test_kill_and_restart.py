"""What was acknowledged survives `kill -9`: objects, and the audit events nobody has taken yet."""

from pathlib import Path

import pytest

from tests.cluster.door import PODS, clustered, wait_for

pytestmark = pytest.mark.servers


def test_audit_events_wait_for_their_receiver_and_arrive_in_order_also_after_a_kill(tmp_path: Path) -> None:
    with clustered(tmp_path) as cluster:
        receiver = cluster.receiver
        assert cluster.create("before").status_code == 201
        receiver.event("before")
        receiver.down = True
        names = [f"pod-{number}" for number in range(20)]
        for name in names[:10]:
            assert cluster.create(name).status_code == 201
        wait_for(lambda: receiver.refused)
        assert receiver.names() == ["before"]
        cluster.kill()
        cluster.start()
        for name in names[10:]:
            assert cluster.create(name).status_code == 201
        receiver.down = False
        wait_for(lambda: len(set(receiver.names())) == 21)
        assert list(dict.fromkeys(receiver.names())) == ["before", *names]
        assert len({event["auditID"] for event in receiver.events if event["verb"] == "create"}) >= 21


def test_acknowledged_objects_are_there_after_a_kill_and_versions_only_grow(tmp_path: Path) -> None:
    with clustered(tmp_path) as cluster:
        made = {}
        for number in range(12):
            answer = cluster.create(f"pod-{number}")
            assert answer.status_code == 201
            made[f"pod-{number}"] = answer.json()["metadata"]
        assert cluster.client.delete(f"{PODS}/pod-0?gracePeriodSeconds=0").status_code == 200
        cluster.kill()
        cluster.start()
        listed = cluster.client.get(PODS).json()
        found = {one["metadata"]["name"]: one["metadata"]["uid"] for one in listed["items"]}
        assert found == {name: meta["uid"] for name, meta in made.items() if name != "pod-0"}
        newest = max(int(meta["resourceVersion"]) for meta in made.values())
        assert int(cluster.create("later").json()["metadata"]["resourceVersion"]) > newest
        old = made["pod-1"]["resourceVersion"]
        watched = cluster.client.get(f"{PODS}?watch=1&resourceVersion={old}&timeoutSeconds=1").json()
        assert (watched["type"], watched["object"]["code"]) == ("ERROR", 410)
        assert watched["object"]["reason"] == "Expired"
