"""A span begins with some patience for clocks and ends without any (THREATS B63)."""

import datetime as dt

import pytest

from binauthz.crypto.errors import SignatureRefusedError
from binauthz.crypto.validity import CLOCK_SKEW, Validity

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
TICK = dt.timedelta(microseconds=1)
SPAN = Validity(subject="the token", not_before=NOON, not_after=NOON + dt.timedelta(hours=1))


@pytest.mark.parametrize("now", [NOON - CLOCK_SKEW, NOON, NOON + dt.timedelta(hours=1) - TICK])
def test_inside(now: dt.datetime) -> None:
    SPAN.check(now)
    Validity(subject="x").check(now)


@pytest.mark.parametrize(
    ("now", "words"), [(NOON - CLOCK_SKEW - TICK, "not valid before"), (NOON + dt.timedelta(hours=1), "expired at")]
)
def test_outside_is_refused_for_now_only(now: dt.datetime, words: str) -> None:
    with pytest.raises(SignatureRefusedError, match=words) as caught:
        SPAN.check(now)
    assert not caught.value.lasting
