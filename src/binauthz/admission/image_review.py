"""The ImageReview door, for apiservers that are configured with the upstream ImagePolicyWebhook (SPEC 4.8).

The same decision, with the blind spots of that interface: it carries no labels, so only the older break-glass
annotation is seen; no service account, so rules for one never match anything but ``default``; no user, so a cluster
that limits break-glass to groups grants it to nobody; no kinds of containers; and the apiserver caches answers for
minutes, so that a revocation does not count at once. AdmissionReview has none of these.
"""

import msgspec

from binauthz.admission.entries import ClusterIdentity
from binauthz.admission.http import Answer, Refused, TooLargeError
from binauthz.admission.identity import KnownCluster
from binauthz.admission.quota import ReviewQuota
from binauthz.admission.review import OVER_QUOTA
from binauthz.admission.reviews import could_not_tell
from binauthz.admission.verdict import Judge, enforces
from binauthz.policy import pod
from binauthz.policy.subject import Subject

_API_VERSION = "imagepolicy.k8s.io/v1alpha1"
_KIND = "ImageReview"


class _ImageReview(msgspec.Struct, frozen=True, rename="camel"):
    api_version: str = ""
    kind: str = ""
    spec: "_Spec | None" = None


class _Spec(msgspec.Struct, frozen=True):
    containers: list[pod.Container] | None = None
    annotations: dict[str, str] | None = None
    namespace: str = ""


_DECODER = msgspec.json.Decoder(_ImageReview)


async def answer(
    judge: Judge,
    quota: ReviewQuota,
    body: bytes,
    identity: ClusterIdentity,
    known: KnownCluster,
    budget_seconds: float,
) -> Answer:
    """The response to one ImageReview; raises Refused for anything else."""
    spec = _decode(body)
    if not enforces(known.record):
        return _status(allowed=True, reason="", annotations={})
    try:
        subject = _subject(spec, identity)
    except pod.InvalidPod as refused:
        return _status(allowed=False, reason=str(refused), annotations={})
    excess = quota.excess(identity)
    if excess:
        return _status(allowed=False, reason=excess, annotations={OVER_QUOTA: "true"})
    if known.trouble is not None:
        outcome = could_not_tell(known.trouble.reason, subject, known.record, ())
    else:
        outcome = await judge.judge(
            subject, cluster=known.record, groups=(), budget_seconds=budget_seconds, snapshot=known.snapshot
        )
    return _status(allowed=outcome.allowed, reason=outcome.message, annotations=dict(outcome.audit_annotations))


def too_large(error: TooLargeError, known: KnownCluster) -> Answer:
    """A review too large to be read is refused wherever the policy is enforced; raises the error for anything else."""
    if b'"ImageReview"' not in error.head:
        raise error
    return _status(allowed=not enforces(known.record), reason=error.message, annotations={})


def _decode(body: bytes) -> _Spec:
    try:
        review = _DECODER.decode(body)
    except RecursionError:
        raise Refused(400, "got JSON nested too deeply, expected an ImageReview") from None
    except msgspec.DecodeError as error:
        raise Refused(400, f"got a body that is not an ImageReview: {error}") from None
    if review.api_version != _API_VERSION or review.kind != _KIND:
        got = f"`{review.api_version[:80]}` `{review.kind[:80]}`"
        raise Refused(400, f"got {got}, expected `{_API_VERSION}` `{_KIND}`")
    if review.spec is None:
        raise Refused(400, "got an ImageReview without `spec`, expected the containers of a Pod")
    return review.spec


def _subject(spec: _Spec, identity: ClusterIdentity) -> Subject:
    asked = pod.Pod(
        metadata=pod.Metadata(annotations=spec.annotations),
        spec=pod.PodSpec(containers=spec.containers),
    )
    return pod.subject_of(
        asked,
        project=identity.project,
        location=identity.location,
        cluster=identity.cluster,
        namespace=spec.namespace,
    )


def _status(*, allowed: bool, reason: str, annotations: dict[str, str]) -> Answer:
    status: dict[str, object] = {"allowed": allowed}
    if reason:
        status["reason"] = reason
    if annotations:
        status["auditAnnotations"] = annotations
    return Answer(200, msgspec.json.encode({"apiVersion": _API_VERSION, "kind": _KIND, "status": status}))
