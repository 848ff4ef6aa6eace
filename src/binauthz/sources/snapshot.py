"""What one process remembers of the store, at exactly one revision.

Nothing here expires and nothing is patched: a snapshot holds for its revision and is dropped when the store has
another (D3). Every table is bounded, because what is asked for is chosen by those who create Pods.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from binauthz.attestation.model import Attestation
from binauthz.policy.evidence import Found, Missing
from binauthz.policy.model import Policy
from binauthz.store.records import Cluster

K = TypeVar("K")
V = TypeVar("V")

_CLUSTERS = 10_000
_POLICIES = 10_000
_ATTESTORS = 20_000
_ATTESTATIONS = 8_192

Attestations = tuple[Attestation, ...]


@dataclass(frozen=True, slots=True)
class Policies:
    """What judges a project's Pods."""

    policy: Policy
    system: Policy | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What one read transaction found, and the revision it saw. A cluster that does not exist is None.

    Attestors are keyed by the project that asks and the name it asks for, since the answer depends on both (B91);
    attestations by note and digest.
    """

    revision: int
    clusters: Mapping[str, Cluster | None] = field(default_factory=dict)
    policies: Mapping[str, Policies] = field(default_factory=dict)
    attestors: Mapping[tuple[str, str], Found | Missing] = field(default_factory=dict)
    attestations: Mapping[tuple[str, str], Attestations] = field(default_factory=dict)


class Bounded(Generic[K, V]):
    """A table that forgets what was used longest ago."""

    __slots__ = ("_limit", "_rows")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rows: OrderedDict[K, V] = OrderedDict()

    def __contains__(self, key: K) -> bool:
        return key in self._rows

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, key: K, /) -> V | None:
        """The row, which counts as a use of it."""
        value = self._rows.get(key)
        if value is not None:
            self._rows.move_to_end(key)
        return value

    def peek(self, key: K) -> V | None:
        """The row, without counting as a use: safe from another thread than the one that writes."""
        return self._rows.get(key)

    def update(self, rows: Mapping[K, V]) -> None:
        """Remember these."""
        for key, value in rows.items():
            self._rows[key] = value
            self._rows.move_to_end(key)
        while len(self._rows) > self._limit:
            self._rows.popitem(last=False)


class Snapshot:
    """Records of one revision. Touched only on the event loop's thread."""

    __slots__ = ("attestations", "attestors", "clusters", "policies", "revision")

    def __init__(self, revision: int) -> None:
        self.revision = revision
        self.clusters: Bounded[str, Cluster | None] = Bounded(_CLUSTERS)
        self.policies: Bounded[str, Policies] = Bounded(_POLICIES)
        self.attestors: Bounded[tuple[str, str], Found | Missing] = Bounded(_ATTESTORS)
        self.attestations: Bounded[tuple[str, str], Attestations] = Bounded(_ATTESTATIONS)

    def add(self, loaded: Loaded) -> None:
        """Remember what a read at this revision found."""
        self.clusters.update(loaded.clusters)
        self.policies.update(loaded.policies)
        self.attestors.update(loaded.attestors)
        self.attestations.update(loaded.attestations)
