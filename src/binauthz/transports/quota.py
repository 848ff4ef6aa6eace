"""Requests per minute, project and caller (SPEC 9.1): over it, RESOURCE_EXHAUSTED with what Google's clients read.

Counted before anything is looked up, so that a refused flood costs next to nothing; for the same reason it leaves no
audit entries. Nothing is ever let through by it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from binauthz.base.errors import ApiError, Code
from binauthz.base.rate import RateLimit
from binauthz.services.names import project_of
from binauthz.transports.access import access_by
from binauthz.transports.dispatch import Call
from binauthz.wire import descriptors


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Requests a minute; 0 does not limit."""

    reads: int = 0
    updates: int = 0
    creates: int = 0


class Quota:
    """The three rates of one process."""

    def __init__(self, rates: Rates, monotonic: Callable[[], float] = time.monotonic) -> None:
        given = {"Read": rates.reads, "UpdateOrDelete": rates.updates, "Create": rates.creates}
        self._limits = {name: RateLimit(rate, monotonic) for name, rate in given.items() if rate}

    def spend(self, call: Call) -> None:
        """Count a call; raises RESOURCE_EXHAUSTED when it is one too many."""
        kind = _kind(call)
        limit = self._limits.get(kind)
        if limit is None:
            return
        project = project_of(call.resource)
        wait = limit.take((project, call.caller.principal))
        if wait:
            raise exhausted(kind, limit.per_minute, project, _service(call), wait)


def exhausted(kind: str, per_minute: int, project: str, service: str, wait: float) -> ApiError:
    """RESOURCE_EXHAUSTED in Google's words, with QuotaFailure, ErrorInfo and RetryInfo."""
    metric, limit = f"{kind} requests", f"{kind} requests per minute per user"
    consumer = f"project_id:{project.removeprefix('projects/')[:64]}" if project else "no project"
    text = f"Quota exceeded for quota metric '{metric}' and limit '{limit}' of service '{service}' for consumer"
    return ApiError(
        Code.RESOURCE_EXHAUSTED,
        f"{text} '{consumer}'.",
        reason="RATE_LIMIT_EXCEEDED",
        metadata={
            "service": service,
            "consumer": project[:80],
            "quota_metric": f"{service}/{kind.lower()}_requests",
            "quota_limit": f"{kind}RequestsPerMinutePerProjectPerUser",
            "quota_limit_value": str(per_minute),
            "quota_location": "global",
        },
        quota_subject=consumer,
        retry_seconds=wait,
    )


def _kind(call: Call) -> str:
    if not access_by(call.row, call.request).writes:
        return "Read"
    verb = (call.row.permission or "").rpartition(".")[2]
    return "Create" if verb.startswith("create") else "UpdateOrDelete"


def _service(call: Call) -> str:
    host = descriptors.default_host(descriptors.methods()[call.row.full_name].containing_service)
    return host or "binaryauthorization.googleapis.com"
