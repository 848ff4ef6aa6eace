"""The statement set: every fixed statement, built once, for both databases."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from binauthz.store.codec import RECORD_TYPES, RecordType
from binauthz.store.schema import OCCURRENCES, RESOURCES, REVISION

EVERYTHING = 2**62
"""A LIMIT that limits nothing, in the one spelling that both databases accept."""

_BIG = sa.BigInteger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """The statements of one record type. Parameters: ``name``, ``parent``, ``after``, ``limit``; a write takes the
    columns."""

    get: sa.Select[Any]
    list: sa.Select[Any]
    list_spanning: sa.Select[Any]
    count: sa.Select[Any]
    count_spanning: sa.Select[Any]
    insert: sa.Insert
    update: sa.Update
    delete: sa.Delete


def _statements(record: RecordType[Any]) -> Statements:
    columns = record.table.c
    selected = sa.select(*(columns[name] for name in record.selected))
    counted = sa.select(sa.func.count()).select_from(record.table)
    mine = [columns.kind == record.kind] if record.table is RESOURCES else []
    named = sa.and_(columns.name == sa.bindparam("name_"), *mine)
    within = sa.and_(*mine, columns[record.parent] == sa.bindparam("parent_"))
    spanning = sa.and_(*mine, columns.span == sa.bindparam("parent_")) if record.table is RESOURCES else within
    page = (
        selected.where(columns.name > sa.bindparam("after"))
        .order_by(columns.name)
        .limit(sa.bindparam("limit_", type_=_BIG))
    )
    changed = [column for column in columns if not column.primary_key]
    return Statements(
        get=selected.where(named),
        list=page.where(within),
        list_spanning=page.where(spanning),
        count=counted.where(within),
        count_spanning=counted.where(spanning),
        insert=sa.insert(record.table),
        update=sa.update(record.table).where(named).values({c.name: sa.bindparam(c.name) for c in changed}),
        delete=sa.delete(record.table).where(named),
    )


BY_TYPE: Mapping[type, Statements] = {entry.type: _statements(entry) for entry in RECORD_TYPES.values()}

READ_REVISION = sa.select(REVISION.c.value).where(REVISION.c.id == 1)
LOCK_REVISION = READ_REVISION.with_for_update()
RAISE_REVISION = sa.update(REVISION).where(REVISION.c.id == 1).values(value=REVISION.c.value + 1)

ATTESTATIONS = (
    sa.select(OCCURRENCES.c.attestation)
    .where(
        OCCURRENCES.c.note == sa.bindparam("note"),
        OCCURRENCES.c.digest == sa.bindparam("digest"),
        OCCURRENCES.c.attestation.is_not(None),
    )
    .order_by(OCCURRENCES.c.name)
)

SAME_IDENTITY = sa.select(OCCURRENCES.c.name).where(
    OCCURRENCES.c.project == sa.bindparam("project"), OCCURRENCES.c.identity == sa.bindparam("identity")
)
