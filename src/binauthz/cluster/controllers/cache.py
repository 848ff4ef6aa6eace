"""What the cluster holds, as far as watches have told: one cache per kind, shared by all controllers.

Objects in a cache are shared: readers never change them. A controller that has just written calls ``observe`` with the
answer, so that its next look includes its own writes and nothing is created twice.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator

from binauthz.cluster.catalogue.fields import items, text
from binauthz.cluster.client import Client, Object
from binauthz.cluster.controllers.owners import controller_of, is_deleting, name_of, namespace_of, uid_of
from binauthz.cluster.controllers.work_queue import Key, backoff

_log = logging.getLogger(__name__)
_REMEMBERED_DELETIONS = 10_000

Handler = Callable[[Object, Object | None], None]
"""Gets the object and what was known of it before; a deleted object comes with itself twice."""


def version_of(obj: Object) -> int:
    """The resourceVersion as a number: versions of one object in this cluster only grow."""
    written = text(obj, "metadata", "resourceVersion")
    return int(written) if written.isascii() and written.isdecimal() and len(written) < 20 else 0


class Cache:
    """All objects of one kind."""

    def __init__(self, resource: str) -> None:
        self.resource = resource
        self._objects: dict[Key, Object] = {}
        self._owned: dict[str, dict[Key, Object]] = {}
        self._uncontrolled: dict[Key, Object] = {}
        self._deleted: OrderedDict[str, None] = OrderedDict()
        self._deleting: set[str] = set()
        self._handlers: list[Handler] = []
        self._deletion_handlers: list[Callable[[Object], None]] = []

    def on_change(self, handler: Handler) -> None:
        """Call ``handler(new, old)`` for every object that appears or changes."""
        self._handlers.append(handler)

    def on_delete(self, handler: Callable[[Object], None]) -> None:
        """Call ``handler(last_seen)`` for every object that goes away."""
        self._deletion_handlers.append(handler)

    def get(self, namespace: str, name: str) -> Object | None:
        """The object, or None."""
        return self._objects.get(Key(namespace, name))

    def all(self, namespace: str = "") -> Iterator[Object]:
        """Objects of one namespace, or of all."""
        for key, obj in list(self._objects.items()):
            if not namespace or key.namespace == namespace:
                yield obj

    def __len__(self) -> int:
        return len(self._objects)

    def owned_by(self, uid: str) -> list[Object]:
        """Objects with an ownerReference to that uid."""
        return list(self._owned.get(uid, {}).values())

    def uncontrolled(self, namespace: str) -> list[Object]:
        """Objects of a namespace that no owner controls."""
        return [obj for key, obj in self._uncontrolled.items() if key.namespace == namespace]

    def is_leaving(self, obj: Object) -> bool:
        """Whether the object is being deleted, or a controller here has just asked for it."""
        return is_deleting(obj) or uid_of(obj) in self._deleting

    def expect_deletion(self, obj: Object) -> None:
        """A delete of this object was accepted."""
        if Key(namespace_of(obj), name_of(obj)) in self._objects:
            self._deleting.add(uid_of(obj))

    def observe(self, obj: Object) -> None:
        """Take in an object, unless something as new is known already or it is known to be gone."""
        key = Key(namespace_of(obj), name_of(obj))
        known = self._objects.get(key)
        if uid_of(obj) in self._deleted:
            return
        if known is not None:
            if uid_of(known) == uid_of(obj):
                if version_of(obj) <= version_of(known):
                    return
            else:
                self.forget(known)
                known = None
        self._put(key, obj, known)
        for handler in self._handlers:
            handler(obj, known)

    def forget(self, obj: Object) -> None:
        """Take in that an object is gone."""
        key = Key(namespace_of(obj), name_of(obj))
        self._deleted[uid_of(obj)] = None
        if len(self._deleted) > _REMEMBERED_DELETIONS:
            self._deleted.popitem(last=False)
        self._deleting.discard(uid_of(obj))
        known = self._objects.get(key)
        if known is None or uid_of(known) != uid_of(obj):
            return
        self._drop(key, known)
        for handler in self._deletion_handlers:
            handler(known)

    def _put(self, key: Key, obj: Object, known: Object | None) -> None:
        if known is not None:
            self._drop(key, known)
        self._objects[key] = obj
        if not controller_of(obj):
            self._uncontrolled[key] = obj
        for reference in items(obj, "metadata", "ownerReferences"):
            self._owned.setdefault(text(reference, "uid"), {})[key] = obj

    def _drop(self, key: Key, known: Object) -> None:
        del self._objects[key]
        self._uncontrolled.pop(key, None)
        for reference in items(known, "metadata", "ownerReferences"):
            owned = self._owned.get(text(reference, "uid"), {})
            owned.pop(key, None)
            if not owned:
                self._owned.pop(text(reference, "uid"), None)

    def replace(self, listed: list[Object]) -> None:
        """Take in everything that exists: what is not listed is gone."""
        uids = {uid_of(obj) for obj in listed}
        for obj in list(self._objects.values()):
            if uid_of(obj) not in uids:
                self.forget(obj)
        for obj in listed:
            self.observe(obj)

    async def follow(self, client: Client, synced: asyncio.Event) -> None:
        """List, then watch, for ever; after trouble, list again."""
        failures = 0
        while True:
            try:
                self.replace(await client.list(self.resource))
                synced.set()
                async for kind, obj in client.watch(self.resource):
                    failures = 0
                    if kind == "DELETED":
                        self.forget(obj)
                    elif kind != "BOOKMARK":
                        self.observe(obj)
                _log.info("the watch of %s ended; listing again", self.resource)
            except Exception:  # noqa: BLE001 - a loop outlives any failure of one round, and logs it
                _log.exception("watching %s failed; listing again", self.resource)
            failures += 1
            await asyncio.sleep(backoff(failures, first=0.1))


class Caches:
    """A cache for each kind, by its key such as ``apps/replicasets``."""

    def __init__(self, resources: tuple[str, ...]) -> None:
        self._caches = {resource: Cache(resource) for resource in resources}

    def __getitem__(self, resource: str) -> Cache:
        return self._caches[resource]

    def __iter__(self) -> Iterator[Cache]:
        return iter(self._caches.values())

    async def follow(self, client: Client, synced: asyncio.Event) -> None:
        """Follow every kind; ``synced`` is set once each has been listed."""
        async with asyncio.TaskGroup() as group:
            first: list[asyncio.Event] = []
            for cache in self:
                listed = asyncio.Event()
                first.append(listed)
                group.create_task(cache.follow(client, listed))
            for listed in first:
                await listed.wait()
            synced.set()
