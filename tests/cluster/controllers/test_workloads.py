"""StatefulSets, DaemonSets, Jobs and CronJobs in a cluster with all controllers."""

from collections.abc import Callable

from binauthz.cluster.catalogue.fields import condition
from tests.cluster.controllers.conftest import Story, until
from tests.cluster.controllers.manifests import template, workload
from tests.cluster.controllers.memory import MemoryCluster

Play = Callable[[Story], MemoryCluster]


def running(cluster: MemoryCluster) -> list[str]:
    return sorted(pod["metadata"]["name"] for pod in cluster.all("pods") if pod["status"]["phase"] == "Running")


def stateful_set(**spec: object) -> dict[str, object]:
    return workload("StatefulSet", "web", serviceName="web", **spec)


def test_a_stateful_set_makes_its_pods_in_order_with_lasting_names(play: Play) -> None:
    async def story(cluster: MemoryCluster) -> None:
        client = cluster.client("user")
        await client.create("apps/statefulsets", "default", stateful_set(replicas=3))
        await until(lambda: running(cluster) == ["web-0", "web-1", "web-2"])
        await until(lambda: cluster.named("apps/statefulsets", "web")["status"].get("readyReplicas") == 3)
        first = cluster.named("pods", "web-1")["metadata"]["uid"]
        await client.delete("pods", "default", "web-1")
        uids = lambda: [pod["metadata"]["uid"] for pod in cluster.all("pods")]  # noqa: E731
        await until(lambda: first not in uids() and running(cluster) == ["web-0", "web-1", "web-2"])
        await until(lambda: len(cluster.messages("SuccessfulCreate")) == 3)

    cluster = play(story)
    status = cluster.named("apps/statefulsets", "web")["status"]
    assert status["currentRevision"] == status["updateRevision"]
    assert cluster.messages("SuccessfulCreate")[:3] == [
        f"create Pod web-{number} in StatefulSet web successful" for number in range(3)
    ]
    pod = cluster.named("pods", "web-2")
    assert pod["spec"]["hostname"] == "web-2"
    assert pod["spec"]["subdomain"] == "web"
    assert pod["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] == "web-2"


def test_a_stateful_set_rolls_from_the_last_pod_and_keeps_its_history(play: Play) -> None:
    async def story(cluster: MemoryCluster) -> None:
        client = cluster.client("user")
        await client.create("apps/statefulsets", "default", stateful_set(replicas=2))
        await until(lambda: cluster.named("apps/statefulsets", "web")["status"].get("readyReplicas") == 2)
        changed = await client.get("apps/statefulsets", "default", "web")
        del changed["metadata"]["resourceVersion"]
        changed["spec"]["template"] = template("web", "nginx:2")
        await client.update("apps/statefulsets", "default", changed)

        def done() -> bool:
            status = cluster.named("apps/statefulsets", "web")["status"]
            images = [pod["spec"]["containers"][0]["image"] for pod in cluster.all("pods")]
            return images == ["nginx:2"] * 2 and status.get("updatedReplicas") == status.get("readyReplicas") == 2

        await until(done)
        await until(lambda: len(cluster.messages("SuccessfulDelete")) == 2)

    cluster = play(story)
    deleted = cluster.messages("SuccessfulDelete")
    assert deleted == [f"delete Pod web-{number} in StatefulSet web successful" for number in (1, 0)]
    assert [revision["revision"] for revision in cluster.all("apps/controllerrevisions")] == [1, 2]


def test_a_refused_pod_of_a_stateful_set_stops_it_with_the_reason_on_record(play: Play) -> None:
    async def story(cluster: MemoryCluster) -> None:
        cluster.deny = lambda _pod: 'admission webhook "w" denied the request: no'
        await cluster.client("user").create("apps/statefulsets", "default", stateful_set(replicas=3))
        await until(lambda: cluster.messages("FailedCreate"))
        cluster.deny = lambda _pod: ""
        await until(lambda: len(running(cluster)) == 3)

    cluster = play(story)
    said = 'create Pod web-0 in StatefulSet web failed error: admission webhook "w" denied the request: no'
    assert cluster.messages("FailedCreate") == [said]
    (event,) = [event for event in cluster.all("events") if event["reason"] == "FailedCreate"]
    assert event["source"] == {"component": "statefulset-controller"}


def test_volume_claims_of_a_stateful_set_are_made_and_mounted(play: Play) -> None:
    async def story(cluster: MemoryCluster) -> None:
        wanted = stateful_set(volumeClaimTemplates=[{"metadata": {"name": "data"}, "spec": {"accessModes": ["RWO"]}}])
        mounts = [{"name": "data", "mountPath": "/data"}]
        wanted["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] = mounts  # type: ignore[index]
        await cluster.client("user").create("apps/statefulsets", "default", wanted)
        await until(lambda: running(cluster) == ["web-0"])

    cluster = play(story)
    (claim,) = cluster.all("persistentvolumeclaims")
    assert claim["metadata"]["name"] == "data-web-0"
    (volume,) = cluster.named("pods", "web-0")["spec"]["volumes"]
    assert volume == {"name": "data", "persistentVolumeClaim": {"claimName": "data-web-0"}}


def test_a_daemon_set_has_one_pod_which_follows_the_template(play: Play) -> None:
    def status(cluster: MemoryCluster) -> dict[str, int]:
        found: dict[str, int] = cluster.named("apps/daemonsets", "agent")["status"]
        return found

    async def story(cluster: MemoryCluster) -> None:
        client = cluster.client("user")
        await client.create("apps/daemonsets", "default", workload("DaemonSet", "agent"))
        await until(lambda: status(cluster).get("numberAvailable") == 1)
        changed = await client.get("apps/daemonsets", "default", "agent")
        del changed["metadata"]["resourceVersion"]
        changed["spec"]["template"] = template("agent", "nginx:2")
        await client.update("apps/daemonsets", "default", changed)
        await until(lambda: [p["spec"]["containers"][0]["image"] for p in cluster.all("pods")] == ["nginx:2"])
        await until(
            lambda: status(cluster).get("updatedNumberScheduled") == status(cluster).get("numberAvailable") == 1
        )
        await client.delete("apps/daemonsets", "default", "agent")
        await until(lambda: not cluster.all("pods") and not cluster.all("apps/controllerrevisions"))

    play(story)


def job(**spec: object) -> dict[str, object]:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "nginx"}]}}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "once"},
        "spec": {"template": template, **spec},
    }


