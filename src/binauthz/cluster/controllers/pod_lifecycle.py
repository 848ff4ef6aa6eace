"""The life of a Pod on the simulated node: its status once its containers would run, or would have ended. Pure."""

import datetime as dt
import hashlib
from typing import Any

from binauthz.cluster.catalogue.age import stamp
from binauthz.cluster.catalogue.fields import Object, integer, items, mapping, text
from binauthz.cluster.controllers.conditions import with_condition
from binauthz.cluster.controllers.node import ADDRESS
from binauthz.cluster.controllers.owners import uid_of


def image_id(image: str) -> str:
    """What a runtime would report: the digest that the Pod named. A tag is not resolved, and no digest is made up."""
    _name, at, digest = image.partition("@")
    if not at:
        return ""
    repository = _name.rpartition("/")
    return f"{repository[0]}{repository[1]}{repository[2].partition(':')[0]}@{digest}"


def _container_id(pod: Object, name: str, restarts: int) -> str:
    return "simulated://" + hashlib.sha256(f"{uid_of(pod)}/{name}/{restarts}".encode()).hexdigest()


def _status(pod: Object, container: Object, state: Object, *, restarts: int = 0, last: Object | None = None) -> Object:
    image = text(container, "image")
    running = "running" in state
    return {
        "name": text(container, "name"),
        "state": state,
        "lastState": last or {},
        "ready": running,
        "restartCount": restarts,
        "image": image,
        "imageID": image_id(image),
        "containerID": _container_id(pod, text(container, "name"), restarts),
        "started": running,
    }


def _is_sidecar(container: Object) -> bool:
    return container.get("restartPolicy") == "Always"


def _ended(pod: Object, container: Object, started: str, now: dt.datetime) -> Object:
    return {
        "terminated": {
            "exitCode": 0,
            "reason": "Completed",
            "startedAt": started,
            "finishedAt": stamp(now),
            "containerID": _container_id(pod, text(container, "name"), 0),
        }
    }


def _with_conditions(pod: Object, now: dt.datetime, ready: bool, reason: str = "") -> list[Object]:
    conditions = items(pod, "status", "conditions")
    for kind, status, why in (
        ("PodReadyToStartContainers", ready, ""),
        ("Initialized", True, reason),
        ("Ready", ready, reason),
        ("ContainersReady", ready, reason),
        ("PodScheduled", True, ""),
    ):
        conditions = with_condition(conditions, kind, status, why, "", now)
    return [
        {"lastProbeTime": None, **{key: value for key, value in item.items() if value != "" or key == "status"}}
        for item in conditions
    ]


def running_status(pod: Object, ip: str, now: dt.datetime) -> Object:
    """All containers run, and are ready."""
    spec = mapping(pod, "spec")
    running: Object = {"running": {"startedAt": stamp(now)}}
    status: Object = {
        **mapping(pod, "status"),
        "phase": "Running",
        "conditions": _with_conditions(pod, now, True),
        "hostIP": ADDRESS,
        "hostIPs": [{"ip": ADDRESS}],
        "podIP": ip,
        "podIPs": [{"ip": ip}],
        "startTime": stamp(now),
        "containerStatuses": [_status(pod, container, running) for container in items(spec, "containers")],
    }
    if initial := items(spec, "initContainers"):
        status["initContainerStatuses"] = [
            _status(pod, container, running)
            if _is_sidecar(container)
            else {**_status(pod, container, _ended(pod, container, stamp(now), now)), "ready": True}
            for container in initial
        ]
    return status


def completed_status(pod: Object, now: dt.datetime) -> Object:
    """Every container has ended well."""
    started = text(pod, "status", "startTime")
    return {
        **mapping(pod, "status"),
        "phase": "Succeeded",
        "conditions": _with_conditions(pod, now, False, "PodCompleted"),
        "containerStatuses": [
            {**_status(pod, container, _ended(pod, container, started, now)), "ready": False}
            for container in items(pod, "spec", "containers")
        ],
    }


def expired_status(pod: Object, now: dt.datetime) -> Object:
    """The Pod's activeDeadlineSeconds are over."""
    return {
        **completed_status(pod, now),
        "phase": "Failed",
        "reason": "DeadlineExceeded",
        "message": "Pod was active on the node longer than the specified deadline",
    }


def changed_containers(pod: Object) -> list[Object]:
    """Containers whose image is no longer the one that runs."""
    shown = {text(status, "name"): text(status, "image") for status in items(pod, "status", "containerStatuses")}
    return [
        container
        for container in items(pod, "spec", "containers")
        if shown.get(text(container, "name"), text(container, "image")) != text(container, "image")
    ]


def new_ephemeral(pod: Object) -> list[Object]:
    """Ephemeral containers that have no status yet."""
    shown = {text(status, "name") for status in items(pod, "status", "ephemeralContainerStatuses")}
    return [
        container for container in items(pod, "spec", "ephemeralContainers") if text(container, "name") not in shown
    ]


def restarted_status(pod: Object, now: dt.datetime) -> Object:
    """Containers with another image were restarted, and ephemeral ones started."""
    changed = {text(container, "name"): container for container in changed_containers(pod)}
    running: Object = {"running": {"startedAt": stamp(now)}}
    statuses: list[Any] = []
    for known in items(pod, "status", "containerStatuses"):
        container = changed.get(text(known, "name"))
        if container is None:
            statuses.append(known)
            continue
        started = text(known, "state", "running", "startedAt")
        last = _ended(pod, container, started, now)
        restarts = integer(known, "restartCount") + 1
        statuses.append(_status(pod, container, running, restarts=restarts, last=last))
    status = {**mapping(pod, "status"), "containerStatuses": statuses}
    if added := new_ephemeral(pod):
        known_ephemeral = items(pod, "status", "ephemeralContainerStatuses")
        status["ephemeralContainerStatuses"] = [
            *known_ephemeral,
            *({**_status(pod, container, running), "ready": False} for container in added),
        ]
    return status
