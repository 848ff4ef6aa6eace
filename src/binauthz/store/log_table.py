"""Appending to the log, thinning it, and which logs there are.

Nothing here raises the revision, since the log decides nothing.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from binauthz.store.codec import Columns, columns_of
from binauthz.store.instants import to_micros
from binauthz.store.names import storable
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
# The names of a log's entries are its own name and a slash, and all that begins so; `0` comes after the slash.
_OF_LOG = (LOG_ENTRIES.c.name >= sa.bindparam("start")) & (LOG_ENTRIES.c.name < sa.bindparam("end"))
_SOME_OF_LOG = sa.select(LOG_ENTRIES.c.seq).where(_OF_LOG).limit(PURGE_BATCH)
_DELETE_LOG = sa.delete(LOG_ENTRIES).where(LOG_ENTRIES.c.seq.in_(_SOME_OF_LOG))
_FIRST_LOG = sa.select(LOG_ENTRIES.c.log_name).where(_OF_LOG).order_by(LOG_ENTRIES.c.name).limit(1)
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


def delete_some(connection: sa.Connection, log_name: str) -> int:
    """Remove a batch of the entries of a log; how many went."""
    if not storable(log_name):
        return 0
    return connection.execute(_DELETE_LOG, {"start": f"{log_name}/", "end": f"{log_name}0"}).rowcount


def log_names(connection: sa.Connection, project: str, *, after: str, limit: int) -> Sequence[str]:
    """Names of the logs of a project, by stepping through the index from one to the next: no entry is read twice, and
    most are never read."""
    if not (storable(project) and storable(after)):
        return []
    start, end = f"{after}0" if after else f"{project}/logs/", f"{project}/logs0"
    found: list[str] = []
    while len(found) < limit:
        row = connection.execute(_FIRST_LOG, {"start": start, "end": end}).one_or_none()
        if row is None:
            break
        found.append(row.log_name)
        start = f"{row.log_name}0"
    return found
