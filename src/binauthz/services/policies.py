"""The singleton policy of a project, and the system policy (SPEC 1)."""

import dataclasses

from binauthz.attestation.model import Attestor
from binauthz.base import names
from binauthz.base.errors import ApiError, FieldViolation, invalid
from binauthz.policy.model import AdmissionRule, EnforcementMode, EvaluationMode, GlobalEvaluation, Policy
from binauthz.policy.validate import validate
from binauthz.services import etags, projects
from binauthz.services.authorization import permits
from binauthz.services.context import Context
from binauthz.services.names import not_found
from binauthz.store.interface import Reader, Writer

_READ_ATTESTOR = "binaryauthorization.attestors.get"
SYSTEM_POLICY = "locations/global/policy"


def default_policy(name: str) -> Policy:
    """What a project that never wrote a policy has (SPEC 1.8); it has neither etag nor update time."""
    return Policy(
        name=name,
        global_evaluation=GlobalEvaluation.ENABLE,
        default_rule=AdmissionRule(
            evaluation_mode=EvaluationMode.ALWAYS_ALLOW,
            enforcement_mode=EnforcementMode.ENFORCED_BLOCK_AND_AUDIT_LOG,
        ),
    )


def effective(tx: Reader, name: str) -> Policy:
    """The project's policy or the default one; raises NOT_FOUND for an unknown project."""
    names.POLICY.parse(name)
    name = projects.require(tx, name).name + "/policy"
    return tx.get(Policy, name) or default_policy(name)


async def get_policy(ctx: Context, name: str) -> Policy:
    """The policy of ``projects/{p}/policy``."""
    return await ctx.store.read(lambda tx: effective(tx, name))


async def get_system_policy(ctx: Context, name: str) -> Policy:
    """The system policy of a location; every location has the one of ``global``."""
    names.SYSTEM_POLICY.parse(name)
    policy = await ctx.store.read(lambda tx: tx.get(Policy, name) or tx.get(Policy, SYSTEM_POLICY))
    if policy is None:
        raise not_found(name)
    return dataclasses.replace(policy, name=name)


async def update_policy(ctx: Context, draft: Policy) -> Policy:
    """Create or replace the whole policy; what the draft omits is cleared (SPEC 1.1).

    Raises INVALID_ARGUMENT for a draft that SPEC 1.7 refuses, NOT_FOUND for an unknown project, and ABORTED for a
    stale etag where the settings ask for it.
    """
    names.POLICY.parse(draft.name, "policy.name")
    violations = validate(draft, attestor_references=ctx.settings.limits.attestor_references_per_policy)
    if violations:
        raise _malformed(violations)
    now, etag = ctx.clock.now(), etags.fresh()

    def body(tx: Writer) -> Policy:
        name = projects.require(tx, draft.name).name + "/policy"
        current = tx.get(Policy, name)
        etags.check(ctx.settings, sent=draft.etag, current=current.etag if current else "", name=name)
        unreadable = _unreadable_attestors(ctx, tx, draft)
        if unreadable:
            raise _malformed(unreadable)
        policy = dataclasses.replace(draft, name=name, update_time=now, etag=etag)
        tx.put(policy)
        return policy

    return await ctx.store.write(body)


def _malformed(violations: tuple[FieldViolation, ...]) -> ApiError:
    first = violations[0]
    more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
    return invalid(f"invalid policy: {first.field}: {first.description}{more}", *violations)


def _unreadable_attestors(ctx: Context, tx: Reader, draft: Policy) -> tuple[FieldViolation, ...]:
    """Attestors that do not exist or that the caller may not read, told apart to nobody (SPEC 1.7)."""
    known: dict[str, bool] = {}
    found: list[FieldViolation] = []
    for path, rule in _rules(draft):
        for index, attestor in enumerate(rule.require_attestations_by):
            if attestor not in known:
                known[attestor] = permits(tx, ctx.caller, _READ_ATTESTOR, attestor) and (
                    tx.get(Attestor, attestor) is not None
                )
            if not known[attestor]:
                text = f"attestor `{attestor}` does not exist, or the caller lacks {_READ_ATTESTOR} on it"
                found.append(FieldViolation(f"{path}.requireAttestationsBy[{index}]", text))
    return tuple(found)


def _rules(policy: Policy) -> list[tuple[str, AdmissionRule]]:
    maps = {
        "clusterAdmissionRules": policy.cluster_rules,
        "kubernetesNamespaceAdmissionRules": policy.namespace_rules,
        "kubernetesServiceAccountAdmissionRules": policy.service_account_rules,
        "istioServiceIdentityAdmissionRules": policy.istio_rules,
    }
    listed = [(f"{field}[{key}]", rule) for field, rules in maps.items() for key, rule in rules.items()]
    return listed if policy.default_rule is None else [*listed, ("defaultAdmissionRule", policy.default_rule)]
