"""Durations as people write them: a number and a unit."""

import datetime as dt
import re

import click

_FORM = re.compile(r"([0-9]{1,6})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LONGEST = dt.timedelta(days=36500)


def duration(option: str, given: str) -> dt.timedelta:
    """The duration that was given to an option, 100 years at most; raises ClickException naming both."""
    match = _FORM.fullmatch(given)
    found = dt.timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else None
    if found is None or found > _LONGEST:
        raise click.ClickException(
            f"{option} takes a number and one of s, m, h, d, w, at most {_LONGEST.days}d, got `{given}`"
        )
    return found
