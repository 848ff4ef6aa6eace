"""What a platform policy must be to be written (SPEC 6.2, 6.3); every fault is named with the path of its field."""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping

from binauthz.attestation.keys import describe_keys
from binauthz.attestation.model import AttestorKey, PkixKey
from binauthz.base.errors import FieldViolation
from binauthz.base.limits import MAX_ALLOWLIST_PATTERNS, MAX_DESCRIPTION_CHARS
from binauthz.base.names import PROJECT
from binauthz.crypto.algorithms import SignatureAlgorithm
from binauthz.crypto.errors import KeyRefusedError
from binauthz.crypto.pkix import check_public_pem
from binauthz.policy.platform.allowlist import pattern_problem
from binauthz.policy.platform.cloud_run import cloud_run_faults
from binauthz.policy.platform.directories import directory_problem
from binauthz.policy.platform.model import (
    AlwaysDeny,
    Authenticator,
    AuthenticatorKey,
    Check,
    CheckSet,
    ImageFreshnessCheck,
    MaximumSeverity,
    PlatformPolicy,
    Scope,
    SigstoreSignatureCheck,
    SimpleSigningAttestationCheck,
    SlsaCheck,
    TrustedDirectoryCheck,
    VulnerabilityCheck,
)
from binauthz.policy.platform.provenance import GOOGLE_CLOUD_BUILD
from binauthz.policy.platform.repositories import source_problem

MAX_VIOLATIONS = 100
MAX_PROJECTS = 10
MAX_CHECK_SETS = 500
MAX_CHECKS = 100
MAX_MEMBERS = 500
MAX_CVES = 2000
MAX_CONSTRAINT_CHARS = 4096
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_ID = re.compile(r"[A-Za-z0-9._-]{1,256}")

Faults = Iterator[FieldViolation]


def validate(draft: PlatformPolicy) -> tuple[FieldViolation, ...]:
    """What is wrong with a draft; empty when nothing is. At most 100 faults are named."""
    return tuple(itertools.islice(_faults(draft), MAX_VIOLATIONS))


def _faults(draft: PlatformPolicy) -> Faults:
    if len(draft.description) > MAX_DESCRIPTION_CHARS:
        yield FieldViolation("description", f"got {len(draft.description)} characters")
    if draft.cloud_run is not None:
        yield from cloud_run_faults(draft.cloud_run)
    if draft.gke is None:
        if draft.cloud_run is None:
            yield FieldViolation("gkePolicy", "is missing, expected a policy")
        return
    yield from _allowlist("gkePolicy", draft.gke.allowlist)
    sets = draft.gke.check_sets
    yield from _count("gkePolicy.checkSets", len(sets), 0, MAX_CHECK_SETS)
    yield from _scopes(sets)
    for index, each in enumerate(sets[:MAX_CHECK_SETS]):
        path = f"gkePolicy.checkSets[{index}]"
        yield from _allowlist(path, each.allowlist)
        yield from _count(f"{path}.checks", len(each.checks), 0, MAX_CHECKS)
        for number, check in enumerate(each.checks[:MAX_CHECKS]):
            yield from _check(f"{path}.checks[{number}]", check)


def _scopes(sets: tuple[CheckSet, ...]) -> Faults:
    """The last set is the only default; no scope twice; a service account before its namespace (SPEC 6.2)."""
    seen: set[Scope] = set()
    namespaces: set[str] = set()
    for index, each in enumerate(sets):
        path = f"gkePolicy.checkSets[{index}].scope"
        scope, last = each.scope, index == len(sets) - 1
        if scope is None:
            if not last:
                yield FieldViolation(path, "is missing, expected one in every check set but the last")
            continue
        if last:
            yield FieldViolation(path, "is set in the last check set, expected a default one without scope")
        if scope in seen:
            yield FieldViolation(path, "is that of an earlier check set, expected each scope once")
        seen.add(scope)
        namespace, colon, account = scope.service_account.partition(":")
        if scope.namespace:
            namespaces.add(scope.namespace)
            if not _LABEL.fullmatch(scope.namespace):
                yield FieldViolation(f"{path}.kubernetesNamespace", f"{scope.namespace[:80]!a} is not a namespace")
        elif not (colon and _LABEL.fullmatch(namespace) and _LABEL.fullmatch(account)):
            yield FieldViolation(
                f"{path}.kubernetesServiceAccount",
                f"{scope.service_account[:80]!a} is not `namespace:serviceaccount`",
            )
        elif namespace in namespaces:
            yield FieldViolation(path, f"comes after the check set of its namespace `{namespace}`, expected before")


