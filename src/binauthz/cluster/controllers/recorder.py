"""Events: what controllers tell people, with repetitions counted instead of repeated.

Writing is done behind the caller's back and in order; when events come faster than they can be written, new ones are
dropped and the drop is logged, since a controller must not wait for its own narration.
"""

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

from binauthz.base.clock import Clock
from binauthz.cluster.catalogue.age import stamp
from binauthz.cluster.catalogue.fields import integer, text
from binauthz.cluster.client import Client, Object, StatusError
from binauthz.cluster.controllers.owners import name_of, namespace_of, uid_of

_log = logging.getLogger(__name__)
_PENDING = 10_000
_REMEMBERED = 4096
_MESSAGE_LIMIT = 1024
_BURST = 25
_REFILL_SECONDS = 300.0

EventKind = Literal["Normal", "Warning"]


@dataclass(slots=True)
class _Bucket:
    """The budget of one object: 25 events at once, then one every five minutes, as Kubernetes' spam filter has it.

    Unlike there, warnings have a budget of their own, so that many successes cannot hide why a Pod was refused, and
    repetitions of a known event, whose senders back off, are free.
    """

    tokens: float
    moment: float

    def take(self, now: float) -> bool:
        self.tokens = min(float(_BURST), self.tokens + (now - self.moment) / _REFILL_SECONDS)
        self.moment = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


def involved_object(obj: Object, api_version: str, kind: str, field_path: str = "") -> Object:
    """The ObjectReference of what an event is about."""
    reference = {
        "kind": kind,
        "namespace": namespace_of(obj),
        "name": name_of(obj),
        "uid": uid_of(obj),
        "apiVersion": api_version,
        "resourceVersion": text(obj, "metadata", "resourceVersion"),
        "fieldPath": field_path,
    }
    return {key: value for key, value in reference.items() if value}


class Recorder:
    """Records events of one component, such as ``replicaset-controller``."""

    def __init__(self, client: Client, component: str, clock: Clock, host: str = "") -> None:
        self._client = client
        self._component = component
        self._clock = clock
        self._source = {"component": component, "host": host} if host else {"component": component}
        self._queue: asyncio.Queue[tuple[Object, EventKind, str, str]] = asyncio.Queue(_PENDING)
        self._known: OrderedDict[tuple[str, ...], Object] = OrderedDict()
        self._budgets: OrderedDict[str, _Bucket] = OrderedDict()
        self._names = 0

    def record(self, involved: Object, kind: EventKind, reason: str, message: str) -> None:
        """Tell of something; returns at once."""
        try:
            self._queue.put_nowait((involved, kind, reason, message[:_MESSAGE_LIMIT]))
        except asyncio.QueueFull:
            _log.warning("dropped an event of %s: %s: too many wait to be written", self._component, reason)

    async def run(self) -> None:
        """Write what is recorded, for ever."""
        while True:
            involved, kind, reason, message = await self._queue.get()
            try:
                await self._write(involved, kind, reason, message)
            except StatusError as error:
                _log.info("an event of %s was not written: %s", self._component, error.message)
            except Exception:  # noqa: BLE001 - a loop outlives any failure of one round, and logs it
                _log.exception("an event of %s was not written", self._component)

    async def flush(self) -> None:
        """Write what has been recorded so far."""
        while not self._queue.empty():
            await self._write(*self._queue.get_nowait())

    async def _write(self, involved: Object, kind: EventKind, reason: str, message: str) -> None:
        identity = (text(involved, "uid"), text(involved, "fieldPath"), kind, reason, message)
        moment = self._clock.now()
        namespace = text(involved, "namespace") or "default"
        known = self._known.get(identity)
        if known is not None:
            repeated = {**known, "count": integer(known, "count") + 1, "lastTimestamp": stamp(moment)}
            try:
                self._remember(identity, await self._client.update("events", namespace, repeated))
            except StatusError as error:
                if error.reason not in ("NotFound", "Conflict"):
                    raise
            else:
                return
        if not self._budget(text(involved, "uid") + kind, moment.timestamp()).take(moment.timestamp()):
            return
        self._names += 1
        nanoseconds = int(moment.timestamp() * 1_000_000) * 1000 + self._names % 1000
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{text(involved, 'name')}.{nanoseconds:x}", "namespace": namespace},
            "involvedObject": involved,
            "reason": reason,
            "message": message,
            "source": self._source,
            "firstTimestamp": stamp(moment),
            "lastTimestamp": stamp(moment),
            "count": 1,
            "type": kind,
            "eventTime": None,
            "reportingComponent": self._component,
            "reportingInstance": text(self._source, "host"),
        }
        self._remember(identity, await self._client.create("events", namespace, event))

    def _budget(self, whose: str, now: float) -> _Bucket:
        bucket = self._budgets.setdefault(whose, _Bucket(float(_BURST), now))
        if len(self._budgets) > _REMEMBERED:
            self._budgets.popitem(last=False)
        return bucket

    def _remember(self, identity: tuple[str, ...], event: Object) -> None:
        self._known[identity] = event
        self._known.move_to_end(identity)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
