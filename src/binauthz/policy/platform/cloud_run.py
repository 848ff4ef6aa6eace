"""What a Cloud Run policy must be to be written: the shape that gcloud's own client gives it (SPEC 0.2)."""

import dataclasses
from collections.abc import Iterator

from binauthz.attestation.keys import describe_keys
from binauthz.attestation.model import AttestorKey, PgpKey, PkixKey
from binauthz.base.errors import FieldViolation
from binauthz.base.limits import MAX_ALLOWLIST_PATTERNS, MAX_ATTESTOR_REFERENCES_PER_POLICY
from binauthz.base.names import NOTE
from binauthz.base.patterns import pattern_problem
from binauthz.crypto.algorithms import SignatureAlgorithm
from binauthz.crypto.errors import KeyRefusedError
from binauthz.policy.model import EnforcementMode, EvaluationMode
from binauthz.policy.platform.model import CloudRunPolicy, CloudRunRule, InlineAttestor, InlineKey

_MAX_ID_CHARS = 128


def cloud_run_faults(policy: CloudRunPolicy) -> Iterator[FieldViolation]:
    """Every fault of a draft, with the path of its field."""
    path = "cloudRunPolicy.allowlistPatterns"
    if len(policy.allowlist) > MAX_ALLOWLIST_PATTERNS:
        got = len(policy.allowlist)
        yield FieldViolation(path, f"has {got} members, expected at most {MAX_ALLOWLIST_PATTERNS}")
    for index, pattern in enumerate(policy.allowlist[:MAX_ALLOWLIST_PATTERNS]):
        problem = pattern_problem(pattern)
        if problem is not None:
            yield FieldViolation(f"{path}[{index}].namePattern", problem)
    if policy.rule is None:
        yield FieldViolation("cloudRunPolicy.rule", "is missing, expected a rule")
    else:
        yield from _rule("cloudRunPolicy.rule", policy.rule)


def _rule(path: str, rule: CloudRunRule) -> Iterator[FieldViolation]:
    if rule.evaluation_mode is EvaluationMode.UNSPECIFIED:
        yield FieldViolation(f"{path}.evaluationMode", "is unspecified, expected a mode")
    if rule.enforcement_mode is EnforcementMode.UNSPECIFIED:
        yield FieldViolation(f"{path}.enforcementMode", "is unspecified, expected a mode")
    path = f"{path}.requiredAttestors"
    if rule.evaluation_mode is EvaluationMode.REQUIRE_ATTESTATION and not rule.attestors:
        yield FieldViolation(path, "is empty, expected at least one attestor under `REQUIRE_ATTESTATION`")
    if rule.evaluation_mode is not EvaluationMode.REQUIRE_ATTESTATION and rule.attestors:
        yield FieldViolation(path, f"names attestors under `{rule.evaluation_mode.value}`, expected none")
    if len(rule.attestors) > MAX_ATTESTOR_REFERENCES_PER_POLICY:
        got = len(rule.attestors)
        yield FieldViolation(path, f"has {got} members, expected at most {MAX_ATTESTOR_REFERENCES_PER_POLICY}")
        return
    seen: set[str] = set()
    for index, each in enumerate(rule.attestors):
        yield from _attestor(f"{path}[{index}]", each, seen)


def _attestor(path: str, each: InlineAttestor, seen: set[str]) -> Iterator[FieldViolation]:
    if not 0 < len(each.id) <= _MAX_ID_CHARS:
        yield FieldViolation(f"{path}.id", f"has {len(each.id)} characters, expected 1 to {_MAX_ID_CHARS}")
    elif each.id in seen:
        yield FieldViolation(f"{path}.id", "is that of another attestor, expected ids that differ")
    seen.add(each.id)
    if NOTE.match(each.note) is None:
        yield FieldViolation(f"{path}.attestationNote", f"{each.note[:80]!a} is not `{NOTE.text}`")
    try:
        described(each)
    except KeyRefusedError as refusal:
        yield FieldViolation(f"{path}.{refusal.field}", refusal.description)


def described(attestor: InlineAttestor) -> InlineAttestor:
    """The attestor with the ids that signatures name its keys by (SPEC 2.4). Raises KeyRefusedError."""
    known = describe_keys([_attestor_key(key) for key in attestor.keys])
    keys = tuple(dataclasses.replace(key, id=each.id) for key, each in zip(attestor.keys, known, strict=True))
    return dataclasses.replace(attestor, keys=keys)


def _attestor_key(key: InlineKey) -> AttestorKey:
    material: PgpKey | PkixKey | None = None
    if key.pgp:
        material = PgpKey(armored=key.pgp)
    elif key.pem or key.algorithm:
        material = PkixKey(pem=key.pem, algorithm=SignatureAlgorithm(key.algorithm))
    return AttestorKey(id=key.id, comment=key.comment, material=material)
