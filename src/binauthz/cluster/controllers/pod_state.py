"""What the status of a Pod means to the controller that owns it."""

import datetime as dt

from binauthz.cluster.catalogue.age import parse_time
from binauthz.cluster.catalogue.fields import condition, mapping, text
from binauthz.cluster.client import Object
from binauthz.cluster.controllers.owners import is_deleting


def phase_of(pod: Object) -> str:
    """status.phase."""
    return text(pod, "status", "phase")


def has_ended(pod: Object) -> bool:
    """Whether its containers will never run again."""
    return phase_of(pod) in ("Succeeded", "Failed")


def is_active(pod: Object) -> bool:
    """Whether it counts as a replica."""
    return not has_ended(pod) and not is_deleting(pod)


def is_ready(pod: Object) -> bool:
    """Whether its Ready condition holds."""
    return condition(pod, "Ready").get("status") == "True"


def is_available(pod: Object, min_ready_seconds: int, now: dt.datetime) -> bool:
    """Whether it has been ready for long enough."""
    return is_ready(pod) and seconds_to_available(pod, min_ready_seconds, now) <= 0


def seconds_to_available(pod: Object, min_ready_seconds: int, now: dt.datetime) -> float:
    """How long a ready Pod must stay ready to become available."""
    since = parse_time(condition(pod, "Ready").get("lastTransitionTime"))
    if min_ready_seconds == 0 or since is None:
        return 0.0
    return min_ready_seconds - (now - since).total_seconds()


def next_available(pods: list[Object], min_ready_seconds: int, now: dt.datetime) -> float | None:
    """Seconds until the next of the ready Pods becomes available; None when none is waiting."""
    waits = [seconds_to_available(pod, min_ready_seconds, now) for pod in pods if is_ready(pod)]
    return min((wait + 0.1 for wait in waits if wait > 0), default=None)


def deletion_rank(pod: Object) -> tuple[int, int, int, str]:
    """Sorts the Pods to delete first to the front: without a node, not running, not ready, youngest (the order of
    Kubernetes' ActivePodsWithRanks as far as it applies to one node)."""
    created = text(pod, "metadata", "creationTimestamp")
    youngest_first = "".join(chr(0x10FFFF - ord(mark)) for mark in created[:40])
    return (
        1 if text(pod, "spec", "nodeName") else 0,
        {"Pending": 0, "Unknown": 1}.get(phase_of(pod), 2),
        1 if is_ready(pod) else 0,
        youngest_first,
    )


def template_labels(template: Object) -> dict[str, str]:
    """The labels of a Pod template."""
    return {key: value for key, value in mapping(template, "metadata", "labels").items() if isinstance(value, str)}
