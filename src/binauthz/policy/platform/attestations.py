"""The simple signing check (SPEC 6.3): any attestation, in any project, by any key of any authenticator.

Unlike attestors, which all have to agree, authenticators are alternatives (SPEC 13.11). No note is named, so that all
attestations count as of one.
"""

from binauthz.attestation.model import Attestor
from binauthz.attestation.verify import Outcome, judge_attestor
from binauthz.base.image import parse_image
from binauthz.policy.decision import Verdict
from binauthz.policy.platform.evidence import NOT_GATHERED, Evidence, Finding, Unread
from binauthz.policy.platform.model import SimpleSigningAttestationCheck
from binauthz.policy.platform.validate import attestor_keys

ANY_NOTE = "projects/any/notes/any"


def simple_signing_check(kind: SimpleSigningAttestationCheck, image: str, evidence: Evidence) -> Finding:
    """Whether one of the check's keys signed for an image."""
    digest = parse_image(image).digest
    if digest is None:
        return Verdict.NON_CONFORMANT, "The image is not named by a digest, so that nothing can attest it."
    trouble = []
    for project in kind.projects or (evidence.project,):
        found = evidence.attestations.get((project, digest), NOT_GATHERED)
        if isinstance(found, Unread):
            trouble.append(f"{project} {found.reason}")
            continue
        for each in kind.authenticators:
            attestor = Attestor(name=each.display_name, note=ANY_NOTE, keys=attestor_keys(each))
            finding = judge_attestor(attestor, digest, found, evidence.prover, evidence.now)
            if finding.outcome is Outcome.SATISFIED:
                return Verdict.CONFORMANT, "An attestation is signed by a key of an authenticator."
    if trouble:
        return Verdict.ERROR, f"No valid attestation is known, and {'; '.join(trouble)}."
    return Verdict.NON_CONFORMANT, "No attestation is signed by a key of any authenticator."
