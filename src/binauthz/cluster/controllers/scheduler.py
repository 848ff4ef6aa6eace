"""The scheduler: every Pod that fits goes to the one node, and the reason is on record for those that do not."""

from binauthz.cluster.catalogue.fields import Object, items, mapping, strings, text
from binauthz.cluster.controllers.controller import Controller
from binauthz.cluster.controllers.node import NODE
from binauthz.cluster.controllers.owners import name_of, namespace_of
from binauthz.cluster.controllers.pod_state import has_ended
from binauthz.cluster.controllers.work_queue import Key

_RETRY_SECONDS = 5.0


def waits_for_a_node(pod: Object) -> bool:
    """Whether it is for this scheduler to place the Pod."""
    spec = mapping(pod, "spec")
    return (
        not text(spec, "nodeName")
        and text(spec, "schedulerName") in ("", "default-scheduler")
        and not spec.get("schedulingGates")
        and not has_ended(pod)
    )


def obstacle(pod: Object, node: Object | None) -> str:
    """Why the Pod cannot go to the node, in the scheduler's words; empty when it can."""
    if node is None:
        return "no nodes available to schedule pods"
    tolerated = any(
        text(item, "key") == "node.kubernetes.io/unschedulable" for item in items(pod, "spec", "tolerations")
    )
    if mapping(node, "spec").get("unschedulable") is True and not tolerated:
        return "0/1 nodes are available: 1 node(s) were unschedulable."
    wanted = strings(pod, "spec", "nodeSelector")
    if not wanted.items() <= strings(node, "metadata", "labels").items():
        return "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."
    return ""


class Scheduler(Controller):
    """Binds Pods to the node."""

    resource = "pods"
    component = "default-scheduler"
    workers = 10

    def user(self) -> str:
        """Kubernetes' own name for it."""
        return "system:kube-scheduler"

    def subscribe(self) -> None:
        """A node that changes may take Pods that it could not take before."""
        self.caches["nodes"].on_change(lambda _node, _old: self._look_again())

    def _look_again(self) -> None:
        for pod in self.caches["pods"].all():
            if waits_for_a_node(pod):
                self.enqueue(pod)

    def enqueue(self, obj: Object) -> None:
        """Only Pods that wait are of interest."""
        if waits_for_a_node(obj):
            super().enqueue(obj)

    async def sync(self, key: Key) -> float | None:
        """Bind the Pod, or say why not."""
        cache = self.caches["pods"]
        pod = cache.get(*key)
        if pod is None or cache.is_leaving(pod) or not waits_for_a_node(pod):
            return None
        reason = obstacle(pod, self.caches["nodes"].get("", NODE))
        if reason:
            self.tell(pod, "Warning", "FailedScheduling", reason)
            return _RETRY_SECONDS * 12
        await self.client.bind(namespace_of(pod), name_of(pod), NODE)
        message = f"Successfully assigned {namespace_of(pod)}/{name_of(pod)} to {NODE}"
        self.tell(pod, "Normal", "Scheduled", message)
        return None
