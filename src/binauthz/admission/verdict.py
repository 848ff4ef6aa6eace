"""One judgement from subject to outcome: what every admission door and the second judgement share (D2).

Whatever goes wrong inside becomes an undecided outcome that names the class of error, and nothing else about it; what
that does to the Pod is the cluster's setting (D4).
"""

import asyncio
import logging
from dataclasses import dataclass

from binauthz.attestation.memo import Prover
from binauthz.base.clock import Clock
from binauthz.policy.decide import decide
from binauthz.policy.decision import Decision
from binauthz.policy.enforce import OnError, Outcome, enforce
from binauthz.policy.evidence import Trouble
from binauthz.policy.model import Policy
from binauthz.policy.subject import Subject
from binauthz.sources.gather import Gathered, Sources, Unanswered
from binauthz.sources.snapshot import Snapshot
from binauthz.store.records import Cluster

LOG = logging.getLogger(__name__)

_ENFORCING = frozenset({"PROJECT_SINGLETON_POLICY_ENFORCE", "POLICY_BINDINGS_AND_PROJECT_SINGLETON_POLICY_ENFORCE"})
# Verifying takes up to a millisecond a signature; a review that may need many leaves the event loop to the others.
_INLINE_PROOFS = 24


def enforces(cluster: Cluster) -> bool:
    """Whether the cluster's evaluation mode enforces the project's policy (SPEC 6.7, 13.29)."""
    return cluster.evaluation_mode in _ENFORCING


def on_error(cluster: Cluster) -> OnError:
    """What the cluster wants done with a Pod that could not be judged; anything unknown fails closed."""
    return OnError.FAIL_OPEN if cluster.on_error == OnError.FAIL_OPEN.value else OnError.FAIL_CLOSED


def may_break_glass(cluster: Cluster, groups: tuple[str, ...]) -> bool:
    """Whether a user in these groups may break glass: everybody, unless the cluster names groups (B22)."""
    return not cluster.break_glass_groups or not set(cluster.break_glass_groups).isdisjoint(groups)


@dataclass(frozen=True, slots=True)
class Judge:
    """The engine with its sources."""

    sources: Sources
    prover: Prover
    clock: Clock

    async def decide(
        self, subject: Subject, *, draft: Policy | None = None, snapshot: Snapshot | None = None
    ) -> Decision:
        """The decision, under the stored policy or a draft; raises Unanswered when the evidence could not be had."""
        gathered = await self.sources.gather(subject, draft=draft, snapshot=snapshot)
        if _proofs(gathered) > _INLINE_PROOFS:
            return await asyncio.to_thread(self._decide, subject, gathered)
        return self._decide(subject, gathered)

    def _decide(self, subject: Subject, gathered: Gathered) -> Decision:
        return decide(
            subject=subject,
            policy=gathered.policy,
            system_policy=gathered.system_policy,
            evidence=gathered.evidence,
            prover=self.prover,
            now=self.clock.now(),
            bare_name_covers_tags=self.sources.bare_name_covers_tags,
        )

    async def judge(
        self,
        subject: Subject,
        *,
        cluster: Cluster,
        groups: tuple[str, ...],
        budget_seconds: float,
        snapshot: Snapshot | None = None,
    ) -> Outcome:
        """Decide within the budget and enforce; never raises."""
        decided: Decision | Trouble
        try:
            gathered = None if snapshot is None else self.sources.remembered(subject, snapshot)
            if gathered is not None and _proofs(gathered) <= _INLINE_PROOFS:
                # Nothing to wait for, so nothing to time.
                decided = self._decide(subject, gathered)
            else:
                async with asyncio.timeout(budget_seconds):
                    decided = await self.decide(subject, snapshot=snapshot)
        except TimeoutError:
            decided = Trouble("DeadlineExceeded")
        except Unanswered as error:
            decided = Trouble(error.reason)
        except Exception as error:
            LOG.exception("a review could not be decided")
            decided = Trouble(type(error).__name__)
        return enforce(
            decided,
            break_glass=subject.break_glass,
            on_error=on_error(cluster),
            break_glass_allowed=may_break_glass(cluster, groups),
        )


def _proofs(gathered: Gathered) -> int:
    """How many proofs the decision may ask for at most."""
    rows = gathered.evidence.attestations.values()
    found = [each for row in rows if isinstance(row, tuple) for each in row]
    return sum([len(each.signatures) + len(each.jwts) for each in found])
