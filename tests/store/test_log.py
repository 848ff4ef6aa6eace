"""The log: appended once, searched by project, thinned by age."""

import datetime as dt

import pytest

from binauthz.store.interface import FilterError
from tests.store.conftest import Database
from tests.store.samples import NOW, log_entry

P = "projects/p"


def test_an_entry_is_appended_once(database: Database) -> None:
    first = log_entry(P, "1", textPayload="first")
    database.log(first, first)
    database.log(log_entry(P, "1", textPayload="second"), log_entry(P, "2"))
    assert database.query(P) == [first, log_entry(P, "2")]


def test_nothing_to_append_is_fine(database: Database) -> None:
    database.log()
    assert database.query(P) == []


def test_B109_a_search_reads_the_named_projects_alone(database: Database) -> None:
    database.log(log_entry(P, "1"), log_entry("projects/q", "2"), log_entry("projects/p2", "3"))
    found = database.read(lambda tx: tx.log_entries(projects=["projects/q", P, "projects/\x00"]))
    assert [entry.document["insertId"] for entry in found] == ["1", "2"]
    for none in ([], ["projects/P"], ["projects/_"], ["projects/%"], [""]):
        assert database.read(lambda tx, none=none: tx.log_entries(projects=none)) == []
    assert database.query(P, 'logName="projects/q/logs/cloudaudit.googleapis.com%2Factivity" OR "1"') == [
        log_entry(P, "1")
    ]


def test_entries_are_in_order_of_time_then_arrival(database: Database) -> None:
    late, early = log_entry(P, "late", at=NOW + dt.timedelta(microseconds=1)), log_entry(P, "early")
    database.log(late)
    database.log(early, log_entry(P, "also early"))
    ids = [entry.document["insertId"] for entry in database.query(P)]
    assert ids == ["early", "also early", "late"]
    assert [entry.document["insertId"] for entry in database.query(P, descending=True)] == ids[::-1]
    assert [entry.document["insertId"] for entry in database.query(P, limit=2)] == ids[:2]
    assert database.query(P, after=early.name, limit=1) == [log_entry(P, "also early")]


def test_a_search_reads_past_many_entries_that_do_not_match(database: Database) -> None:
    texts = ["needle" if number % 400 == 399 else "hay" for number in range(2000)]
    database.log(*(log_entry(P, str(number), textPayload=text) for number, text in enumerate(texts)))
    assert [entry.document["insertId"] for entry in database.query(P, "needle", limit=3)] == ["399", "799", "1199"]
    assert [entry.document["insertId"] for entry in database.query(P, "needle", descending=True)] == [
        "1999", "1599", "1199", "799", "399",
    ]  # fmt: skip


def test_a_page_cannot_go_on_from_an_entry_that_is_gone(database: Database) -> None:
    with pytest.raises(FilterError, match="no longer in the log"):
        database.query(P, after=f"{P}/logs/l/gone")
    with pytest.raises(FilterError, match="no longer in the log"):
        database.query(P, after="\x00")


def test_a_purge_removes_what_is_older(database: Database) -> None:
    database.log(*(log_entry(P, str(number), at=NOW + dt.timedelta(seconds=number)) for number in range(10)))
    purged = database.run(lambda store: store.purge_logs(NOW + dt.timedelta(seconds=7)))
    assert purged == 7
    assert [entry.document["insertId"] for entry in database.query(P)] == ["7", "8", "9"]


def test_an_entry_whose_name_holds_what_no_database_can_is_kept(database: Database) -> None:
    database.log(log_entry(P, "a\x00b"), log_entry(P, "c\ud800d", severity="\x00"))
    names = [entry.name for entry in database.query(P)]
    assert names == [f"{P}/logs/cloudaudit.googleapis.com%2Factivity/{id}" for id in ("a\ufffdb", "c\ufffdd")]
