"""Bare Pods, namespaces, owners, adoption, the node: what happens around workloads."""

from collections.abc import Callable

from binauthz.cluster.catalogue.fields import condition
from tests.cluster.controllers.conftest import Story, until
from tests.cluster.controllers.manifests import IMAGE, pod, workload
from tests.cluster.controllers.memory import MemoryCluster

Play = Callable[[Story], MemoryCluster]


def test_the_node_is_ready_and_every_namespace_has_its_account(play: Play) -> None:
    async def story(cluster: MemoryCluster) -> None:
        await until(lambda: cluster.all("nodes") and condition(cluster.all("nodes")[0], "Ready"))
        await cluster.client("user").create("namespaces", "", {"metadata": {"name": "team"}})
        await until(lambda: ("serviceaccounts", "team", "default") in cluster.objects)
        await cluster.client("user").delete("serviceaccounts", "team", "default")
        await until(lambda: ("serviceaccounts", "team", "default") in cluster.objects)

    cluster = play(story)
    assert {obj["metadata"]["name"] for obj in cluster.all("namespaces")} == {
        "default",
        "kube-system",
        "kube-public",
        "kube-node-lease",
        "team",
    }


def test_a_bare_pod_runs_and_goes(play: Play) -> None:
    async def story(cluster: MemoryCluster) -> None:
        client = cluster.client("user")
        await client.create("pods", "default", pod("hello"))
        await until(lambda: cluster.named("pods", "hello")["status"]["phase"] == "Running")
        await until(lambda: cluster.messages("Started"))
        found = cluster.named("pods", "hello")
        assert found["spec"]["nodeName"] == "local-node"
        assert found["status"]["containerStatuses"][0]["imageID"] == IMAGE
        assert condition(found, "Ready")["status"] == "True"
        await client.delete("pods", "default", "hello")
        await until(lambda: not cluster.all("pods"))

    cluster = play(story)
    assert cluster.messages("Scheduled") == ["Successfully assigned default/hello to local-node"]
    (started,) = [event for event in cluster.all("events") if event["reason"] == "Started"]
    assert started["involvedObject"]["fieldPath"] == "spec.containers{c}"
    assert started["source"] == {"component": "kubelet", "host": "local-node"}


def test_another_image_restarts_the_container(play: Play) -> None:
    async def story(cluster: MemoryCluster) -> None:
        client = cluster.client("user")
        await client.create("pods", "default", pod("hello"))
        await until(lambda: cluster.named("pods", "hello")["status"]["phase"] == "Running")
        changed = await client.get("pods", "default", "hello")
        changed["spec"]["containers"][0]["image"] = "nginx:2"
        await client.update("pods", "default", changed)
        await until(lambda: cluster.named("pods", "hello")["status"]["containerStatuses"][0]["restartCount"] == 1)

    cluster = play(story)
    status = cluster.named("pods", "hello")["status"]["containerStatuses"][0]
    assert (status["image"], status["imageID"]) == ("nginx:2", ""), "no digest is made up for a tag"


def test_a_pod_that_fits_no_node_says_why_and_waits(play: Play) -> None:
    async def story(cluster: MemoryCluster) -> None:
        client = cluster.client("user")
        wanted = pod("picky")
        wanted["spec"]["nodeSelector"] = {"disk": "ssd"}
        await client.create("pods", "default", wanted)
        await until(lambda: cluster.messages("FailedScheduling"))
        node = await client.get("nodes", "", "local-node")
        del node["metadata"]["resourceVersion"]
        node["metadata"]["labels"]["disk"] = "ssd"
        await client.update("nodes", "", node)
        await until(lambda: cluster.named("pods", "picky")["status"]["phase"] == "Running")

    cluster = play(story)
    said = "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."
    assert said in cluster.messages("FailedScheduling")


def test_a_deleted_namespace_empties_itself_and_goes(play: Play) -> None:
    async def story(cluster: MemoryCluster) -> None:
        client = cluster.client("user")
        await client.create("namespaces", "", {"metadata": {"name": "team"}})
        await client.create("apps/deployments", "team", workload("Deployment", "web", replicas=2))
        await until(lambda: len([p for p in cluster.all("pods", "team") if p["status"]["phase"] == "Running"]) == 2)
        await client.delete("namespaces", "", "team")
        await until(lambda: ("namespaces", "", "team") not in cluster.objects)

    cluster = play(story)
    left = {place for place in cluster.objects if place[1] == "team"}
    assert {place[0] for place in left} <= {"events"}


def test_orphaned_pods_stay_and_are_adopted_by_the_next_set(play: Play) -> None:
    async def story(cluster: MemoryCluster) -> None:
        client = cluster.client("user")
        await client.create("apps/replicasets", "default", workload("ReplicaSet", "web", replicas=2))
        await until(lambda: len(cluster.all("pods")) == 2)
        names = {p["metadata"]["name"] for p in cluster.all("pods")}
        await client.delete("apps/replicasets", "default", "web", propagation="Orphan")
        await until(lambda: not cluster.all("apps/replicasets"))
        assert {p["metadata"]["name"] for p in cluster.all("pods")} == names
        assert not any(p["metadata"].get("ownerReferences") for p in cluster.all("pods"))
        await client.create("apps/replicasets", "default", workload("ReplicaSet", "web", replicas=2))
        await until(lambda: all(p["metadata"].get("ownerReferences") for p in cluster.all("pods")))
        assert {p["metadata"]["name"] for p in cluster.all("pods")} == names

    play(story)


def test_a_pod_that_loses_its_label_is_let_go_and_replaced(play: Play) -> None:
    async def story(cluster: MemoryCluster) -> None:
        client = cluster.client("user")
        await client.create("apps/replicasets", "default", workload("ReplicaSet", "web"))
        await until(lambda: cluster.all("pods"))
        (only,) = cluster.all("pods")
        only["metadata"]["labels"] = {"app": "debug"}
        del only["metadata"]["resourceVersion"]
        await client.update("pods", "default", only)
        await until(lambda: len(cluster.all("pods")) == 2)
        await until(lambda: not cluster.named("pods", only["metadata"]["name"])["metadata"].get("ownerReferences"))

    play(story)


def test_foreground_deletion_takes_the_pods_first(play: Play) -> None:
    async def story(cluster: MemoryCluster) -> None:
        client = cluster.client("user")
        await client.create("apps/deployments", "default", workload("Deployment", "web", replicas=2))
        await until(lambda: len(cluster.all("pods")) == 2)
        await client.delete("apps/deployments", "default", "web", propagation="Foreground")

        def gone() -> bool:
            if cluster.all("pods"):
                assert cluster.all("apps/deployments")
            return not cluster.all("apps/deployments")

        await until(gone)
        assert not cluster.all("pods")

    play(story)


def test_an_object_whose_owner_never_existed_is_collected(play: Play) -> None:
    async def story(cluster: MemoryCluster) -> None:
        client = cluster.client("user")
        owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "ghost", "uid": "not-there", "controller": True}
        await client.create("pods", "default", pod("stray", ownerReferences=[owner]))
        await until(lambda: not cluster.all("pods"))

    play(story)
