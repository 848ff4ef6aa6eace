"""Events live for an hour, and only so many of them."""

import asyncio
import datetime as dt
import logging

from binauthz.cluster.catalogue.age import parse_time
from binauthz.cluster.catalogue.fields import Object, mapping
from binauthz.cluster.client import StatusError
from binauthz.cluster.controllers.controller import Cluster
from binauthz.cluster.controllers.owners import name_of, namespace_of, uid_of

_log = logging.getLogger(__name__)
TTL = dt.timedelta(hours=1)
MOST_EVENTS = 20_000
_EVERY_SECONDS = 60.0


def last_seen(event: Object) -> dt.datetime | None:
    """When the event was last written."""
    series = mapping(event, "series").get("lastObservedTime")
    for value in (series, event.get("lastTimestamp"), event.get("eventTime")):
        if moment := parse_time(value):
            return moment
    return parse_time(mapping(event, "metadata").get("creationTimestamp"))


def expired(events: list[Object], now: dt.datetime) -> list[Object]:
    """Events to delete: those older than an hour, and the oldest of too many."""
    long_ago = dt.datetime.min.replace(tzinfo=dt.UTC)
    by_age = sorted(((last_seen(event) or long_ago, event) for event in events), key=lambda pair: pair[0])
    surplus = max(0, len(by_age) - MOST_EVENTS)
    return [event for index, (moment, event) in enumerate(by_age) if index < surplus or now - moment > TTL]


class EventExpiry:
    """Stands in for the lease that kube-apiserver puts on events."""

    def __init__(self, cluster: Cluster) -> None:
        self._cache = cluster.caches["events"]
        self._clock = cluster.clock
        self._client = cluster.client_for("system:apiserver")

    async def run(self) -> None:
        """Sweep once a minute, for ever."""
        while True:
            await self.sweep()
            await asyncio.sleep(_EVERY_SECONDS)

    async def sweep(self) -> None:
        """Delete what has expired."""
        for event in expired(list(self._cache.all()), self._clock.now()):
            try:
                await self._client.delete("events", namespace_of(event), name_of(event), uid=uid_of(event))
            except StatusError as error:
                if error.reason not in ("NotFound", "Conflict"):
                    _log.info("an expired event was not deleted: %s", error.message)
