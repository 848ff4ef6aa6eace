"""Platform policies: patterns, directories, what may be written, and which verdict wins (SPEC 6.2 to 6.5)."""

import datetime as dt

import pytest

from binauthz.policy.decision import Verdict
from binauthz.policy.platform.allowlist import matched, pattern_problem
from binauthz.policy.platform.directories import directory_problem, trusted
from binauthz.policy.platform.evaluate import evaluate
from binauthz.policy.platform.evidence import Evidence
from binauthz.policy.platform.model import (
    AlwaysDeny,
    Authenticator,
    Check,
    CheckSet,
    GkePolicy,
    ImageFreshnessCheck,
    Kind,
    MaximumSeverity,
    PlatformPolicy,
    Scope,
    SigstoreSignatureCheck,
    SimpleSigningAttestationCheck,
    SlsaCheck,
    SlsaRule,
    TrustedDirectoryCheck,
    VulnerabilityCheck,
)
from binauthz.policy.platform.subject import PodSubject
from binauthz.policy.platform.validate import validate

A, B = "a" * 64, "b" * 64
NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
DIRECTORY = TrustedDirectoryCheck(patterns=("gcr.io/good",))
FRESH = ImageFreshnessCheck(max_upload_age_days=30)


@pytest.mark.parametrize(
    ("pattern", "image", "covers"),
    [
        ("gcr.io/p/img", "gcr.io/p/img:v1", True),
        ("gcr.io/p/img", f"gcr.io/p/img:v1@sha256:{A}", True),
        ("gcr.io/p/img", "gcr.io/p/img2", False),
        ("gcr.io/p/img:v1", f"gcr.io/p/img:v1@sha256:{A}", True),
        ("gcr.io/p/img:v1", "gcr.io/p/img:v12", False),
        ("gcr.io/p/img:v1*", "gcr.io/p/img:v12", True),
        ("gcr.io/p/img:v1*", f"gcr.io/p/img@sha256:{A}", False),
        (f"gcr.io/p/img@sha256:{A}", f"gcr.io/p/img:v9@sha256:{A}", True),
        (f"gcr.io/p/img@sha256:{A}", f"gcr.io/p/img@sha256:{B}", False),
        (f"gcr.io/p/img:v1@sha256:{A}", f"gcr.io/p/img@sha256:{A}", False),
        ("gcr.io/p/*", "gcr.io/p/img:v1", True),
        ("gcr.io/p/**", "gcr.io/p/a/b/c", True),
        ("gcr.io/p/**", "gcr.io/p-exploit/a", False),
    ],
)
def test_an_allowlist_pattern_covers(pattern: str, image: str, covers: bool) -> None:
    assert pattern_problem(pattern) is None
    assert matched([pattern], image) == (pattern if covers else None)


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "*",
        "**",
        "gcr.io/p/img:*",
        "gcr.io/p**",
        "gcr.io/p/n*x",
        "gcr.io/p/img:v1**",
        f"gcr.io/p/i@sha256:{A}*",
        "a b",
    ],
)
def test_an_allowlist_pattern_is_refused(pattern: str) -> None:
    assert pattern_problem(pattern)
    assert matched([pattern], "gcr.io/p/img:v1") is None


@pytest.mark.parametrize(
    "pattern",
    [
        "gcr.i*",
        "sub*domain.gcr.io/nginx",
        "*pkg.dev/p/r",
        "**-docker.pkg.dev",
        "nginx/a",
        "*.io/p",
        "*-x.dev/p",
        "gcr.io/a//b",
        "gcr.io/../b",
        "gcr.io/a***",
    ],
)
def test_a_directory_is_refused(pattern: str) -> None:
    assert directory_problem(pattern)
    assert not trusted(pattern, "gcr.io/a/b")


@pytest.mark.parametrize(
    ("pattern", "image", "yes"),
    [
        ("gcr.io/my-project/my-repo", "gcr.io/my-project/my-repo/img:v1", True),
        ("gcr.io/my-project/my-repo", "gcr.io/my-project/my-repo/sub/img", False),
        ("*-docker.pkg.dev/p/r", "us-docker.pkg.dev/p/r/img", True),
        ("*.gcr.io/p", "eu.gcr.io/p/img", True),
        ("*.gcr.io/p", "gcr.io/p/img", False),
        ("gcr.io/p/**", "gcr.io/p/a/b/img", True),
        ("gcr.io/p/*", "gcr.io/p/a/img", True),
    ],
)
def test_a_directory_holds(pattern: str, image: str, yes: bool) -> None:
    assert directory_problem(pattern) is None
    assert trusted(pattern, image) is yes


@pytest.mark.parametrize(
    "image",
    ["evil.io/gcr.io/p/img", "evil.io/x.gcr.io/p/img", "gcr.io.evil.io/p/img", "evil.io/gcr.io/p", "evilgcr.io/p/img"],
)
def test_B30_a_trusted_host_elsewhere_is_not_that_host(image: str) -> None:
    assert not trusted("gcr.io/p", image)
    assert not trusted("*.gcr.io/p", image)
    assert matched(["gcr.io/p/**"], image) is None


def test_B31_a_star_does_not_cross_a_slash() -> None:
    assert matched(["gcr.io/a*"], "gcr.io/ab") == "gcr.io/a*"
    assert matched(["gcr.io/a*"], "gcr.io/ab/c") is None
    assert not trusted("gcr.io/a/*", "gcr.io/a/b/c/img")


