"""How two policies differ in what they mean (SPEC 1.2, 1.3).

Order counts nowhere in a policy, nor does writing something twice: patterns and attestors are compared as sets, rules
by their key. An unspecified global evaluation mode is DISABLE (SPEC 13.14). Name, etag and update time are not content.
"""

import enum
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from binauthz.policy.model import AdmissionRule, GlobalEvaluation, Policy

_MAPS = {
    "clusterAdmissionRules": "cluster_rules",
    "kubernetesNamespaceAdmissionRules": "namespace_rules",
    "kubernetesServiceAccountAdmissionRules": "service_account_rules",
    "istioServiceIdentityAdmissionRules": "istio_rules",
}


class Change(enum.Enum):
    """What became of a member on the way from the one policy to the other."""

    ADDED = "ADDED"
    REMOVED = "REMOVED"
    CHANGED = "CHANGED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One member that means something else; the side where it is absent is empty."""

    change: Change
    field: str
    before: str = ""
    after: str = ""


def differences(before: Policy, after: Policy) -> tuple[Difference, ...]:
    """Everything that the second policy says otherwise than the first; empty when they mean the same."""
    return tuple(_differences(before, after))


def rule_text(rule: AdmissionRule) -> str:
    """A rule in one line."""
    attestors = f" by {', '.join(sorted(set(rule.require_attestations_by)))}" if rule.require_attestations_by else ""
    return f"{rule.evaluation_mode.value}{attestors}, {rule.enforcement_mode.value}"


def _differences(before: Policy, after: Policy) -> Iterator[Difference]:
    yield from _scalar("description", before.description, after.description)
    yield from _scalar("globalPolicyEvaluationMode", _global(before), _global(after))
    yield from _sets("admissionWhitelistPatterns", before.allowlist, after.allowlist)
    for field, attribute in _MAPS.items():
        old: Mapping[str, AdmissionRule] = getattr(before, attribute)
        new: Mapping[str, AdmissionRule] = getattr(after, attribute)
        for key in sorted({*old, *new}):
            yield from _rules(f"{field}[{key}]", old.get(key), new.get(key))
    yield from _rules("defaultAdmissionRule", before.default_rule, after.default_rule)
    if before.unknown != after.unknown:
        yield Difference(
            change=Change.CHANGED, field="members that this release does not know", before="...", after="..."
        )


def _global(policy: Policy) -> str:
    return "ENABLE" if policy.global_evaluation is GlobalEvaluation.ENABLE else "DISABLE"


def _scalar(field: str, before: str, after: str) -> Iterator[Difference]:
    if before == after:
        return
    change = Change.ADDED if not before else Change.REMOVED if not after else Change.CHANGED
    yield Difference(change=change, field=field, before=before, after=after)


def _sets(field: str, before: Collection[str], after: Collection[str]) -> Iterator[Difference]:
    for gone in sorted({*before} - {*after}):
        yield Difference(change=Change.REMOVED, field=field, before=gone)
    for new in sorted({*after} - {*before}):
        yield Difference(change=Change.ADDED, field=field, after=new)


def _rules(field: str, before: AdmissionRule | None, after: AdmissionRule | None) -> Iterator[Difference]:
    if before is None and after is not None:
        yield Difference(change=Change.ADDED, field=field, after=rule_text(after))
    elif after is None and before is not None:
        yield Difference(change=Change.REMOVED, field=field, before=rule_text(before))
    elif before is not None and after is not None:
        yield from _scalar(f"{field}.evaluationMode", before.evaluation_mode.value, after.evaluation_mode.value)
        yield from _scalar(f"{field}.enforcementMode", before.enforcement_mode.value, after.enforcement_mode.value)
        yield from _sets(
            f"{field}.requireAttestationsBy", before.require_attestations_by, after.require_attestations_by
        )
