"""What was found when evidence was looked for; trouble in finding it is evidence too (D2).

``Missing`` is an answer and leads to a denial: the attestor does not exist, or may not be read (SPEC 12). ``Trouble``
is no answer and leads to ERROR: the store was down, a deadline passed. The two are never folded into one another.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from binauthz.attestation.model import Attestation, Attestor


@dataclass(frozen=True, slots=True)
class Found:
    """The attestor, as stored at the revision of this review."""

    attestor: Attestor


@dataclass(frozen=True, slots=True)
class Missing:
    """The attestor was looked for and is not there for us."""

    reason: str = "attestor not found"


@dataclass(frozen=True, slots=True)
class Trouble:
    """It could not be told. ``reason`` is shown to users and logged: no secrets, no internal addresses (B110)."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything a decision may look at besides subject and policy.

    ``attestors`` is keyed by resource name; ``attestations`` by (note, the 64 hexadecimal digits of the digest). What
    was needed and is in neither counts as trouble, never as absent.
    """

    attestors: Mapping[str, Found | Missing | Trouble]
    attestations: Mapping[tuple[str, str], tuple[Attestation, ...] | Trouble]


NO_EVIDENCE = Evidence(attestors={}, attestations={})
