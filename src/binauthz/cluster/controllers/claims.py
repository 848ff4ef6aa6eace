"""Which Pods (or ReplicaSets) belong to a workload: adopting those that match its selector, releasing those that no
longer do."""

from dataclasses import dataclass

from binauthz.cluster.catalogue import selectors
from binauthz.cluster.catalogue.fields import Object, items, mapping, strings, text
from binauthz.cluster.client import Client, StatusError
from binauthz.cluster.controllers.cache import Cache
from binauthz.cluster.controllers.owners import is_controlled_by, is_deleting, namespace_of, reference_to, uid_of
from binauthz.cluster.controllers.pod_state import is_active


def belongs(workload: Object, child: Object) -> bool:
    """Whether the workload's selector picks the child; an empty selector picks nothing."""
    selector = mapping(workload, "spec", "selector")
    return not selectors.is_empty(selector) and selectors.matches(selector, strings(child, "metadata", "labels"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Claims children for workloads of one kind."""

    client: Client
    cache: Cache
    api_version: str
    kind: str

    async def of(self, workload: Object) -> list[Object]:
        """The children of the workload that are not on their way out, after adoption and release."""
        owned = [child for child in self.cache.owned_by(uid_of(workload)) if is_controlled_by(child, workload)]
        if is_deleting(workload):
            return [child for child in owned if not self.cache.is_leaving(child)]
        kept: list[Object] = []
        for child in owned:
            if self.cache.is_leaving(child):
                continue
            if belongs(workload, child):
                kept.append(child)
            else:
                others = [r for r in items(child, "metadata", "ownerReferences") if text(r, "uid") != uid_of(workload)]
                await self._rewrite(child, others)
        for child in self.cache.uncontrolled(namespace_of(workload)):
            if not self.cache.is_leaving(child) and is_active(child) and belongs(workload, child):
                reference = reference_to(workload, self.api_version, self.kind)
                adopted = await self._rewrite(child, [*items(child, "metadata", "ownerReferences"), reference])
                if adopted is not None:
                    kept.append(adopted)
        return kept

    async def _rewrite(self, child: Object, references: list[Object]) -> Object | None:
        changed = {**child, "metadata": {**child["metadata"], "ownerReferences": references}}
        try:
            stored = await self.client.update(self.cache.resource, namespace_of(child), changed)
        except StatusError as error:
            if error.reason not in ("NotFound", "Conflict", "Invalid"):
                raise
            return None
        self.cache.observe(stored)
        return stored
