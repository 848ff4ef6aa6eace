"""The decision: what a policy says of a Pod, given the evidence and one moment in time (SPEC 1.3, 10).

The steps, for every image by itself, none cut short by an earlier image's answer:

1. The system policy's allowlist, then the policy's own: an exempt image meets no rule.
2. The one rule that applies: a specific rule replaces the default rule completely.
3. ALWAYS_ALLOW and ALWAYS_DENY answer at once.
4. REQUIRE_ATTESTATION: every attestor must be satisfied by the digest in the reference. Every attestor is asked.

What a valid policy and a real Pod never show is refused rather than admitted, and rather than called an error, because
an error may be admitted: no image at all, no default rule, no known evaluation mode, no attestors, more images than can
be looked up. Only two populated rule maps are an ERROR: there is a rule, and it cannot be told which.

Fetching the evidence is the caller's duty (``policy.needs``), and so is acting on the answer (``policy.enforce``).
"""

import datetime as dt
from collections.abc import Mapping
from typing import Final

from binauthz.attestation.memo import Prover
from binauthz.attestation.verify import Outcome as AttestorOutcome
from binauthz.attestation.verify import judge_attestor
from binauthz.base.image import parse_image
from binauthz.policy.decision import AttestorResult, Decision, ImageResult, Verdict, Why, worst
from binauthz.policy.evidence import Evidence, Found, Missing, Trouble
from binauthz.policy.exemptions import exemptions
from binauthz.policy.grounds import Ground, ground_of
from binauthz.policy.model import Policy
from binauthz.policy.needs import required_attestors
from binauthz.policy.scopes import choose
from binauthz.policy.subject import Subject

_VERDICTS = {
    Ground.ALWAYS_ALLOW: Verdict.CONFORMANT,
    Ground.ALWAYS_DENY: Verdict.NON_CONFORMANT,
    Ground.NO_DEFAULT_RULE: Verdict.NON_CONFORMANT,
    Ground.NO_EVALUATION_MODE: Verdict.NON_CONFORMANT,
    Ground.NO_ATTESTORS: Verdict.NON_CONFORMANT,
    Ground.TOO_MANY_IMAGES: Verdict.NON_CONFORMANT,
    Ground.AMBIGUOUS_RULES: Verdict.ERROR,
}

# Every outcome has its answer. By the value, as a member's hash is computed anew for each look-up.
_WHY: Mapping[str, Why] = {
    AttestorOutcome.SATISFIED.value: Why.ATTESTED,
    AttestorOutcome.NOT_SATISFIED.value: Why.NOT_ATTESTED,
    AttestorOutcome.ERROR.value: Why.COULD_NOT_TELL,
}

# Reading a member off its class costs as much as the rest of a comparison.
_ATTESTORS: Final = Ground.ATTESTORS

_NOT_LOOKED_UP = Trouble("evidence that the policy requires was not looked up")


def decide(
    *,
    subject: Subject,
    policy: Policy,
    system_policy: Policy | None,
    evidence: Evidence,
    prover: Prover,
    now: dt.datetime,
    bare_name_covers_tags: bool = False,
) -> Decision:
    """Judge every image of the Pod under the rule that applies to it."""
    ruling = choose(policy, subject)
    exempt = exemptions(policy, system_policy, bare_name_covers_tags=bare_name_covers_tags)
    exempted = {image: exempt(image) for image in subject.distinct_images()}
    ground = ground_of(ruling, list(exempted.values()).count(None))
    attestors = required_attestors(ruling)
    results = []
    for image, exemption in exempted.items():
        if exemption is not None:
            results.append(ImageResult(image, Verdict.CONFORMANT, Ground.EXEMPT, exemption=exemption))
        elif ground is _ATTESTORS:
            results.append(_attested(image, attestors, evidence, prover, now))
        else:
            results.append(ImageResult(image, _VERDICTS[ground], ground))
    verdict = worst([result.verdict for result in results]) if results else Verdict.NON_CONFORMANT
    return Decision(policy.name, ruling, verdict, tuple(results))


def _attested(
    image: str, attestors: tuple[str, ...], evidence: Evidence, prover: Prover, now: dt.datetime
) -> ImageResult:
    digest = parse_image(image).digest
    if digest is None:
        answers = tuple([AttestorResult(name, Why.NO_DIGEST) for name in attestors])
    else:
        answers = tuple([_answer(name, digest, evidence, prover, now) for name in attestors])
    verdict = worst([answer.why.verdict for answer in answers])
    return ImageResult(image, verdict, _ATTESTORS, digest, None, answers)


def _answer(name: str, digest: str, evidence: Evidence, prover: Prover, now: dt.datetime) -> AttestorResult:
    found = evidence.attestors.get(name, _NOT_LOOKED_UP)
    if not isinstance(found, Found):
        why = Why.NO_ATTESTOR if isinstance(found, Missing) else Why.COULD_NOT_TELL
        return AttestorResult(name, why, found.reason)
    attestor = found.attestor
    attestations = evidence.attestations.get((attestor.note, digest), _NOT_LOOKED_UP)
    if isinstance(attestations, Trouble):
        return AttestorResult(name, Why.COULD_NOT_TELL, attestations.reason)
    finding = judge_attestor(attestor, digest, attestations, prover, now)
    return AttestorResult(name, _WHY[finding.outcome._value_], finding.reason, finding)
