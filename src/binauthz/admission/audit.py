"""The audit webhook door: a cluster's audit events become durable log entries before the cluster is told so (D5).

The answer 200 means that every event of the batch is in the store: an apiserver sends the batch again otherwise, and
a batch sent twice is stored once. Pods that were admitted without having been judged are queued for a second judgement
in the same breath (D4).
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from binauthz.admission import events
from binauthz.admission.entries import (
    ClusterIdentity,
    activity_entry,
    admitted_by_failing_open,
    fingerprint,
    insert_id,
    is_activity,
    is_dry_run,
    moment,
    unreadable_entry,
)
from binauthz.admission.events import Event
from binauthz.admission.http import Answer, Receive, Refused, Scope, read_body
from binauthz.base.clock import Clock
from binauthz.store.interface import Store, Writer
from binauthz.store.records import LogEntry, PendingJudgement

LOG = logging.getLogger(__name__)

MAX_BATCH_BYTES = 32 * 1024 * 1024
_CHUNK = 100
_BATCHES_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class AuditDoor:
    """Takes in audit batches. ``wake`` is called when something was queued for the second judgement."""

    store: Store
    clock: Clock
    wake: Callable[[], None]
    # Batches are large, so only few are held in memory at once; the others wait in their senders.
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_BATCHES_AT_ONCE))

    async def answer(self, scope: Scope, receive: Receive, identity: ClusterIdentity) -> Answer:
        """Store one batch; raises Refused for what is not one, and 503 when it could not be stored."""
        async with self.turns:
            body = await read_body(scope, receive, MAX_BATCH_BYTES)
            entries, pending = await self._convert(events.decode_list(body), identity)
        try:
            await self._keep(entries, pending)
        except Exception as error:
            LOG.exception("an audit batch of %d entries could not be stored", len(entries))
            raise Refused(503, f"the batch could not be stored: {type(error).__name__}") from None
        if pending:
            self.wake()
        return Answer(200, b"{}")

    async def _convert(
        self, items: Sequence[msgspec.Raw], identity: ClusterIdentity
    ) -> tuple[list[LogEntry], list[PendingJudgement]]:
        entries: list[LogEntry] = []
        pending: list[PendingJudgement] = []
        for start in range(0, len(items), _CHUNK):
            received = self.clock.now()
            for item in items[start : start + _CHUNK]:
                try:
                    event = events.decode_event(item)
                except ValueError as error:
                    entries.append(unreadable_entry(bytes(item), str(error), identity, received))
                    continue
                if not is_activity(event):
                    continue
                entries.append(activity_entry(event, identity, received))
                if admitted_by_failing_open(event) and not is_dry_run(event):
                    pending.append(_pending(event, identity, entries[-1]))
            # Reviews must not wait for a large batch.
            await asyncio.sleep(0)
        return entries, pending

    async def _keep(self, entries: Sequence[LogEntry], pending: Sequence[PendingJudgement]) -> None:
        if pending:

            def body(tx: Writer) -> None:
                for each in pending:
                    tx.put(each)

            await self.store.write(body)
        if entries:
            await self.store.append_log(entries)


def _pending(event: Event, identity: ClusterIdentity, entry: LogEntry) -> PendingJudgement:
    """The Pod as it was stored, or as it was sent where the event does not say how it was stored."""
    document = event.response_object or event.request_object
    reference = event.object_ref or events.ObjectReference()
    return PendingJudgement(
        name=f"pendingJudgements/{insert_id(event)}.{fingerprint(event, identity)}",
        cluster=identity.name,
        namespace=reference.namespace,
        pod=reference.name,
        deploy_time=moment(event.request_received, entry.timestamp),
        document=b"" if document is None else msgspec.json.encode(document),
    )
