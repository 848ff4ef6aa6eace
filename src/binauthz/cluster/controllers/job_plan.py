"""Jobs: how many Pods to run now, and when the Job is over. Pure."""

import copy
import datetime as dt
from dataclasses import dataclass, field

from binauthz.cluster.catalogue.age import parse_time, stamp
from binauthz.cluster.catalogue.fields import Object, attach, condition, integer, items, mapping, text
from binauthz.cluster.controllers.conditions import with_condition
from binauthz.cluster.controllers.owners import name_of
from binauthz.cluster.controllers.pod_control import pod_from
from binauthz.cluster.controllers.pod_state import has_ended, is_ready, phase_of

INDEX = "batch.kubernetes.io/job-completion-index"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a Job ends: the condition, its reason and message."""

    condition: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Pods to create (by completion index for an indexed Job), Pods to delete, and the end if it has come."""

    create: list[int | None] = field(default_factory=list)
    delete: list[Object] = field(default_factory=list)
    outcome: Outcome | None = None


def is_finished(job: Object) -> bool:
    """Whether the Job is over."""
    return any(condition(job, kind).get("status") == "True" for kind in ("Complete", "Failed"))


def is_suspended(job: Object) -> bool:
    """Whether the Job is to rest."""
    return mapping(job, "spec").get("suspend") is True


def is_indexed(job: Object) -> bool:
    """Whether each completion has a number."""
    return text(job, "spec", "completionMode") == "Indexed"


def _index_of(pod: Object) -> int:
    written = text(pod, "metadata", "annotations", INDEX)
    return int(written) if written.isascii() and written.isdecimal() and len(written) < 10 else -1


def succeeded_count(job: Object, pods: list[Object]) -> int:
    """Pods that ended well, including those that are gone by now."""
    return max(integer(job, "status", "succeeded"), sum(phase_of(pod) == "Succeeded" for pod in pods))


def failed_count(job: Object, pods: list[Object]) -> int:
    """Pods that ended badly, including those that are gone by now."""
    return max(integer(job, "status", "failed"), sum(phase_of(pod) == "Failed" for pod in pods))


def _outcome(job: Object, pods: list[Object], now: dt.datetime) -> Outcome | None:
    spec = mapping(job, "spec")
    succeeded = succeeded_count(job, pods)
    active = [pod for pod in pods if not has_ended(pod)]
    completions = spec.get("completions")
    started = parse_time(mapping(job, "status").get("startTime"))
    deadline = spec.get("activeDeadlineSeconds")
    if failed_count(job, pods) > integer(spec, "backoffLimit", default=6):
        message = "Job has reached the specified backoff limit"
        return Outcome(condition="Failed", reason="BackoffLimitExceeded", message=message)
    if isinstance(deadline, int) and started and (now - started).total_seconds() >= deadline:
        message = "Job was active longer than specified deadline"
        return Outcome(condition="Failed", reason="DeadlineExceeded", message=message)
    enough = succeeded >= completions if isinstance(completions, int) else succeeded > 0 and not active
    if enough:
        message = "Reached expected number of succeeded pods"
        return Outcome(condition="Complete", reason="CompletionsReached", message=message)
    return None


def plan(job: Object, pods: list[Object], now: dt.datetime) -> Plan:
    """What to do now."""
    active = [pod for pod in pods if not has_ended(pod)]
    if is_finished(job):
        return Plan(delete=active)
    outcome = _outcome(job, pods, now)
    if outcome is not None or is_suspended(job):
        return Plan(delete=active, outcome=outcome)
    spec = mapping(job, "spec")
    parallelism = integer(spec, "parallelism", default=1)
    completions = spec.get("completions")
    succeeded = succeeded_count(job, pods)
    if isinstance(completions, int):
        wanted = min(parallelism, completions - succeeded)
    else:
        wanted = parallelism if succeeded == 0 else min(parallelism, len(active))
    missing = wanted - len(active)
    if missing < 0:
        return Plan(delete=active[missing:])
    if not is_indexed(job):
        return Plan(create=[None] * missing)
    busy = {_index_of(pod) for pod in pods if phase_of(pod) != "Failed"}
    free = [index for index in range(completions or 0) if index not in busy]
    return Plan(create=list(free[:missing]))


def job_pod(job: Object, index: int | None) -> Object:
    """The Pod for one completion."""
    pod = pod_from(job, "batch/v1", "Job", mapping(job, "spec", "template"))
    if index is not None:
        metadata = pod["metadata"]
        metadata["generateName"] = f"{name_of(job)[:200]}-{index}-"
        attach(metadata, "annotations")[INDEX] = str(index)
        attach(metadata, "labels")[INDEX] = str(index)
        pod["spec"] = copy.deepcopy(pod["spec"])
        pod["spec"]["hostname"] = f"{name_of(job)[:50]}-{index}"
    return pod


def status_of(job: Object, pods: list[Object], outcome: Outcome | None, now: dt.datetime) -> Object:
    """The status that the Pods amount to."""
    before = mapping(job, "status")
    active = [pod for pod in pods if not has_ended(pod)]
    conditions = items(before, "conditions")
    status: Object = {}
    if not is_suspended(job) or before.get("startTime"):
        status["startTime"] = before.get("startTime") or stamp(now)
    if is_suspended(job) or condition(job, "Suspended"):
        suspended = is_suspended(job)
        reason = "JobSuspended" if suspended else "JobResumed"
        message = f"Job {'suspended' if suspended else 'resumed'}"
        conditions = with_condition(conditions, "Suspended", suspended, reason, message, now)
    counts = {
        "active": len(active),
        "ready": sum(is_ready(pod) for pod in active),
        "succeeded": succeeded_count(job, pods),
        "failed": failed_count(job, pods),
    }
    status |= {name: count for name, count in counts.items() if count or name == "ready"}
    status |= {"terminating": 0, "uncountedTerminatedPods": {}}
    if is_indexed(job) and (done := sorted({_index_of(pod) for pod in pods if phase_of(pod) == "Succeeded"})):
        status["completedIndexes"] = ",".join(str(index) for index in done)
    if outcome is not None:
        first = "SuccessCriteriaMet" if outcome.condition == "Complete" else "FailureTarget"
        for kind in (first, outcome.condition):
            conditions = with_condition(conditions, kind, True, outcome.reason, outcome.message, now)
        if outcome.condition == "Complete":
            status["completionTime"] = stamp(now)
    elif before.get("completionTime"):
        status["completionTime"] = before["completionTime"]
    if conditions:
        status["conditions"] = conditions
    return status


def finished_at(job: Object) -> dt.datetime | None:
    """When the Job was over."""
    for kind in ("Complete", "Failed"):
        if condition(job, kind).get("status") == "True":
            return parse_time(condition(job, kind).get("lastTransitionTime"))
    return None
