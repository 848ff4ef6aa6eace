"""Fetch the evidence that a review needs from the store, under one deadline.

Every answer is of one consistent revision that is not older than the start of the review. When the store cannot
answer in time, the caller gets Unanswered and never something remembered from before: what is then done about the Pod
is the cluster's setting, not ours (D4).
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from binauthz.attestation.model import Attestor
from binauthz.policy.evidence import NO_EVIDENCE, Evidence, Found, Missing
from binauthz.policy.model import Policy
from binauthz.policy.needs import Needs, needs
from binauthz.policy.subject import Subject
from binauthz.sources.freshness import FreshRevision
from binauthz.sources.snapshot import Attestations, Loaded, Policies, Snapshot
from binauthz.store.interface import Reader, Store
from binauthz.store.records import Cluster, Project

SYSTEM_POLICY = "locations/global/policy"
_KNOWN_CLUSTERS = 10_000

MayUse = Callable[[Reader, str, Attestor], bool]
"""Whether the project (an id) may rely on an attestor of another project and read its note."""


class Unanswered(Exception):  # noqa: N818 - reads as what happened
    """The store gave no answer in time. ``reason`` is fit to be logged and shown: a class of failure, no detail."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Everything that a decision is made from, besides the subject and the moment."""

    revision: int
    policy: Policy
    system_policy: Policy | None
    evidence: Evidence


_Tables = Snapshot | Loaded


def own_project_only(_tx: Reader, _project: str, _attestor: Attestor) -> bool:
    """The strictest MayUse: attestors of other projects cannot be relied on."""
    return False


