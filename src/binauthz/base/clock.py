"""Time, injected: the one place that reads the wall clock."""

import datetime as dt
from typing import Protocol


class Clock(Protocol):
    """A source of the present moment, aware and in UTC, with microseconds."""

    def now(self) -> dt.datetime:
        """The present moment."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> dt.datetime:
        """The present moment in UTC."""
        return dt.datetime.now(dt.UTC)


class FixedClock:
    """A clock for tests: stands still until told to move."""

    def __init__(self, moment: dt.datetime) -> None:
        self.moment = moment

    def now(self) -> dt.datetime:
        """The moment it was set to."""
        return self.moment

    def advance(self, step: dt.timedelta) -> None:
        """Move the present moment forward."""
        self.moment += step
