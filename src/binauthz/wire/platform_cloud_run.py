"""Cloud Run's platform policies on the wire: members that only gcloud's own client knows (SPEC 0.2)."""

from typing import Any

from binauthz.policy.model import EnforcementMode, EvaluationMode
from binauthz.policy.platform.model import CloudRunPolicy, CloudRunRule, InlineAttestor, InlineKey
from binauthz.wire.fields import enum_name, set_enum

_RULE = "cloudRunPolicy.rule"


def to_cloud_run(message: Any) -> CloudRunPolicy:
    """The policy that a message holds."""
    rule = None
    if message.HasField("rule"):
        rule = CloudRunRule(
            evaluation_mode=EvaluationMode(enum_name(message.rule, "evaluation_mode", _RULE)),
            enforcement_mode=EnforcementMode(enum_name(message.rule, "enforcement_mode", _RULE)),
            attestors=tuple(
                InlineAttestor(
                    id=each.id,
                    note=each.attestation_note,
                    description=each.description,
                    keys=tuple(
                        _key(key, f"{_RULE}.requiredAttestors[{index}].publicKeys[{number}]")
                        for number, key in enumerate(each.public_keys)
                    ),
                )
                for index, each in enumerate(message.rule.required_attestors)
            ),
        )
    return CloudRunPolicy(allowlist=tuple(each.name_pattern for each in message.allowlist_patterns), rule=rule)


def _key(message: Any, path: str) -> InlineKey:
    pkix = message.pkix_public_key
    algorithm = ""
    if message.WhichOneof("public_key") == "pkix_public_key":
        algorithm = enum_name(pkix, "signature_algorithm", f"{path}.pkixPublicKey")
    return InlineKey(
        id=message.id or pkix.key_id,
        comment=message.comment,
        pgp=message.ascii_armored_pgp_public_key,
        pem=pkix.public_key_pem,
        algorithm=algorithm,
    )


def fill_cloud_run(message: Any, policy: CloudRunPolicy) -> None:
    """Write the policy into a message."""
    message.SetInParent()
    for pattern in policy.allowlist:
        message.allowlist_patterns.add(name_pattern=pattern)
    if policy.rule is None:
        return
    message.rule.SetInParent()
    set_enum(message.rule, "evaluation_mode", policy.rule.evaluation_mode.value)
    set_enum(message.rule, "enforcement_mode", policy.rule.enforcement_mode.value)
    for each in policy.rule.attestors:
        item = message.rule.required_attestors.add(id=each.id, attestation_note=each.note, description=each.description)
        for key in each.keys:
            made = item.public_keys.add(id=key.id, comment=key.comment)
            if key.pgp:
                made.ascii_armored_pgp_public_key = key.pgp
            else:
                made.pkix_public_key.public_key_pem = key.pem
                set_enum(made.pkix_public_key, "signature_algorithm", key.algorithm)
