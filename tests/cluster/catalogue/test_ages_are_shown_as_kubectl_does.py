"""HumanDuration, by the vectors of Kubernetes' own description of it."""

import pytest

from binauthz.cluster.catalogue.age import human_duration, parse_time, stamp

_M, _H, _D, _Y = 60, 3600, 86400, 365 * 86400


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-2, "<invalid>"),
        (-1, "0s"),
        (0, "0s"),
        (0.9, "0s"),
        (1, "1s"),
        (119, "119s"),
        (120, "2m"),
        (187, "3m7s"),
        (10 * _M - 1, "9m59s"),
        (10 * _M, "10m"),
        (3 * _H - 1, "179m"),
        (3 * _H, "3h"),
        (3 * _H + 62 * _M, "4h2m"),
        (8 * _H, "8h"),
        (47 * _H, "47h"),
        (48 * _H, "2d"),
        (49 * _H, "2d1h"),
        (8 * _D, "8d"),
        (2 * _Y - 1, "729d"),
        (2 * _Y, "2y"),
        (2 * _Y + 31 * _D, "2y31d"),
        (8 * _Y + _D, "8y"),
    ],
)
def test_a_duration_has_one_or_two_figures(seconds: float, shown: str) -> None:
    assert human_duration(seconds) == shown


def test_timestamps_survive_a_round_trip_and_others_are_none() -> None:
    moment = parse_time("2024-05-01T10:00:00Z")
    assert moment is not None
    assert stamp(moment) == "2024-05-01T10:00:00Z"
    assert [parse_time(value) for value in (None, 3, "", "yesterday", "9" * 100)] == [None] * 5
