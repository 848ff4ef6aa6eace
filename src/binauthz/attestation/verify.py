"""Whether an attestor vouches for a digest: ``attested`` of SPEC section 10, step by step.

    1. The digest asked for is 64 lower-case hexadecimal digits.
    2. The attestor has a key; without one it is never satisfied (SPEC 2.2).
    3. The attestation hangs off the attestor's own note.
    4. The attestation's resource names the digest asked for; scheme and repository do not matter (SPEC 3.1).
    5. Each signature names a key of the attestor, by exact equality, and beyond doubt (SPEC 2.4).
    6. The signature verifies with that key, by the algorithm of its record, over the stored payload, raw or in DSSE's
       encoding; or is an OpenPGP message by that certificate; or is a token by that key (SPEC 3.5).
    7. What was signed is about the digest asked for (SPEC 13.8, 13.9).
    8. Signature, key and token count at the moment of the decision.

One signature that passes every step is enough (THREATS B72). Left to the caller: to hand in occurrences of kind
ATTESTATION, fresh, that the attestor's project may read; to require all attestors of a rule; to turn an ERROR into
something.

ERROR means that a key of the attestor's own record cannot be used, so that we cannot tell. Nothing that comes with an
attestation can cause it: whatever is malformed there was not attested.
"""

import datetime as dt
import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from binauthz.attestation.memo import Proof, Prover
from binauthz.attestation.model import Attestation, Attestor, AttestorKey
from binauthz.attestation.payload import hex_of_digest
from binauthz.base.image import digest_of_resource_uri
from binauthz.base.limits import (
    MAX_ATTESTATIONS_PER_JUDGEMENT,
    MAX_SIGNATURES_PER_ATTESTATION,
    MAX_VERIFICATIONS_PER_JUDGEMENT,
)
from binauthz.crypto.errors import KeyRefusedError, SignatureRefusedError
from binauthz.crypto.jws import split_token


class Outcome(enum.Enum):
    """Yes, no, and could not tell; never one in place of another."""

    SATISFIED = "SATISFIED"
    NOT_SATISFIED = "NOT_SATISFIED"
    ERROR = "ERROR"


class Cause(enum.Enum):
    """Why a judgement came out as it did, for those who branch on it; ``reason`` is for people."""

    PROVEN = "PROVEN"
    NO_DIGEST = "NO_DIGEST"
    NO_KEYS = "NO_KEYS"
    NO_ATTESTATIONS = "NO_ATTESTATIONS"
    NONE_VALID = "NONE_VALID"
    LIMIT_REACHED = "LIMIT_REACHED"
    KEY_UNUSABLE = "KEY_UNUSABLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One signature tried, or an attestation that was not worth trying: ``key_id`` is then empty."""

    attestation: str
    key_id: str
    outcome: Outcome
    reason: str
    proof: Proof | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestorFinding:
    """What came of judging one attestor for one digest: everything that was tried, up to the first proof."""

    attestor: str
    digest: str
    outcome: Outcome
    cause: Cause
    reason: str
    trials: tuple[Trial, ...] = ()

    def __bool__(self) -> NoReturn:
        raise TypeError("a finding has no truth value; look at its outcome")


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestationFinding:
    """What came of checking one attestation that need not be stored (SPEC 2.6)."""

    outcome: Outcome
    cause: Cause
    denial_reason: str
    trials: tuple[Trial, ...] = ()

    def __bool__(self) -> NoReturn:
        raise TypeError("a finding has no truth value; look at its outcome")


