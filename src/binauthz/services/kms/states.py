"""The state of a key version at a moment, and what it may become.

Time moves two states by itself. A version whose destruction was due is DESTROYED from that moment on, whether or not
its material has been erased yet; one that is still being made long after it was asked for lost its maker.
"""

import dataclasses
import datetime as dt

from binauthz.base.errors import ApiError, Code
from binauthz.store.records import CryptoKeyVersion

PENDING_GENERATION = "PENDING_GENERATION"
ENABLED = "ENABLED"
DISABLED = "DISABLED"
DESTROY_SCHEDULED = "DESTROY_SCHEDULED"
DESTROYED = "DESTROYED"
GENERATION_FAILED = "GENERATION_FAILED"

GENERATION_LIMIT = dt.timedelta(minutes=10)
_LOST = "the server stopped while it made the key"


def at(version: CryptoKeyVersion, now: dt.datetime) -> CryptoKeyVersion:
    """The version as it is at a moment."""
    if version.state == DESTROY_SCHEDULED and version.destroy_time is not None and version.destroy_time <= now:
        return dataclasses.replace(
            version, state=DESTROYED, destroy_time=None, destroy_event_time=version.destroy_time, material=b""
        )
    if version.state == PENDING_GENERATION and version.create_time + GENERATION_LIMIT <= now:
        return dataclasses.replace(version, state=GENERATION_FAILED, generation_failure_reason=_LOST)
    return version


def require_enabled(version: CryptoKeyVersion) -> None:
    """Return for a version that may be used; else raise FAILED_PRECONDITION naming its state."""
    if version.state != ENABLED:
        raise ApiError(Code.FAILED_PRECONDITION, f"{version.name} is not enabled, current state is: {version.state}.")


def require(version: CryptoKeyVersion, doing: str, *allowed: str) -> None:
    """Return for a version in one of the states; else raise FAILED_PRECONDITION naming both."""
    if version.state not in allowed:
        raise ApiError(
            Code.FAILED_PRECONDITION,
            f"{version.name} cannot be {doing}: its state is {version.state}, expected {' or '.join(allowed)}.",
        )
