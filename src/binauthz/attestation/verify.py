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

Nothing here ends in ERROR, which a cluster may be told to admit on: whoever may attach an attestation could then cause
one by naming a key that cannot be used. Such a key proves nothing; the finding says so by its cause, and the trial that
met it is marked ERROR for the operator. A caller who could not read attestor or attestations at all has an ERROR.
"""

import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple, NoReturn

from binauthz.attestation.memo import Form, Proof, Prover
from binauthz.attestation.model import Attestation, Attestor, AttestorKey
from binauthz.attestation.payload import hex_of_digest
from binauthz.base.image import digest_of_resource_uri
from binauthz.base.limits import (
    MAX_ATTESTATIONS_PER_JUDGEMENT,
    MAX_KEY_ID_CHARS,
    MAX_RESOURCE_URI_CHARS,
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


# Reading a member off its class costs as much as the rest of a comparison, on a path that does it all the time.
_SATISFIED: Final = Outcome.SATISFIED
_NOT_SATISFIED: Final = Outcome.NOT_SATISFIED
_PROVEN: Final = Cause.PROVEN


class Trial(NamedTuple):
    """One signature tried, or an attestation that was not worth trying: ``key_id`` is then empty.

    A named tuple, as the finding below: as immutable as a frozen dataclass, and a third of its price to make.
    """

    attestation: str
    key_id: str
    outcome: Outcome
    reason: str
    proof: Proof | None = None


class AttestorFinding(NamedTuple):
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
    asked = _digits(digest) if len(digest) <= 71 else None
    if asked is None:  # Step 1.
        return _no(attestor, "", Cause.NO_DIGEST, "the image is not named by a sha256 digest")
    if not attestor.keys:  # Step 2.
        return _no(attestor, asked, Cause.NO_KEYS, "the attestor has no keys")
    if not attestations:
        return _no(attestor, asked, Cause.NO_ATTESTATIONS, "no attestations were found, none at all")
    judgement = _Judgement(attestor, asked, prover, now)
    judgement.run(attestations)
    trials = tuple(judgement.trials)
    last = trials[-1]
    if last.outcome is _SATISFIED:
        return AttestorFinding(attestor.name, asked, _SATISFIED, _PROVEN, last.reason, trials)
    outcome, cause, reason = judgement.why_not(len(attestations))
    return AttestorFinding(attestor.name, asked, outcome, cause, reason, trials)


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


class _Judgement:
    """Steps 3 to 8 for one attestor and one digest, up to the first proof or the end of the effort (THREATS B45).

    Remembered verifications are counted like others: what is remembered must not change a verdict (THREATS B94).
    """

    __slots__ = ("_attestor", "_digest", "_keys", "_left", "_now", "_prover", "_ran_out", "trials")

    def __init__(self, attestor: Attestor, digest: str, prover: Prover, now: dt.datetime) -> None:
        self._attestor, self._digest, self._prover, self._now = attestor, digest, prover, now
        self._keys = _keys_by_id(attestor)
        self._left = MAX_VERIFICATIONS_PER_JUDGEMENT
        self._ran_out = False
        self.trials: list[Trial] = []

    def run(self, attestations: Sequence[Attestation]) -> None:
        """Try attestations in turn; the last trial is the proof, if there is one."""
        for attestation in attestations[:MAX_ATTESTATIONS_PER_JUDGEMENT]:
            misfit = _misfit(self._attestor, self._digest, attestation)
            if misfit:
                self._record(attestation, "", _NOT_SATISFIED, misfit)
                continue
            self._try(attestation)
            if self._left == 0 or self.trials[-1].outcome is _SATISFIED:
                break
        self._ran_out = self._ran_out or self._left == 0 or len(attestations) > MAX_ATTESTATIONS_PER_JUDGEMENT

    def why_not(self, count: int) -> tuple[Outcome, Cause, str]:
        """The verdict where nothing was proven."""
        for trial in self.trials:
            if trial.outcome is Outcome.ERROR:
                return Outcome.NOT_SATISFIED, Cause.KEY_UNUSABLE, trial.reason
        noun = "attestation was" if count == 1 else "attestations were"
        if self._ran_out:
            tried = MAX_VERIFICATIONS_PER_JUDGEMENT - self._left
            reason = f"{count} {noun} found, too many to look at all: none valid among {tried} signatures verified"
            return Outcome.NOT_SATISFIED, Cause.LIMIT_REACHED, reason
        reason = f"{count} {noun} found, none valid and signed by a key of the attestor"
        return Outcome.NOT_SATISFIED, Cause.NONE_VALID, reason

    def _try(self, attestation: Attestation) -> None:
        """Steps 5 to 8 for each signature, then each token, of one attestation."""
        for signature in attestation.signatures[:MAX_SIGNATURES_PER_ATTESTATION]:
            key_id = signature.public_key_id
            try:
                key = self._spend_on(key_id)
                proof = self._prover.prove_signature(key, signature.signature, attestation.payload)
                self._check(proof)
            except (SignatureRefusedError, KeyRefusedError) as error:
                self._fail(attestation, key_id, error)
            else:
                self._record(attestation, key_id, _SATISFIED, _VERIFIED[proof.form._value_], proof)
                return
            if self._left == 0:
                return
        for token in attestation.jwts[:MAX_SIGNATURES_PER_ATTESTATION]:
            key_id = ""
            try:
                key_id = split_token(token).kid
                key = self._spend_on(key_id)
                proof = self._prover.prove_token(key, token)
                self._check(proof)
            except (SignatureRefusedError, KeyRefusedError) as error:
                self._fail(attestation, key_id, error)
            else:
                self._record(attestation, key_id, _SATISFIED, _VERIFIED[proof.form._value_], proof)
                return
            if self._left == 0:
                return
        if max(len(attestation.signatures), len(attestation.jwts)) > MAX_SIGNATURES_PER_ATTESTATION:
            self._ran_out = True

    def _spend_on(self, key_id: str) -> AttestorKey:
        """Step 5: the one key of an id, for one verification. Raises SignatureRefusedError."""
        key = self._keys.get(key_id)
        if key is None:
            why = "the attestor has no key of this id"
            if not key_id:
                why = "the signature names no key"
            elif key_id in self._keys:
                why = "several keys of the attestor share this id"
            raise SignatureRefusedError(why)
        self._left -= 1
        return key

    def _check(self, proof: Proof) -> None:
        """Steps 7 and 8. Raises SignatureRefusedError."""
        if proof.statement.digest != self._digest:
            raise SignatureRefusedError(
                "signature verified, but the payload is about another digest than the one asked for"
            )
        for validity in proof.validities:
            validity.check(self._now)

    def _fail(self, attestation: Attestation, key_id: str, error: SignatureRefusedError | KeyRefusedError) -> None:
        if isinstance(error, KeyRefusedError):
            reason = f"the attestor's key cannot be used: {error.description}"
            self._record(attestation, key_id, Outcome.ERROR, reason)
        else:
            self._record(attestation, key_id, _NOT_SATISFIED, error.reason)

    def _record(
        self, attestation: Attestation, key_id: str, outcome: Outcome, reason: str, proof: Proof | None = None
    ) -> None:
        shown = key_id if len(key_id) <= MAX_KEY_ID_CHARS else f"{key_id[:MAX_KEY_ID_CHARS]}..."
        self.trials.append(Trial(attestation.name, shown, outcome, reason, proof))


# By the value, as a member's hash is computed anew for each look-up.
_VERIFIED = {form.value: f"signature verified: {form.value}" for form in Form}


@lru_cache(maxsize=4096)
def _digits(digest: str) -> str | None:
    """Step 1, remembered by content: a Pod asks every attestor for the same digests. Only short strings get here."""
    return hex_of_digest(digest if digest.startswith("sha256:") else f"sha256:{digest}")


def _misfit(attestor: Attestor, digest: str, attestation: Attestation) -> str:
    """Steps 3 and 4, and that there is something to verify: why this attestation is not tried, or nothing."""
    note = attestor.note
    if attestation.note != note or not note:
        return "the attestation belongs to another note than the attestor's"
    # Most occurrences handed in are of the digest asked for; only the others are looked at closely.
    uri = attestation.resource_uri
    plain = uri.endswith(f"@sha256:{digest}") and 72 < len(uri) <= MAX_RESOURCE_URI_CHARS
    if not plain and digest_of_resource_uri(uri) != digest:
        return "the attestation is of another digest than the one asked for"
    if not attestation.signatures and not attestation.jwts:
        return "the attestation carries no signature"
    return ""


def _keys_by_id(attestor: Attestor) -> Mapping[str, AttestorKey | None]:
    """Step 5: keys by id; an id that two keys share, or that is empty, names none of them (THREATS B68)."""
    keys: dict[str, AttestorKey | None] = {}
    if len(attestor.keys) == 1 and attestor.keys[0].id:
        return {attestor.keys[0].id: attestor.keys[0]}
    for key in attestor.keys:
        keys[key.id] = None if key.id in keys or not key.id else key
    return keys


def _no(attestor: Attestor, digest: str, cause: Cause, reason: str) -> AttestorFinding:
    return AttestorFinding(
        attestor=attestor.name, digest=digest, outcome=Outcome.NOT_SATISFIED, cause=cause, reason=reason
    )
