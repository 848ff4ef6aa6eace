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
from collections.abc import Callable, Sequence

from binauthz.attestation.memo import Prover
from binauthz.attestation.model import Attestation, Attestor
from binauthz.attestation.verify import AttestorFinding, judge_attestor
from binauthz.attestation.verify import Outcome as AttestorOutcome
from binauthz.base.image import parse_image
from binauthz.policy.decision import AttestorResult, Decision, ImageResult, Verdict, Why, worst
from binauthz.policy.evidence import Evidence, Found, Missing, Trouble
from binauthz.policy.exemptions import exemptions
from binauthz.policy.grounds import Ground, ground_of
from binauthz.policy.model import Policy
from binauthz.policy.needs import required_attestors
from binauthz.policy.scopes import choose
from binauthz.policy.subject import Subject

Judge = Callable[[Attestor, str, Sequence[Attestation]], AttestorFinding]

_VERDICTS = {
    Ground.ALWAYS_ALLOW: Verdict.CONFORMANT,
    Ground.ALWAYS_DENY: Verdict.NON_CONFORMANT,
    Ground.NO_DEFAULT_RULE: Verdict.NON_CONFORMANT,
    Ground.NO_EVALUATION_MODE: Verdict.NON_CONFORMANT,
    Ground.NO_ATTESTORS: Verdict.NON_CONFORMANT,
    Ground.TOO_MANY_IMAGES: Verdict.NON_CONFORMANT,
    Ground.AMBIGUOUS_RULES: Verdict.ERROR,
}

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

    def judge(attestor: Attestor, digest: str, attestations: Sequence[Attestation]) -> AttestorFinding:
        return judge_attestor(attestor, digest, attestations, prover, now)

    ruling = choose(policy, subject)
    exempt = exemptions(policy, system_policy, bare_name_covers_tags=bare_name_covers_tags)
    exempted = {image: exempt(image) for image in subject.distinct_images()}
    ground = ground_of(ruling, list(exempted.values()).count(None))
    attestors = required_attestors(ruling)
    results = []
    for image, exemption in exempted.items():
        if exemption is not None:
            results.append(ImageResult(image, Verdict.CONFORMANT, Ground.EXEMPT, exemption=exemption))
        elif ground is Ground.ATTESTORS:
            results.append(_attested(image, attestors, evidence, judge))
        else:
            results.append(ImageResult(image, _VERDICTS[ground], ground))
    verdict = worst([result.verdict for result in results]) if results else Verdict.NON_CONFORMANT
    return Decision(policy.name, ruling, verdict, tuple(results))


def _attested(image: str, attestors: tuple[str, ...], evidence: Evidence, judge: Judge) -> ImageResult:
    digest = parse_image(image).digest
    if digest is None:
        answers = tuple([AttestorResult(name, Why.NO_DIGEST) for name in attestors])
    else:
        answers = tuple([_answer(name, digest, evidence, judge) for name in attestors])
    verdict = worst([answer.verdict for answer in answers])
    return ImageResult(image, verdict, Ground.ATTESTORS, digest, attestors=answers)


def _answer(name: str, digest: str, evidence: Evidence, judge: Judge) -> AttestorResult:
    found = evidence.attestors.get(name, _NOT_LOOKED_UP)
    if not isinstance(found, Found):
        why = Why.NO_ATTESTOR if isinstance(found, Missing) else Why.COULD_NOT_TELL
        return AttestorResult(name, why, found.reason)
    attestor = found.attestor
    attestations = evidence.attestations.get((attestor.note, digest), _NOT_LOOKED_UP)
    if isinstance(attestations, Trouble):
        return AttestorResult(name, Why.COULD_NOT_TELL, attestations.reason)
    finding = judge(attestor, digest, attestations)
    return AttestorResult(name, _why(finding.outcome), finding.reason, finding)


def _why(outcome: AttestorOutcome) -> Why:
    match outcome:
        case AttestorOutcome.SATISFIED:
            return Why.ATTESTED
        case AttestorOutcome.NOT_SATISFIED:
            return Why.NOT_ATTESTED
        case AttestorOutcome.ERROR:
            return Why.COULD_NOT_TELL