def test_a_job_completes(play: Play) -> None:
    async def story(cluster: MemoryCluster) -> None:
        await cluster.client("user").create("batch/jobs", "default", job(completions=2, parallelism=2))
        await until(lambda: condition(cluster.named("batch/jobs", "once"), "Complete").get("status") == "True")
        await until(lambda: cluster.messages("Completed"))

    cluster = play(story)
    status = cluster.named("batch/jobs", "once")["status"]
    assert status["succeeded"] == 2
    assert "active" not in status
    assert status["completionTime"]
    assert [pod["status"]["phase"] for pod in cluster.all("pods")] == ["Succeeded"] * 2


def test_an_indexed_job_numbers_its_pods(play: Play) -> None:
    async def story(cluster: MemoryCluster) -> None:
        wanted = job(completions=2, parallelism=2, completionMode="Indexed")
        await cluster.client("user").create("batch/jobs", "default", wanted)
        await until(lambda: len(running(cluster)) == 2)

    cluster = play(story)
    key = "batch.kubernetes.io/job-completion-index"
    assert sorted(pod["metadata"]["annotations"][key] for pod in cluster.all("pods")) == ["0", "1"]


def test_a_cron_job_makes_the_job_that_was_missed_last(play: Play) -> None:
    async def story(cluster: MemoryCluster) -> None:
        client = cluster.client("user")
        wanted = {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": {"name": "tick"},
            "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": job()["spec"]}},
        }
        made = await client.create("batch/cronjobs", "default", wanted)
        made["status"] = {"lastScheduleTime": "2020-01-01T00:00:00Z"}
        del made["metadata"]["resourceVersion"]
        await client.update_status("batch/cronjobs", "default", made)
        await until(lambda: len(cluster.all("batch/jobs")) == 1)
        await until(lambda: cluster.named("batch/cronjobs", "tick")["status"]["lastScheduleTime"] > "2024")

    cluster = play(story)
    (made,) = cluster.all("batch/jobs")
    assert made["metadata"]["name"].startswith("tick-")
    assert made["metadata"]["ownerReferences"][0]["kind"] == "CronJob"
