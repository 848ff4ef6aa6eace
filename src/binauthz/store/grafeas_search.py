"""Notes and occurrences by filter, in the order of their names; and how many vulnerabilities there are.

What a filter says of a digest or a resource is looked up in an index. Any other filter is tried on one stretch of
names after another, so that no statement reads much at once, and for a bounded time: what is found by then is
returned with the name that was reached.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa

from binauthz.store.codec import RECORD_TYPES
from binauthz.store.filters import notes, occurrences
from binauthz.store.filters.conditions import Condition, Expression
from binauthz.store.interface import FilterError, Stretch, VulnerabilityCount
from binauthz.store.names import storable
from binauthz.store.records import Note, Occurrence
from binauthz.store.schema import NOTES, OCCURRENCES

SEARCH_SECONDS = 5.0
"""How long one search may read before it returns what it has."""

MOST_COUNTS = 20_000
"""More counts than this are refused: a summary has no pages."""

R = TypeVar("R")

_WINDOW = 20_000
_C = OCCURRENCES.c


def search_notes(connection: sa.Connection, *, project: str, filter: str, after: str, limit: int) -> Stretch[Note]:
    """The notes of a project that match; FilterError for a filter outside its language."""
    condition = notes.compile_filter(filter)
    if not all(map(storable, (project, after))):
        return Stretch([])
    return _search(connection, Note, [NOTES.c.project == project], condition, after, limit)


def search_occurrences(
    connection: sa.Connection, *, project: str, note: str, filter: str, after: str, limit: int
) -> Stretch[Occurrence]:
    """The occurrences of a project or a note that match; FilterError for a filter outside its language."""
    condition = occurrences.compile_filter(filter)
    if not all(map(storable, (project, note, after))):
        return Stretch([])
    within = _within(project, note, condition)
    looked_up = _looked_up(condition)
    if looked_up is None:
        return _search(connection, Occurrence, within, condition, after, limit)
    rows = connection.execute(_page(Occurrence, [*within, looked_up], condition, after).limit(limit))
    return Stretch([*map(RECORD_TYPES[Occurrence].record, rows)])


def count_vulnerabilities(connection: sa.Connection, *, project: str, filter: str) -> Sequence[VulnerabilityCount]:
    """How many of a project's vulnerabilities match, by resource and severity; FilterError too where there are too
    many to count in time or to return at once."""
    condition = occurrences.compile_filter(filter)
    if not storable(project):
        return []
    within: list[Expression] = [*_within(project, "", condition), _C.kind == "VULNERABILITY"]
    looked_up = _looked_up(condition)
    groups = (_C.resource_uri, _C.severity)
    query = sa.select(*groups, sa.func.sum(_C.fixable), sa.func.count()).where(condition.expression).group_by(*groups)
    totals: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    deadline = time.monotonic() + SEARCH_SECONDS
    stretches = [(within, "")] if looked_up is not None else _stretches(connection, OCCURRENCES, within, "")
    for stretch, _ in stretches:
        for resource, severity, fixable, total in connection.execute(query.where(*stretch, *_given(looked_up))):
            counted = totals[resource, severity]
            counted[0] += fixable
            counted[1] += total
        if len(totals) > MOST_COUNTS:
            raise FilterError(f"more than {MOST_COUNTS} counts match, expected a filter that names fewer resources")
        if time.monotonic() > deadline:
            raise FilterError(
                f"counting takes longer than {SEARCH_SECONDS:g} s, expected a filter that names resources"
            )
    return [
        VulnerabilityCount(resource_uri=resource, severity=severity, fixable=fixable, total=total)
        for (resource, severity), (fixable, total) in sorted(totals.items())
    ]


def _given(expression: Expression | None) -> list[Expression]:
    return [] if expression is None else [expression]


def _within(project: str, note: str, condition: Condition) -> list[Expression]:
    """What every match fulfils, in columns that head an index over names."""
    single = {"kind": condition.only("kind"), "note": condition.only("note")}
    note_project, note_id = condition.only("note_project"), condition.only("note_id")
    if note_project is not None and note_id is not None:
        single["note"] = f"projects/{note_project}/notes/{note_id}"
    within = [_C[column] == value for column, value in single.items() if value is not None]
    if project:
        within.append(_C.project == project)
    if note:
        within.append(_C.note == note)
    return within


def _looked_up(condition: Condition) -> Expression | None:
    """The condition by which few rows are found at once."""
    for column in ("digest", "resource"):
        if column in condition.values:
            return _C[column].in_(sorted(condition.values[column]))
    return None


def _page(kind: type, within: Sequence[Expression], condition: Condition, after: str) -> sa.Select[Any]:
    record = RECORD_TYPES[kind]
    columns = record.table.c
    return (
        sa.select(*(columns[name] for name in record.selected))
        .where(*within, condition.expression, columns.name > after)
        .order_by(columns.name)
    )


def _search(
    connection: sa.Connection, kind: type[R], within: Sequence[Expression], condition: Condition, after: str, limit: int
) -> Stretch[R]:
    record = RECORD_TYPES[kind]
    page = _page(kind, within, condition, after)
    if condition.terms == 0:
        return Stretch([*map(record.record, connection.execute(page.limit(limit)))])
    deadline = time.monotonic() + SEARCH_SECONDS
    found: list[R] = []
    for stretch, reached in _stretches(connection, record.table, within, after):
        rows = connection.execute(page.where(*stretch).limit(limit - len(found)))
        found.extend(map(record.record, rows))
        if len(found) == limit:
            break
        if time.monotonic() > deadline:
            return Stretch(found, reached=reached)
    return Stretch(found)


def _stretches(
    connection: sa.Connection, table: sa.Table, within: Sequence[Expression], after: str
) -> Iterator[tuple[Sequence[Expression], str]]:
    """Conditions that each select some thousand of the rows past a name, one after the other all of them; each with
    the name that it ends with, empty for the last."""
    end: str | None = after
    while end is not None:
        start = table.c.name > end
        place = sa.select(table.c.name).where(*within, start).order_by(table.c.name).offset(_WINDOW - 1).limit(1)
        end = connection.execute(place).scalar()
        yield (*within, start, *([] if end is None else [table.c.name <= end])), end or ""
