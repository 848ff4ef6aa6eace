"""The DaemonSet controller: one Pod on every node that fits, of which there is one."""

import asyncio
import datetime as dt
from dataclasses import dataclass, field

from binauthz.cluster.catalogue.fields import Object, attach, integer, items, mapping, strings, text
from binauthz.cluster.controllers.claims import Claims
from binauthz.cluster.controllers.controller import Cluster, Controller
from binauthz.cluster.controllers.history import HASH, History, hash_of
from binauthz.cluster.controllers.node import NODE
from binauthz.cluster.controllers.owners import is_deleting, name_of
from binauthz.cluster.controllers.pod_control import PodControl, pod_from
from binauthz.cluster.controllers.pod_state import deletion_rank, has_ended, is_available, is_ready, next_available
from binauthz.cluster.controllers.refusals import Refusals
from binauthz.cluster.controllers.work_queue import Key

_GENERATION = "pod-template-generation"
_TOLERATED = (
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Whether to create a Pod, and which to delete."""

    create: int = 0
    delete: list[Object] = field(default_factory=list)


def fits(daemon_set: Object, node: Object | None) -> bool:
    """Whether the node should run the daemon."""
    wanted = strings(daemon_set, "spec", "template", "spec", "nodeSelector")
    return node is not None and wanted.items() <= strings(node, "metadata", "labels").items()


def plan(daemon_set: Object, pods: list[Object], digest: str, *, wanted: bool) -> Plan:
    """One Pod where it is wanted: ended ones are replaced, surplus ones go, outdated ones go when all is well."""
    ended = [pod for pod in pods if has_ended(pod)]
    alive = sorted((pod for pod in pods if not has_ended(pod)), key=deletion_rank, reverse=True)
    keep = 1 if wanted else 0
    if ended or len(alive) > keep:
        return Plan(delete=[*ended, *alive[keep:]])
    if len(alive) < keep:
        return Plan(create=1)
    rolling = text(daemon_set, "spec", "updateStrategy", "type") == "RollingUpdate"
    return Plan(delete=[pod for pod in alive if rolling and text(pod, "metadata", "labels", HASH) != digest])


def daemon_pod(daemon_set: Object, digest: str) -> Object:
    """The Pod for the node."""
    pod = pod_from(daemon_set, "apps/v1", "DaemonSet", mapping(daemon_set, "spec", "template"))
    generation = str(integer(daemon_set, "metadata", "generation", default=1))
    attach(pod, "metadata", "labels").update({HASH: digest, _GENERATION: generation})
    affinity = attach(pod, "spec", "affinity", "nodeAffinity")
    on_node = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [NODE]}]}
    affinity["requiredDuringSchedulingIgnoredDuringExecution"] = {"nodeSelectorTerms": [on_node]}
    known = items(pod, "spec", "tolerations")
    added = [{"key": key, "operator": "Exists", "effect": effect} for key, effect in _TOLERATED]
    pod["spec"]["tolerations"] = known + [toleration for toleration in added if toleration not in known]
    return pod


def status_of(daemon_set: Object, pods: list[Object], digest: str, wanted: bool, now: dt.datetime) -> Object:
    """The status that the Pods amount to."""
    min_ready = integer(daemon_set, "spec", "minReadySeconds")
    alive = [pod for pod in pods if not has_ended(pod)]
    available = sum(is_available(pod, min_ready, now) for pod in alive)
    desired = 1 if wanted else 0
    status: Object = {
        "currentNumberScheduled": min(len(alive), desired),
        "desiredNumberScheduled": desired,
        "numberMisscheduled": max(0, len(alive) - desired),
        "numberReady": sum(is_ready(pod) for pod in alive),
        "observedGeneration": integer(daemon_set, "metadata", "generation"),
    }
    counts = {
        "updatedNumberScheduled": sum(text(pod, "metadata", "labels", HASH) == digest for pod in alive),
        "numberAvailable": available,
        "numberUnavailable": max(0, desired - available),
    }
    return status | {name: count for name, count in counts.items() if count}


class DaemonSetController(Controller):
    """apps/v1 DaemonSet."""

    resource = "apps/daemonsets"
    component = "daemonset-controller"

    def user(self) -> str:
        """Kubernetes' own name for its account."""
        return "system:serviceaccount:kube-system:daemon-set-controller"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        pods = self.caches["pods"]
        self._claims = Claims(client=self.client, cache=pods, api_version="apps/v1", kind="DaemonSet")
        self._control = PodControl(client=self.client, pods=pods, tell=self.tell)
        self._history = History(client=self.client, cache=self.caches["apps/controllerrevisions"], kind="DaemonSet")
        self._refusals = Refusals()

    def subscribe(self) -> None:
        """Its Pods, and the node."""
        self.follow_children("pods", "DaemonSet")
        self.caches["nodes"].on_change(self._node_changed)

    def _node_changed(self, _node: Object, old: Object | None) -> None:
        if old is None or strings(old, "metadata", "labels") != strings(_node, "metadata", "labels"):
            for daemon_set in self.caches[self.resource].all():
                self.enqueue(daemon_set)

    async def sync(self, key: Key) -> float | None:
        """Create or delete Pods, then report."""
        daemon_set = self.caches[self.resource].get(*key)
        if daemon_set is None or is_deleting(daemon_set):
            return None
        revision = await self._history.current(daemon_set)
        digest = hash_of(revision)
        wanted = fits(daemon_set, self.caches["nodes"].get("", NODE))
        todo = plan(daemon_set, await self._claims.of(daemon_set), digest, wanted=wanted)
        now = asyncio.get_running_loop().time()
        again = self._refusals.pause(daemon_set, now) if todo.create else None
        if todo.create and not again:
            refused = await self._control.create(daemon_set, [daemon_pod(daemon_set, digest)])
            if refused is None:
                self._refusals.accepted(daemon_set)
            else:
                again = self._refusals.refused(daemon_set, refused.message, now)
        if todo.delete and await self._control.delete(daemon_set, todo.delete) is not None:
            again = 1.0
        pods = await self._claims.of(daemon_set)
        moment = self.clock.now()
        await self.write_status(daemon_set, status_of(daemon_set, pods, digest, wanted, moment))
        await self._history.prune(daemon_set, {name_of(revision)})
        ready_in = next_available(pods, integer(daemon_set, "spec", "minReadySeconds"), moment)
        return min((wait for wait in (again, ready_in) if wait), default=None)
