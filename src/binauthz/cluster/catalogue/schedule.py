"""Cron schedules: five fields, parsed into sets of numbers, and the moments at which they fire."""

import datetime as dt
from dataclasses import dataclass

_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
_DAYS = {"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}
_LONGEST = 256
_HORIZON_DAYS = 366 * 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The numbers on which each field fires. ``any_day`` says which of the two day fields is ``*``: when neither is,
    either may match, as in every cron."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    any_weekday: bool

    def next_after(self, moment: dt.datetime) -> dt.datetime | None:
        """The first firing strictly after ``moment``, within five years; None for a date that never comes."""
        day = moment.date()
        for _ in range(_HORIZON_DAYS):
            if self._fires_on(day):
                for hour in sorted(self.hours):
                    for minute in sorted(self.minutes):
                        candidate = dt.datetime(day.year, day.month, day.day, hour, minute, tzinfo=moment.tzinfo)
                        if candidate > moment:
                            return candidate
            day += dt.timedelta(days=1)
        return None

    def _fires_on(self, day: dt.date) -> bool:
        if day.month not in self.months:
            return False
        monthly, weekly = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        if self.any_day or self.any_weekday:
            return monthly and weekly
        return monthly or weekly


def parse_schedule(written: str) -> Schedule:
    """The schedule.

    Raises ValueError, with the reason in the words that Kubernetes' parser uses.
    """
    if len(written) > _LONGEST:
        raise ValueError(f"schedule is longer than {_LONGEST} characters")
    if not written.strip():
        raise ValueError("empty spec string")
    if written.upper().startswith(("TZ=", "CRON_TZ=")):
        raise ValueError("cannot use TZ or CRON_TZ in schedule, use timeZone field instead")
    if written.startswith("@"):
        if written not in _MACROS:
            raise ValueError(f"unrecognized descriptor: {written}")
        written = _MACROS[written]
    fields = written.split()
    if len(fields) != 5:
        raise ValueError(f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]")
    return Schedule(
        minutes=_field(fields[0], 0, 59, {}),
        hours=_field(fields[1], 0, 23, {}),
        days=_field(fields[2], 1, 31, {}),
        months=_field(fields[3], 1, 12, _MONTHS),
        weekdays=frozenset(n % 7 for n in _field(fields[4], 0, 7, _DAYS)),
        any_day=fields[2][0] in "*?",
        any_weekday=fields[4][0] in "*?",
    )


def _field(written: str, low: int, high: int, names: dict[str, int]) -> frozenset[int]:
    numbers: set[int] = set()
    for part in written.split(","):
        span, slash, stride = part.partition("/")
        step = _number(stride, {}) if slash else 1
        if step == 0:
            raise ValueError(f"step of range should be a positive number: {part}")
        if span in {"*", "?"}:
            start, end = low, high
        else:
            first, dash, last = span.partition("-")
            start = _number(first, names)
            end = _number(last, names) if dash else (high if slash else start)
        if start < low:
            raise ValueError(f"beginning of range ({start}) below minimum ({low}): {part}")
        if end > high:
            raise ValueError(f"end of range ({end}) above maximum ({high}): {part}")
        if start > end:
            raise ValueError(f"beginning of range ({start}) beyond end of range ({end}): {part}")
        numbers.update(range(start, end + 1, step))
    return frozenset(numbers)


def _number(written: str, names: dict[str, int]) -> int:
    if (named := names.get(written.lower())) is not None:
        return named
    if not (written.isascii() and written.isdecimal() and len(written) <= 4):
        raise ValueError(f"failed to parse int from {written}")
    return int(written)
