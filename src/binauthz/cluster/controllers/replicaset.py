"""The ReplicaSet controller: as many Pods as asked for, and the reason on record when there are fewer."""

import asyncio
import datetime as dt
from dataclasses import dataclass

from binauthz.cluster.catalogue.fields import Object, integer, items, mapping, strings
from binauthz.cluster.controllers.claims import Claims, belongs
from binauthz.cluster.controllers.conditions import with_condition, without_condition
from binauthz.cluster.controllers.controller import Cluster, Controller
from binauthz.cluster.controllers.owners import controller_of, is_deleting, namespace_of
from binauthz.cluster.controllers.pod_control import BURST, PodControl, pod_from
from binauthz.cluster.controllers.pod_state import deletion_rank, is_active, is_available, is_ready, next_available
from binauthz.cluster.controllers.pod_state import template_labels as labels_of
from binauthz.cluster.controllers.refusals import Refusals
from binauthz.cluster.controllers.work_queue import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many Pods to create, and which to delete."""

    create: int
    delete: list[Object]


def plan(replica_set: Object, active: list[Object]) -> Plan:
    """What brings the active Pods to the wanted number."""
    missing = integer(replica_set, "spec", "replicas", default=1) - len(active)
    if missing >= 0:
        return Plan(create=min(missing, BURST), delete=[])
    return Plan(create=0, delete=sorted(active, key=deletion_rank)[: min(-missing, BURST)])


def status_of(replica_set: Object, active: list[Object], failure: tuple[str, str] | None, now: dt.datetime) -> Object:
    """The status that the Pods amount to; ``failure`` is the reason and the message of the last trouble."""
    min_ready = integer(replica_set, "spec", "minReadySeconds")
    wanted = labels_of(mapping(replica_set, "spec", "template"))
    counts = {
        "fullyLabeledReplicas": sum(strings(pod, "metadata", "labels").items() >= wanted.items() for pod in active),
        "readyReplicas": sum(is_ready(pod) for pod in active),
        "availableReplicas": sum(is_available(pod, min_ready, now) for pod in active),
    }
    status: Object = {"replicas": len(active)}
    status |= {field: count for field, count in counts.items() if count}
    status["observedGeneration"] = integer(replica_set, "metadata", "generation")
    conditions = items(replica_set, "status", "conditions")
    if failure is None:
        conditions = without_condition(conditions, "ReplicaFailure")
    else:
        conditions = with_condition(conditions, "ReplicaFailure", True, *failure, now)
    if conditions:
        status["conditions"] = conditions
    return status


class ReplicaSetController(Controller):
    """apps/v1 ReplicaSet."""

    resource = "apps/replicasets"
    component = "replicaset-controller"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self._control = PodControl(client=self.client, pods=self.caches["pods"], tell=self.tell)
        self._claims = Claims(client=self.client, cache=self.caches["pods"], api_version="apps/v1", kind="ReplicaSet")
        self._refusals = Refusals()

    def subscribe(self) -> None:
        """Pods of a ReplicaSet, and Pods without an owner that one might adopt."""
        self.follow_children("pods", "ReplicaSet")
        self.caches["pods"].on_change(self._consider_orphan)

    def _consider_orphan(self, pod: Object, _old: Object | None) -> None:
        if not controller_of(pod) and is_active(pod):
            for replica_set in self.caches[self.resource].all(namespace_of(pod)):
                if belongs(replica_set, pod):
                    self.enqueue(replica_set)

    async def sync(self, key: Key) -> float | None:
        """Create or delete Pods, then report."""
        replica_set = self.caches[self.resource].get(*key)
        if replica_set is None:
            return None
        active = await self._active(replica_set)
        now = asyncio.get_running_loop().time()
        failure: tuple[str, str] | None = None
        again: float | None = None
        if not is_deleting(replica_set):
            todo = plan(replica_set, active)
            again = self._refusals.pause(replica_set, now) if todo.create else None
            if again:
                standing = self._refusals.standing(replica_set)
                failure = ("FailedCreate", standing.message if standing else "")
            else:
                failure, again = await self._carry_out(replica_set, todo, now)
            active = await self._active(replica_set)
        moment = self.clock.now()
        await self.write_status(replica_set, status_of(replica_set, active, failure, moment))
        ready_in = next_available(active, integer(replica_set, "spec", "minReadySeconds"), moment)
        return min((wait for wait in (again, ready_in) if wait), default=None)

    async def _carry_out(
        self, replica_set: Object, todo: Plan, now: float
    ) -> tuple[tuple[str, str] | None, float | None]:
        if todo.create:
            template = mapping(replica_set, "spec", "template")
            wanted = [pod_from(replica_set, "apps/v1", "ReplicaSet", template) for _ in range(todo.create)]
            refused = await self._control.create(replica_set, wanted)
            if refused is not None:
                return ("FailedCreate", refused.message), self._refusals.refused(replica_set, refused.message, now)
            self._refusals.accepted(replica_set)
        if todo.delete and (trouble := await self._control.delete(replica_set, todo.delete)) is not None:
            return ("FailedDelete", trouble.message), 1.0
        return None, None

    async def _active(self, replica_set: Object) -> list[Object]:
        return [pod for pod in await self._claims.of(replica_set) if is_active(pod)]
