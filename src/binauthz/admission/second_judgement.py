"""Pods admitted by failing open are judged again as soon as that is possible, and a violation is logged (D4, B104).

The queue is in the store, so a crash loses nothing; a Pod leaves it only when its judgement is on record. Two
processes may judge the same Pod: the entry has the same name and is stored once. The entry is a
ContinuousValidationEvent (SPEC 5.5). An ERROR is not a judgement: the Pod stays in the queue.
"""

import asyncio
import contextlib
import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from binauthz.admission.entries import ClusterIdentity, timestamp
from binauthz.admission.verdict import Judge, enforces
from binauthz.base.image import shown
from binauthz.policy import pod
from binauthz.policy.decision import Decision, ImageResult, Verdict
from binauthz.policy.subject import ContainerKind, Subject
from binauthz.policy.wording import explanation, rule_text
from binauthz.sources.gather import Unanswered
from binauthz.store.interface import Store
from binauthz.store.records import LogEntry, PendingJudgement, Project

LOG = logging.getLogger(__name__)

CONTINUOUS_VALIDATION = "binaryauthorization.googleapis.com%2Fcontinuous_validation"
_EVENT = "type.googleapis.com/google.cloud.binaryauthorization.v1beta1.ContinuousValidationEvent"
_PAGE = 50
_IDLE_SECONDS = 30.0
_RETRY_SECONDS = (1.0, 2.0, 5.0, 15.0, 30.0)
_BUDGET_SECONDS = 10.0
_CONTAINER_TYPES = {
    ContainerKind.CONTAINER: "CONTAINER",
    ContainerKind.INIT: "INIT_CONTAINER",
    ContainerKind.EPHEMERAL: "EPHEMERAL_CONTAINER",
}


class SecondJudgement:
    """Works off the queue whenever it is woken, and every half minute besides."""

    def __init__(self, store: Store, judge: Judge) -> None:
        self._store = store
        self._judge = judge
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Say that the queue is no longer empty."""
        self._woken.set()

    async def run(self) -> None:
        """Work until cancelled."""
        failures = 0
        while True:
            self._woken.clear()
            try:
                undecided = await self.work_off()
            except Exception as error:  # noqa: BLE001 - a store that is down comes back; the queue waits for it
                LOG.warning("pods that await a second judgement could not be judged: %s", type(error).__name__)
                undecided = 1
            failures = failures + 1 if undecided else 0
            pause = _RETRY_SECONDS[min(failures, len(_RETRY_SECONDS)) - 1] if failures else _IDLE_SECONDS
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._woken.wait()

    async def work_off(self) -> int:
        """Judge everything in the queue once; how many could not be judged."""
        after, undecided = "", 0
        while True:
            rows = await self._page(after)
            for row in rows:
                undecided += not await self._settle(row)
            if len(rows) < _PAGE:
                return undecided
            after = rows[-1].name

    async def _page(self, after: str) -> Sequence[PendingJudgement]:
        return await self._store.read(lambda tx: tx.list(PendingJudgement, "", after=after, limit=_PAGE))

    async def _settle(self, row: PendingJudgement) -> bool:
        """Judge one Pod; False when it has to wait."""
        try:
            async with asyncio.timeout(_BUDGET_SECONDS):
                entry = await self._judged(row)
        except (TimeoutError, Unanswered, _Undecided) as error:
            LOG.info("a second judgement has to wait: %s", type(error).__name__)
            return False
        except Exception:
            # One Pod that cannot be judged must not hold up those behind it.
            LOG.exception("a second judgement failed")
            return False
        if entry is not None:
            await self._store.append_log([entry])
        await self._store.write(lambda tx: tx.delete(PendingJudgement, row.name))
        return True

    async def _judged(self, row: PendingJudgement) -> LogEntry | None:
        """The entry that the Pod's judgement asks for, if any."""
        identity = _identity(row.cluster)
        cluster = await self._judge.sources.cluster(row.cluster)
        if cluster is None or not enforces(cluster):
            return None
        now = self._judge.clock.now()
        where = f"Pod `{row.pod}` of namespace `{row.namespace}`, admitted by failing open,"
        if not row.document:
            return _config_error(row, identity, now, f"{where} cannot be judged: its audit event carries no object.")
        try:
            asked = pod.decode(row.document)
            subject = pod.subject_of(
                asked,
                project=identity.project,
                location=identity.location,
                cluster=identity.cluster,
                namespace=row.namespace,
            )
        except pod.InvalidPod as error:
            return _config_error(row, identity, now, f"{where} cannot be judged: {error}.")
        decision = await self._judge.decide(subject)
        match decision.verdict:
            case Verdict.CONFORMANT:
                return None
            case Verdict.ERROR:
                raise _Undecided
            case Verdict.NON_CONFORMANT:
                project = await self._store.read(lambda tx: tx.get(Project, f"projects/{identity.project}"))
                owner = str(project.number) if project is not None else identity.project
                name = asked.metadata.name or row.pod
                return _entry(row, identity, now, _pod_event(row, name, owner, subject, decision))


class _Undecided(Exception):  # noqa: N818
    """The engine could not tell."""


def _identity(cluster: str) -> ClusterIdentity:
    _, project, _, location, _, name = cluster.split("/")
    return ClusterIdentity(project, location, name)


def _pod_event(row: PendingJudgement, name: str, owner: str, subject: Subject, decision: Decision) -> Mapping[str, Any]:
    return {
        "podEvent": {
            "podNamespace": row.namespace,
            "pod": name,
            "policyName": f"projects/{owner}/policy",
            "deployTime": timestamp(row.deploy_time),
            "verdict": "VIOLATES_POLICY",
            "images": list(_violations(subject, decision)),
        }
    }


def _violations(subject: Subject, decision: Decision) -> list[dict[str, str]]:
    """Every container whose image violates; the ones that conform are not listed (SPEC 5.5)."""
    violating = {result.image: result for result in decision.images if result.verdict is not Verdict.CONFORMANT}
    listed = []
    for use in subject.images:
        result = violating.get(use.image)
        if result is None:
            continue
        image = {"image": use.image, "containerName": use.container}
        if use.kind in _CONTAINER_TYPES:
            image["containerType"] = _CONTAINER_TYPES[use.kind]
        listed.append({**image, "result": "DENY", "description": _description(result, decision)})
    return listed


def _description(result: ImageResult, decision: Decision) -> str:
    return (
        "The Pod was admitted by failing open and has now been judged: "
        f"Image {shown(result.image)} is denied by Binary Authorization {rule_text(decision.ruling)}. "
        f"{explanation(result)}"
    )


def _config_error(row: PendingJudgement, identity: ClusterIdentity, now: dt.datetime, description: str) -> LogEntry:
    return _entry(row, identity, now, {"configErrorEvent": {"description": description}})


def _entry(row: PendingJudgement, identity: ClusterIdentity, now: dt.datetime, event: Mapping[str, Any]) -> LogEntry:
    log_name = f"projects/{identity.project}/logs/{CONTINUOUS_VALIDATION}"
    identifier = row.name.removeprefix("pendingJudgements/")
    return LogEntry(
        name=f"{log_name}/{identifier}",
        log_name=log_name,
        timestamp=now,
        severity="WARNING",
        document={
            "logName": log_name,
            "insertId": identifier,
            "timestamp": timestamp(now),
            "receiveTimestamp": timestamp(now),
            "severity": "WARNING",
            "resource": identity.resource,
            "jsonPayload": {"@type": _EVENT, **event},
        },
    )
