"""The audit events of writes, and what a store holds once it was closed and opened again."""

import asyncio
from pathlib import Path

import pytest

from binauthz.cluster import limits
from binauthz.cluster.client import StatusError
from tests.cluster.pipeline import SOMEBODY, Cluster, pod, run, settings


def test_every_write_leaves_an_event_that_says_who_did_what_and_what_came_of_it(tmp_path: Path) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.call(
            "create", "pods", "default", user=SOMEBODY, body=pod(), agent="kubectl/v1", source="127.0.0.1"
        )
        event = cluster.audited()[-1]
        assert (event["level"], event["stage"], event["verb"]) == ("RequestResponse", "ResponseComplete", "create")
        assert event["user"]["username"] == "somebody"
        assert (event["sourceIPs"], event["userAgent"]) == (["127.0.0.1"], "kubectl/v1")
        assert event["objectRef"] == {"resource": "pods", "apiVersion": "v1", "namespace": "default", "name": "web"}
        assert event["responseStatus"] == {"metadata": {}, "code": 201}
        assert event["requestObject"] == pod()
        assert event["responseObject"]["metadata"]["uid"]
        assert "managedFields" not in event["responseObject"]["metadata"]
        assert event["annotations"]["authorization.k8s.io/decision"] == "allow"
        assert event["requestReceivedTimestamp"] <= event["stageTimestamp"]

    run(tmp_path, story)


def test_a_refused_write_leaves_its_status(tmp_path: Path) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.call("create", "pods", "nowhere", body=pod())
        event = cluster.audited()[-1]
        assert event["responseStatus"]["code"] == 404
        assert event["responseObject"]["reason"] == "NotFound"

    run(tmp_path, story)


def test_a_generated_name_is_not_in_the_reference_of_its_create(tmp_path: Path) -> None:
    async def story(cluster: Cluster) -> None:
        body = pod() | {"metadata": {"generateName": "web-"}}
        await cluster.call("create", "pods", "default", body=body)
        assert "name" not in cluster.audited()[-1]["objectRef"]

    run(tmp_path, story)


def test_reads_events_and_the_bookkeeping_of_components_leave_nothing(tmp_path: Path) -> None:
    async def story(cluster: Cluster) -> None:
        made = await cluster.client.create("pods", "default", pod())
        before = len(cluster.audited())
        await cluster.client.get("pods", "default", "web")
        place = {"namespace": "default", "name": "web", "kind": "Pod"}
        event = {"metadata": {"name": "e"}, "involvedObject": place, "reason": "r", "message": "m"}
        await cluster.client.create("events", "default", event)
        assert len(cluster.audited()) == before
        await cluster.client.update_status("pods", "default", made | {"status": {"phase": "Running"}})
        assert len(cluster.audited()) == before + 1

    run(tmp_path, story)


@pytest.mark.parametrize(
    ("resource", "body"), [("secrets", {"data": {"k": "c2VjcmV0"}}), ("configmaps", {"data": {"k": "secret"}})]
)
def test_an_event_about_a_secret_does_not_hold_it(tmp_path: Path, resource: str, body: dict[str, object]) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.call("create", resource, "default", body=body | {"metadata": {"name": "s"}})
        event = cluster.audited()[-1]
        assert (event["level"], event["objectRef"]["name"], event["responseStatus"]["code"]) == ("Metadata", "s", 201)
        assert "secret" not in str(event).replace("'secrets'", "")
        assert "c2VjcmV0" not in str(event)

    run(tmp_path, story)


def test_a_full_spool_stops_writes_aloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(cluster: Cluster) -> None:
        monkeypatch.setattr(limits, "AUDIT_SPOOL_BYTES", 1)
        with pytest.raises(StatusError, match="the audit backlog is full") as caught:
            await cluster.client.create("configmaps", "default", settings())
        assert caught.value.code == 503
        assert await cluster.client.list("configmaps") == []

    run(tmp_path, story)


def test_what_was_acknowledged_is_there_again_under_newer_versions(tmp_path: Path) -> None:
    kept: list[dict[str, object]] = []

    async def first(cluster: Cluster) -> None:
        kept.append(await cluster.client.create("configmaps", "default", settings(a="b")))
        await cluster.client.create("configmaps", "default", settings("gone"))
        await cluster.client.delete("configmaps", "default", "gone")

    async def second(cluster: Cluster) -> None:
        assert await cluster.client.list("configmaps") == kept
        events = [event["objectRef"].get("name") for event in cluster.audited()]
        assert events == ["default", "settings", "gone", "gone"]
        made = await cluster.client.create("configmaps", "default", settings("new"))
        assert int(made["metadata"]["resourceVersion"]) > int(kept[0]["metadata"]["resourceVersion"]) + 1000  # type: ignore[index]

    run(tmp_path, first)
    run(tmp_path, second)


def test_a_watch_resumes_where_history_reaches_and_is_told_to_list_where_it_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "HISTORY", 3)

    async def story(cluster: Cluster) -> None:
        objects, resource = cluster.api.registry.objects, cluster.api.registry.resources["configmaps"]
        versions = []
        for number in range(6):
            made = await cluster.client.create("configmaps", "default", settings(f"s{number}"))
            versions.append(int(made["metadata"]["resourceVersion"]))
        watcher = objects.watch(resource, versions[3])
        assert [change.revision for change in await watcher.next()] == versions[4:]
        with pytest.raises(StatusError, match="too old resource version") as caught:
            objects.watch(resource, versions[0])
        assert (caught.value.code, caught.value.reason) == (410, "Expired")

    run(tmp_path, story)


def test_a_slow_watcher_is_dropped_and_a_controller_learns_what_it_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "WATCH_BACKLOG", 2)

    async def story(cluster: Cluster) -> None:
        await cluster.client.create("configmaps", "default", settings("first"))
        watch = cluster.client.watch("configmaps", "default")
        assert (await anext(watch))[1]["metadata"]["name"] == "first"
        for number in range(6):
            await cluster.client.create("configmaps", "default", settings(f"s{number}"))
        await cluster.client.delete("configmaps", "default", "first")
        async with asyncio.timeout(5):
            seen = [await anext(watch) for _ in range(7)]
        assert {(kind, obj["metadata"]["name"]) for kind, obj in seen} == {
            ("DELETED", "first"),
            *(("ADDED", f"s{number}") for number in range(6)),
        }
        await watch.aclose()  # type: ignore[attr-defined]

    run(tmp_path, story)
