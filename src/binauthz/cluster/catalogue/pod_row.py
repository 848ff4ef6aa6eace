"""The READY, STATUS and RESTARTS of a Pod, computed as Kubernetes' own printer does."""

from dataclasses import dataclass

from binauthz.cluster.catalogue.fields import Object, condition, integer, items, mapping, text

_TERMINAL = ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What one row says."""

    ready: str
    status: str
    restarts: int
    last_restart: str


def _ended(terminated: Object) -> str:
    if reason := text(terminated, "reason"):
        return reason
    if signal := integer(terminated, "signal"):
        return f"Signal:{signal}"
    return f"ExitCode:{integer(terminated, 'exitCode')}"


def _is_sidecar(container: Object) -> bool:
    return container.get("restartPolicy") == "Always"


@dataclass(slots=True)
class _Tally:
    reason: str
    ready: int = 0
    restarts: int = 0
    last_restart: str = ""
    sidecar_restarts: int = 0
    sidecar_last_restart: str = ""


def _init_containers(pod: Object, tally: _Tally) -> bool:
    """Account for init containers; True while one of them has yet to finish."""
    specs = items(pod, "spec", "initContainers")
    sidecars = {text(container, "name") for container in specs if _is_sidecar(container)}
    for index, status in enumerate(items(pod, "status", "initContainerStatuses")):
        finished = text(status, "lastState", "terminated", "finishedAt")
        tally.restarts += integer(status, "restartCount")
        tally.last_restart = max(tally.last_restart, finished)
        sidecar = text(status, "name") in sidecars
        if sidecar:
            tally.sidecar_restarts += integer(status, "restartCount")
            tally.sidecar_last_restart = max(tally.sidecar_last_restart, finished)
        terminated = mapping(status, "state").get("terminated")
        waiting = text(status, "state", "waiting", "reason")
        if isinstance(terminated, dict) and integer(terminated, "exitCode") == 0:
            continue
        if sidecar and status.get("started") is True:
            tally.ready += status.get("ready") is True
            continue
        if isinstance(terminated, dict):
            tally.reason = f"Init:{_ended(terminated)}"
        elif waiting and waiting != "PodInitializing":
            tally.reason = f"Init:{waiting}"
        else:
            tally.reason = f"Init:{index}/{len(specs)}"
        return True
    return False


def _containers(pod: Object, tally: _Tally) -> None:
    tally.restarts, tally.last_restart = tally.sidecar_restarts, tally.sidecar_last_restart
    running = False
    for status in reversed(items(pod, "status", "containerStatuses")):
        tally.restarts += integer(status, "restartCount")
        tally.last_restart = max(tally.last_restart, text(status, "lastState", "terminated", "finishedAt"))
        state = mapping(status, "state")
        if waiting := text(state, "waiting", "reason"):
            tally.reason = waiting
        elif isinstance(state.get("terminated"), dict):
            tally.reason = _ended(state["terminated"])
        elif status.get("ready") is True and isinstance(state.get("running"), dict):
            running = True
            tally.ready += 1
    if tally.reason == "Completed" and running:
        tally.reason = "Running" if condition(pod, "Ready").get("status") == "True" else "NotReady"


def summary(pod: Object) -> Summary:
    """READY, STATUS and RESTARTS."""
    phase = text(pod, "status", "phase")
    tally = _Tally(reason=text(pod, "status", "reason") or phase)
    if condition(pod, "PodScheduled").get("reason") == "SchedulingGated":
        tally.reason = "SchedulingGated"
    if not _init_containers(pod, tally) or condition(pod, "Initialized").get("status") == "True":
        _containers(pod, tally)
    if mapping(pod, "metadata").get("deletionTimestamp"):
        if text(pod, "status", "reason") == "NodeLost":
            tally.reason = "Unknown"
        elif phase not in _TERMINAL:
            tally.reason = "Terminating"
    sidecars = sum(_is_sidecar(container) for container in items(pod, "spec", "initContainers"))
    total = len(items(pod, "spec", "containers")) + sidecars
    return Summary(
        ready=f"{tally.ready}/{total}",
        status=tally.reason,
        restarts=tally.restarts,
        last_restart=tally.last_restart,
    )


def readiness_gates(pod: Object) -> str:
    """``true/all`` of the readiness gates."""
    gates = [text(gate, "conditionType") for gate in items(pod, "spec", "readinessGates")]
    if not gates:
        return "<none>"
    return f"{sum(condition(pod, gate).get('status') == 'True' for gate in gates)}/{len(gates)}"
