"""Readers and the writer: the contract's operations as statements over one open transaction."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa

from binauthz.attestation.model import Attestation
from binauthz.store import log_table, statements
from binauthz.store.codec import RECORD_TYPES, Row, attestation_of, columns_of
from binauthz.store.grafeas_search import count_vulnerabilities, search_notes, search_occurrences
from binauthz.store.interface import Conflict, Stretch, VulnerabilityCount
from binauthz.store.log_search import search_log
from binauthz.store.names import storable
from binauthz.store.records import IamPolicy, LogEntry, Note, Occurrence
from binauthz.store.statements import BY_TYPE, EVERYTHING

T = TypeVar("T")
Fetch = Callable[[sa.Select[Any], Mapping[str, Any]], Sequence[Row]]


def fetching(connection: sa.Connection) -> Fetch:
    """Statements by way of SQLAlchemy."""
    return lambda statement, parameters: connection.execute(statement, parameters).all()


class NeedsScan(BaseException):
    """A body run where it must finish at once asked for a search; the store runs it again where it may take its time.

    Not an Exception, so that no body's handler mistakes it for a failure.
    """


class Snapshot:
    """What every view can do: fixed statements by way of ``fetch``, whatever runs them."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch

    @property
    def revision(self) -> int:
        """The revision of this view."""
        return int(self._fetch(statements.READ_REVISION, {})[0][0])

    def get(self, kind: type[T], name: str) -> T | None:
        """The record of that type and name."""
        if not storable(name):
            return None
        rows = self._fetch(BY_TYPE[kind].get, {"name_": name})
        return RECORD_TYPES[kind].record(rows[0]) if rows else None

    def list(self, kind: type[T], parent: str, *, after: str = "", limit: int = 0) -> Sequence[T]:
        """Records of a collection by name; ``locations/-`` in the parent spans locations."""
        if not (storable(parent) and storable(after)):
            return []
        known = BY_TYPE[kind]
        page = known.list_spanning if "/locations/-" in parent else known.list
        rows = self._fetch(page, {"parent_": parent, "after": after, "limit_": limit or EVERYTHING})
        return [*map(RECORD_TYPES[kind].record, rows)]

    def count(self, kind: type[T], parent: str) -> int:
        """How many records the collection has."""
        if not storable(parent):
            return 0
        known = BY_TYPE[kind]
        counted = known.count_spanning if "/locations/-" in parent else known.count
        return int(self._fetch(counted, {"parent_": parent})[0][0])

    def attestations(self, note: str, digest: str) -> Sequence[Attestation]:
        """Attestations attached to ``note`` for a digest, by occurrence name."""
        if not (storable(note) and storable(digest)):
            return []
        return [*map(attestation_of, self._fetch(statements.ATTESTATIONS, {"note": note, "digest": digest}))]


class DirectSnapshot(Snapshot):
    """A view for a body that must finish at once: it serves everything but searches."""

    def occurrences(self, **_: object) -> Sequence[Occurrence]:
        """Not at once."""
        raise NeedsScan

    def search_occurrences(self, **_: object) -> Stretch[Occurrence]:
        """Not at once."""
        raise NeedsScan

    def search_notes(self, **_: object) -> Stretch[Note]:
        """Not at once."""
        raise NeedsScan

    def vulnerability_counts(self, **_: object) -> Sequence[VulnerabilityCount]:
        """Not at once."""
        raise NeedsScan

    def log_entries(self, **_: object) -> Sequence[LogEntry]:
        """Not at once."""
        raise NeedsScan

    def logs(self, *_: object, **__: object) -> Sequence[str]:
        """Not at once."""
        raise NeedsScan