def _check(path: str, check: Check) -> Faults:
    yield from _allowlist(path, check.allowlist)
    if check.kind is None:
        yield FieldViolation(path, "has no check, expected one of the check types")
        return
    yield from RULES[type(check.kind)](path, check.kind)


def _always_deny(path: str, kind: AlwaysDeny) -> Faults:
    if not kind.value:
        yield FieldViolation(f"{path}.alwaysDeny", "is false, expected true or no member")


def _directories(path: str, kind: TrustedDirectoryCheck) -> Faults:
    path = f"{path}.trustedDirectoryCheck.trustedDirPatterns"
    yield from _count(path, len(kind.patterns), 1, MAX_MEMBERS)
    yield from _each(path, kind.patterns, directory_problem)


def _freshness(path: str, kind: ImageFreshnessCheck) -> Faults:
    if kind.max_upload_age_days <= 0:
        field = f"{path}.imageFreshnessCheck.maxUploadAgeDays"
        yield FieldViolation(field, f"is {kind.max_upload_age_days}, expected more than 0")


def _vulnerability(path: str, kind: VulnerabilityCheck) -> Faults:
    path = f"{path}.vulnerabilityCheck"
    severities = {"maximumFixableSeverity": kind.maximum_fixable, "maximumUnfixableSeverity": kind.maximum_unfixable}
    for field, severity in severities.items():
        if severity is MaximumSeverity.UNSPECIFIED:
            yield FieldViolation(f"{path}.{field}", "is unspecified, expected a severity")
    for field, ids in {"allowedCves": kind.allowed_cves, "blockedCves": kind.blocked_cves}.items():
        yield from _count(f"{path}.{field}", len(ids), 0, MAX_CVES)
        yield from _each(f"{path}.{field}", ids, lambda text: None if _ID.fullmatch(text) else "is not an id")
    yield from _projects(f"{path}.containerAnalysisVulnerabilityProjects", kind.projects)


def _slsa(path: str, kind: SlsaCheck) -> Faults:
    path = f"{path}.slsaCheck.rules"
    yield from _count(path, len(kind.rules), 1, MAX_CHECKS)
    for index, rule in enumerate(kind.rules[:MAX_CHECKS]):
        below = f"{path}[{index}]"
        if rule.trusted_builder != GOOGLE_CLOUD_BUILD:
            yield FieldViolation(f"{below}.trustedBuilder", f"is unspecified, expected `{GOOGLE_CLOUD_BUILD}`")
        yield from _projects(f"{below}.attestationSource.containerAnalysisAttestationProjects", rule.projects)
        yield from _count(f"{below}.trustedSourceRepoPatterns", len(rule.source_patterns), 0, MAX_MEMBERS)
        yield from _each(f"{below}.trustedSourceRepoPatterns", rule.source_patterns, source_problem)
        if len(rule.custom_constraints) > MAX_CONSTRAINT_CHARS:
            got = len(rule.custom_constraints)
            field = f"{below}.customConstraints"
            yield FieldViolation(field, f"has {got} characters, expected at most {MAX_CONSTRAINT_CHARS}")


