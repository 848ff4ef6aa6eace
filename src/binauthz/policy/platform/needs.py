"""Which facts a policy asks for about Pods: exactly those that ``evaluate`` looks at, and no others."""

from collections.abc import Iterable, Iterator

from binauthz.base.image import parse_image
from binauthz.policy.platform.allowlist import matched
from binauthz.policy.platform.evidence import Evidence, Needs, Place, Provenance
from binauthz.policy.platform.model import (
    GkePolicy,
    Kind,
    SimpleSigningAttestationCheck,
    SlsaCheck,
    VulnerabilityCheck,
)
from binauthz.policy.platform.provenance import constrained
from binauthz.policy.platform.subject import PodSubject, choose


def asked(policy: GkePolicy, pods: Iterable[PodSubject]) -> Iterator[tuple[Kind, str]]:
    """Every check that runs, with the image that it runs for: what no allowlist exempts."""
    for pod in pods:
        chosen = choose(policy, pod)
        if chosen is None:
            continue
        _, each = chosen
        for image in dict.fromkeys(pod.images):
            if matched((*policy.allowlist, *each.allowlist), image) is None:
                for check in each.checks:
                    if check.kind is not None and matched(check.allowlist, image) is None:
                        yield check.kind, image


def needs(policy: GkePolicy, project: str, pods: Iterable[PodSubject]) -> Needs:
    """The facts to gather; ``project`` is the policy's own, where a check that names no project looks."""
    attestations: set[Place] = set()
    scans: set[Place] = set()
    provenances: set[Place] = set()
    for kind, image in asked(policy, pods):
        digest = parse_image(image).digest
        if digest is None:
            continue
        match kind:
            case SimpleSigningAttestationCheck(projects=projects):
                attestations.update((each, digest) for each in projects or (project,))
            case VulnerabilityCheck(projects=projects):
                scans.update((each, digest) for each in projects or (project,))
            case SlsaCheck(rules=rules):
                provenances.update((each, digest) for rule in rules for each in rule.projects or (project,))
            case _:
                pass
    return Needs(attestations=frozenset(attestations), scans=frozenset(scans), provenances=frozenset(provenances))


def constraints(policy: GkePolicy, pods: Iterable[PodSubject], evidence: Evidence) -> dict[tuple[str, str], Provenance]:
    """Which expressions to evaluate on which provenance, once the rest is gathered."""
    return {
        (expression, provenance.name): provenance
        for kind, image in asked(policy, pods)
        if isinstance(kind, SlsaCheck)
        for expression, provenance in constrained(kind, image, evidence)
    }