def test_B32_a_sibling_with_the_same_prefix_is_not_inside() -> None:
    assert not trusted("gcr.io/foo", "gcr.io/foobar/img")
    assert not trusted("gcr.io/foo/**", "gcr.io/foobar/img")


@pytest.mark.parametrize(
    "image",
    [
        "nginx",
        "library/nginx",
        "docker.io/library/nginx",
        "index.docker.io/library/nginx:1",
        "DOCKER.IO/library/nginx",
        "docker.io:443/library/nginx",
    ],
)
def test_B33_spellings_of_one_registry_are_one_directory(image: str) -> None:
    assert trusted("docker.io/library", image)
    assert not trusted("gcr.io/library", image)


def policy(*sets: CheckSet) -> PlatformPolicy:
    return PlatformPolicy(name="", gke=GkePolicy(check_sets=sets))


def faults(kind: Kind | None) -> list[str]:
    return [each.field for each in validate(policy(CheckSet(checks=(Check(kind=kind),))))]


LOW = MaximumSeverity.LOW


@pytest.mark.parametrize(
    "kind",
    [
        AlwaysDeny(),
        DIRECTORY,
        FRESH,
        VulnerabilityCheck(maximum_fixable=LOW, maximum_unfixable=LOW, projects=("projects/a-b",)),
        SlsaCheck(rules=(SlsaRule(trusted_builder="GOOGLE_CLOUD_BUILD", source_patterns=("github.com/org/*",)),)),
    ],
)
def test_a_good_check_is_accepted(kind: Kind) -> None:
    assert faults(kind) == []


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        (None, ""),
        (AlwaysDeny(value=False), ".alwaysDeny"),
        (TrustedDirectoryCheck(), ".trustedDirectoryCheck.trustedDirPatterns"),
        (TrustedDirectoryCheck(patterns=("gcr.i*",)), ".trustedDirectoryCheck.trustedDirPatterns[0]"),
        (ImageFreshnessCheck(), ".imageFreshnessCheck.maxUploadAgeDays"),
        (VulnerabilityCheck(maximum_fixable=LOW), ".vulnerabilityCheck.maximumUnfixableSeverity"),
        (VulnerabilityCheck(maximum_unfixable=LOW), ".vulnerabilityCheck.maximumFixableSeverity"),
        (
            VulnerabilityCheck(maximum_fixable=LOW, maximum_unfixable=LOW, projects=("projects/p",) * 11),
            ".vulnerabilityCheck.containerAnalysisVulnerabilityProjects",
        ),
        (SlsaCheck(), ".slsaCheck.rules"),
        (SlsaCheck(rules=(SlsaRule(),)), ".slsaCheck.rules[0].trustedBuilder"),
        (SimpleSigningAttestationCheck(), ".simpleSigningAttestationCheck.attestationAuthenticators"),
        (
            SimpleSigningAttestationCheck(authenticators=(Authenticator(),)),
            ".simpleSigningAttestationCheck.attestationAuthenticators[0].pkixPublicKeySet.pkixPublicKeys",
        ),
        (SigstoreSignatureCheck(), ".sigstoreSignatureCheck.sigstoreAuthorities"),
    ],
)
def test_a_bad_check_is_refused_by_its_field(kind: Kind | None, field: str) -> None:
    assert faults(kind) == [f"gkePolicy.checkSets[0].checks[0]{field}"]


@pytest.mark.parametrize("source", ["github.com/org*", "https://github.com/org/*", "github.com/*/x", "github.com/../x"])
def test_B84_a_pattern_of_sources_is_anchored(source: str) -> None:
    rule = SlsaRule(trusted_builder="GOOGLE_CLOUD_BUILD", source_patterns=(source,))
    assert faults(SlsaCheck(rules=(rule,))) == [
        "gkePolicy.checkSets[0].checks[0].slsaCheck.rules[0].trustedSourceRepoPatterns[0]"
    ]


N, S = Scope(namespace="n"), Scope(service_account="n:s")


@pytest.mark.parametrize(
    ("scopes", "good"),
    [
        ((), True), ((None,), True), ((S, N, None), True), ((N,), False), ((None, None), False),
        ((None, N), False), ((N, N, None), False), ((N, S, None), False), ((Scope(), None), False),
    ],
)  # fmt: skip
def test_scopes_come_once_and_the_default_last(scopes: tuple[Scope | None, ...], good: bool) -> None:
    assert (validate(policy(*(CheckSet(scope=scope) for scope in scopes))) == ()) is good


def verdict(*kinds: Kind, image: str = "gcr.io/good/img") -> Verdict:
    gke = GkePolicy(check_sets=(CheckSet(checks=tuple(Check(kind=kind) for kind in kinds)),))
    pod = PodSubject(name="", namespace="default", service_account="default", images=(image,))
    return evaluate(gke, pod, Evidence(project="projects/p", now=NOW)).verdict


def test_refusal_beats_trouble_and_trouble_beats_conformance() -> None:
    assert verdict() is Verdict.CONFORMANT
    assert verdict(DIRECTORY) is Verdict.CONFORMANT
    assert verdict(DIRECTORY, FRESH) is Verdict.ERROR
    assert verdict(FRESH, AlwaysDeny(), DIRECTORY) is Verdict.NON_CONFORMANT
    assert verdict(SimpleSigningAttestationCheck()) is Verdict.NON_CONFORMANT
    assert verdict(SimpleSigningAttestationCheck(), image=f"x/y@sha256:{A}") is Verdict.ERROR