def _simple_signing(path: str, kind: SimpleSigningAttestationCheck) -> Faults:
    path = f"{path}.simpleSigningAttestationCheck"
    yield from _projects(f"{path}.containerAnalysisAttestationProjects", kind.projects)
    path = f"{path}.attestationAuthenticators"
    yield from _count(path, len(kind.authenticators), 1, MAX_CHECKS)
    for index, each in enumerate(kind.authenticators[:MAX_CHECKS]):
        keys = f"{path}[{index}].pkixPublicKeySet.pkixPublicKeys"
        yield from _count(keys, len(each.keys), 1, MAX_CHECKS)
        try:
            described(each)
        except KeyRefusedError as refusal:
            yield FieldViolation(
                f"{keys}{refusal.field.removeprefix('publicKeys').replace('.pkixPublicKey.', '.')}",
                refusal.description,
            )


def described(authenticator: Authenticator) -> Authenticator:
    """The authenticator with the ids that signatures name its keys by. Raises KeyRefusedError."""
    known = describe_keys(attestor_keys(authenticator))
    keys = tuple(
        AuthenticatorKey(pem=key.pem, algorithm=key.algorithm, id=each.id)
        for key, each in zip(authenticator.keys, known, strict=True)
    )
    return Authenticator(display_name=authenticator.display_name, keys=keys)


def attestor_keys(authenticator: Authenticator) -> tuple[AttestorKey, ...]:
    """The keys as attestors have them."""
    return tuple(
        AttestorKey(id=key.id, material=PkixKey(pem=key.pem, algorithm=SignatureAlgorithm(key.algorithm)))
        for key in authenticator.keys
    )


def _sigstore(path: str, kind: SigstoreSignatureCheck) -> Faults:
    path = f"{path}.sigstoreSignatureCheck.sigstoreAuthorities"
    yield from _count(path, len(kind.authorities), 1, MAX_CHECKS)
    for index, each in enumerate(kind.authorities[:MAX_CHECKS]):
        keys = f"{path}[{index}].publicKeySet.publicKeys"
        yield from _count(keys, len(each.keys), 1, MAX_CHECKS)
        for number, pem in enumerate(each.keys[:MAX_CHECKS]):
            try:
                check_public_pem(pem)
            except KeyRefusedError as refusal:
                yield FieldViolation(f"{keys}[{number}].publicKeyPem", refusal.description)


RULES: Mapping[type, Callable[..., Faults]] = {
    AlwaysDeny: _always_deny,
    TrustedDirectoryCheck: _directories,
    ImageFreshnessCheck: _freshness,
    VulnerabilityCheck: _vulnerability,
    SlsaCheck: _slsa,
    SimpleSigningAttestationCheck: _simple_signing,
    SigstoreSignatureCheck: _sigstore,
}


def _allowlist(path: str, patterns: tuple[str, ...]) -> Faults:
    path = f"{path}.imageAllowlist.allowPattern"
    yield from _count(path, len(patterns), 0, MAX_ALLOWLIST_PATTERNS)
    yield from _each(path, patterns, pattern_problem)


def _projects(path: str, projects: tuple[str, ...]) -> Faults:
    yield from _count(path, len(projects), 0, MAX_PROJECTS)
    yield from _each(path, projects, _project_problem)


def _project_problem(name: str) -> str | None:
    ids = PROJECT.match(name)
    if ids is None or ids[0].isdigit():
        return f"{name[:80]!a} is not `projects/PROJECT_ID`, with the id and not the number"
    return None


def _count(path: str, got: int, least: int, most: int) -> Faults:
    if not least <= got <= most:
        yield FieldViolation(path, f"has {got} members, expected {least} to {most}")


def _each(path: str, texts: tuple[str, ...], problem: Callable[[str], str | None]) -> Faults:
    for index, text in enumerate(texts[:MAX_ALLOWLIST_PATTERNS]):
        found = problem(text)
        if found is not None:
            yield FieldViolation(f"{path}[{index}]", found)
