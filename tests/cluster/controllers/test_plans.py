"""The pure cores: state in, wanted actions out."""

import datetime as dt
from typing import Any

import pytest

from binauthz.cluster.catalogue.schedule import parse_schedule
from binauthz.cluster.controllers import daemonset, job_plan, replicaset, statefulset_plan
from binauthz.cluster.controllers.conditions import with_condition
from binauthz.cluster.controllers.cronjob import job_for, last_firing
from binauthz.cluster.controllers.cronjob import plan as cron_plan
from binauthz.cluster.controllers.deployment_status import status_of as deployment_status
from binauthz.cluster.controllers.event_expiry import expired
from binauthz.cluster.controllers.pod_control import batches
from binauthz.cluster.controllers.pod_lifecycle import image_id
from binauthz.cluster.controllers.revisions import same_template, template_hash

NOW = dt.datetime(2024, 5, 1, 12, 0, 30, tzinfo=dt.UTC)


def pod(
    name: str, phase: str = "Running", *, ready: bool = True, node: str = "n", created: str = "1", **labels: str
) -> Any:
    condition = {"type": "Ready", "status": str(ready), "lastTransitionTime": "2024-05-01T12:00:00Z"}
    return {
        "metadata": {"name": name, "uid": name, "labels": labels, "creationTimestamp": created},
        "spec": {"nodeName": node},
        "status": {"phase": phase, "conditions": [condition]},
    }


def owner(replicas: int, **spec: Any) -> Any:
    return {"metadata": {"name": "web", "uid": "u", "generation": 2}, "spec": {"replicas": replicas, **spec}}


def test_a_replica_set_deletes_the_least_useful_pods_first() -> None:
    pods = [
        pod("old", created="1"),
        pod("young", created="2"),
        pod("unready", ready=False),
        pod("pending", "Pending", ready=False),
        pod("homeless", "Pending", ready=False, node=""),
    ]
    doomed = replicaset.plan(owner(1), pods).delete
    assert [one["metadata"]["name"] for one in doomed] == ["homeless", "pending", "unready", "young"]
    assert replicaset.plan(owner(7), pods).create == 2


def test_slow_start_doubles() -> None:
    assert batches(0) == []
    assert batches(10) == [1, 2, 4, 3]


def test_a_replica_set_status_counts_and_keeps_its_failure_condition_steady() -> None:
    failure = ("FailedCreate", "no")
    first = replicaset.status_of(owner(3, minReadySeconds=60), [pod("a")], failure, NOW)
    assert (first["replicas"], first["readyReplicas"], first["observedGeneration"]) == (1, 1, 2)
    assert "availableReplicas" not in first, "ready for 30 of 60 seconds"
    later = replicaset.status_of(owner(3) | {"status": first}, [pod("a")], failure, NOW + dt.timedelta(minutes=9))
    assert later["conditions"] == first["conditions"], "the same trouble is no news, so nothing spins"
    assert "conditions" not in replicaset.status_of(owner(1) | {"status": first}, [pod("a")], None, NOW)


def test_a_transition_time_moves_with_the_status_only() -> None:
    first = with_condition([], "A", False, "R", "m", NOW)
    second = with_condition(first, "A", False, "R", "other", NOW + dt.timedelta(hours=1))
    assert second[0]["lastTransitionTime"] == first[0]["lastTransitionTime"]
    third = with_condition(second, "A", True, "R", "other", NOW + dt.timedelta(hours=1))
    assert third[0]["lastTransitionTime"] == "2024-05-01T13:00:30Z"


def test_a_deployment_that_stands_still_exceeds_its_deadline() -> None:
    new = {"metadata": {"name": "rs"}, "spec": {"replicas": 1}, "status": {}}
    waiting = owner(1, progressDeadlineSeconds=60)
    waiting["status"] = deployment_status(waiting, new, [], NOW)
    progressing = [one for one in waiting["status"]["conditions"] if one["type"] == "Progressing"]
    assert progressing[0]["reason"] == "NewReplicaSetCreated"
    status = deployment_status(waiting, new, [], NOW + dt.timedelta(seconds=61))
    progressing = [one for one in status["conditions"] if one["type"] == "Progressing"]
    assert (progressing[0]["status"], progressing[0]["reason"]) == ("False", "ProgressDeadlineExceeded")


def named(ordinal: int, revision: str = "web-new", **more: Any) -> Any:
    made = pod(f"web-{ordinal}", **more)
    made["metadata"]["labels"] = {"controller-revision-hash": revision}
    return made


@pytest.mark.parametrize(
    ("replicas", "pods", "create", "delete"),
    [
        (2, [], [0], []),
        (2, [named(0)], [1], []),
        (2, [named(0, ready=False)], [], []),
        (2, [named(0), named(1), named(2), named(3)], [], ["web-3"]),
        (2, [named(0, "web-old"), named(1, "web-old")], [], ["web-1"]),
        (2, [named(0, "web-old"), named(1)], [], ["web-0"]),
        (2, [named(0, "web-old"), named(1, ready=False)], [], []),
        (2, [named(0, phase="Failed")], [], ["web-0"]),
        (2, [named(0), named(1)], [], []),
    ],
)
def test_a_stateful_set_takes_one_step_at_a_time(
    replicas: int, pods: list[Any], create: list[int], delete: list[str]
) -> None:
    todo = statefulset_plan.plan(owner(replicas), pods, "web-new", NOW)
    assert (todo.create, [one["metadata"]["name"] for one in todo.delete]) == (create, delete)


