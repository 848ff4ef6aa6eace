"""An API server in a dictionary: the outside of the controllers, small enough to be read at once.

It keeps the promises that controllers rely on (versions, uids, preconditions, graceful deletion, finalizers, ordered
watches) with the real defaults and rules of the catalogue, and admits or refuses Pods as a test says.
"""

import asyncio
import copy
import datetime as dt
import itertools
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

from binauthz.base.clock import Clock, SystemClock
from binauthz.cluster.catalogue import by_key
from binauthz.cluster.catalogue.age import stamp
from binauthz.cluster.catalogue.fields import integer, mapping, strings, text
from binauthz.cluster.client import EventType, Object, StatusError

Place = tuple[str, str, str]


def failure(code: int, reason: str, message: str) -> StatusError:
    return StatusError({"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message})


class MemoryCluster:
    """The stored objects, and who watches them."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or SystemClock()
        self.objects: dict[Place, Object] = {}
        self.watchers: dict[str, list[asyncio.Queue[tuple[EventType, Object]]]] = {}
        self.revisions = itertools.count(1)
        self.names = itertools.count(1)
        self.deny: Callable[[Object], str] = lambda _pod: ""
        self.attempts: list[dt.datetime] = []

    def client(self, user: str) -> "MemoryClient":
        return MemoryClient(self, user)

    def put(self, place: Place, obj: Object, kind: EventType) -> Object:
        obj["metadata"]["resourceVersion"] = str(next(self.revisions))
        if kind == "DELETED":
            self.objects.pop(place, None)
        else:
            self.objects[place] = obj
        for queue in self.watchers.get(place[0], []):
            queue.put_nowait((kind, copy.deepcopy(obj)))
        return copy.deepcopy(obj)

    def all(self, resource: str, namespace: str = "") -> list[Object]:
        return [
            copy.deepcopy(obj)
            for (kind, space, _), obj in self.objects.items()
            if kind == resource and namespace in ("", space)
        ]

    def named(self, resource: str, name: str, namespace: str = "default") -> Object:
        return copy.deepcopy(self.objects[resource, namespace, name])

    def messages(self, reason: str) -> list[str]:
        return [event["message"] for event in self.all("events") if event["reason"] == reason]


class MemoryClient:
    """One user's client (the Client protocol)."""

    def __init__(self, cluster: MemoryCluster, user: str) -> None:
        self.cluster = cluster
        self.user = user

    def _stored(self, resource: str, namespace: str, name: str) -> Object:
        found = self.cluster.objects.get((resource, namespace, name))
        if found is None:
            raise failure(404, "NotFound", f'{resource} "{name}" not found')
        return found

    async def get(self, resource: str, namespace: str, name: str) -> Object:
        await asyncio.sleep(0)
        return copy.deepcopy(self._stored(resource, namespace, name))

    async def list(self, resource: str, namespace: str = "", *, labels: str = "", fields: str = "") -> list[Object]:
        assert not labels
        assert not fields
        await asyncio.sleep(0)
        return self.cluster.all(resource, namespace)

    async def create(self, resource: str, namespace: str, obj: Object) -> Object:
        await asyncio.sleep(0)
        row = by_key(resource)
        assert row is not None, resource
        made = copy.deepcopy(obj)
        metadata: Object = made.setdefault("metadata", {})
        metadata.setdefault("name", f"{metadata.get('generateName', '')}{next(self.cluster.names):05d}")
        if namespace:
            metadata["namespace"] = namespace
        metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": stamp(self.cluster.clock.now()), "generation": 1}
        if (resource, namespace, metadata["name"]) in self.cluster.objects:
            raise failure(409, "AlreadyExists", f'{resource} "{metadata["name"]}" already exists')
        if violations := row.prepare(made, None):
            raise failure(422, "Invalid", str(violations))
        if resource == "pods":
            self.cluster.attempts.append(self.cluster.clock.now())
            if why := self.cluster.deny(made):
                raise failure(400, "VIOLATES_POLICY", why)
        return self.cluster.put((resource, namespace, metadata["name"]), made, "ADDED")

    async def _replace(self, resource: str, namespace: str, obj: Object, merge: Callable[[Object], Object]) -> Object:
        await asyncio.sleep(0)
        name = obj["metadata"]["name"]
        stored = self._stored(resource, namespace, name)
        version = text(obj, "metadata", "resourceVersion")
        if version and version != stored["metadata"]["resourceVersion"]:
            raise failure(409, "Conflict", f'Operation cannot be fulfilled on {resource} "{name}": modified')
        new = merge(copy.deepcopy(stored))
        if new == stored:
            return copy.deepcopy(stored)
        if new.get("spec") != stored.get("spec"):
            new["metadata"]["generation"] = integer(stored, "metadata", "generation") + 1
        place = (resource, namespace, name)
        metadata = new["metadata"]
        kept = metadata.get("finalizers") or metadata.get("deletionGracePeriodSeconds")
        kept = kept or (resource == "namespaces" and mapping(new, "spec").get("finalizers"))
        if metadata.get("deletionTimestamp") and not kept:
            return self.cluster.put(place, new, "DELETED")
        return self.cluster.put(place, new, "MODIFIED")

    async def update(self, resource: str, namespace: str, obj: Object) -> Object:
        def merge(stored: Object) -> Object:
            row = by_key(resource)
            assert row is not None
            new = copy.deepcopy(obj)
            if "status" in stored:
                new["status"] = stored["status"]
            if violations := row.prepare(new, stored):
                raise failure(422, "Invalid", str(violations))
            return new

        return await self._replace(resource, namespace, obj, merge)

    async def update_status(self, resource: str, namespace: str, obj: Object) -> Object:
        status = copy.deepcopy(obj["status"])
        return await self._replace(resource, namespace, obj, lambda stored: {**stored, "status": status})

    async def bind(self, namespace: str, pod: str, node: str) -> None:
        stored = copy.deepcopy(self._stored("pods", namespace, pod))
        stored["spec"]["nodeName"] = node
        self.cluster.put(("pods", namespace, pod), stored, "MODIFIED")

    async def finalize(self, namespace: Object) -> Object:
        spec = copy.deepcopy(namespace["spec"])
        return await self._replace("namespaces", "", namespace, lambda stored: {**stored, "spec": spec})

    async def delete(
        self,
        resource: str,
        namespace: str,
        name: str,
        *,
        propagation: str = "Background",
        uid: str = "",
        grace_seconds: int | None = None,
    ) -> None:
        await asyncio.sleep(0)
        stored = copy.deepcopy(self._stored(resource, namespace, name))
        if uid and uid != stored["metadata"]["uid"]:
            raise failure(409, "Conflict", "the UID in the precondition does not match")
        metadata: dict[str, Any] = stored["metadata"]
        added = {"Foreground": ["foregroundDeletion"], "Orphan": ["orphan"]}.get(propagation, [])
        finalizers = [*(metadata.get("finalizers") or []), *added]
        grace = 30 if grace_seconds is None and resource == "pods" and text(stored, "spec", "nodeName") else 0
        lasting = finalizers or grace or (resource == "namespaces" and stored["spec"].get("finalizers"))
        if not lasting:
            self.cluster.put((resource, namespace, name), stored, "DELETED")
            return
        if finalizers:
            metadata["finalizers"] = finalizers
        metadata["deletionTimestamp"] = stamp(self.cluster.clock.now())
        metadata["deletionGracePeriodSeconds"] = grace
        if resource == "namespaces":
            stored["status"]["phase"] = "Terminating"
        self.cluster.put((resource, namespace, name), stored, "MODIFIED")

    async def watch(self, resource: str, namespace: str = "") -> AsyncIterator[tuple[EventType, Object]]:
        assert not namespace
        queue: asyncio.Queue[tuple[EventType, Object]] = asyncio.Queue()
        for obj in self.cluster.all(resource):
            queue.put_nowait(("ADDED", obj))
        self.cluster.watchers.setdefault(resource, []).append(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self.cluster.watchers[resource].remove(queue)


def labels_of(obj: Object) -> dict[str, str]:
    return strings(obj, "metadata", "labels")
