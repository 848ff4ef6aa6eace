"""READY, STATUS and RESTARTS of a Pod as kubectl shows them."""

from typing import Any

import pytest

from binauthz.cluster.catalogue.pod_row import readiness_gates, summary

_RUNNING = {"ready": True, "restartCount": 0, "state": {"running": {}}}


def pod(phase: str, *containers: dict[str, Any], deleted: bool = False, **status: Any) -> dict[str, Any]:
    return {
        "metadata": {"deletionTimestamp": "2024-01-01T00:00:00Z"} if deleted else {},
        "spec": {"containers": [{"name": f"c{n}"} for n, _ in enumerate(containers or (1,))]},
        "status": {"phase": phase, "containerStatuses": list(containers), **status},
    }


@pytest.mark.parametrize(
    ("shown", "made"),
    [
        (("0/1", "Pending", 0), pod("Pending")),
        (("1/1", "Running", 0), pod("Running", _RUNNING)),
        (
            ("1/2", "CrashLoopBackOff", 4),
            pod("Running", _RUNNING, {"restartCount": 4, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}),
        ),
        (
            ("0/1", "Completed", 0),
            pod("Succeeded", {"state": {"terminated": {"reason": "Completed", "exitCode": 0}}}),
        ),
        (("0/1", "ExitCode:3", 0), pod("Failed", {"state": {"terminated": {"exitCode": 3}}})),
        (("0/1", "Signal:9", 0), pod("Failed", {"state": {"terminated": {"exitCode": 137, "signal": 9}}})),
        (("1/1", "Terminating", 0), pod("Running", _RUNNING, deleted=True)),
        (("0/1", "Evicted", 0), pod("Failed", {}, reason="Evicted")),
        (
            ("0/1", "Init:0/1", 0),
            pod("Pending", {}, initContainerStatuses=[{"state": {"waiting": {"reason": "PodInitializing"}}}])
            | {"spec": {"containers": [{}], "initContainers": [{"name": "i"}]}},
        ),
    ],
)
def test_a_row_sums_up_the_containers(shown: tuple[str, str, int], made: dict[str, Any]) -> None:
    row = summary(made)
    assert (row.ready, row.status, row.restarts) == shown


def test_readiness_gates_are_counted() -> None:
    made = pod("Running", _RUNNING, conditions=[{"type": "a", "status": "True"}])
    assert readiness_gates(made) == "<none>"
    made["spec"]["readinessGates"] = [{"conditionType": "a"}, {"conditionType": "b"}]
    assert readiness_gates(made) == "1/2"
