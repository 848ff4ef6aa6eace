"""Operations on clusters: begun with the change they stand for, in one transaction, and ended with what came of it.

While one is under way its cluster takes no other. The last hundreds are kept for each project.
"""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Mapping, Sequence

from binauthz.base.errors import ApiError, Code
from binauthz.services.names import last_segment, project_of
from binauthz.store.interface import Reader, Writer
from binauthz.store.records import ClusterOperation

RUNNING = "RUNNING"
ABORTING = "ABORTING"
DONE = "DONE"
PENDING = "PENDING"

CREATE = "CREATE_CLUSTER"
UPDATE = "UPDATE_CLUSTER"
DELETE = "DELETE_CLUSTER"
SET_LABELS = "SET_LABELS"

# The names by which Google's own operations report the steps of a creation.
CONFIGURING = "CLUSTER_CONFIGURING"
DEPLOYING = "CLUSTER_DEPLOYING"
HEALTHCHECKING = "CLUSTER_HEALTHCHECKING"

CANCELLED = 1
"""google.rpc.Code of what its caller called off; no call of ours answers with it."""

_DOING = {CREATE: "creating", UPDATE: "updating", DELETE: "deleting"}
_KEPT = 200


def begin(
    tx: Writer, cluster: str, type: str, now: dt.datetime, *, stages: Sequence[str] = (), token: uuid.UUID
) -> ClusterOperation:
    """Record a change that begins now. ``token`` makes the name; a body that runs again uses the same."""
    name = f"{cluster.rpartition('/clusters/')[0]}/operations/operation-{int(now.timestamp() * 1000)}-{token}"
    operation = ClusterOperation(
        name=name, cluster=cluster, type=type, start_time=now, stages=dict.fromkeys(stages, PENDING)
    )
    _forget_the_oldest(tx, project_of(cluster))
    tx.insert(operation)
    return operation


def advance(
    tx: Writer, operation: ClusterOperation, *, detail: str, stages: Mapping[str, str], status: str = ""
) -> ClusterOperation:
    """Note how far a change is."""
    moved = dataclasses.replace(
        operation, detail=detail, stages={**operation.stages, **stages}, status=status or operation.status
    )
    tx.put(moved)
    return moved


def end(tx: Writer, operation: ClusterOperation, now: dt.datetime, *, error: str = "", code: int = 0) -> None:
    """Record that a change is over, done or with an error."""
    stages = operation.stages if error else dict.fromkeys(operation.stages, DONE)
    tx.put(
        dataclasses.replace(
            operation, status=DONE, end_time=now, detail="", error=error, error_code=code, stages=stages
        )
    )


def under_way(tx: Reader, cluster: str) -> list[ClusterOperation]:
    """The operations on a cluster that are not over, the oldest first."""
    found = tx.list(ClusterOperation, cluster.rpartition("/clusters/")[0])
    return sorted((each for each in found if each.cluster == cluster and each.status != DONE), key=_age)


def demand_idle(tx: Reader, cluster: str) -> None:
    """Raise FAILED_PRECONDITION while another operation on the cluster is under way."""
    for operation in under_way(tx, cluster):
        raise ApiError(
            Code.FAILED_PRECONDITION,
            f"Operation {last_segment(operation.name)} is currently {_DOING.get(operation.type, 'changing')} cluster "
            f"{last_segment(cluster)}. Please wait and try again once it is done.",
            reason="CLUSTER_ALREADY_HAS_OPERATION",
        )


def _forget_the_oldest(tx: Writer, project: str) -> None:
    finished = [each for each in tx.list(ClusterOperation, f"{project}/locations/-") if each.status == DONE]
    for operation in sorted(finished, key=_age)[: max(0, len(finished) - _KEPT + 1)]:
        tx.delete(ClusterOperation, operation.name)


def _age(operation: ClusterOperation) -> tuple[dt.datetime, str]:
    return operation.start_time, operation.name
