"""Making and deleting Pods for an owner, as ReplicaSets, DaemonSets and Jobs do it."""

import asyncio
import copy
from collections.abc import Callable
from dataclasses import dataclass

from binauthz.cluster.catalogue.fields import Object, mapping
from binauthz.cluster.client import Client, StatusError
from binauthz.cluster.controllers.cache import Cache
from binauthz.cluster.controllers.owners import name_of, namespace_of, reference_to, uid_of
from binauthz.cluster.controllers.recorder import EventKind

BURST = 500

Tell = Callable[[Object, EventKind, str, str], None]


def pod_from(owner: Object, api_version: str, kind: str, template: Object) -> Object:
    """The Pod that a template asks for, owned and with a name to be generated."""
    metadata = mapping(template, "metadata")
    made: Object = {"generateName": f"{name_of(owner)[:247]}-", "namespace": namespace_of(owner)}
    for key in ("labels", "annotations", "finalizers"):
        if metadata.get(key):
            made[key] = copy.deepcopy(metadata[key])
    made["ownerReferences"] = [reference_to(owner, api_version, kind)]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": made, "spec": copy.deepcopy(mapping(template, "spec"))}


def batches(count: int) -> list[int]:
    """Slow start: 1, 2, 4, ... so that a refusal costs one request and not hundreds."""
    sizes: list[int] = []
    size = 1
    while count > 0:
        sizes.append(min(size, count))
        count -= sizes[-1]
        size *= 2
    return sizes


@dataclass(frozen=True, slots=True, kw_only=True)
class PodControl:
    """Creates and deletes Pods in the name of one controller, and tells of it on the owner."""

    client: Client
    pods: Cache
    tell: Tell

    async def create(self, owner: Object, wanted: list[Object]) -> StatusError | None:
        """Create Pods in growing batches; the first refusal ends it and is returned."""
        wanted = wanted[:BURST]
        for size in batches(len(wanted)):
            batch, wanted = wanted[:size], wanted[size:]
            outcomes = await asyncio.gather(*(self._create(owner, pod) for pod in batch))
            refused = next((outcome for outcome in outcomes if outcome is not None), None)
            if refused is not None:
                return refused
        return None

    async def _create(self, owner: Object, pod: Object) -> StatusError | None:
        try:
            made = await self.client.create("pods", namespace_of(owner), pod)
        except StatusError as error:
            if not _is_namespace_ending(error):
                self.tell(owner, "Warning", "FailedCreate", f"Error creating: {error.message}")
            return error
        self.pods.observe(made)
        self.tell(owner, "Normal", "SuccessfulCreate", f"Created pod: {name_of(made)}")
        return None

    async def delete(self, owner: Object, doomed: list[Object]) -> StatusError | None:
        """Delete Pods; one that is gone already counts as deleted."""
        outcomes = await asyncio.gather(*(self._delete(owner, pod) for pod in doomed))
        return next((outcome for outcome in outcomes if outcome is not None), None)

    async def _delete(self, owner: Object, pod: Object) -> StatusError | None:
        try:
            await self.client.delete("pods", namespace_of(pod), name_of(pod), uid=uid_of(pod))
        except StatusError as error:
            if error.reason == "NotFound":
                return None
            self.tell(owner, "Warning", "FailedDelete", f"Error deleting: {error.message}")
            return error
        self.pods.expect_deletion(pod)
        self.tell(owner, "Normal", "SuccessfulDelete", f"Deleted pod: {name_of(pod)}")
        return None


def _is_namespace_ending(error: StatusError) -> bool:
    causes = mapping(error.status, "details").get("causes") or []
    return any(isinstance(cause, dict) and cause.get("reason") == "NamespaceTerminating" for cause in causes)
