"""What the engine concluded, with its reasons: for every image, every attestor and every key.

A verdict is one of three, and has no truth value: whoever wants yes or no must ask ``policy.enforce``, which alone
knows what an ERROR does.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from binauthz.attestation.verify import AttestorFinding
from binauthz.policy.exemptions import Exemption
from binauthz.policy.grounds import Ground
from binauthz.policy.scopes import Ruling


class Verdict(enum.Enum):
    """Said yes, said no, or could not tell."""

    CONFORMANT = "CONFORMANT"
    NON_CONFORMANT = "NON_CONFORMANT"
    ERROR = "ERROR"

    def __bool__(self) -> NoReturn:
        raise TypeError("a verdict has no truth value: compare it with one of the three")


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """NON_CONFORMANT beats ERROR beats CONFORMANT (SPEC 6.5); of nothing at all it cannot be told."""
    if not verdicts:
        return Verdict.ERROR
    for verdict in (Verdict.NON_CONFORMANT, Verdict.ERROR):
        if verdict in verdicts:
            return verdict
    return Verdict.CONFORMANT


class Why(enum.Enum):
    """What one attestor says of one image, and the verdict that it amounts to."""

    ATTESTED = ("ATTESTED", Verdict.CONFORMANT)
    NO_DIGEST = ("NO_DIGEST", Verdict.NON_CONFORMANT)
    NOT_ATTESTED = ("NOT_ATTESTED", Verdict.NON_CONFORMANT)
    NO_ATTESTOR = ("NO_ATTESTOR", Verdict.NON_CONFORMANT)
    COULD_NOT_TELL = ("COULD_NOT_TELL", Verdict.ERROR)

    def __init__(self, _name: str, verdict: Verdict) -> None:
        self.verdict = verdict


@dataclass(frozen=True, slots=True)
class AttestorResult:
    """One attestor's answer for one image. ``finding`` holds the keys and attestations that were looked at."""

    attestor: str
    why: Why
    detail: str = ""
    finding: AttestorFinding | None = None

    @property
    def verdict(self) -> Verdict:
        """The verdict that the answer amounts to."""
        return self.why.verdict


@dataclass(frozen=True, slots=True)
class ImageResult:
    """One image's verdict and what it rests on; ``image`` is the Pod's own string, ``digest`` its 64 digits."""

    image: str
    verdict: Verdict
    ground: Ground
    digest: str | None = None
    exemption: Exemption | None = None
    attestors: tuple[AttestorResult, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict on a Pod under one policy. ``images`` is empty only for a Pod that names none, which is refused."""

    policy: str
    ruling: Ruling
    verdict: Verdict
    images: tuple[ImageResult, ...]

    def __bool__(self) -> NoReturn:
        raise TypeError("a decision has no truth value: give it to `policy.enforce`")
