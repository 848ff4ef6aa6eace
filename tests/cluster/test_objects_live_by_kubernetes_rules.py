"""Create, update, delete: versions, names, conflicts, finalizers and namespaces behave as clients expect."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from binauthz.cluster.client import StatusError
from tests.cluster.pipeline import Cluster, pod, run, settings


def test_created_objects_get_what_only_the_server_knows(tmp_path: Path) -> None:
    async def story(cluster: Cluster) -> None:
        sent = settings(a="b") | {"metadata": {"name": "s", "uid": "mine", "creationTimestamp": "2020-01-01T00:00:00Z"}}
        made = await cluster.client.create("configmaps", "default", sent)
        assert made["metadata"]["namespace"] == "default"
        assert made["metadata"]["uid"] != "mine"
        assert made["metadata"]["creationTimestamp"] > "2026"
        assert int(made["metadata"]["resourceVersion"]) == cluster.api.registry.objects.revision
        assert sent["metadata"]["uid"] == "mine"

    run(tmp_path, story)


def test_a_taken_name_already_exists_and_a_generated_one_is_free(tmp_path: Path) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.client.create("configmaps", "default", settings())
        with pytest.raises(StatusError, match='configmaps "settings" already exists') as caught:
            await cluster.client.create("configmaps", "default", settings())
        assert (caught.value.code, caught.value.reason) == (409, "AlreadyExists")
        generated = {"metadata": {"generateName": "g-"}}
        names = {(await cluster.client.create("configmaps", "default", generated))["metadata"]["name"] for _ in "12345"}
        assert len(names) == 5
        assert all(name.startswith("g-") and len(name) == 7 for name in names)

    run(tmp_path, story)


def test_a_missing_object_is_told_in_kubernetes_words(tmp_path: Path) -> None:
    async def story(cluster: Cluster) -> None:
        with pytest.raises(StatusError, match=r'^deployments\.apps "x" not found$') as caught:
            await cluster.client.get("apps/deployments", "default", "x")
        assert caught.value.status["details"] == {"name": "x", "group": "apps", "kind": "deployments"}

    run(tmp_path, story)


def test_a_stale_version_is_a_conflict_and_none_is_unconditional(tmp_path: Path) -> None:
    async def story(cluster: Cluster) -> None:
        old = await cluster.client.create("configmaps", "default", settings(a="1"))
        new = await cluster.client.update("configmaps", "default", old | {"data": {"a": "2"}})
        assert int(new["metadata"]["resourceVersion"]) > int(old["metadata"]["resourceVersion"])
        with pytest.raises(StatusError, match="the object has been modified") as caught:
            await cluster.client.update("configmaps", "default", old | {"data": {"a": "3"}})
        assert (caught.value.code, caught.value.reason) == (409, "Conflict")
        await cluster.client.update("configmaps", "default", settings(a="4"))
        assert (await cluster.client.get("configmaps", "default", "settings"))["data"] == {"a": "4"}

    run(tmp_path, story)


def test_an_update_that_changes_nothing_writes_nothing(tmp_path: Path) -> None:
    async def story(cluster: Cluster) -> None:
        old = await cluster.client.create("configmaps", "default", settings(a="1"))
        assert await cluster.client.update("configmaps", "default", old) == old

    run(tmp_path, story)


def test_the_generation_counts_changes_of_the_spec_alone(tmp_path: Path) -> None:
    async def story(cluster: Cluster) -> None:
        template = {"metadata": {"labels": {"a": "b"}}, "spec": pod()["spec"]}
        body = {"metadata": {"name": "d"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}}
        made = await cluster.client.create("apps/deployments", "default", body)
        assert made["metadata"]["generation"] == 1
        made["metadata"]["labels"] = {"x": "y"}
        made = await cluster.client.update("apps/deployments", "default", made)
        assert made["metadata"]["generation"] == 1
        made["status"] = {"replicas": 1, "observedGeneration": 1}
        made = await cluster.client.update_status("apps/deployments", "default", made)
        assert (made["metadata"]["generation"], made["status"]["replicas"]) == (1, 1)
        made["spec"]["replicas"] = 3
        made["status"] = {"replicas": 9}
        made = await cluster.client.update("apps/deployments", "default", made)
        assert (made["metadata"]["generation"], made["status"]["replicas"]) == (2, 1)

    run(tmp_path, story)


def test_a_scale_is_a_view_of_the_replicas(tmp_path: Path) -> None:
    async def story(cluster: Cluster) -> None:
        template = {"metadata": {"labels": {"a": "b"}}, "spec": pod()["spec"]}
        body = {"metadata": {"name": "d"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}}
        await cluster.client.create("apps/deployments", "default", body)
        place: dict[str, Any] = {"name": "d", "subresource": "scale"}
        shown = (await cluster.call("get", "apps/deployments", "default", **place)).obj
        assert (shown["kind"], shown["spec"], shown["status"]["selector"]) == ("Scale", {"replicas": 1}, "a=b")
        patch: dict[str, Any] = {"body": {"spec": {"replicas": 4}}, "content_type": "application/merge-patch+json"}
        answer = await cluster.call("patch", "apps/deployments", "default", **place, **patch)
        assert (answer.code, answer.obj["spec"]) == (200, {"replicas": 4})
        assert (await cluster.client.get("apps/deployments", "default", "d"))["spec"]["replicas"] == 4

    run(tmp_path, story)


def test_b111_dry_run_answers_as_if_and_writes_nothing(tmp_path: Path) -> None:
    async def story(cluster: Cluster) -> None:
        answer = await cluster.call("create", "configmaps", "default", body=settings(), dry_run=True)
        assert (answer.code, answer.obj["metadata"]["name"]) == (201, "settings")
        await cluster.client.create("configmaps", "default", settings("kept"))
        before = cluster.api.registry.objects.revision
        answer = await cluster.call("delete", "configmaps", "default", name="kept", dry_run=True)
        assert answer.code == 200
        answer = await cluster.call(
            "update", "configmaps", "default", name="kept", body=settings("kept", a="b"), dry_run=True
        )
        assert answer.obj["data"] == {"a": "b"}
        assert cluster.api.registry.objects.revision == before
        assert await cluster.client.list("configmaps", "default") == [
            await cluster.client.get("configmaps", "default", "kept")
        ]

    run(tmp_path, story)


def test_a_finalizer_holds_an_object_until_it_is_removed(tmp_path: Path) -> None:
    async def story(cluster: Cluster) -> None:
        held = settings()
        held["metadata"]["finalizers"] = ["example.com/hold"]
        await cluster.client.create("configmaps", "default", held)
        await cluster.client.delete("configmaps", "default", "settings")
        lingering = await cluster.client.get("configmaps", "default", "settings")
        assert lingering["metadata"]["deletionTimestamp"]
        del lingering["metadata"]["finalizers"]
        await cluster.client.update("configmaps", "default", lingering)
        assert await cluster.client.list("configmaps", "default") == []

    run(tmp_path, story)


def test_a_delete_meant_for_another_object_of_the_name_is_refused(tmp_path: Path) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.client.create("configmaps", "default", settings())
        with pytest.raises(StatusError, match="Precondition failed: UID in precondition: other") as caught:
            await cluster.client.delete("configmaps", "default", "settings", uid="other")
        assert caught.value.reason == "Conflict"

    run(tmp_path, story)


def test_a_pod_on_a_node_ends_in_grace_and_one_without_at_once(tmp_path: Path) -> None:
    async def story(cluster: Cluster) -> None:
        for name in ("placed", "waiting"):
            await cluster.client.create("pods", "default", pod(name))
        await cluster.client.bind("default", "placed", "node")
        with pytest.raises(StatusError, match=r"already assigned to node"):
            await cluster.client.bind("default", "placed", "other")
        for name in ("placed", "waiting"):
            await cluster.client.delete("pods", "default", name)
        (placed,) = await cluster.client.list("pods", "default")
        assert placed["metadata"]["deletionGracePeriodSeconds"] == 30
        await cluster.client.delete("pods", "default", "placed", grace_seconds=0)
        assert await cluster.client.list("pods", "default") == []

    run(tmp_path, story)


def test_a_namespace_must_exist_and_not_be_ending(tmp_path: Path) -> None:
    async def story(cluster: Cluster) -> None:
        with pytest.raises(StatusError, match='namespaces "nowhere" not found'):
            await cluster.client.create("configmaps", "nowhere", settings())
        space = await cluster.client.create("namespaces", "", {"metadata": {"name": "ending"}})
        await cluster.client.delete("namespaces", "", "ending")
        why = "is forbidden: unable to create new content in namespace ending because it is being terminated"
        with pytest.raises(StatusError, match=re.escape(why)) as caught:
            await cluster.client.create("configmaps", "ending", settings())
        assert caught.value.status["details"]["causes"][0]["reason"] == "NamespaceTerminating"
        space = await cluster.client.get("namespaces", "", "ending")
        assert space["status"]["phase"] == "Terminating"
        space["spec"]["finalizers"] = []
        await cluster.client.finalize(space)
        assert [one["metadata"]["name"] for one in await cluster.client.list("namespaces")] == ["default"]

    run(tmp_path, story)


def test_unknown_and_repeated_fields_are_refused_warned_of_or_dropped(tmp_path: Path) -> None:
    async def story(cluster: Cluster) -> None:
        body = settings() | {"dta": {}}
        raw = b'{"metadata":{"name":"settings","name":"settings"},"dta":{}}'
        strict = await cluster.call("create", "configmaps", "default", body=body, raw=raw, validation="Strict")
        assert strict.obj["message"] == (
            'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: '
            'unknown field "dta", duplicate field "metadata.name"'
        )
        warned = await cluster.call("create", "configmaps", "default", body=body, raw=raw, validation="Warn")
        assert warned.code == 201
        assert cluster.warnings == ['unknown field "dta"', 'duplicate field "metadata.name"']
        assert "dta" not in warned.obj

    run(tmp_path, story)


def test_a_value_of_the_wrong_type_is_named_by_its_place(tmp_path: Path) -> None:
    async def story(cluster: Cluster) -> None:
        answer = await cluster.call("create", "pods", "default", body=pod(hostNetwork="yes"))
        assert (answer.code, answer.obj["reason"]) == (400, "BadRequest")
        assert "cannot unmarshal string into Go struct field spec.hostNetwork of type bool" in answer.obj["message"]
        answer = await cluster.call("create", "pods", "default", body=settings())
        assert answer.code == 400
        answer = await cluster.call("create", "pods", "default", body=pod(containers=[]))
        assert (answer.code, answer.obj["reason"]) == (422, "Invalid")
        assert answer.obj["message"] == 'Pod "web" is invalid: spec.containers: Required value'

    run(tmp_path, story)


def test_a_write_made_while_another_went_through_is_made_again_from_the_newer_object(tmp_path: Path) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.client.create("configmaps", "default", settings())
        patches = (
            cluster.call(
                "patch",
                "configmaps",
                "default",
                name="settings",
                content_type="application/merge-patch+json",
                body={"data": {f"k{number}": "v"}},
            )
            for number in range(20)
        )
        assert {answer.code for answer in await asyncio.gather(*patches)} == {200}
        assert len((await cluster.client.get("configmaps", "default", "settings"))["data"]) == 20

    run(tmp_path, story)


def test_a_collection_is_deleted_as_far_as_its_selector_goes(tmp_path: Path) -> None:
    async def story(cluster: Cluster) -> None:
        for name, app in (("a", "x"), ("b", "y"), ("c", "x")):
            body = settings(name)
            body["metadata"]["labels"] = {"app": app}
            await cluster.client.create("configmaps", "default", body)
        answer = await cluster.call("deletecollection", "configmaps", "default", labels="app=x")
        assert [one["metadata"]["name"] for one in answer.obj["items"]] == ["a", "c"]
        assert [one["metadata"]["name"] for one in await cluster.client.list("configmaps", "default")] == ["b"]

    run(tmp_path, story)


def test_the_namespaces_of_the_system_stay(tmp_path: Path) -> None:
    async def story(cluster: Cluster) -> None:
        with pytest.raises(StatusError, match=r"namespaces .default. is forbidden: this namespace may not be deleted"):
            await cluster.client.delete("namespaces", "", "default")

    run(tmp_path, story)
