"""How long ago something was, in the words of ``kubectl get`` (apimachinery ``duration.HumanDuration``)."""

import datetime as dt

from binauthz.base.clock import SystemClock

_clock = SystemClock()
_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86400, 365 * 86400

# Below each bound: the larger unit shown, and the smaller one where there is a second figure.
_STEPS = (
    (2 * _MINUTE, (1, "s"), None),
    (10 * _MINUTE, (_MINUTE, "m"), (1, "s")),
    (3 * _HOUR, (_MINUTE, "m"), None),
    (8 * _HOUR, (_HOUR, "h"), (_MINUTE, "m")),
    (2 * _DAY, (_HOUR, "h"), None),
    (8 * _DAY, (_DAY, "d"), (_HOUR, "h")),
    (2 * _YEAR, (_DAY, "d"), None),
    (8 * _YEAR, (_YEAR, "y"), (_DAY, "d")),
    (float("inf"), (_YEAR, "y"), None),
)


def human_duration(seconds: float) -> str:
    """One or two figures: ``45s``, ``3m7s``, ``5h12m``, ``6d4h``, ``2y30d``."""
    whole = int(seconds)
    if whole < 0:
        return "0s" if whole == -1 else "<invalid>"
    major, minor = next((major, minor) for bound, major, minor in _STEPS if whole < bound)
    rest = whole % major[0] // minor[0] if minor else 0
    return f"{whole // major[0]}{major[1]}" + (f"{rest}{minor[1]}" if minor and rest else "")


def parse_time(value: object) -> dt.datetime | None:
    """A Kubernetes timestamp, with or without microseconds; None when it is absent or is not one."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        moment = dt.datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def stamp(moment: dt.datetime) -> str:
    """The timestamp that Kubernetes writes: whole seconds, UTC."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def since(value: object) -> str:
    """The age of a timestamp, or ``<unknown>``."""
    moment = parse_time(value)
    return "<unknown>" if moment is None else human_duration((_clock.now() - moment).total_seconds())


def running_for(start: object, end: object) -> str:
    """The duration between two timestamps, or until now when the second is absent; empty before the first."""
    began = parse_time(start)
    if began is None:
        return ""
    return human_duration(((parse_time(end) or _clock.now()) - began).total_seconds())
