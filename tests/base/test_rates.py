"""A rate lets through what it says, of each key, on its own clock; its memory is bounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binauthz.base.rate import RateLimit


class Seconds:
    """A clock that stands still until told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_minutes_worth_at_once_and_then_one_at_a_time() -> None:
    seconds = Seconds()
    limit = RateLimit(6, seconds)
    assert [limit.take("a") for _ in range(6)] == [0.0] * 6
    assert limit.take("a") == pytest.approx(10.0)
    seconds.now = 9.0
    assert limit.take("a") == pytest.approx(1.0)
    seconds.now = 10.0
    assert limit.take("a") == 0.0
    assert limit.take("a") > 0


def test_keys_do_not_share() -> None:
    limit = RateLimit(1, Seconds())
    assert (limit.take("a"), limit.take("b")) == (0.0, 0.0)
    assert limit.take("a") > 0


def test_the_memory_is_bounded_and_the_busy_are_remembered() -> None:
    limit = RateLimit(2, Seconds(), buckets=100)
    for number in range(1000):
        limit.take("busy")
        limit.take(number)
    assert len(limit._buckets) == 100
    assert limit.take("busy") > 0


def test_a_rate_is_at_least_one() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        RateLimit(0, Seconds())


@given(st.integers(1, 600), st.lists(st.floats(0, 30), max_size=300))
def test_never_more_than_the_rate_and_one_burst(rate: int, pauses: list[float]) -> None:
    seconds = Seconds()
    limit = RateLimit(rate, seconds)
    granted = 0
    for pause in pauses:
        seconds.now += pause
        granted += limit.take("a") == 0.0
    assert granted <= rate + seconds.now * rate / 60 + 1e-6
