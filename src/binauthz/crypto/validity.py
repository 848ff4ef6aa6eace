"""When a proof holds: spans of time that a signed statement or its key puts on itself.

Whether a signature verifies never changes; whether it counts now does. Keeping the two apart lets proofs be remembered
for ever and decisions be replayed at any moment.
"""

import datetime as dt
from dataclasses import dataclass

from binauthz.crypto.errors import SignatureRefusedError

CLOCK_SKEW = dt.timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """A span during which ``subject`` counts, open where a bound is None."""

    subject: str
    not_before: dt.datetime | None = None
    not_after: dt.datetime | None = None

    def check(self, now: dt.datetime) -> None:
        """Accept ``now`` inside the span; a beginning may lie ahead by the clock skew that peers are allowed.

        Raises SignatureRefusedError, which is not lasting: the moment passes.
        """
        if self.not_after is not None and now >= self.not_after:
            raise SignatureRefusedError(f"{self.subject} expired at {self.not_after.isoformat()}", lasting=False)
        if self.not_before is not None and now + CLOCK_SKEW < self.not_before:
            raise SignatureRefusedError(
                f"{self.subject} is not valid before {self.not_before.isoformat()}", lasting=False
            )
