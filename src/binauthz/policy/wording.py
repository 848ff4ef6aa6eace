"""The words that users, events and audit logs see; clients and documented queries match on them (SPEC 4.3, 4.4, 10).

Literal from captures: the template, the default and cluster rule texts, always_deny, and the two reasons of an
attestor. Ours, mirroring them: namespace and service account rules, and everything that a valid policy cannot cause.
Wherever an attestor is not satisfied by a digest the one captured reason is used, also when there is no attestation at
all, no key, or no such attestor; which it was is in the decision, not in the text.
"""

from collections.abc import Sequence

from binauthz.base.image import shown
from binauthz.base.limits import MAX_ATTESTED_IMAGES, MAX_DENIAL_CAUSES, MAX_DENIAL_CHARS
from binauthz.policy.decision import AttestorResult, Decision, ImageResult, Verdict, Why
from binauthz.policy.exemptions import AllowlistOwner
from binauthz.policy.grounds import Ground
from binauthz.policy.scopes import Ruling, Scope

VIOLATES_POLICY = "VIOLATES_POLICY"
NO_DIGEST = "Expected digest with sha256 scheme, but got tag or malformed digest"
NOT_ATTESTED = "No attestations found that were valid and signed by a key trusted by the attestor"
NO_IMAGES = "The Pod names no image to evaluate"

_GROUNDS = {
    Ground.ALWAYS_DENY: "Denied by always_deny admission rule",
    Ground.NO_DEFAULT_RULE: "The policy has no default admission rule",
    Ground.NO_EVALUATION_MODE: "The admission rule has no known evaluation mode",
    Ground.NO_ATTESTORS: "The admission rule requires attestations but names no attestor",
    Ground.TOO_MANY_IMAGES: f"The Pod names more than {MAX_ATTESTED_IMAGES} images that require attestations",
    Ground.AMBIGUOUS_RULES: "Could not be evaluated: the policy has more than one kind of specific rule",
}


def rule_text(ruling: Ruling) -> str:
    """The rule as a denial names it."""
    match ruling.scope:
        case Scope.DEFAULT:
            return "default admission rule"
        case Scope.CLUSTER:
            return f"cluster admission rule for {ruling.key}"
        case Scope.NAMESPACE:
            return f"kubernetes namespace admission rule for {ruling.key}"
        case Scope.SERVICE_ACCOUNT:
            return f"kubernetes service account admission rule for {ruling.key}"
        case Scope.AMBIGUOUS:
            return f"admission rules in {ruling.key}"


def denial(decision: Decision) -> str:
    """The message of a refusal: a sentence for every image that does not conform, in spec order."""
    by = f"denied by Binary Authorization {rule_text(decision.ruling)}"
    if not decision.images:
        return f"Pod {by}. {NO_IMAGES}"
    return _joined([f"Image {shown(result.image)} {by}. {_reason(result, '. ')}" for result in _faults(decision)], ". ")


def causes(decision: Decision) -> tuple[str, ...]:
    """The reasons of ``status.details.causes``, one for every image that does not conform."""
    lines = _cause_lines(decision)
    if len(lines) > MAX_DENIAL_CAUSES:
        return (*lines[:MAX_DENIAL_CAUSES], f"and {len(lines) - MAX_DENIAL_CAUSES} more\n")
    return lines


def overridden(decision: Decision) -> str:
    """The text of ``overridden-verification-result``: what would have been refused, or could not be told."""
    return _joined(_cause_lines(decision), "", end="\n")


def explanation(result: ImageResult) -> str:
    """Why one image got its verdict, in one sentence; an exemption names its pattern and whose it is (B83)."""
    if result.exemption is not None:
        owner = "system policy" if result.exemption.owner is AllowlistOwner.SYSTEM_POLICY else "policy"
        return f"Image {shown(result.image)} matches the allowlist pattern {result.exemption.pattern} of the {owner}"
    if result.ground is Ground.ALWAYS_ALLOW:
        return "Allowed by always_allow admission rule"
    if result.verdict is Verdict.CONFORMANT:
        return f"Attested by {', '.join(attestor.attestor for attestor in result.attestors)}"
    return _reason(result, ". ")


def _faults(decision: Decision) -> list[ImageResult]:
    return [result for result in decision.images if result.verdict is not Verdict.CONFORMANT]


def _cause_lines(decision: Decision) -> tuple[str, ...]:
    if not decision.images:
        return (f"{NO_IMAGES}\n",)
    return tuple(f"'{shown(result.image)}' : {_cause(result)}\n" for result in _faults(decision))


def _cause(result: ImageResult) -> str:
    if result.ground is Ground.ALWAYS_DENY:
        return "Denied by an ALWAYS_DENY admission rule"
    return _reason(result, "; ")


def _reason(result: ImageResult, separator: str) -> str:
    if result.ground is Ground.ATTESTORS:
        sentences = [
            _sentence(result.image, attestor)
            for attestor in result.attestors
            if attestor.verdict is not Verdict.CONFORMANT
        ]
        return _joined(sentences, separator)
    return _GROUNDS[result.ground]


def _sentence(image: str, result: AttestorResult) -> str:
    match result.why:
        case Why.COULD_NOT_TELL:
            return f"Image {shown(image)} could not be verified by attestor {result.attestor}: {result.detail}"
        case Why.NO_DIGEST:
            return f"Image {shown(image)} denied by attestor {result.attestor}: {NO_DIGEST}"
        case Why.NOT_ATTESTED | Why.NO_ATTESTOR | Why.ATTESTED:
            return f"Image {shown(image)} denied by attestor {result.attestor}: {NOT_ATTESTED}"


def _joined(parts: Sequence[str], separator: str, *, end: str = "") -> str:
    """The parts as one text of bounded length; at least the first, then as many as fit, then how many are left out."""
    text = parts[0]
    for index, part in enumerate(parts[1:], start=1):
        if len(text) + len(part) > MAX_DENIAL_CHARS:
            return f"{text}{separator}and {len(parts) - index} more{end}"
        text = f"{text}{separator}{part}"
    return text
