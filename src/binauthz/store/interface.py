"""The store as its callers see it: transaction bodies run against a reader or a writer.

A body is a plain function of the transaction. The store runs it directly where a read costs microseconds (SQLite), on
its one writer thread, or on a pool (PostgreSQL). It may run a body again, after a lost connection or because the body
asked for a search, which belongs on a thread of its own; so a body has no other effects.
"""

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from binauthz.attestation.model import Attestation
from binauthz.store.records import LogEntry, Note, Occurrence

T = TypeVar("T")
R = TypeVar("R")


class Conflict(Exception):  # noqa: N818 - reads as what happened, like ApiError's codes
    """A record of that name or identity exists already; ``existing`` is its name."""

    def __init__(self, existing: str) -> None:
        super().__init__(f"`{existing}` already exists")
        self.existing = existing


class StoreUnavailable(Exception):  # noqa: N818
    """The database could not be reached or did not answer in time."""


@dataclass(frozen=True, slots=True)
class Stretch(Generic[R]):
    """What a search found. ``reached`` is the name up to which it looked when its time was over, else empty: then it
    found as much as was asked for, or everything."""

    records: Sequence[R]
    reached: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VulnerabilityCount:
    """How many vulnerabilities of one severity a resource has, and how many of them could be fixed."""

    resource_uri: str
    severity: str
    fixable: int
    total: int


class Reader(Protocol):
    """One consistent view of every record."""

    @property
    def revision(self) -> int:
        """The store-wide change number that this view has."""

    def get(self, kind: type[T], name: str) -> T | None:
        """The record of that type and name."""

    def list(self, kind: type[T], parent: str, *, after: str = "", limit: int = 0) -> Sequence[T]:
        """Records whose name is ``{parent}/{collection}/{id}``, by name, past ``after``. Parent
        ``projects/p/locations/-`` spans locations; limit 0 is all."""

    def count(self, kind: type[T], parent: str) -> int:
        """How many ``list`` would return."""

    def attestations(self, note: str, digest: str) -> Sequence[Attestation]:
        """The admission path: attestations attached to ``note`` whose resource ends in ``sha256:{digest}`` (64 hex
        digits)."""

    def occurrences(
        self, *, project: str = "", note: str = "", filter: str = "", after: str = "", limit: int = 0
    ) -> Sequence[Occurrence]:
        """Occurrences of ``projects/p`` or attached to ``note``, in a stable order, past the occurrence named
        ``after``.

        Raises FilterError for a filter outside the grammar of SPEC 3.4.
        """

    def search_occurrences(
        self, *, project: str = "", note: str = "", filter: str = "", after: str = "", limit: int = 0
    ) -> Stretch[Occurrence]:
        """As ``occurrences``, for a bounded time."""

    def search_notes(self, *, project: str, filter: str, after: str = "", limit: int = 0) -> Stretch[Note]:
        """Notes of ``projects/p`` that match a filter in the same grammar, by name, for a bounded time."""

    def vulnerability_counts(self, *, project: str, filter: str = "") -> Sequence[VulnerabilityCount]:
        """Occurrences of kind VULNERABILITY in ``projects/p`` that match, counted by resource and severity.

        Raises FilterError for a filter outside the grammar, or one that leaves too much to count.
        """

    def log_entries(
        self,
        *,
        projects: Collection[str],
        filter: str = "",
        descending: bool = False,
        after: str = "",
        limit: int = 0,
    ) -> Sequence[LogEntry]:
        """Entries of ``projects/p`` names that match a Logging query (SPEC 5.2), by timestamp then insertion, past
        the entry named ``after``.

        Raises FilterError for a query outside the grammar.
        """

    def logs(self, project: str, *, after: str = "", limit: int = 0) -> Sequence[str]:
        """Names of the logs of ``projects/p`` that hold entries, in a stable order, past the log named ``after``."""


class Writer(Reader, Protocol):
    """A reader that also writes; what it wrote becomes visible, and the revision rises, when the body returns."""

    def insert(self, record: object) -> None:
        """Add a record; raises Conflict when its name (or an occurrence's identity in its project) exists."""

    def put(self, record: object) -> None:
        """Add or replace a record by name."""

    def delete(self, kind: type[T], name: str) -> bool:
        """Remove a record, and the IAM policy of that name, so that nobody holds a right on its successor; False when
        there was none."""

    def append_log(self, entries: Sequence[LogEntry]) -> None:
        """Add log entries in this transaction: they are kept exactly if its changes are. Names already present are
        ignored, and the revision does not rise for them."""

    def delete_some_of_log(self, log_name: str) -> int:
        """Remove entries of a log, no more than other writers can wait for; how many. The revision does not rise."""


class Store(Protocol):
    """A database of records with a store-wide revision."""

    async def revision(self) -> int:
        """The current revision, read afresh; never older than the start of the call."""

    async def read(self, body: Callable[[Reader], R]) -> R:
        """Run a read transaction."""

    async def write(self, body: Callable[[Writer], R]) -> R:
        """Run a write transaction; when this returns, the change is durable and the revision has risen."""

    async def append_log(self, entries: Sequence[LogEntry]) -> None:
        """Add log entries durably, ignoring names already present. Does not raise the revision: the log decides
        nothing."""

    async def purge_logs(self, before: dt.datetime) -> int:
        """Remove the log entries from before a moment; how many there were."""

    async def close(self) -> None:
        """Release every connection."""


class FilterError(ValueError):
    """A filter outside its grammar; the message says what was got, where, and what was expected."""
