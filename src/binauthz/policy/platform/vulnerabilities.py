"""The vulnerability check (SPEC 6.3): no finding is worse than allowed, in any project that is asked.

Decided in this order. Without a valid scan in any project it cannot be told (THREATS B80), whatever was found. A
violation in what was read is a violation. A project that could not be read, or not wholly, may hold one: it cannot be
told. Only then does the image conform.
"""

from collections.abc import Iterator, Sequence

from binauthz.base.image import parse_image
from binauthz.policy.decision import Verdict
from binauthz.policy.platform.evidence import NOT_GATHERED, Evidence, Finding, Scan, Severity, Unread, Vulnerability
from binauthz.policy.platform.model import MaximumSeverity, VulnerabilityCheck

_SHOWN = 3
# An unspecified severity passes only where everything does.
_RANK = {severity: rank for rank, severity in enumerate([*list(Severity)[1:], Severity.UNSPECIFIED], start=1)}
_ALLOWED = {
    MaximumSeverity.UNSPECIFIED: 0,
    **{severity: rank for rank, severity in enumerate(list(MaximumSeverity)[1:])},
}


def vulnerability_check(kind: VulnerabilityCheck, image: str, evidence: Evidence) -> Finding:
    """Whether an image's known vulnerabilities are within the check's bounds."""
    digest = parse_image(image).digest
    if digest is None:
        return Verdict.ERROR, "The image is not named by a digest, so that no scan of it can be found."
    projects = kind.projects or (evidence.project,)
    asked = {project: evidence.scans.get((project, digest), NOT_GATHERED) for project in projects}
    scans = {project: scan for project, scan in asked.items() if isinstance(scan, Scan)}
    if not any(scan.valid for scan in scans.values()):
        return Verdict.ERROR, f"No valid scan of the image was found in {_listed(projects)}{_why(asked)}."
    worst = sorted(_violations(kind, scans), key=lambda each: -_RANK[each.severity])
    if worst:
        shown = ", ".join(_described(kind, each) for each in worst[:_SHOWN])
        more = f", and {len(worst) - _SHOWN} more" if len(worst) > _SHOWN else ""
        return Verdict.NON_CONFORMANT, f"The image has vulnerabilities that the check does not allow: {shown}{more}."
    trouble = _why(asked)
    if trouble:
        return Verdict.ERROR, f"Not every vulnerability of the image could be looked at{trouble}."
    found = len({each.id for scan in scans.values() for each in scan.vulnerabilities})
    return Verdict.CONFORMANT, f"A valid scan was found, and the check allows each of its {found} vulnerabilities."


def violates(kind: VulnerabilityCheck, each: Vulnerability) -> bool:
    """Whether one vulnerability is more than the check allows.

    A blocked id always violates, and an allowed one never by its severity: where both lists name it, it is blocked.
    """
    if each.id in kind.blocked_cves:
        return True
    if each.id in kind.allowed_cves:
        return False
    return _RANK[each.severity] > _ALLOWED[_maximum(kind, each)]


def _maximum(kind: VulnerabilityCheck, each: Vulnerability) -> MaximumSeverity:
    return kind.maximum_fixable if each.fixable else kind.maximum_unfixable


def _violations(kind: VulnerabilityCheck, scans: dict[str, Scan]) -> Iterator[Vulnerability]:
    seen: set[Vulnerability] = set()
    for scan in scans.values():
        for each in scan.vulnerabilities:
            if each not in seen and violates(kind, each):
                seen.add(each)
                yield each


def _described(kind: VulnerabilityCheck, each: Vulnerability) -> str:
    fix = "fixable" if each.fixable else "unfixable"
    limit = "blocked" if each.id in kind.blocked_cves else f"at most {_maximum(kind, each).value}"
    return f"{each.id[:120]} ({each.severity.value}, {fix}; {limit})"


def _listed(projects: Sequence[str]) -> str:
    return ", ".join(projects)


def _why(asked: dict[str, Scan | Unread]) -> str:
    reasons = [
        f"{project} {each.reason}" if isinstance(each, Unread) else f"{project} has more than can be read"
        for project, each in asked.items()
        if isinstance(each, Unread) or not each.complete
    ]
    return f": {'; '.join(reasons)}" if reasons else ""
