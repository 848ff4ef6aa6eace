"""The AdmissionReview door: review, subject, evidence, decision, answer (SPEC 4.4, D6).

What is admitted without judgement is said here and nowhere else: an update that changes no image (unless the cluster
asks for strict updates), a deletion, and everything while the cluster's evaluation mode does not enforce. Whatever
else cannot be judged as asked is refused with got and expected (B05), and so is what a cluster asks beyond its quota.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from binauthz.admission import review
from binauthz.admission.entries import ClusterIdentity
from binauthz.admission.http import Answer, Refused, TooLargeError
from binauthz.admission.identity import KnownCluster
from binauthz.admission.quota import ReviewQuota
from binauthz.admission.verdict import Judge, enforces, may_break_glass, on_error
from binauthz.policy import pod
from binauthz.policy.enforce import Outcome, enforce
from binauthz.policy.evidence import Trouble
from binauthz.policy.subject import Subject
from binauthz.store.records import Cluster

LOG = logging.getLogger(__name__)

# An update carries the Pod twice, and a stored Pod has up to 1.5 MiB, more in JSON: what removes the finalizer of the
# largest real one must still pass.
MAX_REVIEW_BYTES = 8 * 1024 * 1024
_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class ReviewDoor:
    """Answers AdmissionReviews of one installation."""

    judge: Judge
    quota: ReviewQuota

    async def answer(
        self, body: bytes, identity: ClusterIdentity, known: KnownCluster, budget_seconds: float
    ) -> Answer:
        """The response to one review; raises Refused where no review can be answered."""
        try:
            request = review.decode(body)
        except review.UnreadableError as error:
            return self.unreadable(error, known)
        if not enforces(known.record) or request.operation in {"DELETE", "CONNECT"}:
            return Answer(200, review.allowed(request.uid, _NOTHING))
        try:
            asked = _pod_of(request)
            if request.operation == "UPDATE" and not known.record.strict_updates and _unchanged(request, asked):
                return Answer(200, review.allowed(request.uid, _NOTHING))
            subject = pod.subject_of(
                asked,
                project=identity.project,
                location=identity.location,
                cluster=identity.cluster,
                namespace=request.namespace,
            )
        except pod.InvalidPod as refused:
            return Answer(200, review.unreviewable(request.uid, str(refused)))
        excess = self.quota.excess(identity)
        if excess:
            return Answer(200, review.over_quota(request.uid, excess))
        outcome = await self._outcome(subject, request, known, budget_seconds)
        return Answer(200, _encode(request.uid, outcome))

    def too_large(self, error: TooLargeError, known: KnownCluster) -> Answer:
        """The response to a review of which only the beginning was read; raises the error where there is none."""
        refused = review.unreadable(error.head, error)
        if isinstance(refused, Refused):
            raise refused
        return self.unreadable(refused, known)

    def unreadable(self, error: review.UnreadableError, known: KnownCluster) -> Answer:
        """A review that cannot be read is refused wherever the policy is enforced."""
        if not enforces(known.record):
            return Answer(200, review.allowed(error.uid, _NOTHING))
        return Answer(200, review.unreviewable(error.uid, error.message))

    async def _outcome(
        self, subject: Subject, request: review.Request, known: KnownCluster, budget_seconds: float
    ) -> Outcome:
        groups = request.user_info.groups or ()
        if known.trouble is not None:
            return could_not_tell(known.trouble.reason, subject, known.record, groups)
        return await self.judge.judge(
            subject, cluster=known.record, groups=groups, budget_seconds=budget_seconds, snapshot=known.snapshot
        )


def could_not_tell(reason: str, subject: Subject, cluster: Cluster, groups: tuple[str, ...]) -> Outcome:
    """The outcome where no decision was reached."""
    return enforce(
        Trouble(reason),
        break_glass=subject.break_glass,
        on_error=on_error(cluster),
        break_glass_allowed=may_break_glass(cluster, groups),
    )


def _pod_of(request: review.Request) -> pod.Pod:
    kind = request.kind
    if (kind.group, kind.version, kind.kind) != ("", "v1", "Pod"):
        raise pod.InvalidPod(f"got `{str(kind)[:120]}` to review, expected `v1 Pod`")
    if request.operation not in {"CREATE", "UPDATE"}:
        raise pod.InvalidPod(f"got operation `{request.operation[:80]}`, expected CREATE or UPDATE")
    if bytes(request.object) == b"null":
        raise pod.InvalidPod("got a review without `object`, expected a Pod")
    return pod.decode(request.object)


def _unchanged(request: review.Request, asked: pod.Pod) -> bool:
    if bytes(request.old_object) == b"null":
        return False
    return pod.same_images(pod.decode(request.old_object).spec, asked.spec)


def _encode(uid: str, outcome: Outcome) -> bytes:
    if outcome.allowed:
        return review.allowed(uid, outcome.audit_annotations)
    return review.denied(uid, outcome.message, outcome.causes, outcome.audit_annotations)