class SearchingSnapshot(Snapshot):
    """A view over a SQLAlchemy connection that may take its time, and therefore searches too."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(fetching(connection))
        self._connection = connection

    def occurrences(
        self, *, project: str = "", note: str = "", filter: str = "", after: str = "", limit: int = 0
    ) -> Sequence[Occurrence]:
        """Occurrences that match, by name."""
        found: list[Occurrence] = []
        most = limit or EVERYTHING
        while True:
            stretch = self.search_occurrences(
                project=project, note=note, filter=filter, after=after, limit=most - len(found)
            )
            found.extend(stretch.records)
            if not stretch.reached:
                return found
            after = stretch.reached

    def search_occurrences(
        self, *, project: str = "", note: str = "", filter: str = "", after: str = "", limit: int = 0
    ) -> Stretch[Occurrence]:
        """Occurrences that match, by name, for a bounded time."""
        return search_occurrences(
            self._connection, project=project, note=note, filter=filter, after=after, limit=limit or EVERYTHING
        )

    def search_notes(self, *, project: str, filter: str, after: str = "", limit: int = 0) -> Stretch[Note]:
        """Notes that match, by name, for a bounded time."""
        return search_notes(self._connection, project=project, filter=filter, after=after, limit=limit or EVERYTHING)

    def vulnerability_counts(self, *, project: str, filter: str = "") -> Sequence[VulnerabilityCount]:
        """Vulnerabilities that match, by resource and severity."""
        return count_vulnerabilities(self._connection, project=project, filter=filter)

    def log_entries(
        self, *, projects: Collection[str], filter: str = "", descending: bool = False, after: str = "", limit: int = 0
    ) -> Sequence[LogEntry]:
        """Log entries that match, by timestamp then insertion."""
        return search_log(
            self._connection,
            projects=projects,
            filter=filter,
            descending=descending,
            after=after,
            limit=limit or EVERYTHING,
        )

    def logs(self, project: str, *, after: str = "", limit: int = 0) -> Sequence[str]:
        """Names of logs that hold entries."""
        return log_table.log_names(self._connection, project, after=after, limit=limit or EVERYTHING)


class WritingSnapshot(SearchingSnapshot):
    """The one open write transaction. Writers follow one another, so a look before a write is still true at the
    write."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(connection)
        self._changed = False

    def insert(self, record: object) -> None:
        """Add a record, or raise Conflict with the name of the one that is there."""
        columns = columns_of(record)
        known = BY_TYPE[type(record)]
        if self._fetch(known.get, {"name_": columns["name"]}):
            raise Conflict(columns["name"])
        self._refuse_shared_identity(columns)
        self._connection.execute(known.insert, columns)
        self._change()

    def put(self, record: object) -> None:
        """Add or replace a record by name; Conflict where another record has the identity."""
        columns = columns_of(record)
        known = BY_TYPE[type(record)]
        self._refuse_shared_identity(columns)
        updated = self._connection.execute(known.update, {"name_": columns["name"], **columns})
        if updated.rowcount == 0:
            self._connection.execute(known.insert, columns)
        self._change()

    def delete(self, kind: type[T], name: str) -> bool:
        """Remove a record and the IAM policy of its name; False when there was none."""
        if not storable(name):
            return False
        if self._connection.execute(BY_TYPE[kind].delete, {"name_": name}).rowcount == 0:
            return False
        if kind is not IamPolicy:
            self._connection.execute(BY_TYPE[IamPolicy].delete, {"name_": name})
        self._change()
        return True

    def append_log(self, entries: Sequence[LogEntry]) -> None:
        """Add log entries whose names are new, in the same transaction."""
        rows = log_table.log_rows(entries)
        if rows:
            log_table.append(self._connection, rows)

    def delete_some_of_log(self, log_name: str) -> int:
        """Remove a batch of the entries of a log; how many."""
        return log_table.delete_some(self._connection, log_name)

    def _refuse_shared_identity(self, columns: Mapping[str, Any]) -> None:
        if not columns.get("identity"):
            return
        sought = {"project": columns["project"], "identity": columns["identity"]}
        for (name,) in self._fetch(statements.SAME_IDENTITY, sought):
            if name != columns["name"]:
                raise Conflict(name)

    def _change(self) -> None:
        if not self._changed:
            self._connection.execute(statements.RAISE_REVISION)
            self._changed = True
