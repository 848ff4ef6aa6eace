"""The verdict of a platform policy on Pods, as a tree of results (SPEC 6.5).

Refusal beats trouble, and trouble beats conformance, at every level. Every check runs for every image.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from binauthz.policy.decision import Verdict, worst
from binauthz.policy.platform.allowlist import matched
from binauthz.policy.platform.attestations import simple_signing_check
from binauthz.policy.platform.directories import trusted
from binauthz.policy.platform.evidence import Evidence, Finding
from binauthz.policy.platform.model import (
    AlwaysDeny,
    Check,
    CheckSet,
    GkePolicy,
    ImageFreshnessCheck,
    SigstoreSignatureCheck,
    SimpleSigningAttestationCheck,
    SlsaCheck,
    TrustedDirectoryCheck,
    VulnerabilityCheck,
)
from binauthz.policy.platform.provenance import slsa_check
from binauthz.policy.platform.subject import PodSubject, choose
from binauthz.policy.platform.vulnerabilities import vulnerability_check


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What came of one check; ``matched_pattern`` is set where its allowlist exempted the image."""

    index: int
    display_name: str
    type: str
    verdict: Verdict
    explanation: str = ""
    matched_pattern: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSetResult:
    """What came of the check set that the Pod belongs to."""

    index: int
    check_set: CheckSet
    verdict: Verdict
    explanation: str = ""
    matched_pattern: str | None = None
    checks: tuple[CheckResult, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageResult:
    """What came of one image."""

    image: str
    verdict: Verdict
    explanation: str = ""
    matched_pattern: str | None = None
    check_set: CheckSetResult | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PodResult:
    """What came of one Pod."""

    pod: PodSubject
    verdict: Verdict
    images: tuple[ImageResult, ...]


def evaluate(policy: GkePolicy, pod: PodSubject, evidence: Evidence) -> PodResult:
    """The verdict on one Pod, image by image, each image once."""
    images = tuple(_image(policy, pod, image, evidence) for image in dict.fromkeys(pod.images))
    return PodResult(pod=pod, verdict=worst([each.verdict for each in images]), images=images)


def _image(policy: GkePolicy, pod: PodSubject, image: str, evidence: Evidence) -> ImageResult:
    pattern = matched(policy.allowlist, image)
    if pattern is not None:
        why = "The image is exempt by the policy's allowlist."
        return ImageResult(image=image, verdict=Verdict.CONFORMANT, explanation=why, matched_pattern=pattern)
    chosen = choose(policy, pod)
    if chosen is None:
        return ImageResult(
            image=image, verdict=Verdict.CONFORMANT, explanation="The policy has no check set for the Pod."
        )
    result = _check_set(*chosen, image, evidence)
    return ImageResult(image=image, verdict=result.verdict, check_set=result)


def _check_set(index: int, each: CheckSet, image: str, evidence: Evidence) -> CheckSetResult:
    pattern = matched(each.allowlist, image)
    if pattern is not None or not each.checks:
        why = "The check set has no checks." if pattern is None else "The image is exempt by the check set's allowlist."
        return CheckSetResult(
            index=index, check_set=each, verdict=Verdict.CONFORMANT, explanation=why, matched_pattern=pattern
        )
    checks = tuple(_check(number, check, image, evidence) for number, check in enumerate(each.checks))
    return CheckSetResult(
        index=index, check_set=each, verdict=worst([check.verdict for check in checks]), checks=checks
    )


def _check(index: int, check: Check, image: str, evidence: Evidence) -> CheckResult:
    pattern = matched(check.allowlist, image)
    verdict, why = Verdict.CONFORMANT, "The image is exempt by the check's allowlist."
    if pattern is None:
        verdict, why = Verdict.ERROR, "The check has no type."
        if check.kind is not None:
            verdict, why = CHECKS[type(check.kind)](check.kind, image, evidence)
    return CheckResult(
        index=index,
        display_name=check.display_name,
        type=type(check.kind).__name__,
        verdict=verdict,
        explanation=why,
        matched_pattern=pattern,
    )


def _always_deny(_kind: AlwaysDeny, _image: str, _evidence: Evidence) -> Finding:
    return Verdict.NON_CONFORMANT, "Every image is denied."


def _trusted_directory(kind: TrustedDirectoryCheck, image: str, _evidence: Evidence) -> Finding:
    for pattern in kind.patterns:
        if trusted(pattern, image):
            return Verdict.CONFORMANT, f"The image is in the trusted directory {pattern}."
    return Verdict.NON_CONFORMANT, "The image is in no trusted directory."


def _needs_registry(_kind: object, _image: str, _evidence: Evidence) -> Finding:
    return Verdict.ERROR, "The check has to ask the image's registry, which is not done yet."


CHECKS: Mapping[type, Callable[..., Finding]] = {
    AlwaysDeny: _always_deny,
    TrustedDirectoryCheck: _trusted_directory,
    ImageFreshnessCheck: _needs_registry,
    SigstoreSignatureCheck: _needs_registry,
    SimpleSigningAttestationCheck: simple_signing_check,
    VulnerabilityCheck: vulnerability_check,
    SlsaCheck: slsa_check,
}
