"""What every controller is: a queue of keys, workers that sync one key at a time, and a supervisor."""

import abc
import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import ClassVar

from binauthz.base.clock import Clock
from binauthz.cluster.catalogue import by_key
from binauthz.cluster.catalogue.fields import text
from binauthz.cluster.client import Client, Object, StatusError
from binauthz.cluster.controllers.cache import Caches
from binauthz.cluster.controllers.owners import controller_of, name_of, namespace_of
from binauthz.cluster.controllers.recorder import EventKind, Recorder, involved_object
from binauthz.cluster.controllers.work_queue import Key, WorkQueue, backoff

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """What a controller is given: the shared caches, clients by user name, and the time."""

    caches: Caches
    client_for: Callable[[str], Client]
    clock: Clock


def service_account(name: str) -> str:
    """The user that a controller of kube-controller-manager acts as."""
    return f"system:serviceaccount:kube-system:{name}"


class Controller(abc.ABC):
    """Brings the objects of one kind to what they ask for, one at a time."""

    resource: ClassVar[str]
    component: ClassVar[str]
    workers: ClassVar[int] = 5

    def __init__(self, cluster: Cluster) -> None:
        self.caches = cluster.caches
        self.clock = cluster.clock
        self.client = cluster.client_for(self.user())
        self.queue = WorkQueue()
        self.recorder = Recorder(self.client, self.component, cluster.clock, host=self.host())
        self.caches[self.resource].on_change(self._changed)
        self.caches[self.resource].on_delete(self.enqueue)
        self.subscribe()

    def user(self) -> str:
        """Who it acts as."""
        return service_account(self.component)

    def host(self) -> str:
        """The node it speaks for; empty for most."""
        return ""

    def subscribe(self) -> None:  # noqa: B027 - most controllers have children, some have none
        """Register for changes of other kinds that matter here."""

    def loops(self) -> tuple[Callable[[], Coroutine[None, None, None]], ...]:
        """Further loops to run beside the workers."""
        return ()

    def _changed(self, obj: Object, _old: Object | None) -> None:
        self.enqueue(obj)

    def enqueue(self, obj: Object) -> None:
        """Look at the object soon."""
        self.queue.add(Key(namespace_of(obj), name_of(obj)))

    def follow_children(self, resource: str, kind: str) -> None:
        """Look at the controlling owner of that kind whenever a child changes or goes."""

        def enqueue(child: Object, _old: Object | None = None) -> None:
            owner = controller_of(child)
            if owner.get("kind") == kind:
                self.queue.add(Key(namespace_of(child), text(owner, "name")))

        self.caches[resource].on_change(enqueue)
        self.caches[resource].on_delete(enqueue)

    def tell(self, obj: Object, kind: EventKind, reason: str, message: str) -> None:
        """Record an event about an object of this controller's kind."""
        resource = by_key(self.resource)
        if resource is None:
            raise ValueError(f"`{self.resource}` is not served")
        self.recorder.record(involved_object(obj, resource.api_version, resource.kind), kind, reason, message)

    @abc.abstractmethod
    async def sync(self, key: Key) -> float | None:
        """Look at one object and act; the answer is in how many seconds to look again, if nothing happens before."""

    async def write_status(self, obj: Object, status: Object) -> Object:
        """Replace the status if it differs; the stored object."""
        if status == obj.get("status"):
            return obj
        changed = await self.client.update_status(self.resource, namespace_of(obj), {**obj, "status": status})
        self.caches[self.resource].observe(changed)
        return changed

    async def run(self) -> None:
        """Work for ever, beginning with everything that exists."""
        for obj in self.caches[self.resource].all():
            self.enqueue(obj)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.recorder.run())
                for loop in self.loops():
                    group.create_task(loop())
                for _ in range(self.workers):
                    group.create_task(self._work())
        finally:
            self.queue.close()

    async def _work(self) -> None:
        while True:
            key = await self.queue.take()
            try:
                again = await self.sync(key)
            except StatusError as error:
                if error.reason not in ("Conflict", "NotFound", "AlreadyExists"):
                    _log.info("%s: %s/%s: %s", self.component, *key, error.message)
                self.queue.retry(key)
            except Exception:  # noqa: BLE001 - a loop outlives any failure of one round, and logs it
                _log.exception("%s: %s/%s", self.component, *key)
                self.queue.retry(key)
            else:
                self.queue.forget(key)
                if again is not None:
                    self.queue.add_after(key, again)
            finally:
                self.queue.done(key)


async def supervise(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Keep a loop running: when it crashes, log, pause and start it again."""
    failures = 0
    while True:
        try:
            await run()
            _log.error("%s ended; starting it again", name)
        except Exception:  # noqa: BLE001 - a loop outlives any failure of one round, and logs it
            _log.exception("%s crashed; starting it again", name)
        failures += 1
        await asyncio.sleep(backoff(failures, first=0.5))
