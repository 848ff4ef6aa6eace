"""The singleton and system policies on the wire, in v1, v1beta1 and v1alpha2 (SPEC 0.2, 1.2)."""

from collections.abc import Mapping
from typing import Any

from google.protobuf.message import Message

from binauthz.policy.model import AdmissionRule, EnforcementMode, EvaluationMode, GlobalEvaluation, Policy
from binauthz.services import policies
from binauthz.services.context import Context
from binauthz.wire.descriptors import message_class
from binauthz.wire.fields import enum_name, set_enum, unknown_fields
from binauthz.wire.json import merge

_RULE_MAPS = {
    "cluster_rules": "cluster_admission_rules",
    "namespace_rules": "kubernetes_namespace_admission_rules",
    "service_account_rules": "kubernetes_service_account_admission_rules",
    "istio_rules": "istio_service_identity_admission_rules",
}


def _rule(message: Any, path: str) -> AdmissionRule:
    return AdmissionRule(
        evaluation_mode=EvaluationMode(enum_name(message, "evaluation_mode", path)),
        enforcement_mode=EnforcementMode(enum_name(message, "enforcement_mode", path)),
        require_attestations_by=tuple(message.require_attestations_by),
    )


def to_policy(message: Any) -> Policy:
    """The policy that a message of any version holds; output-only members are carried along and ignored later."""
    rules: dict[str, Mapping[str, AdmissionRule]] = {
        # A map of a message has no order; faults are told in the same one whichever door it came through.
        ours: {key: _rule(rule, f"{theirs}[{key[:80]}]") for key, rule in sorted(getattr(message, theirs).items())}
        for ours, theirs in _RULE_MAPS.items()
    }
    default = message.default_admission_rule if message.HasField("default_admission_rule") else None
    return Policy(
        name=message.name,
        description=message.description,
        global_evaluation=GlobalEvaluation(enum_name(message, "global_policy_evaluation_mode", "policy")),
        allowlist=tuple(each.name_pattern for each in message.admission_whitelist_patterns),
        cluster_rules=rules["cluster_rules"],
        namespace_rules=rules["namespace_rules"],
        service_account_rules=rules["service_account_rules"],
        istio_rules=rules["istio_rules"],
        default_rule=None if default is None else _rule(default, "defaultAdmissionRule"),
        etag=message.etag,
        unknown=unknown_fields(message),
    )


def policy_from_json(document: Mapping[str, Any]) -> Policy:
    """A policy in the API's v1 JSON form; raises INVALID_ARGUMENT naming the member at fault."""
    message = message_class("google.cloud.binaryauthorization.v1.Policy")()
    merge(document, message, path="policy")
    return to_policy(message)


def _fill_rule(message: Any, rule: AdmissionRule) -> None:
    set_enum(message, "evaluation_mode", rule.evaluation_mode.value)
    set_enum(message, "enforcement_mode", rule.enforcement_mode.value)
    message.require_attestations_by.extend(rule.require_attestations_by)


def from_policy(policy: Policy, version: str) -> Message:
    """The policy as a message of a version."""
    message: Any = message_class(f"google.cloud.binaryauthorization.{version}.Policy").FromString(policy.unknown)
    message.name = policy.name
    message.description = policy.description
    set_enum(message, "global_policy_evaluation_mode", policy.global_evaluation.value)
    for pattern in policy.allowlist:
        message.admission_whitelist_patterns.add(name_pattern=pattern)
    for ours, theirs in _RULE_MAPS.items():
        for key, rule in getattr(policy, ours).items():
            _fill_rule(getattr(message, theirs)[key], rule)
    if policy.default_rule is not None:
        _fill_rule(message.default_admission_rule, policy.default_rule)
    if policy.update_time is not None:
        message.update_time.FromDatetime(policy.update_time)
    message.etag = policy.etag
    result: Message = message
    return result


class PolicyHandlers:
    """The policy methods of one version."""

    def __init__(self, version: str) -> None:
        self._version = version

    async def get(self, ctx: Context, request: Any) -> Message:
        """GetPolicy."""
        return from_policy(await policies.get_policy(ctx, request.name), self._version)

    async def update(self, ctx: Context, request: Any) -> Message:
        """UpdatePolicy."""
        return from_policy(await policies.update_policy(ctx, to_policy(request.policy)), self._version)

    async def get_system(self, ctx: Context, request: Any) -> Message:
        """GetSystemPolicy."""
        return from_policy(await policies.get_system_policy(ctx, request.name), self._version)
