"""Lists are ordered by name, and a walk over pages misses and repeats nothing that was there throughout."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from binauthz.attestation.model import Attestor
from binauthz.store.interface import Reader
from binauthz.store.records import Cluster, Note, Occurrence, Project
from tests.store.conftest import Database
from tests.store.samples import NOW, attestation_occurrence, attestor, fresh_project, ids, log_entry

property_settings = settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
P = "projects/p"


def cluster(project: str, location: str, id: str) -> Cluster:
    return Cluster(name=f"{project}/locations/{location}/clusters/{id}", server="https://x", ca_pem="", create_time=NOW)


def test_a_list_is_of_its_parent_and_type_alone_in_order_of_names(database: Database) -> None:
    database.put(
        *(attestor(P, id) for id in ("b", "a", "C", "é", "a-1", "a.b")),
        attestor("projects/p2", "a"),
        attestor("projects/p/attestors/a", "a"),
        cluster(P, "l", "a"),
        Note(name=f"{P}/notes/n", kind="ATTESTATION", create_time=NOW, update_time=NOW, body=b""),
        Project(name=P, number=1, create_time=NOW),
    )
    found = database.read(lambda tx: [one.name.rpartition("/")[2] for one in tx.list(Attestor, P)])
    assert found == ["C", "a", "a-1", "a.b", "b", "é"]
    assert database.read(lambda tx: tx.count(Attestor, P)) == 6
    assert database.read(lambda tx: [one.name for one in tx.list(Project, "")]) == [P]
    assert database.read(lambda tx: [one.name for one in tx.list(Note, P)]) == [f"{P}/notes/n"]


def test_a_list_may_span_locations(database: Database) -> None:
    database.put(cluster(P, "b", "1"), cluster(P, "a", "2"), cluster("projects/q", "a", "3"))

    def found(parent: str, **page: Any) -> list[str]:
        return database.read(lambda tx: [one.name for one in tx.list(Cluster, parent, **page)])

    everywhere = [f"{P}/locations/a/clusters/2", f"{P}/locations/b/clusters/1"]
    assert found(f"{P}/locations/-") == everywhere
    assert found(f"{P}/locations/-", limit=1) == everywhere[:1]
    assert found(f"{P}/locations/-", after=everywhere[0]) == everywhere[1:]
    assert found(f"{P}/locations/a") == everywhere[:1]
    assert database.read(lambda tx: tx.count(Cluster, f"{P}/locations/-")) == 2


def walk(
    database: Database, page: Callable[[Reader, str], Sequence[Any]], between: list[Callable[[], None]]
) -> list[str]:
    seen: list[str] = []
    while found := database.read(lambda tx: page(tx, seen[-1] if seen else "")):
        seen.extend(one.name for one in found)
        if between:
            between.pop()()
    return seen


@property_settings
@given(
    there=st.sets(ids, min_size=1, max_size=12),
    coming=st.lists(ids, max_size=6),
    going=st.lists(ids, max_size=6),
    limit=st.integers(1, 4),
)
def test_a_page_walk_misses_and_repeats_nothing_that_was_there_throughout(
    shared: Database, there: set[str], coming: list[str], going: list[str], limit: int
) -> None:
    project = fresh_project()
    note = f"{project}/notes/n"
    names = {id: f"{project}/occurrences/{id}" for id in (*there, *coming, *going)}
    for by in ({"project": project}, {"note": note}, {}):
        shared.put(*(attestation_occurrence(project, id, note=note) for id in there))
        changes = [lambda id=id: shared.put(attestation_occurrence(project, id, note=note)) for id in coming]
        changes += [lambda id=id: shared.write(lambda tx: tx.delete(Occurrence, names[id])) and None for id in going]

        def page(tx: Reader, after: str, by: dict[str, str] = by) -> Sequence[Occurrence]:
            if not by:
                return tx.list(Occurrence, project, after=after, limit=limit)
            return tx.occurrences(**by, after=after, limit=limit)

        seen = walk(shared, page, changes)
        assert len(seen) == len(set(seen))
        assert {names[id] for id in there - set(going)} <= set(seen) <= set(names.values())
        assert seen == sorted(seen)


@property_settings
@given(
    there=st.lists(st.integers(0, 5), min_size=1, max_size=12),
    coming=st.lists(st.integers(0, 5), max_size=6),
    limit=st.integers(1, 4),
    descending=st.booleans(),
)
def test_a_walk_over_log_pages_misses_and_repeats_nothing(
    shared: Database, there: list[int], coming: list[int], limit: int, descending: bool
) -> None:
    project = fresh_project()

    def entry(id: str, second: int) -> Any:
        return log_entry(project, id, at=NOW + dt.timedelta(seconds=second))

    entries = [entry(f"there-{number}", second) for number, second in enumerate(there)]
    shared.log(*entries)
    changes = [lambda n=number, s=second: shared.log(entry(f"coming-{n}", s)) for number, second in enumerate(coming)]

    def page(tx: Reader, after: str) -> Sequence[Any]:
        return tx.log_entries(projects=[project], after=after, limit=limit, descending=descending)

    seen = [name for name in walk(shared, page, changes) if "there" in name]
    expected = [one.name for one in sorted(entries, key=lambda one: one.timestamp)]
    if descending:
        ordered = sorted(enumerate(entries), key=lambda pair: (pair[1].timestamp, pair[0]), reverse=True)
        expected = [one.name for _, one in ordered]
    assert seen == expected
