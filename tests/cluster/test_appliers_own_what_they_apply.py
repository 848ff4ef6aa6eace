"""Server-side apply: who owns a field, who may change it, and what goes when its owner lets go."""

from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from binauthz.cluster.patching.fields import from_tree, leaves, to_tree
from binauthz.cluster.registry import APPLY
from binauthz.cluster.schema.definitions import definitions
from tests.cluster.pipeline import Cluster, pod, run


def configuration(replicas: int | None = 2, **env: str) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}},
    }
    if replicas is not None:
        spec["replicas"] = replicas
    variables = [{"name": name, "value": value} for name, value in env.items()]
    container = {"name": "c", "image": "i:1"} | ({"env": variables} if variables else {})
    spec["template"]["spec"] = {"containers": [container]}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


async def apply(cluster: Cluster, body: dict[str, Any], manager: str = "one", *, force: bool = False) -> Any:
    more: dict[str, Any] = {"name": "web", "body": body, "content_type": APPLY, "manager": manager, "force": force}
    return await cluster.call("patch", "apps/deployments", "default", **more)


def env(obj: dict[str, Any]) -> dict[str, str]:
    (container,) = obj["spec"]["template"]["spec"]["containers"]
    return {one["name"]: one["value"] for one in container.get("env", [])}


def test_the_first_apply_creates_and_the_same_again_changes_nothing(tmp_path: Path) -> None:
    async def story(cluster: Cluster) -> None:
        first = await apply(cluster, configuration(A="1"))
        again = await apply(cluster, configuration(A="1"))
        assert (first.code, again.code) == (201, 200)
        assert first.obj == again.obj
        (entry,) = first.obj["metadata"]["managedFields"]
        assert (entry["manager"], entry["operation"], entry["apiVersion"]) == ("one", "Apply", "apps/v1")
        containers = entry["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:containers"]
        assert containers['k:{"name":"c"}']["f:env"]['k:{"name":"A"}'] == {".": {}, "f:name": {}, "f:value": {}}

    run(tmp_path, story)


def test_what_an_applier_no_longer_says_goes_unless_another_says_it_too(tmp_path: Path) -> None:
    async def story(cluster: Cluster) -> None:
        await apply(cluster, configuration(A="1", B="2"))
        await apply(cluster, configuration(B="2"), "two")
        kept = await apply(cluster, configuration(None))
        assert env(kept.obj) == {"B": "2"}
        assert kept.obj["spec"]["replicas"] == 2
        gone = await apply(cluster, configuration(None), "two")
        assert env(gone.obj) == {}
        assert gone.obj["spec"]["replicas"] == 1

    run(tmp_path, story)


def test_a_field_of_another_manager_is_a_conflict_until_forced(tmp_path: Path) -> None:
    async def story(cluster: Cluster) -> None:
        await apply(cluster, configuration(2))
        refused = await apply(cluster, configuration(3), "two")
        assert (refused.code, refused.obj["reason"]) == (409, "Conflict")
        assert refused.obj["message"].startswith('Apply failed with 1 conflict: conflict with "one"')
        assert refused.obj["details"]["causes"] == [
            {
                "reason": "FieldManagerConflict",
                "message": 'conflict with "one" using apps/v1',
                "field": ".spec.replicas",
            }
        ]
        forced = await apply(cluster, configuration(3), "two", force=True)
        assert forced.obj["spec"]["replicas"] == 3
        assert (await apply(cluster, configuration(2))).code == 409

    run(tmp_path, story)


def test_an_update_takes_over_what_it_changes_and_nothing_else(tmp_path: Path) -> None:
    async def story(cluster: Cluster) -> None:
        applied = (await apply(cluster, configuration(2, A="1"))).obj
        applied["spec"]["replicas"] = 5
        await cluster.client.update("apps/deployments", "default", applied)
        refused = await apply(cluster, configuration(2, A="1"))
        assert [cause["field"] for cause in refused.obj["details"]["causes"]] == [".spec.replicas"]
        silent = await apply(cluster, configuration(None, A="2"))
        assert (silent.obj["spec"]["replicas"], env(silent.obj)) == (5, {"A": "2"})

    run(tmp_path, story)


def test_updaters_do_not_pile_up(tmp_path: Path) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.client.create("pods", "default", pod())
        for number in range(15):
            body = {"metadata": {"labels": {f"l{number}": "x"}}}
            more: dict[str, Any] = {
                "name": "web",
                "body": body,
                "content_type": "application/merge-patch+json",
                "manager": f"m{number}",
            }
            await cluster.call("patch", "pods", "default", **more)
        stored = await cluster.client.get("pods", "default", "web")
        managers = [entry["manager"] for entry in stored["metadata"]["managedFields"]]
        assert len(managers) == 10
        assert "ancient-changes" in managers

    run(tmp_path, story)


names = st.sampled_from(["a", "b", "c"])
variables = st.dictionaries(names, names, max_size=3).map(
    lambda pairs: [{"name": name, "value": value} for name, value in pairs.items()]
)
containers = st.dictionaries(names, variables, max_size=3).map(
    lambda pairs: [{"name": name, "env": found} for name, found in pairs.items()]
)


@settings(max_examples=100, deadline=None)
@given(containers, st.dictionaries(names, names))
def test_fields_survive_their_written_form(found: list[dict[str, Any]], labels: dict[str, str]) -> None:
    kind = definitions().type_of("", "v1", "Pod")
    paths = set(leaves(kind, {"metadata": {"labels": labels}, "spec": {"containers": found}}))
    assert from_tree(to_tree(paths)) == paths
