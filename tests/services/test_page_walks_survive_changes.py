"""A walk over the pages of a list, while others insert and delete, returns everything that was there throughout, and
nothing twice; on either database, for every list of notes and occurrences."""

import itertools
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from binauthz.base.errors import Code
from binauthz.services import notes, occurrences
from binauthz.services.paging import Page, PageRequest
from binauthz.store import grafeas_search
from binauthz.store.records import Note, Occurrence, Project
from tests.services.conftest import NOW, World

KINDS = ("BUILD", "VULNERABILITY")
FILTER = 'kind="BUILD" AND NOT has_suffix(name, "-")'
ids = st.text("abc", min_size=1, max_size=3)
List = Callable[[World, str, PageRequest], Any]

LISTS: dict[str, tuple[List, Callable[[Any], bool]]] = {
    "notes": (
        lambda world, project, page: notes.list_notes(world.owner, project, page),
        lambda record: isinstance(record, Note),
    ),
    "notes that match": (
        lambda world, project, page: notes.list_notes(world.owner, project, page, FILTER),
        lambda record: isinstance(record, Note) and record.kind == "BUILD",
    ),
    "occurrences": (
        lambda world, project, page: occurrences.list_occurrences(world.owner, project, page),
        lambda record: isinstance(record, Occurrence),
    ),
    "occurrences that match": (
        lambda world, project, page: occurrences.list_occurrences(world.owner, project, page, FILTER),
        lambda record: isinstance(record, Occurrence) and record.kind == "BUILD",
    ),
    "occurrences of a note": (
        lambda world, project, page: occurrences.list_note_occurrences(world.owner, f"{project}/notes/kept", page),
        lambda record: isinstance(record, Occurrence) and record.note.endswith("/kept"),
    ),
}


@dataclass
class Walk:
    """One caller half way through a list."""

    list: str
    size: int
    throughout: set[str]
    seen: list[str] = field(default_factory=list)
    token: str = ""
    done: bool = False


class Walks(RuleBasedStateMachine):
    """Some callers walk while others change what they walk over."""

    world: World
    walks = Bundle("walks")
    _numbers = itertools.count(1)

    @initialize()
    def begin(self) -> None:
        self.project = f"projects/p{uuid.uuid4().hex[:12]}"
        self.records: dict[str, Note | Occurrence] = {}
        self.open: list[Walk] = []
        self.world.put(Project(name=self.project, number=next(self._numbers), create_time=NOW))
        for kind in KINDS:
            self._put(Note(name=f"{self.project}/notes/{kind}", kind=kind, create_time=NOW, update_time=NOW, body=b""))
        self._put(Note(name=f"{self.project}/notes/kept", kind="BUILD", create_time=NOW, update_time=NOW, body=b""))

    def _put(self, record: Note | Occurrence) -> None:
        self.world.put(record)
        self.records[record.name] = record

    @rule(ids=st.sets(ids, max_size=8), kind=st.sampled_from(KINDS), kept=st.booleans())
    def insert_occurrences(self, ids: set[str], kind: str, kept: bool) -> None:
        for each in ids:
            name = f"{self.project}/occurrences/{each}"
            if name not in self.records:
                note = f"{self.project}/notes/{'kept' if kept else kind}"
                self._put(Occurrence(
                    name=name, note=note, kind=kind, resource_uri="r", create_time=NOW, update_time=NOW, body=b""
                ))  # fmt: skip

    @rule(ids=st.sets(ids, max_size=4), kind=st.sampled_from(KINDS))
    def insert_notes(self, ids: set[str], kind: str) -> None:
        for each in ids:
            name = f"{self.project}/notes/{each}"
            if name not in self.records:
                self._put(Note(name=name, kind=kind, create_time=NOW, update_time=NOW, body=b""))

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        gone = sorted(name for name in self.records if not name.endswith("/kept"))
        record = self.records.pop(data.draw(st.sampled_from(gone))) if gone else None
        if record is not None:
            self.world.run(self.world.store.write(lambda tx: tx.delete(type(record), record.name)))
            for walk in self.open:
                walk.throughout.discard(record.name)

    @rule(target=walks, kind=st.sampled_from(sorted(LISTS)), size=st.integers(1, 4))
    def start(self, kind: str, size: int) -> Walk:
        belongs = LISTS[kind][1]
        walk = Walk(kind, size, {name for name, record in self.records.items() if belongs(record)})
        self.open.append(walk)
        return walk

    @rule(walk=walks)
    def turn(self, walk: Walk) -> None:
        if walk.done:
            return
        page: Page[Any] = self.world.run(
            LISTS[walk.list][0](self.world, self.project, PageRequest(size=walk.size, token=walk.token))
        )
        assert len(page.items) <= walk.size
        walk.seen += [record.name for record in page.items]
        walk.token, walk.done = page.next_token, not page.next_token

    @rule(walk=walks, other=st.sampled_from(sorted(LISTS)))
    def ask_another_list(self, walk: Walk, other: str) -> None:
        if walk.token and other != walk.list:
            page = PageRequest(token=walk.token)
            self.world.refused(LISTS[other][0](self.world, self.project, page), Code.INVALID_ARGUMENT, "pageToken")

    @invariant()
    def nothing_is_missed_or_repeated(self) -> None:
        for walk in getattr(self, "open", []):
            assert walk.seen == sorted(set(walk.seen))
            if walk.done:
                assert walk.throughout <= set(walk.seen)


@pytest.mark.parametrize("window", [2, 20_000])
def test_walks(world: World, monkeypatch: pytest.MonkeyPatch, window: int) -> None:
    monkeypatch.setattr(grafeas_search, "_WINDOW", window)
    monkeypatch.setattr(Walks, "world", world, raising=False)
    run_state_machine_as_test(
        Walks,
        settings=settings(
            max_examples=15, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_a_search_that_runs_out_of_time_goes_on_where_it_stopped(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grafeas_search, "_WINDOW", 2)
    monkeypatch.setattr(grafeas_search, "SEARCH_SECONDS", -1.0)
    project = "projects/demo-project"
    names = [f"{project}/notes/n{number}" for number in range(7)]
    world.put(*(Note(name=name, kind="BUILD", create_time=NOW, update_time=NOW, body=b"") for name in names))
    seen, token, pages = [], "", 0
    while True:
        page = world.run(notes.list_notes(world.owner, project, PageRequest(token=token), 'noteId="n6"'))
        seen += [note.name for note in page.items]
        token, pages = page.next_token, pages + 1
        if not token:
            break
    assert seen == names[6:]
    assert pages == 4
    refusal = world.refused(
        occurrences.vulnerability_summary(world.owner, project, 'kind:"V"'), Code.INVALID_ARGUMENT, "filter"
    )
    assert "takes longer" in refusal.message
