"""Cron schedules."""

import datetime as dt
import zoneinfo

import pytest

from binauthz.cluster.catalogue.schedule import parse_schedule

_FROM = dt.datetime(2024, 2, 28, 23, 59, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("* * * * *", "2024-02-29T00:00"),
        ("*/15 * * * *", "2024-02-29T00:00"),
        ("30 4 * * *", "2024-02-29T04:30"),
        ("0 0 1 * *", "2024-03-01T00:00"),
        ("0 12 * * mon", "2024-03-04T12:00"),
        ("0 12 * * 7", "2024-03-03T12:00"),
        ("0 0 29 2 *", "2024-02-29T00:00"),
        ("0 0 13 * 5", "2024-03-01T00:00"),
        ("@yearly", "2025-01-01T00:00"),
        ("5-10/5,59 23 28 feb *", "2025-02-28T23:05"),
    ],
)
def test_the_next_firing(written: str, expected: str) -> None:
    found = parse_schedule(written).next_after(_FROM)
    assert found is not None
    assert found.isoformat().startswith(expected)


def test_a_date_that_never_comes_is_none_and_a_zone_is_kept() -> None:
    assert parse_schedule("0 0 30 2 *").next_after(_FROM) is None
    zone = zoneinfo.ZoneInfo("Europe/Berlin")
    found = parse_schedule("0 6 * * *").next_after(_FROM.astimezone(zone))
    assert found is not None
    assert found.astimezone(dt.UTC).hour == 5


@pytest.mark.parametrize(
    "written",
    [
        "",
        "* * * *",
        "60 * * * *",
        "* * * * mon-sun-tue",
        "*/0 * * * *",
        "5-1 * * * *",
        "@never",
        "TZ=UTC * * * * *",
        "x * * * *",
        "99999999999 * * * *",
        "* " * 200,
    ],
)
def test_other_texts_are_refused_with_a_reason(written: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_schedule(written)
