"""The garbage collector: what is owned goes with its owner, before it, or stays when it is let go as an orphan."""

import asyncio
import logging
from collections.abc import Iterator

from binauthz.cluster.catalogue import by_kind
from binauthz.cluster.catalogue.fields import Object, items, mapping, text
from binauthz.cluster.client import Client, StatusError
from binauthz.cluster.controllers.cache import Cache
from binauthz.cluster.controllers.controller import Cluster, service_account
from binauthz.cluster.controllers.owners import is_deleting, name_of, namespace_of, uid_of
from binauthz.cluster.controllers.work_queue import Key, WorkQueue

_log = logging.getLogger(__name__)
_WORKERS = 5
FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"


def finalizers_of(obj: Object) -> list[str]:
    """metadata.finalizers."""
    return [name for name in mapping(obj, "metadata").get("finalizers") or [] if isinstance(name, str)]


def without_finalizer(obj: Object, name: str) -> Object:
    """The object without that finalizer."""
    kept = [finalizer for finalizer in finalizers_of(obj) if finalizer != name]
    return {**obj, "metadata": {**obj["metadata"], "finalizers": kept}}


def without_owners(obj: Object, uids: set[str]) -> Object:
    """The object without its references to those owners."""
    kept = [reference for reference in items(obj, "metadata", "ownerReferences") if text(reference, "uid") not in uids]
    return {**obj, "metadata": {**obj["metadata"], "ownerReferences": kept}}


class GarbageCollector:
    """Follows every kind: the queue holds objects (as resource and key) whose owners, or dependents, need a look."""

    component = "generic-garbage-collector"

    def __init__(self, cluster: Cluster) -> None:
        self._caches = cluster.caches
        self._client: Client = cluster.client_for(service_account(self.component))
        self._queues = {cache.resource: WorkQueue() for cache in self._caches}
        for cache in self._caches:
            self._subscribe(cache)

    def _subscribe(self, cache: Cache) -> None:
        queue = self._queues[cache.resource]

        def changed(obj: Object, old: Object | None) -> None:
            owned = bool(items(obj, "metadata", "ownerReferences"))
            if (owned and old is None) or (is_deleting(obj) and finalizers_of(obj)):
                queue.add(Key(namespace_of(obj), name_of(obj)))

        def deleted(obj: Object) -> None:
            for dependents, dependent in self._dependents(uid_of(obj)):
                self._queues[dependents.resource].add(Key(namespace_of(dependent), name_of(dependent)))
            self._look_at_owners(obj)

        cache.on_change(changed)
        cache.on_delete(deleted)

    def _look_at_owners(self, obj: Object) -> None:
        """An owner that waits in the foreground may have lost its last dependent."""
        for reference in items(obj, "metadata", "ownerReferences"):
            resource = by_kind(text(reference, "apiVersion"), text(reference, "kind"))
            if resource is not None:
                namespace = namespace_of(obj) if resource.namespaced else ""
                self._queues[resource.key].add(Key(namespace, text(reference, "name")))

    def _dependents(self, uid: str) -> Iterator[tuple[Cache, Object]]:
        for cache in self._caches:
            for dependent in cache.owned_by(uid):
                yield cache, dependent

    async def run(self) -> None:
        """Work for ever, beginning with everything that has an owner."""
        for cache in self._caches:
            for obj in cache.all():
                if items(obj, "metadata", "ownerReferences") or finalizers_of(obj):
                    self._queues[cache.resource].add(Key(namespace_of(obj), name_of(obj)))
        async with asyncio.TaskGroup() as group:
            for resource, queue in self._queues.items():
                for _ in range(_WORKERS if resource == "pods" else 1):
                    group.create_task(self._work(resource, queue))

    async def _work(self, resource: str, queue: WorkQueue) -> None:
        while True:
            key = await queue.take()
            try:
                await self.sync(resource, key)
            except StatusError as error:
                if error.reason not in ("NotFound", "Conflict"):
                    _log.info("collecting %s %s/%s: %s", resource, *key, error.message)
                queue.retry(key)
            except Exception:  # noqa: BLE001 - a loop outlives any failure of one round, and logs it
                _log.exception("collecting %s %s/%s", resource, *key)
                queue.retry(key)
            else:
                queue.forget(key)
            finally:
                queue.done(key)

    async def sync(self, resource: str, key: Key) -> None:
        """Look at one object: let go of or wait for its dependents, or follow its owners."""
        cache = self._caches[resource]
        obj = cache.get(*key)
        if obj is None:
            return
        if is_deleting(obj):
            if ORPHAN in finalizers_of(obj):
                await self._orphan(cache, obj)
            elif FOREGROUND in finalizers_of(obj):
                await self._foreground(cache, obj)
            return
        await self._follow_owners(cache, obj)

    async def _follow_owners(self, cache: Cache, obj: Object) -> None:
        references = items(obj, "metadata", "ownerReferences")
        gone: set[str] = set()
        waiting: list[Object] = []
        for reference in references:
            owner = await self._owner(reference, namespace_of(obj))
            if owner is None:
                gone.add(text(reference, "uid"))
            elif is_deleting(owner) and FOREGROUND in finalizers_of(owner):
                waiting.append(owner)
        if len(gone) + len(waiting) < len(references):
            if gone:
                await self._update(cache, without_owners(obj, gone))
        elif references:
            propagation = "Foreground" if waiting and any(self._dependents(uid_of(obj))) else "Background"
            await self._delete(cache, obj, propagation)

    async def _owner(self, reference: Object, namespace: str) -> Object | None:
        """The owner itself: a namesake with another uid does not count.

        An owner that no cache knows is asked for, since its watch may lag behind. A kind that is not served here
        cannot be judged and is taken to exist.
        """
        resource = by_kind(text(reference, "apiVersion"), text(reference, "kind"))
        if resource is None:
            return reference
        space = namespace if resource.namespaced else ""
        name, uid = text(reference, "name"), text(reference, "uid")
        known = self._caches[resource.key].get(space, name)
        if known is not None and uid_of(known) == uid:
            return known
        try:
            found = await self._client.get(resource.key, space, name)
        except StatusError as error:
            if error.reason != "NotFound":
                raise
            return None
        return found if uid_of(found) == uid else None

    async def _orphan(self, cache: Cache, obj: Object) -> None:
        for dependents, dependent in list(self._dependents(uid_of(obj))):
            await self._update(dependents, without_owners(dependent, {uid_of(obj)}))
        await self._update(cache, without_finalizer(obj, ORPHAN))

    async def _foreground(self, cache: Cache, obj: Object) -> None:
        blocking = False
        for dependents, dependent in list(self._dependents(uid_of(obj))):
            for reference in items(dependent, "metadata", "ownerReferences"):
                if text(reference, "uid") == uid_of(obj) and reference.get("blockOwnerDeletion") is True:
                    blocking = True
            if not is_deleting(dependent):
                self._queues[dependents.resource].add(Key(namespace_of(dependent), name_of(dependent)))
        if not blocking:
            await self._update(cache, without_finalizer(obj, FOREGROUND))

    async def _update(self, cache: Cache, obj: Object) -> None:
        try:
            cache.observe(await self._client.update(cache.resource, namespace_of(obj), obj))
        except StatusError as error:
            if error.reason != "NotFound":
                raise

    async def _delete(self, cache: Cache, obj: Object, propagation: str) -> None:
        try:
            await self._client.delete(
                cache.resource, namespace_of(obj), name_of(obj), propagation=propagation, uid=uid_of(obj)
            )
        except StatusError as error:
            if error.reason != "NotFound":
                raise
