"""Notes and occurrences by filter, in the order of their names; and how many vulnerabilities there are.

What a filter says of a digest, a resource or a note's id is looked up in an index, when that has few rows of the
kind. Any other filter is tried on one stretch of names after another, so that no statement reads much at once, and for
a bounded time: what is found by then is returned with the name that was reached.
"""

import dataclasses
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
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
_FEW = 5_000
_LAST_CHARACTER, _SURROGATES = 0x10FFFF, range(0xD800, 0xE000)
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
    scope = _scope(project, note)
    looked_up = _looked_up(connection, scope, condition)
    if looked_up is None:
        return _search(connection, Occurrence, [*scope, *_indexed(condition)], condition, after, limit)
    # Not by the index of names either, which SQLite would rather read from end to end than sort a few rows.
    name = _C.name.concat("")
    page = _rows(Occurrence).where(*looked_up, name > after).order_by(name).limit(limit)
    return Stretch([*map(RECORD_TYPES[Occurrence].record, connection.execute(page).all())])


def count_vulnerabilities(connection: sa.Connection, *, project: str, filter: str) -> Sequence[VulnerabilityCount]:
    """How many of a project's vulnerabilities match, by resource and severity; FilterError too where there are too
    many to count in time or to return at once."""
    condition = occurrences.compile_filter(filter)
    if not storable(project):
        return []
    scope, vulnerable = _scope(project, ""), _C.kind == "VULNERABILITY"
    groups = (_C.resource_uri, _C.severity)
    query = sa.select(*groups, sa.func.sum(_C.fixable), sa.func.count()).group_by(*groups)
    looked_up = _looked_up(
        connection, scope, dataclasses.replace(condition, expression=vulnerable & condition.expression)
    )
    stretches: Iterable[Sequence[Expression]] = [looked_up or ()]
    if looked_up is None:
        within = [*scope, *_indexed(condition), vulnerable]
        stretches = ((*stretch, condition.expression) for stretch, _ in _stretches(connection, OCCURRENCES, within, ""))
    totals: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    deadline = time.monotonic() + SEARCH_SECONDS
    for stretch in stretches:
        for resource, severity, fixable, total in connection.execute(query.where(*stretch)):
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


def _scope(project: str, note: str) -> list[Expression]:
    """Whose occurrences are looked at."""
    return [_C[column] == value for column, value in (("project", project), ("note", note)) if value]


def _indexed(condition: Condition) -> list[Expression]:
    """What every match fulfils, in columns that head an index over names."""
    single = {"kind": condition.only("kind"), "note": condition.only("note")}
    note_project, note_id = condition.only("note_project"), condition.only("note_id")
    if note_project is not None and note_id is not None:
        single["note"] = f"projects/{note_project}/notes/{note_id}"
    return [_C[column] == value for column, value in single.items() if value is not None]


def _looked_up(
    connection: sa.Connection, scope: Sequence[Expression], condition: Condition
) -> Sequence[Expression] | None:
    """The condition, for a search that starts from an index with few possible rows; None where there is none.

    The rest of the condition stands in a CASE, where SQLite does not look for indexes: without statistics it would
    prefer those of the kind.
    """
    possible: Expression | None = None
    for column in ("digest", "resource", "note_id"):
        if column in condition.values:
            possible = _C[column].in_(sorted(condition.values[column]))
            break
    if possible is None and condition.prefixes:
        possible = sa.or_(*map(_starting, sorted(condition.prefixes)))
    if possible is None:
        return None
    some = sa.select(sa.literal(1)).where(*scope, possible).limit(_FEW + 1).subquery()
    count: int = connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()
    return (*scope, possible, sa.case((condition.expression, 1), else_=0) == 1) if count <= _FEW else None


def _starting(prefix: str) -> Expression:
    """Resources that start with a text, as a range of an index: both databases compare by code point."""
    for place in reversed(range(len(prefix))):
        following = ord(prefix[place]) + 1
        if following <= _LAST_CHARACTER:
            last = chr(_SURROGATES.stop if following in _SURROGATES else following)
            return sa.and_(_C.resource >= prefix, _C.resource < prefix[:place] + last)
    return _C.resource >= prefix


def _rows(kind: type) -> sa.Select[Any]:
    record = RECORD_TYPES[kind]
    return sa.select(*(record.table.c[name] for name in record.selected))


def _search(
    connection: sa.Connection, kind: type[R], within: Sequence[Expression], condition: Condition, after: str, limit: int
) -> Stretch[R]:
    record = RECORD_TYPES[kind]
    name = record.table.c.name
    page = _rows(kind).where(*within, condition.expression, name > after).order_by(name)
    if condition.terms == 0:
        return Stretch([*map(record.record, connection.execute(page.limit(limit)).all())])
    deadline = time.monotonic() + SEARCH_SECONDS
    found: list[R] = []
    for stretch, reached in _stretches(connection, record.table, within, after):
        rows = connection.execute(page.where(*stretch).limit(limit - len(found)))
        found.extend(map(record.record, rows.all()))
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
