"""Filters of notes are those of occurrences (SPEC 3.4) about what notes have, and select what a plain reading does."""

import contextlib
import datetime as dt
import operator
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from binauthz.store.interface import FilterError
from binauthz.store.records import Note
from tests.store.conftest import Database
from tests.store.filters import ORDERINGS, quoted
from tests.store.samples import NOW, fresh_project
from tests.store.test_occurrence_filters import hostile

property_settings = settings(
    deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
FIELDS: dict[str, Callable[[Note], str]] = {
    "name": lambda note: note.name,
    "noteName": lambda note: note.name,
    "kind": lambda note: note.kind,
    "noteId": lambda note: note.name.split("/")[3],
    "noteProjectId": lambda note: note.name.split("/")[1],
}
COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    **ORDERINGS,
    ":": operator.contains, "has_prefix": str.startswith, "has_suffix": str.endswith,
}  # fmt: skip


def note(project: str, id: str, kind: str = "BUILD", day: int = 0) -> Note:
    at = NOW + dt.timedelta(days=day)
    return Note(name=f"{project}/notes/{id}", kind=kind, create_time=at, update_time=at, body=b"")


def found(database: Database, project: str, filter: str) -> list[str]:
    stretch = database.read(lambda tx: tx.search_notes(project=project, filter=filter))
    assert stretch.reached == ""
    return [one.name.rpartition("/")[2] for one in stretch.records]


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ("", "abc"),
        ('kind="ATTESTATION"', "b"),
        ('kind = "ATTESTATION" OR kind = "BUILD"', "abc"),
        ('noteId="c"', "c"),
        ('note_id:"b" OR has_prefix(noteId, "a")', "ab"),
        ('noteProjectId="p"', "abc"),
        ('name="projects/p/notes/a"', "a"),
        ('createTime>"2026-11-17T"', "c"),
        ('NOT kind="BUILD"', "b"),
    ],
)
def test_notes_by_filter(database: Database, filter: str, expected: str) -> None:
    p = "projects/p"
    database.put(note(p, "a"), note(p, "b", "ATTESTATION"), note(p, "c", day=1), note("projects/q", "d"))
    assert "".join(found(database, p, filter)) == expected


@property_settings
@given(
    there=st.lists(st.tuples(st.text("ab%_", min_size=1, max_size=3), st.sampled_from(["BUILD", "IMAGE"])), max_size=6),
    field=st.sampled_from(sorted(FIELDS)),
    relation=st.sampled_from(sorted(COMPARISONS)),
    value=st.text("ab%_/", max_size=3) | st.sampled_from(["BUILD", "notes", "projects/"]),
    negated=st.booleans(),
)
def test_a_filter_selects_what_a_plain_reading_selects(
    shared: Database, there: Any, field: str, relation: str, value: str, negated: bool
) -> None:
    project = fresh_project()
    notes = {id: note(project, id, kind) for id, kind in there}
    shared.put(*notes.values())
    text = f"{relation}({field}, {quoted(value)})" if relation[0] == "h" else f"{field} {relation} {quoted(value)}"
    compare = COMPARISONS[relation]
    expected = [id for id in sorted(notes) if compare(FIELDS[field](notes[id]), value) is not negated]
    assert found(shared, project, f"NOT {text}" if negated else text) == expected


@property_settings
@given(filter=hostile)
def test_B114_hostile_filters_raise_nothing_but_filter_errors(shared: Database, filter: str) -> None:
    with contextlib.suppress(FilterError):
        assert found(shared, fresh_project(), filter) == []


@pytest.mark.parametrize(
    "filter", ['resourceUrl="x"', 'dependencyPackageName="x"', "kind=", 'has_prefix(createTime, "2")']
)
def test_what_notes_do_not_have_is_refused(database: Database, filter: str) -> None:
    with pytest.raises(FilterError):
        found(database, "projects/p", filter)
