"""The facts that a platform policy asks for, read from stored occurrences in one transaction (SPEC 6.3).

Another project's occurrences are read with the rights of the service agent of the policy's project, never with ours
(THREATS B109). Everything is bounded: what is beyond a bound counts as unread, so that a flood of occurrences can make
a check fail to tell, and never make it pass.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from binauthz.attestation.memo import Prover
from binauthz.attestation.model import Attestation
from binauthz.base.limits import MAX_ATTESTATIONS_PER_JUDGEMENT
from binauthz.policy.platform.attestations import ANY_NOTE
from binauthz.policy.platform.evidence import Evidence, Needs, Place, Provenance, Scan, Severity, Unread, Vulnerability
from binauthz.services.authorization import permits
from binauthz.services.context import Caller
from binauthz.services.names import service_agent
from binauthz.store.interface import Reader
from binauthz.store.records import Note, Occurrence, Project

T = TypeVar("T")

MAX_VULNERABILITIES = 5000
MAX_DISCOVERIES = 100
MAX_PROVENANCES = 100
# For one evaluation and of all kinds together: occurrences, and pairs of a digest and a project, which cost more.
MAX_OCCURRENCES = 50_000
MAX_PLACES = 1000
_LIST = "containeranalysis.occurrences.list"
_FORBIDDEN = Unread("cannot be read: the service agent of the policy's project may not list its occurrences")
_TOO_MANY = Unread("could not be read: the evaluation asks for more occurrences than one may read")


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """What a discovery says: whether its analysis finished, and from when on its findings are archived."""

    finished: bool
    archive_time: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoders:
    """How stored occurrences become facts."""

    vulnerability: Callable[[Occurrence], Vulnerability]
    discovery: Callable[[Occurrence], Discovery]
    provenances: Callable[[Occurrence], Iterable[Provenance]]
    note_severity: Callable[[Note], Severity]


def gather(tx: Reader, project: str, wanted: Needs, decoders: Decoders, now: dt.datetime, prover: Prover) -> Evidence:
    """Everything that is wanted for a policy of ``project``, constraints aside."""
    reading = _Reading(tx, project, decoders, now)
    return Evidence(
        project=project,
        now=now,
        prover=prover,
        attestations=reading.each(wanted.attestations, reading.attestations),
        scans=reading.each(wanted.scans, reading.scan),
        provenances=reading.each(wanted.provenances, reading.provenances),
    )


class _Reading:
    """One transaction's reading, and how much of it is left."""

    def __init__(self, tx: Reader, project: str, decoders: Decoders, now: dt.datetime) -> None:
        self._tx = tx
        self._project = project
        self._decoders = decoders
        self._now = now
        self._left = MAX_OCCURRENCES
        self._places = MAX_PLACES
        self._readable: dict[str, bool] = {}
        self._severities: dict[str, Severity] = {}

    def each(self, places: frozenset[Place], read: Callable[[Place], T]) -> dict[Place, T | Unread]:
        """The facts of every place, in an order that does not depend on the process."""
        found: dict[Place, T | Unread] = {}
        for place in sorted(places):
            if self._places <= 0 or self._left <= 0:
                found[place] = _TOO_MANY
                continue
            self._places -= 1
            found[place] = read(place) if self._may_read(place[0]) else _FORBIDDEN
        return found

    def attestations(self, place: Place) -> Sequence[Attestation]:
        """The attestations of a digest; the judgement itself says when there are too many."""
        return [
            dataclasses.replace(row.attestation, name=row.name, note=ANY_NOTE, resource_uri=row.resource_uri)
            for row in self._rows(place, "ATTESTATION", MAX_ATTESTATIONS_PER_JUDGEMENT)
            if row.attestation is not None
        ]

    def scan(self, place: Place) -> Scan:
        """The vulnerabilities of a digest, and whether they come of a valid scan."""
        discoveries = map(self._decoders.discovery, self._rows(place, "DISCOVERY", MAX_DISCOVERIES))
        valid = any(
            each.finished and (each.archive_time is None or each.archive_time > self._now) for each in discoveries
        )
        rows = self._rows(place, "VULNERABILITY", MAX_VULNERABILITIES)
        complete = len(rows) <= MAX_VULNERABILITIES and self._left > 0
        return Scan(
            valid=valid,
            vulnerabilities=tuple(map(self._vulnerability, rows[:MAX_VULNERABILITIES])),
            complete=complete,
        )

    def provenances(self, place: Place) -> Sequence[Provenance] | Unread:
        """The provenance of a digest."""
        rows = self._rows(place, "BUILD", MAX_PROVENANCES)
        if len(rows) > MAX_PROVENANCES:
            return _TOO_MANY
        return [each for row in rows for each in self._decoders.provenances(row)]

    def _vulnerability(self, row: Occurrence) -> Vulnerability:
        found = self._decoders.vulnerability(row)
        if found.severity is not Severity.UNSPECIFIED:
            return found
        if row.note not in self._severities:
            note = self._tx.get(Note, row.note)
            self._severities[row.note] = Severity.UNSPECIFIED if note is None else self._decoders.note_severity(note)
        return dataclasses.replace(found, severity=self._severities[row.note])

    def _rows(self, place: Place, kind: str, most: int) -> Sequence[Occurrence]:
        """At most one more than ``most``, so that a reader knows when there are more."""
        project, digest = place
        rows = self._tx.occurrences(
            project=project,
            filter=f'kind="{kind}" AND has_suffix(resourceUrl, "@sha256:{digest}")',
            limit=max(1, min(most + 1, self._left)),
        )
        self._left -= len(rows)
        return rows

    def _may_read(self, project: str) -> bool:
        if project not in self._readable:
            self._readable[project] = project == self._project or self._is_shared(project)
        return self._readable[project]

    def _is_shared(self, project: str) -> bool:
        if self._tx.get(Project, project) is None:
            return False
        owner = self._tx.get(Project, self._project)
        agent = Caller(principal=f"serviceAccount:{service_agent(owner.number if owner else 0)}")
        return permits(self._tx, agent, _LIST, project)
