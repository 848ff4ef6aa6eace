"""Appending to the log and thinning it; neither raises the revision, since the log decides nothing."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from binauthz.store.codec import Columns, columns_of
from binauthz.store.instants import to_micros
from binauthz.store.records import LogEntry
from binauthz.store.schema import LOG_ENTRIES

PURGE_BATCH = 5000
"""How many entries one transaction of a purge removes, so that writers never wait long for it."""

_APPEND: dict[str, sa.Executable] = {
    "sqlite": sqlite.insert(LOG_ENTRIES).on_conflict_do_nothing(index_elements=["name"]),
    "postgresql": postgresql.insert(LOG_ENTRIES).on_conflict_do_nothing(index_elements=["name"]),
}
_OLDEST = (
    sa.select(LOG_ENTRIES.c.seq)
    .where(LOG_ENTRIES.c.timestamp < sa.bindparam("before"))
    .order_by(LOG_ENTRIES.c.timestamp, LOG_ENTRIES.c.seq)
    .limit(PURGE_BATCH)
)
_PURGE = sa.delete(LOG_ENTRIES).where(LOG_ENTRIES.c.seq.in_(_OLDEST))


def log_rows(entries: Sequence[LogEntry]) -> list[Columns]:
    """The rows of entries, made where the caller is, so that a bad entry is the caller's error alone."""
    return [columns_of(entry) for entry in entries]


def append(connection: sa.Connection, rows: list[dict[str, Any]]) -> None:
    """Add rows whose names are new."""
    connection.execute(_APPEND[connection.dialect.name], rows)


def purge_some(connection: sa.Connection, before: dt.datetime) -> int:
    """Remove a batch of the oldest entries from before a moment; how many went."""
    return connection.execute(_PURGE, {"before": to_micros(before)}).rowcount
