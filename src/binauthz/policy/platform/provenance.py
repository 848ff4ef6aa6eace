"""The SLSA check (SPEC 6.3): some provenance of the image satisfies some rule.

A rule asks, in this order: that the provenance is about the image's digest, that the builder is one it trusts, that the
build had a configuration where one is required, that the repositories are trusted, and that its constraint holds.
What a provenance is worth is what the right to create occurrences in its project is worth: it is not signed by a key
that is known here (docs/limitations.md).
"""

import re
from collections.abc import Iterator

from binauthz.base.image import parse_image
from binauthz.policy.decision import Verdict
from binauthz.policy.platform.evidence import NOT_GATHERED, Evidence, Finding, Provenance, Unread
from binauthz.policy.platform.model import SlsaCheck, SlsaRule
from binauthz.policy.platform.repositories import trusts

GOOGLE_CLOUD_BUILD = "GOOGLE_CLOUD_BUILD"
# Cloud Build names its kinds of worker below one origin, some with a version. The whole id is compared (THREATS B84).
_BUILDERS = {
    GOOGLE_CLOUD_BUILD: re.compile(
        r"https://cloudbuild\.googleapis\.com/[A-Za-z]{1,64}Worker(?:@v[0-9]{1,4}(?:\.[0-9]{1,4}){0,3})?"
    )
}


def slsa_check(kind: SlsaCheck, image: str, evidence: Evidence) -> Finding:
    """Whether an image was built as the check wants."""
    digest = parse_image(image).digest
    if digest is None:
        return Verdict.NON_CONFORMANT, "The image is not named by a digest, so that no provenance is about it."
    trouble: list[str] = []
    refusals: list[str] = []
    for index, rule in enumerate(kind.rules):
        for project, found in _found(rule, digest, evidence):
            if isinstance(found, Unread):
                trouble.append(f"{project} {found.reason}")
                continue
            why = unmet(rule, found, digest)
            if why is None:
                held = _constraint(rule, found, evidence)
                if held is True:
                    return Verdict.CONFORMANT, f"Provenance {found.name} satisfies rule {index}."
                why = "the custom constraint does not hold" if held is False else ""
                if isinstance(held, Unread):
                    trouble.append(f"the custom constraint of rule {index} {held.reason}")
            if why:
                refusals.append(f"rule {index}: {why}")
    if trouble:
        return Verdict.ERROR, f"No provenance is known to satisfy a rule, and {'; '.join(dict.fromkeys(trouble))}."
    if not refusals:
        return Verdict.NON_CONFORMANT, "No provenance of the image was found."
    shown = "; ".join(list(dict.fromkeys(refusals))[:3])
    return Verdict.NON_CONFORMANT, f"No provenance of the image satisfies a rule ({shown})."


def constrained(kind: SlsaCheck, image: str, evidence: Evidence) -> Iterator[tuple[str, Provenance]]:
    """Which constraints have to be evaluated on which provenance: of rules that are otherwise met."""
    digest = parse_image(image).digest
    if digest is None:
        return
    for rule in kind.rules:
        if rule.custom_constraints:
            for _, found in _found(rule, digest, evidence):
                if isinstance(found, Provenance) and unmet(rule, found, digest) is None:
                    yield rule.custom_constraints, found


def unmet(rule: SlsaRule, provenance: Provenance, digest: str) -> str | None:
    """What a provenance lacks for a rule, its constraint aside; None where nothing."""
    builder = _BUILDERS.get(rule.trusted_builder)
    if provenance.subjects is not None and digest not in provenance.subjects:
        return "the provenance is about another digest"
    if builder is None or not builder.fullmatch(provenance.builder[:256]):
        return f"the builder {provenance.builder[:120]!a} is not trusted"
    if rule.config_based_build_required and not provenance.config:
        return "the build had no configuration in a repository"
    if not rule.source_patterns:
        return None
    if rule.config_based_build_required:
        asked: tuple[str, ...] = (provenance.config,)
    else:
        asked = (*provenance.sources, *([provenance.config] if provenance.config else []))
    if not asked:
        return "the provenance names no source repository"
    bad = next((url for url in asked if not trusts(rule.source_patterns, url)), None)
    return None if bad is None else f"the repository {bad[:120]!a} is not trusted"


def _found(rule: SlsaRule, digest: str, evidence: Evidence) -> Iterator[tuple[str, Provenance | Unread]]:
    for project in rule.projects or (evidence.project,):
        found = evidence.provenances.get((project, digest), NOT_GATHERED)
        if isinstance(found, Unread):
            yield project, found
        else:
            for each in found:
                yield project, each


def _constraint(rule: SlsaRule, provenance: Provenance, evidence: Evidence) -> bool | Unread:
    if not rule.custom_constraints:
        return True
    return evidence.constraints.get((rule.custom_constraints, provenance.name), Unread("was not evaluated"))
