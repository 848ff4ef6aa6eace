"""Moments as the database keeps them: whole microseconds since 1970 in UTC."""

import datetime as dt

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


def to_micros(moment: dt.datetime) -> int:
    """An aware moment as microseconds; a naive one is a TypeError, since it names no moment."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> dt.datetime:
    """The moment, in UTC."""
    return _EPOCH + dt.timedelta(microseconds=micros)
