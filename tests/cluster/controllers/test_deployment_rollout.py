"""A Deployment in a cluster with all controllers: made, scaled, rolled, refused, deleted."""

from collections.abc import Callable

from binauthz.cluster.catalogue.fields import condition, integer
from tests.cluster.controllers.conftest import Story, until
from tests.cluster.controllers.manifests import template, workload
from tests.cluster.controllers.memory import MemoryCluster

Play = Callable[[Story], MemoryCluster]
DENIED = 'admission webhook "imagepolicywebhook.image-policy.k8s.io" denied the request: Image nginx denied'


def running(cluster: MemoryCluster) -> list[str]:
    return [pod["metadata"]["name"] for pod in cluster.all("pods") if pod["status"]["phase"] == "Running"]


def test_a_deployment_gets_its_pods_running_and_reports_so(play: Play) -> None:
    async def story(cluster: MemoryCluster) -> None:
        client = cluster.client("user")
        await client.create("apps/deployments", "default", workload("Deployment", "web", replicas=3))
        await until(lambda: len(running(cluster)) == 3)
        status = lambda: cluster.named("apps/deployments", "web")["status"]  # noqa: E731
        await until(lambda: status().get("availableReplicas") == 3)
        await until(lambda: condition({"status": status()}, "Progressing").get("reason") == "NewReplicaSetAvailable")
        await until(lambda: len(cluster.messages("SuccessfulCreate")) == 3)
        await until(lambda: len(cluster.messages("Started")) == 3)

    cluster = play(story)
    deployment = cluster.named("apps/deployments", "web")
    assert deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"
    assert deployment["status"]["observedGeneration"] == deployment["metadata"]["generation"]
    assert condition(deployment, "Available")["status"] == "True"
    (replica_set,) = cluster.all("apps/replicasets")
    digest = replica_set["metadata"]["labels"]["pod-template-hash"]
    assert replica_set["metadata"]["name"] == f"web-{digest}"
    assert cluster.messages("ScalingReplicaSet") == [f"Scaled up replica set web-{digest} from 0 to 3"]
    for pod in cluster.all("pods"):
        assert pod["metadata"]["name"].startswith(f"web-{digest}-")
        assert pod["metadata"]["labels"] == {"app": "web", "pod-template-hash": digest}
        assert pod["status"]["containerStatuses"][0]["imageID"].endswith("37" * 32)
    assert len({pod["status"]["podIP"] for pod in cluster.all("pods")}) == 3


def test_scaling_down_and_deleting_take_the_pods_away(play: Play) -> None:
    async def story(cluster: MemoryCluster) -> None:
        client = cluster.client("user")
        await client.create("apps/deployments", "default", workload("Deployment", "web", replicas=3))
        await until(lambda: len(running(cluster)) == 3)
        await until(lambda: cluster.named("apps/deployments", "web")["status"].get("availableReplicas") == 3)
        deployment = await client.get("apps/deployments", "default", "web")
        del deployment["metadata"]["resourceVersion"]
        deployment["spec"]["replicas"] = 1
        await client.update("apps/deployments", "default", deployment)
        await until(lambda: len(cluster.all("pods")) == 1)
        await until(lambda: cluster.named("apps/deployments", "web")["status"].get("replicas") == 1)
        await client.delete("apps/deployments", "default", "web")
        await until(lambda: not cluster.all("apps/replicasets") and not cluster.all("pods"))

    play(story)


