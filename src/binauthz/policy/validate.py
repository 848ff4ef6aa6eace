"""What a policy must be to be written (SPEC 1.4, 1.5, 1.7); every fault is reported, with the path of its field.

Whether the attestors exist, and whether the caller may read them, is the service's question; so is the etag.
Output-only fields are not looked at (SPEC 13.3).
"""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping

from binauthz.base.errors import FieldViolation
from binauthz.base.limits import (
    MAX_ALLOWLIST_PATTERNS,
    MAX_ATTESTOR_REFERENCES_PER_POLICY,
    MAX_DESCRIPTION_CHARS,
    MAX_RULES_PER_MAP,
)
from binauthz.base.names import ATTESTOR
from binauthz.base.patterns import pattern_problem
from binauthz.policy.model import AdmissionRule, EnforcementMode, EvaluationMode, Policy
from binauthz.policy.scopes import populated_maps

MAX_VIOLATIONS = 100
_MAX_KEY_CHARS = 512
_MAX_SHOWN = 120

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")

_CLUSTER = "`location.cluster`, for example `us-central1-a.prod`"
_NAMESPACE = "a namespace, for example `payments`"
_SERVICE_ACCOUNT = "`namespace:serviceaccount`, for example `payments:default`"
_IDENTITY = "`spiffe://<domain>/ns/<namespace>/sa/<serviceaccount>`, with or without `spiffe://`"


def validate(
    draft: Policy, *, attestor_references: int = MAX_ATTESTOR_REFERENCES_PER_POLICY
) -> tuple[FieldViolation, ...]:
    """What is wrong with a policy that somebody wants to write; empty when nothing is. At most 100 faults are named."""
    return tuple(itertools.islice(_faults(draft, attestor_references), MAX_VIOLATIONS))


def _faults(draft: Policy, attestor_references: int) -> Iterator[FieldViolation]:
    if len(draft.description) > MAX_DESCRIPTION_CHARS:
        yield FieldViolation(
            "description", f"has {len(draft.description)} characters, expected at most {MAX_DESCRIPTION_CHARS}"
        )
    yield from _allowlist_faults(draft.allowlist)
    if draft.default_rule is None:
        yield FieldViolation("defaultAdmissionRule", "is missing, expected a rule")
    populated = populated_maps(draft)
    if len(populated) > 1:
        got = ", ".join(f"`{name}`" for name in populated)
        for name in populated:
            yield FieldViolation(name, f"only one kind of specific rule may be populated, got {got}")
    yield from _key_faults("clusterAdmissionRules", draft.cluster_rules, _is_cluster, _CLUSTER)
    yield from _key_faults("kubernetesNamespaceAdmissionRules", draft.namespace_rules, _is_namespace, _NAMESPACE)
    yield from _key_faults(
        "kubernetesServiceAccountAdmissionRules",
        draft.service_account_rules,
        _is_service_account,
        _SERVICE_ACCOUNT,
    )
    yield from _key_faults("istioServiceIdentityAdmissionRules", draft.istio_rules, _is_identity, _IDENTITY)
    references = 0
    for path, rule in _rules(draft):
        references += len(rule.require_attestations_by)
        yield from _rule_faults(path, rule)
    if references > attestor_references:
        yield FieldViolation(
            "requireAttestationsBy",
            f"the policy names attestors {references} times, expected at most {attestor_references}",
        )


def _rules(policy: Policy) -> Iterator[tuple[str, AdmissionRule]]:
    if policy.default_rule is not None:
        yield "defaultAdmissionRule", policy.default_rule
    maps = {
        "clusterAdmissionRules": policy.cluster_rules,
        "kubernetesNamespaceAdmissionRules": policy.namespace_rules,
        "kubernetesServiceAccountAdmissionRules": policy.service_account_rules,
        "istioServiceIdentityAdmissionRules": policy.istio_rules,
    }
    for name, rules in maps.items():
        for key, rule in rules.items():
            yield f"{name}[{_shown(key)}]", rule


