"""The namespace controller: the namespaces every cluster has, and the end of those that are deleted.

A namespace on its way out first loses what it holds, kind by kind, and is let go only when nothing is left.
"""

import asyncio

from binauthz.cluster.catalogue import RESOURCES
from binauthz.cluster.catalogue.fields import Object, items, mapping
from binauthz.cluster.client import StatusError
from binauthz.cluster.controllers.conditions import with_condition
from binauthz.cluster.controllers.controller import Cluster, Controller
from binauthz.cluster.controllers.owners import is_deleting, name_of, namespace_of, uid_of
from binauthz.cluster.controllers.work_queue import Key, backoff

SYSTEM_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
_CONTENTS = tuple(resource.key for resource in RESOURCES if resource.namespaced)
_LONGEST_PAUSE = 5.0


class NamespaceController(Controller):
    """v1 Namespace."""

    resource = "namespaces"
    component = "namespace-controller"

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self._looks: dict[str, int] = {}

    def enqueue(self, obj: Object) -> None:
        """Only namespaces on their way out are of interest."""
        if is_deleting(obj):
            super().enqueue(obj)

    async def sync(self, key: Key) -> float | None:
        """Empty the namespace, then let it go."""
        namespace = self.caches[self.resource].get(*key)
        if namespace is None or not is_deleting(namespace):
            self._looks.pop(key.name, None)
            return None
        left = 0
        for resource in _CONTENTS:
            left += await self._empty(resource, key.name)
        if left:
            await self._report(namespace, left)
            self._looks[key.name] = self._looks.get(key.name, 0) + 1
            return backoff(self._looks[key.name], longest=_LONGEST_PAUSE)
        finalizers = mapping(namespace, "spec").get("finalizers") or []
        kept = [finalizer for finalizer in finalizers if finalizer != "kubernetes"]
        if kept != finalizers:
            await self.client.finalize({**namespace, "spec": {**mapping(namespace, "spec"), "finalizers": kept}})
        return None

    async def _empty(self, resource: str, namespace: str) -> int:
        listed = await self.client.list(resource, namespace)
        remaining = [obj for obj in listed if not is_deleting(obj)]
        await asyncio.gather(*(self._delete(resource, obj) for obj in remaining))
        return len(await self.client.list(resource, namespace)) if listed else 0

    async def _delete(self, resource: str, obj: Object) -> None:
        try:
            await self.client.delete(resource, namespace_of(obj), name_of(obj), uid=uid_of(obj))
        except StatusError as error:
            if error.reason not in ("NotFound", "Conflict"):
                raise

    async def _report(self, namespace: Object, left: int) -> None:
        message = f"Some resources are remaining: {left} objects"
        conditions = items(namespace, "status", "conditions")
        now = self.clock.now()
        conditions = with_condition(conditions, "NamespaceContentRemaining", True, "SomeResourcesRemain", message, now)
        if conditions != items(namespace, "status", "conditions"):
            await self.write_status(namespace, {"phase": "Terminating", "conditions": conditions})


class ServiceAccountController(Controller):
    """Gives every namespace its ``default`` service account, and the cluster its namespaces."""

    resource = "namespaces"
    component = "service-account-controller"

    def subscribe(self) -> None:
        """An account that is deleted comes back."""
        self.caches["serviceaccounts"].on_delete(lambda gone: self.queue.add(Key("", namespace_of(gone))))

    async def sync(self, key: Key) -> float | None:
        """Create what is missing."""
        namespace = self.caches[self.resource].get(*key)
        if namespace is None or is_deleting(namespace):
            return None
        accounts = self.caches["serviceaccounts"]
        if accounts.get(key.name, "default") is None:
            account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
            accounts.observe(await self.client.create(accounts.resource, key.name, account))
        return None