class Sources:
    """The store as the admission path sees it."""

    def __init__(
        self,
        store: Store,
        *,
        default_policy: Callable[[str], Policy],
        may_use: MayUse = own_project_only,
        deadline_seconds: float = 5.0,
        bare_name_covers_tags: bool = False,
    ) -> None:
        self._store = store
        self._default_policy = default_policy
        self._may_use = may_use
        self._deadline_seconds = deadline_seconds
        self._bare_name_covers_tags = bare_name_covers_tags
        self._fresh = FreshRevision(store.revision, deadline_seconds=deadline_seconds)
        self._snapshot = Snapshot(-1)
        self._last_known: dict[str, Cluster] = {}
        self.primed = False

    @property
    def bare_name_covers_tags(self) -> bool:
        """Whether an allowlist entry without tag covers tagged images (SPEC 12)."""
        return self._bare_name_covers_tags

    async def prime(self) -> None:
        """Read every cluster once; until then the process is not ready. Raises Unanswered."""

        def body(tx: Reader) -> Loaded:
            found: dict[str, Cluster | None] = {}
            for project in tx.list(Project, ""):
                for cluster in tx.list(Cluster, f"{project.name}/locations/-"):
                    found[cluster.name] = cluster
            return Loaded(revision=tx.revision, clusters=found)

        await self._load(body)
        self.primed = True

    async def cluster(self, name: str) -> Cluster | None:
        """The cluster's record now; raises Unanswered."""
        cluster, _ = await self.open(name)
        return cluster

    async def open(self, name: str) -> tuple[Cluster | None, Snapshot]:
        """The cluster's record now, and a snapshot that is not older than the call; raises Unanswered."""
        snapshot = await self._current()
        if name not in snapshot.clusters:
            await self._load(lambda tx: Loaded(revision=tx.revision, clusters={name: tx.get(Cluster, name)}))
            snapshot = self._snapshot
        return snapshot.clusters.get(name), snapshot

    def last_known_cluster(self, name: str) -> Cluster | None:
        """The cluster's record when it was last read.

        Good for one thing: to know whose credential it is and how errors count for it, while the store is down.
        """
        return self._last_known.get(name)

    def remembered(self, subject: Subject, snapshot: Snapshot) -> Gathered | None:
        """What ``gather`` would return, where the snapshot holds all of it."""
        return self._assemble(snapshot, subject, None)

    async def gather(
        self, subject: Subject, *, draft: Policy | None = None, snapshot: Snapshot | None = None
    ) -> Gathered:
        """The policy and evidence for one subject, of one revision; raises Unanswered.

        A draft stands in for the stored policy, for whoever wants to know what it would do. A snapshot is one that
        the review has opened already.
        """
        if snapshot is None:
            snapshot = await self._current()
        ready = self._assemble(snapshot, subject, draft)
        if ready is not None:
            return ready
        loaded = await self._load(lambda tx: self._read(tx, subject, snapshot, draft))
        ready = self._assemble(loaded, subject, draft)
        if ready is None:
            raise Unanswered("IncompleteRead")
        return ready

    async def _current(self) -> Snapshot:
        try:
            revision = await self._fresh.get()
        except Exception as error:
            raise Unanswered(type(error).__name__) from error
        # Compared for equality: a store restored from a backup goes back in time, and nothing remembered holds then.
        if revision != self._snapshot.revision:
            self._snapshot = Snapshot(revision)
        return self._snapshot

    async def _load(self, body: Callable[[Reader], Loaded]) -> Loaded:
        try:
            async with asyncio.timeout(self._deadline_seconds):
                loaded = await self._store.read(body)
        except Exception as error:
            raise Unanswered(type(error).__name__) from error
        if loaded.revision != self._snapshot.revision:
            self._snapshot = Snapshot(loaded.revision)
        self._snapshot.add(loaded)
        for name, cluster in loaded.clusters.items():
            self._last_known.pop(name, None)
            if cluster is not None and len(self._last_known) < _KNOWN_CLUSTERS:
                self._last_known[name] = cluster
        return loaded

    def _assemble(self, tables: _Tables, subject: Subject, draft: Policy | None) -> Gathered | None:
        """The answer out of these tables, when all of it is there."""
        project = subject.project
        policies = tables.policies.get(project)
        if policies is None:
            return None
        if draft is not None:
            policies = Policies(draft, policies.system)
        required = self._needs(subject, policies)
        attestors: dict[str, Found | Missing] = {}
        attestations: dict[tuple[str, str], Attestations] = {}
        for name in required.attestors:
            found = tables.attestors.get((project, name))
            if found is None:
                return None
            attestors[name] = found
            if isinstance(found, Missing):
                continue
            note = found.attestor.note
            for digest in required.digests:
                rows = tables.attestations.get((note, digest))
                if rows is None:
                    return None
                attestations[note, digest] = rows
        return Gathered(
            revision=tables.revision,
            policy=policies.policy,
            system_policy=policies.system,
            evidence=Evidence(attestors=attestors, attestations=attestations) if attestors else NO_EVIDENCE,
        )

    def _read(self, tx: Reader, subject: Subject, snapshot: Snapshot, draft: Policy | None) -> Loaded:
        """Everything for one subject in one transaction; what the snapshot holds of the same revision is not read
        again."""
        known = snapshot if snapshot.revision == tx.revision else Snapshot(tx.revision)
        project = subject.project
        policies = known.policies.peek(project) or self._read_policies(tx, project)
        judging = policies if draft is None else Policies(draft, policies.system)
        required = self._needs(subject, judging)
        attestors: dict[tuple[str, str], Found | Missing] = {}
        attestations: dict[tuple[str, str], Attestations] = {}
        for name in required.attestors:
            found = known.attestors.peek((project, name)) or self._read_attestor(tx, project, name)
            attestors[project, name] = found
            if isinstance(found, Missing):
                continue
            note = found.attestor.note
            for digest in required.digests:
                rows = known.attestations.peek((note, digest))
                attestations[note, digest] = tuple(tx.attestations(note, digest)) if rows is None else rows
        return Loaded(
            revision=tx.revision, policies={project: policies}, attestors=attestors, attestations=attestations
        )

    def _read_policies(self, tx: Reader, project: str) -> Policies:
        name = f"projects/{project}/policy"
        return Policies(tx.get(Policy, name) or self._default_policy(name), tx.get(Policy, SYSTEM_POLICY))

    def _read_attestor(self, tx: Reader, project: str, name: str) -> Found | Missing:
        """The attestor; one of another project only where that project lets this one rely on it (B109)."""
        attestor = tx.get(Attestor, _by_id(tx, name))
        if attestor is None:
            return Missing()
        own = f"projects/{project}/"
        if attestor.name.startswith(own) and attestor.note.startswith(own):
            return Found(attestor)
        return Found(attestor) if self._may_use(tx, project, attestor) else Missing()

    def _needs(self, subject: Subject, policies: Policies) -> Needs:
        return needs(subject, policies.policy, policies.system, bare_name_covers_tags=self._bare_name_covers_tags)


def _by_id(tx: Reader, name: str) -> str:
    """The name with its project by id: a policy may name attestors by project number."""
    _, _, rest = name.partition("/")
    given, _, rest = rest.partition("/")
    if not given.isdigit():
        return name
    for project in tx.list(Project, ""):
        if str(project.number) == given:
            return f"{project.name}/{rest}"
    return name
