"""When to try again what the API refused.

A refused Pod must not be retried in a hurry, whatever else happens to its owner in the meantime, and must be retried
by itself, so that a workload recovers when the policy that refused it changes. A change of the owner's spec starts
afresh, since the next Pod is a different one.
"""

from collections import OrderedDict
from dataclasses import dataclass

from binauthz.cluster.catalogue.fields import integer
from binauthz.cluster.client import Object
from binauthz.cluster.controllers.owners import uid_of
from binauthz.cluster.controllers.work_queue import backoff

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The last of a row of refusals of one generation of an object."""

    generation: int
    count: int
    not_before: float
    message: str


class Refusals:
    """Who may try when, by a clock that only moves forward."""

    def __init__(self) -> None:
        self._last: OrderedDict[str, Refusal] = OrderedDict()

    def pause(self, owner: Object, now: float) -> float:
        """Seconds that the owner has yet to wait; 0 when it may try."""
        last = self.standing(owner)
        return max(0.0, last.not_before - now) if last else 0.0

    def standing(self, owner: Object) -> Refusal | None:
        """The refusal that this generation of the owner suffers from."""
        last = self._last.get(uid_of(owner))
        return last if last and last.generation == integer(owner, "metadata", "generation") else None

    def refused(self, owner: Object, message: str, now: float) -> float:
        """Take note of one more refusal; the pause that follows."""
        last = self.standing(owner)
        count = last.count + 1 if last else 1
        pause = backoff(count, first=FIRST_PAUSE, longest=LONGEST_PAUSE)
        self._last[uid_of(owner)] = Refusal(
            generation=integer(owner, "metadata", "generation"), count=count, not_before=now + pause, message=message
        )
        self._last.move_to_end(uid_of(owner))
        if len(self._last) > _REMEMBERED:
            self._last.popitem(last=False)
        return pause

    def accepted(self, owner: Object) -> None:
        """The owner got its way."""
        self._last.pop(uid_of(owner), None)

    forget = accepted