def judge_attestor(
    attestor: Attestor, digest: str, attestations: Sequence[Attestation], prover: Prover, now: dt.datetime
) -> AttestorFinding:
    """Whether any key of an attestor signed any of these attestations of a digest.

    ``digest`` is 64 hexadecimal digits, with or without ``sha256:`` in front.
    """
    digits = digest if digest.startswith("sha256:") else f"sha256:{digest}"
    asked = hex_of_digest(digits)
    if asked is None:  # Step 1.
        return _no(attestor, "", Cause.NO_DIGEST, "the image is not named by a sha256 digest")
    if not attestor.keys:  # Step 2.
        return _no(attestor, asked, Cause.NO_KEYS, "the attestor has no keys")
    if not attestations:
        return _no(attestor, asked, Cause.NO_ATTESTATIONS, "no attestations were found, none at all")
    trials: list[Trial] = []
    effort = _Effort()
    for trial in _trials(attestor, asked, attestations, prover, now, effort):
        trials.append(trial)
        if trial.outcome is Outcome.SATISFIED:
            return AttestorFinding(
                attestor=attestor.name,
                digest=asked,
                outcome=Outcome.SATISFIED,
                cause=Cause.PROVEN,
                reason=trial.reason,
                trials=tuple(trials),
            )
    outcome, cause, reason = _why_not(trials, len(attestations), effort)
    return AttestorFinding(
        attestor=attestor.name, digest=asked, outcome=outcome, cause=cause, reason=reason, trials=tuple(trials)
    )


def check_attestation(
    attestor: Attestor, attestation: Attestation, now: dt.datetime, prover: Prover
) -> AttestationFinding:
    """Whether an attestor vouches by this attestation for the digest of the attestation's own resource (SPEC 2.6)."""
    digest = digest_of_resource_uri(attestation.resource_uri)
    if digest is None:
        return AttestationFinding(
            outcome=Outcome.NOT_SATISFIED,
            cause=Cause.NO_DIGEST,
            denial_reason="the resource URI does not end with `@sha256:` and 64 lower-case hexadecimal digits",
        )
    finding = judge_attestor(attestor, digest, (attestation,), prover, now)
    if finding.outcome is Outcome.SATISFIED:
        return AttestationFinding(outcome=finding.outcome, cause=finding.cause, denial_reason="", trials=finding.trials)
    reasons = tuple(dict.fromkeys(trial.reason for trial in finding.trials[:8])) or (finding.reason,)
    return AttestationFinding(
        outcome=finding.outcome, cause=finding.cause, denial_reason="; ".join(reasons), trials=finding.trials
    )


class _Effort:
    """What a judgement may still spend, and whether it ran out. Remembered verifications count too: what is
    remembered must not change a verdict (THREATS B94)."""

    __slots__ = ("left", "ran_out")

    def __init__(self) -> None:
        self.left = MAX_VERIFICATIONS_PER_JUDGEMENT
        self.ran_out = False


def _trials(
    attestor: Attestor,
    digest: str,
    attestations: Sequence[Attestation],
    prover: Prover,
    now: dt.datetime,
    effort: _Effort,
) -> Iterator[Trial]:
    """Steps 3 to 8 for each attestation in turn, until the effort is spent (THREATS B45)."""
    keys = _keys_by_id(attestor)
    effort.ran_out = len(attestations) > MAX_ATTESTATIONS_PER_JUDGEMENT
    for attestation in attestations[:MAX_ATTESTATIONS_PER_JUDGEMENT]:
        misfit = _misfit(attestor, digest, attestation)
        if misfit:
            yield _refused(attestation, "", misfit)
            continue
        yield from _signatures(attestation, keys, digest, prover, now, effort)
        if effort.left == 0:
            effort.ran_out = True
            return


def _misfit(attestor: Attestor, digest: str, attestation: Attestation) -> str:
    """Steps 3 and 4, and that there is something to verify: why this attestation is not tried, or nothing."""
    if attestation.note != attestor.note or not attestor.note:
        return "the attestation belongs to another note than the attestor's"
    if digest_of_resource_uri(attestation.resource_uri) != digest:
        return "the attestation is of another digest than the one asked for"
    if not attestation.signatures and not attestation.jwts:
        return "the attestation carries no signature"
    return ""


def _keys_by_id(attestor: Attestor) -> Mapping[str, AttestorKey | None]:
    """Step 5: keys by id; an id that two keys share, or that is empty, names none of them (THREATS B68)."""
    keys: dict[str, AttestorKey | None] = {}
    for key in attestor.keys:
        keys[key.id] = None if key.id in keys or not key.id else key
    return keys