def test_a_parallel_stateful_set_makes_all_at_once_and_a_partition_stays() -> None:
    assert statefulset_plan.plan(owner(3, podManagementPolicy="Parallel"), [], "x", NOW).create == [0, 1, 2]
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
    pods = [named(0, "web-old"), named(1)]
    assert statefulset_plan.plan(owner(2, updateStrategy=strategy), pods, "web-new", NOW).delete == []


def test_a_pod_with_a_foreign_name_has_no_ordinal() -> None:
    for name in ("web-x", "web", "other-1", "web-1-2", "web-99999999999", "web-٣"):
        assert statefulset_plan.ordinal_of(owner(1), pod(name)) is None, name


def test_a_daemon_set_replaces_ended_surplus_and_outdated_pods() -> None:
    rolling = owner(0, updateStrategy={"type": "RollingUpdate"})
    label = {"controller-revision-hash": "h"}
    current, other = pod("a", **label), pod("b", created="2", **label)
    assert daemonset.plan(rolling, [], "h", wanted=True).create == 1
    assert daemonset.plan(rolling, [current], "h", wanted=True) == daemonset.Plan()
    assert daemonset.plan(rolling, [current, other], "h", wanted=True).delete == [other]
    assert daemonset.plan(rolling, [current], "h2", wanted=True).delete == [current]
    assert daemonset.plan(rolling, [pod("a", "Failed")], "h", wanted=True).delete == [pod("a", "Failed")]
    assert daemonset.plan(rolling, [current], "h", wanted=False).delete == [current]


def job(**spec: Any) -> Any:
    return {"metadata": {"name": "j", "uid": "u"}, "spec": spec, "status": {"startTime": "2024-05-01T12:00:00Z"}}


def test_a_job_runs_no_more_than_is_left_to_do() -> None:
    done, busy = pod("a", "Succeeded"), pod("b")
    assert len(job_plan.plan(job(completions=5, parallelism=3), [done, busy], NOW).create) == 2
    assert len(job_plan.plan(job(completions=2, parallelism=3), [done, busy], NOW).create) == 0
    assert job_plan.plan(job(completions=1, parallelism=1, suspend=True), [busy], NOW).delete == [busy]
    outcome = job_plan.plan(job(completions=1), [done], NOW).outcome
    assert outcome is not None
    assert outcome.condition == "Complete"


def test_a_job_ends_badly_past_its_limits() -> None:
    failed = [pod(str(n), "Failed") for n in range(2)]
    outcome = job_plan.plan(job(completions=1, backoffLimit=1), failed, NOW).outcome
    assert outcome is not None
    assert (outcome.condition, outcome.reason) == ("Failed", "BackoffLimitExceeded")
    outcome = job_plan.plan(job(completions=1, activeDeadlineSeconds=30), [pod("a")], NOW).outcome
    assert outcome is not None
    assert outcome.reason == "DeadlineExceeded"


def cron(**spec: Any) -> Any:
    metadata = {"name": "c", "uid": "u", "creationTimestamp": "2024-05-01T11:00:00Z"}
    return {"metadata": metadata, "spec": {"schedule": "*/10 * * * *", **spec}}


def test_only_the_most_recent_missed_time_counts() -> None:
    minute = parse_schedule("* * * * *")
    assert last_firing(minute, NOW - dt.timedelta(days=400), NOW) == NOW.replace(second=0)
    yearly = parse_schedule("0 0 1 1 *")
    assert last_firing(yearly, NOW - dt.timedelta(days=300), NOW) == dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    assert last_firing(yearly, NOW - dt.timedelta(days=10), NOW) is None


def test_a_cron_job_minds_its_policy() -> None:
    due = dt.datetime(2024, 5, 1, 12, 0, tzinfo=dt.UTC)
    assert cron_plan(cron(), [], NOW).run == due
    assert cron_plan(cron(suspend=True), [], NOW).run is None
    assert cron_plan(cron(startingDeadlineSeconds=10), [], NOW).run is None
    assert cron_plan(cron(concurrencyPolicy="Forbid"), [job()], NOW).skipped
    assert cron_plan(cron(concurrencyPolicy="Replace"), [job()], NOW).replace == [job()]
    assert job_for(cron(), due)["metadata"]["name"] == f"c-{int(due.timestamp()) // 60}"


def test_events_expire_after_an_hour() -> None:
    fresh = {"lastTimestamp": "2024-05-01T11:30:00Z"}
    stale = {"lastTimestamp": "2024-05-01T10:30:00Z"}
    assert expired([fresh, stale, {}], NOW) == [{}, stale]


def test_the_hash_of_a_template_is_stable_and_its_label_no_part_of_it() -> None:
    template = {"metadata": {"labels": {"app": "w"}}, "spec": {"containers": []}}
    assert template_hash(template) == template_hash(dict(reversed(template.items())))
    assert template_hash(template) != template_hash(template, 1)
    labelled = {"metadata": {"labels": {"app": "w", "pod-template-hash": "x"}}, "spec": {"containers": []}}
    assert same_template(template, labelled)
    assert not same_template(template, {**template, "spec": {}})


@pytest.mark.parametrize(
    ("image", "shown"),
    [
        ("nginx", ""),
        ("host:5000/a/b@sha256:00", "host:5000/a/b@sha256:00"),
        ("host:5000/a/b:tag@sha256:00", "host:5000/a/b@sha256:00"),
    ],
)
def test_the_image_id_is_the_digest_that_was_named(image: str, shown: str) -> None:
    assert image_id(image) == shown