def _rule_faults(path: str, rule: AdmissionRule) -> Iterator[FieldViolation]:
    if rule.evaluation_mode is EvaluationMode.UNSPECIFIED:
        yield FieldViolation(
            f"{path}.evaluationMode",
            "is unspecified, expected `ALWAYS_ALLOW`, `REQUIRE_ATTESTATION` or `ALWAYS_DENY`",
        )
    if rule.enforcement_mode is EnforcementMode.UNSPECIFIED:
        yield FieldViolation(
            f"{path}.enforcementMode",
            "is unspecified, expected `ENFORCED_BLOCK_AND_AUDIT_LOG` or `DRYRUN_AUDIT_LOG_ONLY`",
        )
    attestors = rule.require_attestations_by
    if rule.evaluation_mode is EvaluationMode.REQUIRE_ATTESTATION and not attestors:
        yield FieldViolation(
            f"{path}.requireAttestationsBy", "is empty, expected at least one attestor under `REQUIRE_ATTESTATION`"
        )
    if rule.evaluation_mode is not EvaluationMode.REQUIRE_ATTESTATION and attestors:
        yield FieldViolation(
            f"{path}.requireAttestationsBy",
            f"names {len(attestors)} attestors under `{rule.evaluation_mode.value}`, expected none",
        )
    for index, name in enumerate(attestors):
        if ATTESTOR.match(name) is None:
            yield FieldViolation(
                f"{path}.requireAttestationsBy[{index}]",
                f"`{_shown(name)}` is not an attestor name, expected `{ATTESTOR.text}`",
            )


def _allowlist_faults(patterns: tuple[str, ...]) -> Iterator[FieldViolation]:
    if len(patterns) > MAX_ALLOWLIST_PATTERNS:
        yield FieldViolation(
            "admissionWhitelistPatterns", f"has {len(patterns)} patterns, expected at most {MAX_ALLOWLIST_PATTERNS}"
        )
        return
    for index, pattern in enumerate(patterns):
        problem = pattern_problem(pattern)
        if problem is not None:
            yield FieldViolation(f"admissionWhitelistPatterns[{index}].namePattern", problem)


def _key_faults(
    field: str, rules: Mapping[str, AdmissionRule], accepts: Callable[[str], bool], expected: str
) -> Iterator[FieldViolation]:
    if len(rules) > MAX_RULES_PER_MAP:
        yield FieldViolation(field, f"has {len(rules)} rules, expected at most {MAX_RULES_PER_MAP}")
        return
    for key in rules:
        if len(key) > _MAX_KEY_CHARS or not accepts(key):
            yield FieldViolation(f"{field}[{_shown(key)}]", f"`{_shown(key)}` is not a valid key, expected {expected}")


def _is_cluster(key: str) -> bool:
    """Zone, region or fleet location, one dot, and the cluster or membership; neither holds a dot itself."""
    location, dot, cluster = key.partition(".")
    return bool(dot) and _matches(_LABEL, location) and _matches(_LABEL, cluster)


def _is_namespace(key: str) -> bool:
    return _matches(_SUBDOMAIN, key)


def _is_service_account(key: str) -> bool:
    namespace, colon, account = key.partition(":")
    return bool(colon) and _matches(_SUBDOMAIN, namespace) and _matches(_SUBDOMAIN, account)


def _is_identity(key: str) -> bool:
    parts = key.removeprefix("spiffe://").split("/")
    if len(parts) != 5:
        return False
    domain, ns, namespace, sa, account = parts
    return (ns, sa) == ("ns", "sa") and all(_matches(_SUBDOMAIN, part) for part in (domain, namespace, account))


def _matches(syntax: re.Pattern[str], text: str) -> bool:
    return syntax.fullmatch(text) is not None


def _shown(text: str) -> str:
    cut = text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."
    return ascii(cut)[1:-1]