def _signatures(
    attestation: Attestation,
    keys: Mapping[str, AttestorKey | None],
    digest: str,
    prover: Prover,
    now: dt.datetime,
    effort: _Effort,
) -> Iterator[Trial]:
    """Steps 5 to 8 for each signature, then each token, of one attestation."""
    for signature in attestation.signatures[:MAX_SIGNATURES_PER_ATTESTATION]:
        if effort.left == 0:
            return
        key_id = signature.public_key_id
        try:
            key = _key(keys, key_id)
            effort.left -= 1
            proof = prover.prove_signature(key, signature.signature, attestation.payload)
            _check(proof, digest, now)
        except (SignatureRefusedError, KeyRefusedError) as error:
            yield _failed(attestation, key_id, error)
        else:
            yield _proven(attestation, key_id, proof)
    for token in attestation.jwts[:MAX_SIGNATURES_PER_ATTESTATION]:
        if effort.left == 0:
            return
        key_id = ""
        try:
            key_id = split_token(token).kid
            key = _key(keys, key_id)
            effort.left -= 1
            proof = prover.prove_token(key, token)
            _check(proof, digest, now)
        except (SignatureRefusedError, KeyRefusedError) as error:
            yield _failed(attestation, key_id, error)
        else:
            yield _proven(attestation, key_id, proof)
    if max(len(attestation.signatures), len(attestation.jwts)) > MAX_SIGNATURES_PER_ATTESTATION:
        effort.ran_out = True


def _key(keys: Mapping[str, AttestorKey | None], key_id: str) -> AttestorKey:
    """The one key of an id. Raises SignatureRefusedError where there is none, or more than one."""
    key = keys.get(key_id)
    if key is None:
        why = "several keys of the attestor share this id" if key_id in keys else "the attestor has no key of this id"
        raise SignatureRefusedError(why)
    return key


def _check(proof: Proof, digest: str, now: dt.datetime) -> None:
    """Steps 7 and 8. Raises SignatureRefusedError."""
    if proof.statement.digest != digest:
        raise SignatureRefusedError(
            "signature verified, but the payload is about another digest than the one asked for"
        )
    for validity in proof.validities:
        validity.check(now)


def _proven(attestation: Attestation, key_id: str, proof: Proof) -> Trial:
    return Trial(
        attestation=attestation.name,
        key_id=key_id,
        outcome=Outcome.SATISFIED,
        reason=f"signature verified: {proof.form._value_}",
        proof=proof,
    )


def _failed(attestation: Attestation, key_id: str, error: SignatureRefusedError | KeyRefusedError) -> Trial:
    if isinstance(error, KeyRefusedError):
        return Trial(
            attestation=attestation.name,
            key_id=key_id,
            outcome=Outcome.ERROR,
            reason=f"the attestor's key cannot be used: {error.description}",
        )
    return _refused(attestation, key_id, error.reason)


def _refused(attestation: Attestation, key_id: str, reason: str) -> Trial:
    return Trial(attestation=attestation.name, key_id=key_id[:1024], outcome=Outcome.NOT_SATISFIED, reason=reason)


def _why_not(trials: Sequence[Trial], count: int, effort: _Effort) -> tuple[Outcome, Cause, str]:
    unusable = next((trial for trial in trials if trial.outcome is Outcome.ERROR), None)
    if unusable is not None:
        return Outcome.ERROR, Cause.KEY_UNUSABLE, unusable.reason
    noun = "attestation was" if count == 1 else "attestations were"
    if effort.ran_out:
        tried = MAX_VERIFICATIONS_PER_JUDGEMENT - effort.left
        reason = f"{count} {noun} found, too many to look at all: none valid among {tried} signatures verified"
        return Outcome.NOT_SATISFIED, Cause.LIMIT_REACHED, reason
    reason = f"{count} {noun} found, none valid and signed by a key of the attestor"
    return Outcome.NOT_SATISFIED, Cause.NONE_VALID, reason


def _no(attestor: Attestor, digest: str, cause: Cause, reason: str) -> AttestorFinding:
    return AttestorFinding(
        attestor=attestor.name, digest=digest, outcome=Outcome.NOT_SATISFIED, cause=cause, reason=reason
    )
