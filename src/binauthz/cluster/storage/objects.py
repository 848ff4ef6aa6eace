"""Every object in memory, its history for watches, and the order of all changes.

Readers get items whose objects they must not change. A change is visible to readers and watchers at once; it is
acknowledged to its writer only after ``Disk.flushed``. After a restart the revision jumps ahead, so that a version seen
but never acknowledged cannot be handed out twice.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from binauthz.cluster import limits
from binauthz.cluster.client import EventType, Object
from binauthz.cluster.resource import Resource
from binauthz.cluster.status import expired, failure
from binauthz.cluster.storage.disk import Disk, Row

_RESTART_GAP = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One version of one object, and its bytes as stored and served."""

    revision: int
    obj: Object
    body: bytes

    def copy(self) -> Object:
        """A copy that the caller may change."""
        copied: Object = msgspec.json.decode(self.body)
        return copied


@dataclass(frozen=True, slots=True)
class Change:
    """One step of the history of a resource."""

    type: EventType
    revision: int
    namespace: str
    item: Item
    previous: Item | None = None


class Watcher:
    """A bounded queue of changes for one reader; ``overflowed`` means that the reader was too slow and must list."""

    def __init__(self, backlog: Iterator[Change]) -> None:
        self._changes: deque[Change] = deque(backlog)
        self._limit = len(self._changes) + limits.WATCH_BACKLOG
        self._ready = asyncio.Event()
        self.overflowed = False
        if self._changes:
            self._ready.set()

    @property
    def pending(self) -> bool:
        """Whether changes wait."""
        return bool(self._changes)

    def offer(self, change: Change) -> None:
        """Queue a change, or give up on this watcher."""
        if len(self._changes) >= self._limit:
            self.overflowed = True
            self._changes.clear()
        if not self.overflowed:
            self._changes.append(change)
        self._ready.set()

    async def next(self) -> list[Change]:
        """Everything that waits, at least one change unless the watcher overflowed."""
        await self._ready.wait()
        self._ready.clear()
        if self.overflowed:
            self._ready.set()
        found = list(self._changes)
        self._changes.clear()
        return found


@dataclass(slots=True)
class _Shelf:
    """Objects, history and watchers of one resource."""

    items: dict[str, dict[str, Item]]
    history: deque[Change]
    watchers: set[Watcher]
    forgotten: int = 0


class Objects:
    """The store. Not thread-safe: it belongs to one event loop."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self._shelves: dict[str, _Shelf] = {}
        stored = disk.counter("revision")
        self.revision = stored + _RESTART_GAP if stored else 1
        self._floor = self.revision
        for row in disk.rows():
            item = Item(row.revision, msgspec.json.decode(row.body), row.body)
            self._shelf(row.resource).items.setdefault(row.namespace, {})[row.name] = item

    def _shelf(self, resource: str) -> _Shelf:
        shelf = self._shelves.get(resource)
        if shelf is None:
            shelf = self._shelves[resource] = _Shelf({}, deque(), set(), self._floor)
        return shelf

    def get(self, resource: Resource, namespace: str, name: str) -> Item | None:
        """The object as it is now."""
        return self._shelf(resource.key).items.get(namespace, {}).get(name)

    def list(self, resource: Resource, namespace: str = "") -> list[Item]:
        """Objects in the order of namespace and name; of all namespaces when it is empty."""
        shelf = self._shelf(resource.key)
        if namespace or not resource.namespaced:
            found = shelf.items.get(namespace, {})
            return [found[name] for name in sorted(found)]
        return [shelf.items[space][name] for space in sorted(shelf.items) for name in sorted(shelf.items[space])]

    def count(self, resource: Resource) -> int:
        """How many objects there are."""
        return sum(map(len, self._shelf(resource.key).items.values()))

    def put(self, resource: Resource, obj: Object) -> Item:
        """Store an object under the next revision, which is written into its metadata."""
        metadata = obj["metadata"]
        namespace, name = metadata.get("namespace", ""), metadata["name"]
        self.revision += 1
        metadata["resourceVersion"] = str(self.revision)
        body = msgspec.json.encode(obj)
        if len(body) > limits.OBJECT_BYTES:
            raise failure(413, "RequestEntityTooLarge", "etcdserver: request is too large")
        shelf = self._shelf(resource.key)
        space = shelf.items.setdefault(namespace, {})
        previous = space.get(name)
        item = space[name] = Item(self.revision, obj, body)
        self.disk.put(Row(resource.key, namespace, name, self.revision, body))
        kind: EventType = "MODIFIED" if previous else "ADDED"
        self._publish(shelf, Change(kind, self.revision, namespace, item, previous))
        return item

    def remove(self, resource: Resource, namespace: str, name: str) -> Item:
        """Remove an object that exists; the last version carries the revision of its end."""
        shelf = self._shelf(resource.key)
        previous = shelf.items[namespace].pop(name)
        self.revision += 1
        last = previous.copy()
        last["metadata"]["resourceVersion"] = str(self.revision)
        item = Item(self.revision, last, msgspec.json.encode(last))
        self.disk.remove(resource.key, namespace, name, self.revision)
        self._publish(shelf, Change("DELETED", self.revision, namespace, item, previous))
        return item

    def _publish(self, shelf: _Shelf, change: Change) -> None:
        shelf.history.append(change)
        if len(shelf.history) > limits.HISTORY:
            shelf.forgotten = shelf.history.popleft().revision
        for watcher in shelf.watchers:
            watcher.offer(change)

    def watch(self, resource: Resource, since: int | None) -> Watcher:
        """Changes after a revision, or everything that exists and then every change when it is None.

        Raises:
            StatusError: 410, when the history no longer reaches back so far.
        """
        shelf = self._shelf(resource.key)
        if since is None:
            existing = (
                Change("ADDED", i.revision, i.obj["metadata"].get("namespace", ""), i) for i in self.list(resource)
            )
            watcher = Watcher(existing)
        else:
            if since < shelf.forgotten:
                raise expired(f"too old resource version: {since} ({shelf.forgotten})")
            watcher = Watcher(change for change in shelf.history if change.revision > since)
        shelf.watchers.add(watcher)
        return watcher

    def unwatch(self, resource: Resource, watcher: Watcher) -> None:
        """Forget a watcher."""
        self._shelf(resource.key).watchers.discard(watcher)

    async def flushed(self) -> None:
        """Wait until every change so far is on disk."""
        await self.disk.flushed()