def test_a_new_image_rolls_without_going_below_the_wanted_number(play: Play) -> None:
    least = []

    async def story(cluster: MemoryCluster) -> None:
        client = cluster.client("user")
        wanted = workload("Deployment", "web", replicas=4)
        wanted["spec"]["strategy"] = {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
        await client.create("apps/deployments", "default", wanted)
        await until(lambda: cluster.named("apps/deployments", "web")["status"].get("availableReplicas") == 4)
        deployment = await client.get("apps/deployments", "default", "web")
        del deployment["metadata"]["resourceVersion"]
        deployment["spec"]["template"]["spec"]["containers"][0]["image"] = "nginx:2"
        await client.update("apps/deployments", "default", deployment)

        def done() -> bool:
            least.append(len(running(cluster)))
            status = cluster.named("apps/deployments", "web")["status"]
            return status.get("updatedReplicas") == status.get("replicas") == status.get("availableReplicas") == 4

        await until(lambda: len(cluster.all("apps/replicasets")) == 2)
        await until(done)
        await until(lambda: len(cluster.all("pods")) == 4)

    cluster = play(story)
    assert min(least) >= 4
    assert {pod["spec"]["containers"][0]["image"] for pod in cluster.all("pods")} == {"nginx:2"}
    revisions = {
        rs["metadata"]["annotations"]["deployment.kubernetes.io/revision"] for rs in cluster.all("apps/replicasets")
    }
    assert revisions == {"1", "2"}


def test_going_back_to_an_old_template_uses_its_replica_set_again(play: Play) -> None:
    async def roll(cluster: MemoryCluster, image: str) -> None:
        client = cluster.client("user")
        deployment = await client.get("apps/deployments", "default", "web")
        del deployment["metadata"]["resourceVersion"]
        deployment["spec"]["template"] = template("web", image)
        generation = (await client.update("apps/deployments", "default", deployment))["metadata"]["generation"]

        def settled() -> bool:
            status = cluster.named("apps/deployments", "web")["status"]
            complete = status.get("replicas") == status.get("updatedReplicas") == status.get("availableReplicas") == 1
            return complete and status["observedGeneration"] >= generation

        await until(settled)

    async def story(cluster: MemoryCluster) -> None:
        wanted = workload("Deployment", "web", template=template("web", "nginx:1"))
        await cluster.client("user").create("apps/deployments", "default", wanted)
        await until(lambda: cluster.named("apps/deployments", "web")["status"].get("availableReplicas") == 1)
        await roll(cluster, "nginx:2")
        await roll(cluster, "nginx:1")

    cluster = play(story)
    assert len(cluster.all("apps/replicasets")) == 2
    assert (
        cluster.named("apps/deployments", "web")["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"
    )


def test_recreate_never_lets_old_and_new_pods_live_together(play: Play) -> None:
    together = []

    async def story(cluster: MemoryCluster) -> None:
        client = cluster.client("user")
        wanted = workload("Deployment", "web", replicas=2, strategy={"type": "Recreate"})
        await client.create("apps/deployments", "default", wanted)
        await until(lambda: cluster.named("apps/deployments", "web")["status"].get("availableReplicas") == 2)
        deployment = await client.get("apps/deployments", "default", "web")
        del deployment["metadata"]["resourceVersion"]
        deployment["spec"]["template"]["spec"]["containers"][0]["image"] = "nginx:2"
        await client.update("apps/deployments", "default", deployment)

        def done() -> bool:
            images = [pod["spec"]["containers"][0]["image"] for pod in cluster.all("pods")]
            together.append(len(set(images)))
            return images == ["nginx:2", "nginx:2"]

        await until(done)

    play(story)
    assert max(together) == 1


def test_a_refused_pod_is_told_of_retried_slowly_and_comes_once_policy_allows(play: Play) -> None:
    async def story(cluster: MemoryCluster) -> None:
        cluster.deny = lambda _pod: DENIED
        client = cluster.client("user")
        await client.create("apps/deployments", "default", workload("Deployment", "web", replicas=5))
        await until(lambda: cluster.messages("FailedCreate"))
        await until(lambda: condition(cluster.named("apps/deployments", "web"), "ReplicaFailure"))
        (replica_set,) = cluster.all("apps/replicasets")
        failed = condition(replica_set, "ReplicaFailure")
        assert (failed["status"], failed["reason"], failed["message"]) == ("True", "FailedCreate", DENIED)
        assert len(cluster.attempts) == 1, "slow start asks for one Pod first"
        await until(lambda: len(cluster.attempts) >= 2, seconds=2.5)
        cluster.deny = lambda _pod: ""
        await until(lambda: len(running(cluster)) == 5)
        await until(lambda: not condition(cluster.named("apps/deployments", "web"), "ReplicaFailure"))

    cluster = play(story)
    assert cluster.messages("FailedCreate") == [f"Error creating: {DENIED}"]
    (event,) = [event for event in cluster.all("events") if event["reason"] == "FailedCreate"]
    assert event["source"] == {"component": "replicaset-controller"}
    assert event["involvedObject"]["kind"] == "ReplicaSet"
    assert event["type"] == "Warning"
    assert integer(event, "count") >= 2
    pauses = [later - earlier for earlier, later in zip(cluster.attempts, cluster.attempts[1:], strict=False)]
    assert pauses[0].total_seconds() > 0.9
