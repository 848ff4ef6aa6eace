"""Log entries by project and query, in the order of their timestamps and then of their arrival.

The bounds that a query puts on indexed columns (timestamp, log name, severity) become SQL; the rest of it is judged
here, entry by entry, on candidates that are read in batches until the page is full. A candidate without the text that
the query asks for is not even decoded.
"""

import time
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from binauthz.store.codec import LOG_ENTRY_COLUMNS, RECORD_TYPES
from binauthz.store.filters.log_entries import Query, parse_query
from binauthz.store.interface import FilterError, StoreUnavailable
from binauthz.store.names import storable
from binauthz.store.records import LogEntry
from binauthz.store.schema import LOG_ENTRIES

SEARCH_SECONDS = 30.0
"""How long one search may read before it gives up."""

_BATCH = 500
_RECORD = RECORD_TYPES[LogEntry]
_C = LOG_ENTRIES.c


def search_log(
    connection: sa.Connection, *, projects: Collection[str], filter: str, descending: bool, after: str, limit: int
) -> Sequence[LogEntry]:
    """One page of the entries that match; FilterError for a query outside the grammar, or when the entry to go on
    from is gone."""
    query = parse_query(filter)
    found: list[LogEntry] = []
    for row in _candidates(connection, projects, query, descending=descending, after=after):
        if not query.may_match(row.document):
            continue
        entry = _RECORD.record(row[1:])
        if query.matches(entry):
            found.append(entry)
            if len(found) == limit:
                break
    return found


def _candidates(
    connection: sa.Connection, projects: Collection[str], query: Query, *, descending: bool, after: str
) -> Iterator[sa.Row[Any]]:
    deadline = time.monotonic() + SEARCH_SECONDS
    place = sa.tuple_(_C.timestamp, _C.seq)
    page = (
        sa.select(_C.seq, *(_C[name] for name in LOG_ENTRY_COLUMNS))
        .where(_C.project.in_([project for project in projects if storable(project)]), query.bounds)
        .order_by(*((_C.timestamp.desc(), _C.seq.desc()) if descending else (_C.timestamp, _C.seq)))
        .limit(_BATCH)
    )
    last = _place_of(connection, after) if after else None
    while True:
        further = page
        if last is not None:
            here = sa.tuple_(*map(sa.literal, last))
            further = page.where(place < here if descending else place > here)
        rows: Sequence[Any] = connection.execute(further).all()
        yield from rows
        if len(rows) < _BATCH:
            return
        if time.monotonic() > deadline:
            raise StoreUnavailable(f"the query read the log for {SEARCH_SECONDS:g} s; narrow its timestamps")
        last = (rows[-1].timestamp, rows[-1].seq)


def _place_of(connection: sa.Connection, name: str) -> tuple[int, int]:
    if storable(name):
        row = connection.execute(sa.select(_C.timestamp, _C.seq).where(_C.name == name)).one_or_none()
        if row is not None:
            return row.timestamp, row.seq
    raise FilterError(f"the entry `{name!a}` to continue from is no longer in the log")
