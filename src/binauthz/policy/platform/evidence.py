"""What checks are decided from: stored facts about one digest in one project, or that they could not be had (SPEC 6.3).

A fact that could not be had is ``Unread`` with its reason. It is never an empty list: no scan is not a clean scan
(THREATS B80), and trouble is not an answer (B81).
"""

import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from binauthz.attestation.memo import Prover
from binauthz.attestation.model import Attestation
from binauthz.policy.decision import Verdict

Finding = tuple[Verdict, str]
"""What came of a check, and why."""

Place = tuple[str, str]
"""A project, such as ``projects/p``, and the 64 digits of a digest: where facts are looked for, and about what."""


@dataclass(frozen=True, slots=True)
class Unread:
    """Facts that could not be had; ``reason`` completes a sentence about them."""

    reason: str


class Severity(enum.Enum):
    """How bad a vulnerability is, by the name that Grafeas gives it."""

    UNSPECIFIED = "SEVERITY_UNSPECIFIED"
    MINIMAL = "MINIMAL"
    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vulnerability:
    """One vulnerability of an image: ``id`` is its note's, whichever project provides the note."""

    id: str
    severity: Severity
    fixable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What one project knows of an image's vulnerabilities.

    ``valid`` says that an analysis finished and is not archived; ``complete`` that every vulnerability was read.
    """

    valid: bool
    vulnerabilities: tuple[Vulnerability, ...] = ()
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """How an image was built, as one occurrence states it.

    ``subjects`` are the SHA-256 digits it is about; None where its form names none, and the occurrence's resource is
    all there is. ``config`` is the repository whose configuration was built, empty for a build without one;
    ``sources`` are the repositories that went in. ``payload`` is the statement as JSON, which constraints read.
    """

    name: str
    builder: str
    subjects: frozenset[str] | None
    config: str = ""
    sources: tuple[str, ...] = ()
    payload: bytes = b""


Constrained = tuple[str, str]
"""A constraint's expression and the name of the provenance it is asked about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """Which facts a policy asks for about some Pods."""

    attestations: frozenset[Place] = frozenset()
    scans: frozenset[Place] = frozenset()
    provenances: frozenset[Place] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The facts, as of ``now``. What was asked for and is not here counts as unread.

    ``project`` is the policy's own, where a check that names no project looks. ``constraints`` holds whether a
    provenance satisfies an expression.
    """

    project: str
    now: dt.datetime
    prover: Prover = field(default_factory=Prover)
    attestations: Mapping[Place, Sequence[Attestation] | Unread] = field(default_factory=dict)
    scans: Mapping[Place, Scan | Unread] = field(default_factory=dict)
    provenances: Mapping[Place, Sequence[Provenance] | Unread] = field(default_factory=dict)
    constraints: Mapping[Constrained, bool | Unread] = field(default_factory=dict)


NOT_GATHERED = Unread("was not looked for")
