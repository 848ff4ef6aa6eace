"""How often something may happen: a token bucket for each of many keys, in memory, on an injected clock.

A bucket holds as much as one minute brings, so a caller that was quiet may do a minute's worth at once. The number of
buckets is bounded: past it the one that was idle longest starts afresh, which costs whoever wants that as many calls as
there are buckets.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable

MAX_BUCKETS = 10_000


class RateLimit:
    """So many a minute for each key. ``monotonic`` tells seconds that never go back; one limit serves one thread."""

    def __init__(self, per_minute: int, monotonic: Callable[[], float], *, buckets: int = MAX_BUCKETS) -> None:
        if per_minute < 1:
            raise ValueError(f"got a rate of {per_minute} a minute, expected at least 1")
        self.per_minute = per_minute
        self._monotonic = monotonic
        self._most = buckets
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, key: Hashable) -> float:
        """Zero if it may happen now; else the seconds until it may."""
        now = self._monotonic()
        left, since = self._buckets.pop(key, (float(self.per_minute), now))
        left = min(float(self.per_minute), left + (now - since) * self.per_minute / 60)
        wait = 0.0 if left >= 1 else (1 - left) * 60 / self.per_minute
        self._buckets[key] = (left - 1 if not wait else left, now)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return wait
