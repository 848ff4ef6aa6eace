"""Occurrences by project or note and by filter, in the order of their names."""

from collections.abc import Sequence

import sqlalchemy as sa

from binauthz.store.codec import RECORD_TYPES
from binauthz.store.filters.occurrences import compile_filter
from binauthz.store.names import storable
from binauthz.store.records import Occurrence
from binauthz.store.schema import OCCURRENCES

_RECORD = RECORD_TYPES[Occurrence]


def search_occurrences(
    connection: sa.Connection, *, project: str, note: str, filter: str, after: str, limit: int
) -> Sequence[Occurrence]:
    """One page of the occurrences that match; FilterError for a filter outside its grammar."""
    matching = compile_filter(filter)
    if not all(map(storable, (project, note, after))):
        return []
    columns = OCCURRENCES.c
    query = sa.select(*(columns[name] for name in _RECORD.selected)).where(matching, columns.name > after)
    if project:
        query = query.where(columns.project == project)
    if note:
        query = query.where(columns.note == note)
    return [*map(_RECORD.record, connection.execute(query.order_by(columns.name).limit(limit)))]
