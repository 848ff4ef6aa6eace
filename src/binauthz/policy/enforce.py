"""The one place where a decision becomes admit or refuse (SPEC 4.4-4.7, D4).

In this order:

1. Break-glass admits whatever the verdict, and is always recorded, also when the Pod conforms.
2. CONFORMANT is admitted.
3. NON_CONFORMANT is refused, or admitted and recorded where the rule is a dry run.
4. ERROR, and no decision at all, is admitted and recorded as failed-open, or refused where the cluster fails closed.
   A dry-run rule never refuses, so its ERROR is admitted in either case.

Annotation keys carry no prefix: the apiserver puts the webhook's name in front (SPEC 13.21).
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from binauthz.base.limits import MAX_DENIAL_CHARS
from binauthz.policy.decision import Decision, Verdict
from binauthz.policy.evidence import Trouble
from binauthz.policy.wording import VIOLATES_POLICY, causes, denial, overridden

BREAK_GLASS = "break-glass"
BREAK_GLASS_IGNORED = "break-glass-ignored"
DRY_RUN = "dry-run"
OVERRIDDEN = "overridden-verification-result"
FAILED_OPEN = "failed-open"
FAILED_OPEN_ERROR = "failed-open-error"


class OnError(enum.Enum):
    """What a cluster wants done with a Pod that could not be judged."""

    FAIL_OPEN = "fail-open"
    FAIL_CLOSED = "fail-closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The answer to the cluster."""

    allowed: bool
    message: str = ""
    causes: tuple[str, ...] = ()
    reason: str = ""
    audit_annotations: Mapping[str, str] = field(default_factory=dict)


def enforce(  # noqa: PLR0911 - one return for each case above
    decided: Decision | Trouble, *, break_glass: bool, on_error: OnError, break_glass_allowed: bool = True
) -> Outcome:
    """Admit or refuse.

    ``decided`` is Trouble where no decision was reached at all. ``break_glass`` is the Pod's request for it, and
    ``break_glass_allowed`` whether its author may: where not, the request changes nothing but leaves a mark (B22).
    """
    if break_glass and break_glass_allowed:
        return _forced(decided)
    marks = {BREAK_GLASS_IGNORED: "true"} if break_glass else {}
    if isinstance(decided, Trouble):
        return _undecided(decided, on_error, marks)
    match decided.verdict:
        case Verdict.CONFORMANT:
            return Outcome(allowed=True, audit_annotations=marks)
        case Verdict.NON_CONFORMANT if decided.ruling.dry_run:
            return Outcome(allowed=True, audit_annotations={**marks, DRY_RUN: "true", OVERRIDDEN: overridden(decided)})
        case Verdict.NON_CONFORMANT:
            return _refused(denial(decided), causes(decided), marks)
        case Verdict.ERROR if decided.ruling.dry_run:
            return _undecided(decided, OnError.FAIL_OPEN, marks)
        case Verdict.ERROR:
            return _undecided(decided, on_error, marks)


def _forced(decided: Decision | Trouble) -> Outcome:
    if isinstance(decided, Decision) and decided.verdict is Verdict.CONFORMANT:
        return Outcome(allowed=True, audit_annotations={BREAK_GLASS: "true"})
    return Outcome(allowed=True, audit_annotations={BREAK_GLASS: "true", OVERRIDDEN: _why_not(decided)})


def _undecided(decided: Decision | Trouble, on_error: OnError, marks: Mapping[str, str]) -> Outcome:
    if on_error is OnError.FAIL_OPEN:
        return Outcome(
            allowed=True,
            audit_annotations={**marks, FAILED_OPEN: "true", FAILED_OPEN_ERROR: _why_not(decided)},
        )
    if isinstance(decided, Trouble):
        return _refused(_could_not_tell(decided), (f"{_could_not_tell(decided)}\n",), marks)
    return _refused(denial(decided), causes(decided), marks)


def _refused(message: str, reasons: tuple[str, ...], marks: Mapping[str, str]) -> Outcome:
    return Outcome(
        allowed=False,
        message=message,
        causes=reasons,
        reason=VIOLATES_POLICY,
        audit_annotations=marks,
    )


def _why_not(decided: Decision | Trouble) -> str:
    return f"{_could_not_tell(decided)}\n" if isinstance(decided, Trouble) else overridden(decided)


def _could_not_tell(trouble: Trouble) -> str:
    return f"Binary Authorization could not tell whether the Pod conforms: {trouble.reason[:MAX_DENIAL_CHARS]}"
