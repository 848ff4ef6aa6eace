"""What a Deployment reports of its rollout: counts, and whether it is available, progressing or failing. Pure."""

import datetime as dt

from binauthz.cluster.catalogue.age import parse_time
from binauthz.cluster.catalogue.fields import Object, condition, integer, items, mapping, text
from binauthz.cluster.controllers.conditions import with_condition, without_condition
from binauthz.cluster.controllers.owners import name_of
from binauthz.cluster.controllers.rollout import available_of, bounds, replicas_of

_COUNTS = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas")


def counts_of(new: Object | None, old: list[Object]) -> dict[str, int]:
    """The counts that the ReplicaSets add up to."""
    every = [*old, new] if new else old
    available = sum(available_of(replica_set) for replica_set in every)
    return {
        "replicas": sum(integer(replica_set, "status", "replicas") for replica_set in every),
        "updatedReplicas": integer(new or {}, "status", "replicas"),
        "readyReplicas": sum(integer(replica_set, "status", "readyReplicas") for replica_set in every),
        "availableReplicas": available,
        "unavailableReplicas": max(0, sum(replicas_of(replica_set) for replica_set in every) - available),
    }


def is_complete(deployment: Object, counts: dict[str, int]) -> bool:
    """Whether every wanted Pod is new and available, and no old one is left."""
    wanted = replicas_of(deployment)
    return all(counts[field] == wanted for field in ("replicas", "updatedReplicas", "availableReplicas"))


def _has_progressed(before: Object, counts: dict[str, int]) -> bool:
    old_before = integer(before, "replicas") - integer(before, "updatedReplicas")
    return (
        counts["updatedReplicas"] > integer(before, "updatedReplicas")
        or counts["replicas"] - counts["updatedReplicas"] < old_before
        or counts["readyReplicas"] > integer(before, "readyReplicas")
        or counts["availableReplicas"] > integer(before, "availableReplicas")
    )


def seconds_to_deadline(deployment: Object, now: dt.datetime) -> float | None:
    """How long a rollout may still stand still; None when nothing is being rolled out."""
    progressing = condition(deployment, "Progressing")
    moved = parse_time(progressing.get("lastUpdateTime"))
    settled = ("NewReplicaSetAvailable", "ProgressDeadlineExceeded", "DeploymentPaused")
    if moved is None or progressing.get("reason") in settled:
        return None
    deadline = integer(deployment, "spec", "progressDeadlineSeconds", default=600)
    return deadline - (now - moved).total_seconds()


def status_of(deployment: Object, new: Object | None, old: list[Object], now: dt.datetime) -> Object:
    """The status."""
    counts = counts_of(new, old)
    before = mapping(deployment, "status")
    status: Object = {"observedGeneration": integer(deployment, "metadata", "generation")}
    status |= {field: counts[field] for field in _COUNTS if counts[field]}
    if collisions := integer(before, "collisionCount"):
        status["collisionCount"] = collisions
    conditions = _availability(deployment, counts, items(before, "conditions"), now)
    conditions = _progress(deployment, new, counts, conditions, now)
    failing = _failure(new, old)
    if not failing:
        conditions = without_condition(conditions, "ReplicaFailure")
    else:
        reason, message = text(failing, "reason"), text(failing, "message")
        conditions = with_condition(conditions, "ReplicaFailure", True, reason, message, now, update_time=True)
    status["conditions"] = conditions
    return status


def _failure(new: Object | None, old: list[Object]) -> Object:
    for replica_set in ([new] if new else []) + old:
        if failing := condition(replica_set, "ReplicaFailure"):
            return failing
    return {}


def _availability(
    deployment: Object, counts: dict[str, int], conditions: list[Object], now: dt.datetime
) -> list[Object]:
    enough = counts["availableReplicas"] >= replicas_of(deployment) - bounds(deployment).unavailable
    reason = "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable"
    message = f"Deployment {'has' if enough else 'does not have'} minimum availability."
    return with_condition(conditions, "Available", enough, reason, message, now, update_time=True)


def _progress(
    deployment: Object, new: Object | None, counts: dict[str, int], conditions: list[Object], now: dt.datetime
) -> list[Object]:
    current = condition(deployment, "Progressing")
    name = f'ReplicaSet "{name_of(new)}"' if new else f'Deployment "{name_of(deployment)}"'
    left = seconds_to_deadline(deployment, now)
    settled = current.get("reason") == "NewReplicaSetAvailable" and counts["replicas"] == counts["updatedReplicas"]
    if mapping(deployment, "spec").get("paused") is True:
        conditions = _say(conditions, None, "DeploymentPaused", "Deployment is paused", now)
    elif current.get("reason") == "DeploymentPaused":
        conditions = _say(conditions, None, "DeploymentResumed", "Deployment is resumed", now)
    elif is_complete(deployment, counts):
        conditions = _say(conditions, True, "NewReplicaSetAvailable", f"{name} has successfully progressed.", now)
    elif settled:
        # A finished rollout that loses a Pod, or is scaled, is not rolling out again.
        pass
    elif _has_progressed(mapping(deployment, "status"), counts):
        conditions = _say(_restless(conditions), True, "ReplicaSetUpdated", f"{name} is progressing.", now)
    elif left is not None and left <= 0:
        conditions = _say(conditions, False, "ProgressDeadlineExceeded", f"{name} has timed out progressing.", now)
    elif not current:
        message = f'Created new replica set "{name_of(new)}"' if new else f"{name} is progressing."
        conditions = _say(conditions, True, "NewReplicaSetCreated", message, now)
    return conditions


def _say(conditions: list[Object], status: bool | None, reason: str, message: str, now: dt.datetime) -> list[Object]:
    return with_condition(conditions, "Progressing", status, reason, message, now, update_time=True)


def _restless(conditions: list[Object]) -> list[Object]:
    """Make the next Progressing condition count as news even if it says the same: the deadline runs from it."""
    return [{**item, "reason": ""} if item.get("type") == "Progressing" else item for item in conditions]
