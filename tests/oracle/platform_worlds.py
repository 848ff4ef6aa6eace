"""Platform policies over a small world whose every answer is written down by hand, and a plain oracle over it.

The oracle knows no pattern, no severity and no provenance: which pattern covers which image and what each check says
of each image stand in tables, and only the precedence of verdicts and the order of exemptions are computed, by loops.
"""

import datetime as dt
from dataclasses import dataclass

from hypothesis import strategies as st

from binauthz.policy.decision import Verdict
from binauthz.policy.platform.evidence import Evidence, Provenance, Scan, Severity, Vulnerability
from binauthz.policy.platform.model import (
    AlwaysDeny,
    Authenticator,
    Check,
    CheckSet,
    GkePolicy,
    ImageFreshnessCheck,
    Kind,
    MaximumSeverity,
    Scope,
    SimpleSigningAttestationCheck,
    SlsaCheck,
    SlsaRule,
    TrustedDirectoryCheck,
    VulnerabilityCheck,
)
from binauthz.policy.platform.subject import PodSubject

NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
OWN, OTHER = "projects/own", "projects/other"
A, B = "a" * 64, "b" * 64
GOOD, BAD, TAG = f"gcr.io/good/a@sha256:{A}", f"gcr.io/bad/b@sha256:{B}", "gcr.io/good/a:v1"
IMAGES = (GOOD, BAD, TAG)
YES, NO, TROUBLE = Verdict.CONFORMANT, Verdict.NON_CONFORMANT, Verdict.ERROR

COVERS: dict[str, set[str]] = {
    "gcr.io/good/a": {GOOD, TAG},
    "gcr.io/good/a:v*": {TAG},
    "gcr.io/bad/*": {BAD},
    "gcr.io/**": {GOOD, BAD, TAG},
    f"gcr.io/bad/b@sha256:{A}": set(),
}
_BUILDER = "https://cloudbuild.googleapis.com/GoogleHostedWorker"
_RULE = SlsaRule(trusted_builder="GOOGLE_CLOUD_BUILD")
_LOW = MaximumSeverity.LOW
SAYS: dict[Kind, dict[str, Verdict]] = {
    AlwaysDeny(): {GOOD: NO, BAD: NO, TAG: NO},
    TrustedDirectoryCheck(patterns=("gcr.io/good",)): {GOOD: YES, BAD: NO, TAG: YES},
    ImageFreshnessCheck(max_upload_age_days=1): {GOOD: TROUBLE, BAD: TROUBLE, TAG: TROUBLE},
    VulnerabilityCheck(maximum_fixable=_LOW, maximum_unfixable=_LOW): {GOOD: YES, BAD: NO, TAG: TROUBLE},
    VulnerabilityCheck(maximum_fixable=_LOW, maximum_unfixable=_LOW, projects=(OTHER,)): {
        GOOD: TROUBLE, BAD: TROUBLE, TAG: TROUBLE,
    },
    SlsaCheck(rules=(_RULE,)): {GOOD: YES, BAD: NO, TAG: NO},
    SimpleSigningAttestationCheck(authenticators=(Authenticator(),)): {GOOD: NO, BAD: NO, TAG: NO},
}  # fmt: skip
TYPES = {kind: type(kind).__name__ for kind in SAYS}
EVIDENCE = Evidence(
    project=OWN,
    now=NOW,
    attestations={(OWN, A): (), (OWN, B): ()},
    scans={
        (OWN, A): Scan(valid=True),
        (OWN, B): Scan(valid=True, vulnerabilities=(Vulnerability(id="CVE-1", severity=Severity.HIGH, fixable=True),)),
    },
    provenances={
        (OWN, A): (Provenance(name="o1", builder=_BUILDER, subjects=frozenset({A})),),
        (OWN, B): (Provenance(name="o2", builder=_BUILDER, subjects=frozenset({A})),),
    },
)

ALLOWLISTS = st.lists(st.sampled_from(sorted(COVERS)), unique=True, max_size=2).map(tuple)
CHECKS = st.builds(
    Check, display_name=st.sampled_from(["", "c"]), allowlist=ALLOWLISTS, kind=st.sampled_from(list(SAYS))
)
SCOPES = (Scope(service_account="n:s"), Scope(namespace="n"), Scope(namespace="m"), None)


def _sets(scope: Scope | None) -> st.SearchStrategy[CheckSet]:
    return st.builds(
        CheckSet,
        display_name=st.sampled_from(["", "set"]),
        scope=st.just(scope),
        allowlist=ALLOWLISTS,
        checks=st.lists(CHECKS, max_size=4).map(tuple),
    )


@st.composite
def policies(draw: st.DrawFn) -> GkePolicy:
    """A policy that may be written: scopes in order, a default set at the end."""
    scopes = [scope for scope in SCOPES if scope is None or draw(st.booleans())] if draw(st.booleans()) else []
    return GkePolicy(allowlist=draw(ALLOWLISTS), check_sets=tuple(draw(_sets(scope)) for scope in scopes))


PODS = st.builds(
    PodSubject,
    name=st.sampled_from(["", "pod"]),
    namespace=st.sampled_from(["n", "m", "default"]),
    service_account=st.sampled_from(["s", "default"]),
    images=st.lists(st.sampled_from(IMAGES), min_size=1, max_size=4).map(tuple),
)


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What the oracle says of one image: its verdict, which list exempts it, and what each check says."""

    verdict: Verdict
    exempt_by_policy: bool = False
    check_set: int | None = None
    exempt_by_set: bool = False
    checks: tuple[tuple[bool, Verdict], ...] = ()


def total(verdicts: list[Verdict]) -> Verdict:
    """Refusal, then trouble, then conformance."""
    if NO in verdicts:
        return NO
    return TROUBLE if TROUBLE in verdicts else YES


def expected(policy: GkePolicy, pod: PodSubject, image: str) -> Expected:
    """The oracle."""
    if any(image in COVERS[pattern] for pattern in policy.allowlist):
        return Expected(verdict=YES, exempt_by_policy=True)
    for index, each in enumerate(policy.check_sets):
        if each.scope is not None and each.scope.namespace not in {"", pod.namespace}:
            continue
        account = each.scope.service_account if each.scope is not None else ""
        if account not in {"", f"{pod.namespace}:{pod.service_account}"}:
            continue
        if any(image in COVERS[pattern] for pattern in each.allowlist):
            return Expected(verdict=YES, check_set=index, exempt_by_set=True)
        checks = []
        for check in each.checks:
            exempt = any(image in COVERS[pattern] for pattern in check.allowlist)
            assert check.kind is not None
            checks.append((exempt, YES if exempt else SAYS[check.kind][image]))
        return Expected(verdict=total([verdict for _, verdict in checks]), check_set=index, checks=tuple(checks))
    return Expected(verdict=YES)
