"""ControllerRevisions: the templates that a StatefulSet or DaemonSet has had, for ``kubectl rollout history`` and
``undo``."""

import copy
from dataclasses import dataclass

from binauthz.cluster.catalogue.fields import Object, integer, mapping, strings, text
from binauthz.cluster.client import Client, StatusError
from binauthz.cluster.controllers.cache import Cache
from binauthz.cluster.controllers.owners import is_controlled_by, name_of, namespace_of, reference_to, uid_of
from binauthz.cluster.controllers.revisions import template_hash

HASH = "controller-revision-hash"


def data_of(workload: Object) -> Object:
    """What a revision remembers: a patch that brings the template back."""
    template = copy.deepcopy(mapping(workload, "spec", "template"))
    return {"spec": {"template": {**template, "$patch": "replace"}}}


def template_of(revision: Object) -> Object:
    """The template that a revision remembers."""
    template = dict(mapping(revision, "data", "spec", "template"))
    template.pop("$patch", None)
    return template


def hash_of(revision: Object) -> str:
    """The short name of a revision's template."""
    return text(revision, "metadata", "labels", HASH)


def expendable(known: list[Object], in_use: set[str], limit: int) -> list[Object]:
    """Revisions beyond the limit that no Pod needs, oldest first."""
    idle = [revision for revision in known if name_of(revision) not in in_use]
    idle.sort(key=lambda revision: integer(revision, "revision"))
    return idle[: max(0, len(idle) - limit)]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The revisions of the workloads of one kind."""

    client: Client
    cache: Cache
    kind: str

    def of(self, workload: Object) -> list[Object]:
        """All revisions of the workload, oldest first."""
        owned = [obj for obj in self.cache.owned_by(uid_of(workload)) if is_controlled_by(obj, workload)]
        return sorted(owned, key=lambda revision: integer(revision, "revision"))

    async def current(self, workload: Object) -> Object:
        """The revision of the workload's template, made or brought to the front if need be."""
        known = self.of(workload)
        data = data_of(workload)
        number = integer(known[-1], "revision") + 1 if known else 1
        for revision in reversed(known):
            if revision.get("data") == data:
                if revision is known[-1]:
                    return revision
                return await self._store({**revision, "revision": number})
        digest = template_hash(mapping(workload, "spec", "template"), integer(workload, "status", "collisionCount"))
        made: Object = {
            "apiVersion": "apps/v1",
            "kind": "ControllerRevision",
            "metadata": {
                "name": f"{name_of(workload)}-{digest}",
                "namespace": namespace_of(workload),
                "labels": {**strings(workload, "spec", "template", "metadata", "labels"), HASH: digest},
                "ownerReferences": [reference_to(workload, "apps/v1", self.kind)],
            },
            "data": data,
            "revision": number,
        }
        try:
            stored = await self.client.create(self.cache.resource, namespace_of(workload), made)
        except StatusError as error:
            if error.reason != "AlreadyExists":
                raise
            found = await self.client.get(self.cache.resource, namespace_of(workload), made["metadata"]["name"])
            if not is_controlled_by(found, workload) or found.get("data") != data:
                raise
            stored = found
        self.cache.observe(stored)
        return stored

    async def _store(self, revision: Object) -> Object:
        stored = await self.client.update(self.cache.resource, namespace_of(revision), revision)
        self.cache.observe(stored)
        return stored

    async def prune(self, workload: Object, in_use: set[str]) -> None:
        """Forget old revisions beyond the workload's limit."""
        limit = integer(workload, "spec", "revisionHistoryLimit", default=10)
        for revision in expendable(self.of(workload), in_use, limit):
            await self.client.delete(
                self.cache.resource, namespace_of(revision), name_of(revision), uid=uid_of(revision)
            )
            self.cache.forget(revision)
