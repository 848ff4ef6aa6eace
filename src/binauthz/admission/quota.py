"""How many Pods a minute one cluster may ask about (SPEC 9.1).

Over it a Pod is refused, on clusters that fail open too: whoever makes enough Pods could otherwise choose that the next
one is not judged (docs/adr/0012). What changes no image, and clusters that do not enforce, do not count.
"""

import math
import time
from collections.abc import Callable

from binauthz.admission.entries import ClusterIdentity
from binauthz.base.rate import RateLimit


class ReviewQuota:
    """The rate of one process; 0 does not limit."""

    def __init__(self, per_minute: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._limit = RateLimit(per_minute, monotonic) if per_minute else None

    def excess(self, cluster: ClusterIdentity) -> str:
        """Count a review; what to tell the cluster when it is one too many, else nothing."""
        if self._limit is None:
            return ""
        wait = self._limit.take((cluster.project, cluster.location, cluster.cluster))
        if not wait:
            return ""
        return (
            f"Quota exceeded: the cluster asked about more than {self._limit.per_minute} Pods in a minute. The Pod was "
            f"not judged, and is refused; try again in {math.ceil(wait)} s."
        )
