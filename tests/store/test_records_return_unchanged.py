"""What is stored comes back as it was."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from binauthz.attestation.model import Attestor
from binauthz.policy.model import Policy
from binauthz.store.records import LogEntry, Token
from tests.store import samples
from tests.store.conftest import Database

property_settings = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@property_settings
@given(record=samples.every_record)
def test_every_record_type_returns_unchanged(shared: Database, record: Any) -> None:
    shared.put(record)
    assert shared.read(lambda tx: tx.get(type(record), record.name)) == record


@property_settings
@given(document=samples.objects, log=samples.columns, severity=samples.columns, at=samples.moments)
def test_log_entries_return_unchanged(
    shared: Database, document: dict[str, Any], log: str, severity: str, at: dt.datetime
) -> None:
    project = samples.fresh_project()
    entry = LogEntry(name=f"{project}/logs/{log}/1", log_name=log, timestamp=at, severity=severity, document=document)
    shared.log(entry)
    assert shared.query(project) == [entry]
    assert shared.read(lambda tx: tx.get(LogEntry, entry.name)) == entry


@pytest.mark.parametrize(
    ("odd", "kept"),
    [
        pytest.param(10**30, 10**30, id="an integer beyond 64 bits"),
        pytest.param(10**5000, hex(10**5000), id="an integer that Python would not print"),
        pytest.param(float("inf"), None, id="infinity"),
        pytest.param("a\ud800b", "a\ufffdb", id="a lone surrogate"),
        pytest.param({"k\udfff": 1}, {"k\ufffd": 1}, id="a lone surrogate in a key"),
    ],
)
def test_an_entry_with_a_value_that_json_cannot_carry_is_kept(database: Database, odd: Any, kept: Any) -> None:
    database.log(samples.log_entry("projects/p", "1", request={"odd": odd, "n": 1, "list": [None, True, 1.5]}))
    (entry,) = database.query("projects/p")
    assert entry.document["request"] == {"odd": kept, "n": 1, "list": [None, True, 1.5]}


def test_a_very_deep_document_is_kept_in_part(database: Database) -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    database.log(samples.log_entry("projects/p", "1", request=deep))
    assert len(database.query("projects/p")) == 1


def test_types_do_not_share_names(database: Database) -> None:
    database.put(samples.attestor("projects/p", "x"))
    assert database.read(lambda tx: tx.get(Policy, "projects/p/attestors/x")) is None
    assert database.read(lambda tx: tx.get(Token, "projects/p/attestors/x")) is None


@pytest.mark.parametrize("name", ["projects/p/attestors/a\x00b", "projects/p/attestors/\ud800"])
def test_B113_a_name_that_no_database_can_hold_is_absent_and_cannot_be_written(database: Database, name: str) -> None:
    assert database.read(lambda tx: tx.get(Attestor, name)) is None
    assert database.read(lambda tx: tx.list(Attestor, name)) == []
    assert database.read(lambda tx: tx.count(Attestor, name)) == 0
    assert database.read(lambda tx: tx.attestations(name, name)) == []
    assert database.write(lambda tx: tx.delete(Attestor, name)) is False
    with pytest.raises(ValueError, match=r"cannot be stored|surrogates not allowed"):
        database.put(Attestor(name=name, note="projects/n/notes/n"))


def test_B113_names_compare_exactly(database: Database) -> None:
    database.put(samples.attestor("projects/p", "a"))
    for other in (
        "projects/p/attestors/A",
        "projects/p//attestors/a",
        "projects/p/attestors/a/",
        "projects/p/attestors/%61",
        "projects/p/attestors/_",
        "projects/p/attestors/../attestors/a",
        "projects/p/attestors/a:x",
    ):
        assert database.read(lambda tx, other=other: tx.get(Attestor, other)) is None
    assert database.read(lambda tx: tx.list(Attestor, "projects/P")) == []
    assert database.read(lambda tx: tx.list(Attestor, "projects/_")) == []
    assert database.read(lambda tx: tx.list(Attestor, "projects/%")) == []
