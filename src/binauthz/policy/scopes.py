"""Which rule of a policy judges a Pod (SPEC 1.3, 1.4).

A valid policy populates at most one rule map, and a matching key of that map replaces the default rule completely. A
stored policy with two populated maps has no documented meaning, so none is invented for it (SPEC 13.12): the choice is
ambiguous, which the engine reports as an error and never as a verdict.
"""

import enum
from dataclasses import dataclass

from binauthz.policy.model import AdmissionRule, EnforcementMode, Policy
from binauthz.policy.subject import Subject


class Scope(enum.Enum):
    """The kind of rule that was chosen."""

    DEFAULT = enum.auto()
    CLUSTER = enum.auto()
    NAMESPACE = enum.auto()
    SERVICE_ACCOUNT = enum.auto()
    AMBIGUOUS = enum.auto()


@dataclass(frozen=True, slots=True)
class Ruling:
    """The rule that judges a Pod. ``rule`` is None where the policy has none to offer: no default, or ambiguous."""

    scope: Scope
    key: str
    rule: AdmissionRule | None

    @property
    def dry_run(self) -> bool:
        """Whether violations are only logged. An unspecified enforcement mode blocks."""
        return self.rule is not None and self.rule.enforcement_mode is EnforcementMode.DRYRUN_AUDIT_LOG_ONLY


def populated_maps(policy: Policy) -> tuple[str, ...]:
    """The JSON names of the rule maps that hold a rule."""
    maps = {
        "clusterAdmissionRules": policy.cluster_rules,
        "kubernetesNamespaceAdmissionRules": policy.namespace_rules,
        "kubernetesServiceAccountAdmissionRules": policy.service_account_rules,
        "istioServiceIdentityAdmissionRules": policy.istio_rules,
    }
    return tuple(name for name, rules in maps.items() if rules)


def choose(policy: Policy, subject: Subject) -> Ruling:
    """The one rule that applies to the Pod. Mesh identities never match a Kubernetes admission."""
    if (
        bool(policy.cluster_rules)
        + bool(policy.namespace_rules)
        + bool(policy.service_account_rules)
        + bool(policy.istio_rules)
    ) > 1:
        return Ruling(Scope.AMBIGUOUS, ", ".join(populated_maps(policy)), None)
    if policy.cluster_rules:
        scope, key, rules = Scope.CLUSTER, subject.cluster, policy.cluster_rules
    elif policy.namespace_rules:
        scope, key, rules = Scope.NAMESPACE, subject.namespace, policy.namespace_rules
    else:
        key = f"{subject.namespace}:{subject.service_account}"
        scope, rules = Scope.SERVICE_ACCOUNT, policy.service_account_rules
    rule = rules.get(key)
    if rule is not None:
        return Ruling(scope, key, rule)
    return Ruling(Scope.DEFAULT, "", policy.default_rule)
