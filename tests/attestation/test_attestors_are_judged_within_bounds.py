"""Laws and limits of judging an attestor (SPEC 1.3, 10; THREATS B45, B62, B66, B68)."""

import datetime as dt
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from binauthz.attestation.memo import Prover
from binauthz.attestation.model import Attestation, Attestor, AttestorKey, PkixKey, Signature, SignatureAlgorithm
from binauthz.attestation.payload import create_signature_payload
from binauthz.attestation.verify import Cause, Outcome, check_attestation, judge_attestor
from binauthz.base.limits import (
    MAX_ATTESTATIONS_PER_JUDGEMENT,
    MAX_SIGNATURES_PER_ATTESTATION,
    MAX_VERIFICATIONS_PER_JUDGEMENT,
)
from binauthz.crypto.signing import sign
from tests.crypto.keys import private_pem, public_pem

from .cases import CASES, read_case

NOW = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
P256 = SignatureAlgorithm.ECDSA_P256_SHA256
DIGEST = "a" * 64
IMAGE = f"us-docker.pkg.dev/p1/r/img@sha256:{DIGEST}"
NOTE = "projects/p1/notes/n1"
KEY = AttestorKey(id="x:y", material=PkixKey(pem=public_pem(P256), algorithm=P256))
ATTESTOR = Attestor(name="projects/p1/attestors/a1", note=NOTE, keys=(KEY,))
PAYLOAD = create_signature_payload(IMAGE)
GOOD = Attestation(
    name="projects/p1/occurrences/good",
    note=NOTE,
    resource_uri=IMAGE,
    payload=PAYLOAD,
    signatures=(Signature(public_key_id="x:y", signature=sign(private_pem(P256), PAYLOAD)),),
)
BAD = replace(GOOD, name="projects/p1/occurrences/bad", signatures=(Signature(public_key_id="x:y", signature=b"bad"),))
UNKNOWN = replace(GOOD, signatures=(replace(GOOD.signatures[0], public_key_id="a:b"),))


def test_a_finding_has_no_truth_value() -> None:
    finding = judge_attestor(ATTESTOR, DIGEST, (GOOD,), Prover(), NOW)
    checked = check_attestation(ATTESTOR, GOOD, NOW, Prover())
    for value in (finding, checked):
        with pytest.raises(TypeError, match="no truth value"):
            bool(value)


def test_a_finding_does_not_change() -> None:
    finding = judge_attestor(ATTESTOR, DIGEST, (GOOD,), Prover(), NOW)
    for value, name in ((finding, "outcome"), (finding.trials[0], "proof")):
        with pytest.raises(AttributeError):
            setattr(value, name, None)


def test_the_digest_may_be_written_with_its_algorithm() -> None:
    assert judge_attestor(ATTESTOR, f"sha256:{DIGEST}", (GOOD,), Prover(), NOW) == judge_attestor(
        ATTESTOR, DIGEST, (GOOD,), Prover(), NOW
    )


def test_everything_tried_is_listed_with_its_reason() -> None:
    finding = judge_attestor(ATTESTOR, DIGEST, (BAD, UNKNOWN, GOOD, BAD), Prover(), NOW)
    assert finding.outcome is Outcome.SATISFIED
    assert [(trial.attestation, trial.key_id, trial.outcome) for trial in finding.trials] == [
        (BAD.name, "x:y", Outcome.NOT_SATISFIED),
        (GOOD.name, "a:b", Outcome.NOT_SATISFIED),
        (GOOD.name, "x:y", Outcome.SATISFIED),
    ]
    assert all(trial.reason for trial in finding.trials)


def test_none_at_all_is_told_apart_from_none_valid() -> None:
    nothing = judge_attestor(ATTESTOR, DIGEST, (), Prover(), NOW)
    invalid = judge_attestor(ATTESTOR, DIGEST, (BAD,), Prover(), NOW)
    keyless = judge_attestor(replace(ATTESTOR, keys=()), DIGEST, (), Prover(), NOW)
    assert [f.outcome for f in (nothing, invalid, keyless)] == [Outcome.NOT_SATISFIED] * 3
    assert [f.cause for f in (nothing, invalid, keyless)] == [
        Cause.NO_ATTESTATIONS,
        Cause.NONE_VALID,
        Cause.NO_KEYS,
    ]


@pytest.mark.parametrize("note", ["", "projects/p1/notes/n2", "projects/p1/notes/N1", "projects/p1/notes/n1/"])
def test_an_attestation_of_another_note_never_counts(note: str) -> None:
    other = replace(GOOD, note=note)
    assert judge_attestor(ATTESTOR, DIGEST, (other,), Prover(), NOW).outcome is Outcome.NOT_SATISFIED


def test_two_empty_notes_are_not_one_note() -> None:
    nowhere = replace(ATTESTOR, note="")
    finding = judge_attestor(nowhere, DIGEST, (replace(GOOD, note=""),), Prover(), NOW)
    assert finding.outcome is Outcome.NOT_SATISFIED


@pytest.mark.parametrize(
    "uri",
    [
        "",
        DIGEST,
        f"sha256:{DIGEST}",
        f"@sha256:{DIGEST}",
        f"img@sha512:{DIGEST}",
        f"img@sha256:{DIGEST[:-1]}b",
        f"img@sha256:{DIGEST.upper()}",
        f"img@sha256:{DIGEST} ",
        f"img@sha256:{DIGEST}/x",
        f"img:sha256:{DIGEST}",
        f"{'x' * 5000}@sha256:{DIGEST}",
    ],
)
def test_B35_a_resource_that_does_not_name_the_digest_never_counts(uri: str) -> None:
    made = replace(GOOD, resource_uri=uri)
    assert judge_attestor(ATTESTOR, DIGEST, (made,), Prover(), NOW).outcome is Outcome.NOT_SATISFIED
    assert check_attestation(ATTESTOR, made, NOW, Prover()).outcome is Outcome.NOT_SATISFIED


def test_B45_verifications_end_at_a_limit_with_a_reason() -> None:
    many = (BAD,) * (MAX_VERIFICATIONS_PER_JUDGEMENT + 50)
    finding = judge_attestor(ATTESTOR, DIGEST, (*many, GOOD), Prover(), NOW)
    assert finding.outcome is Outcome.NOT_SATISFIED
    assert finding.cause is Cause.LIMIT_REACHED
    assert "too many" in finding.reason
    assert len(finding.trials) == MAX_VERIFICATIONS_PER_JUDGEMENT


def test_B45_attestations_that_cost_nothing_do_not_use_up_verifications() -> None:
    many = (UNKNOWN,) * (MAX_ATTESTATIONS_PER_JUDGEMENT - 1)
    assert judge_attestor(ATTESTOR, DIGEST, (*many, GOOD), Prover(), NOW).outcome is Outcome.SATISFIED
    beyond = judge_attestor(ATTESTOR, DIGEST, (*many, UNKNOWN, GOOD), Prover(), NOW)
    assert (beyond.outcome, beyond.cause) == (Outcome.NOT_SATISFIED, Cause.LIMIT_REACHED)


def test_B45_signatures_of_one_attestation_end_at_a_limit() -> None:
    unknown = Signature(public_key_id="a:b", signature=b"x")
    crowd = replace(GOOD, signatures=(unknown,) * MAX_SIGNATURES_PER_ATTESTATION + GOOD.signatures)
    finding = judge_attestor(ATTESTOR, DIGEST, (crowd,), Prover(), NOW)
    assert (finding.outcome, finding.cause) == (Outcome.NOT_SATISFIED, Cause.LIMIT_REACHED)
    tokens = replace(GOOD, signatures=(), jwts=("x",) * 100_000)
    assert judge_attestor(ATTESTOR, DIGEST, (tokens,), Prover(), NOW).outcome is Outcome.NOT_SATISFIED


def test_B62_many_signatures_by_one_key_satisfy_one_attestor_once() -> None:
    """There is no counting: one proof ends the judgement, and speaks for this attestor alone."""
    finding = judge_attestor(ATTESTOR, DIGEST, (GOOD, GOOD, GOOD), Prover(), NOW)
    assert len(finding.trials) == 1
    other = replace(ATTESTOR, name="projects/p1/attestors/a2", keys=())
    assert judge_attestor(other, DIGEST, (GOOD,) * 3, Prover(), NOW).outcome is Outcome.NOT_SATISFIED


def test_B64_a_removed_key_stops_counting_at_once_however_warm() -> None:
    prover = Prover()
    assert judge_attestor(ATTESTOR, DIGEST, (GOOD,), prover, NOW).outcome is Outcome.SATISFIED
    removed = replace(ATTESTOR, keys=(replace(KEY, id="a:b"),))
    assert judge_attestor(removed, DIGEST, (GOOD,), prover, NOW).outcome is Outcome.NOT_SATISFIED
    assert judge_attestor(ATTESTOR, DIGEST, (), prover, NOW).outcome is Outcome.NOT_SATISFIED


def test_B66_a_key_that_cannot_be_used_is_no_error_to_admit_on() -> None:
    """Whoever may attach an attestation could cause it, and a cluster that fails open would let the image run."""
    broken = replace(ATTESTOR, keys=(replace(KEY, material=None), replace(KEY, id="a:b")))
    finding = judge_attestor(broken, DIGEST, (GOOD,), Prover(), NOW)
    assert (finding.outcome, finding.cause) == (Outcome.NOT_SATISFIED, Cause.KEY_UNUSABLE)
    assert finding.trials[0].outcome is Outcome.ERROR
    assert "key cannot be used" in finding.reason
    assert judge_attestor(broken, DIGEST, (GOOD, UNKNOWN), Prover(), NOW).outcome is Outcome.SATISFIED


def test_validating_an_occurrence_gives_a_reason_to_deny() -> None:
    """SPEC 2.6."""
    verified = check_attestation(ATTESTOR, GOOD, NOW, Prover())
    assert (verified.outcome, verified.denial_reason) == (Outcome.SATISFIED, "")
    denied = check_attestation(ATTESTOR, replace(BAD, signatures=BAD.signatures * 50), NOW, Prover())
    assert denied.outcome is Outcome.NOT_SATISFIED
    assert denied.denial_reason == "the signature does not verify with the key"
    tagged = check_attestation(ATTESTOR, replace(GOOD, resource_uri="img:v1"), NOW, Prover())
    assert "@sha256:" in tagged.denial_reason


_CORPUS = [read_case(folder) for folder in CASES]
_REFUSED = [case for case in _CORPUS if case.outcome == "NOT_SATISFIED" and len(case.attestor.keys) == 1]
_MORE = tuple(made for case in _REFUSED for made in case.attestations)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(_MORE), max_size=12), st.randoms(use_true_random=False))
def test_more_attestations_never_refuse_and_order_never_matters(more: list[Attestation], chance: random.Random) -> None:
    """Within the limits: an added attestation never takes a proof away, wherever it stands."""
    shuffled = [GOOD, *more]
    chance.shuffle(shuffled)
    assert judge_attestor(ATTESTOR, DIGEST, shuffled, Prover(), NOW).outcome is Outcome.SATISFIED
    without = judge_attestor(ATTESTOR, DIGEST, more, Prover(), NOW)
    reversed_ = judge_attestor(ATTESTOR, DIGEST, more[::-1], Prover(), NOW)
    assert without.outcome is reversed_.outcome


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(_CORPUS), st.data())
def test_removing_keys_never_satisfies(case: object, data: st.DataObject) -> None:
    assert isinstance(case, type(_CORPUS[0]))
    kept = tuple(key for key in case.attestor.keys if data.draw(st.booleans()))
    less = judge_attestor(replace(case.attestor, keys=kept), case.digest, case.attestations, Prover(), case.now)
    if case.outcome == "NOT_SATISFIED" and len({key.id for key in case.attestor.keys}) == len(case.attestor.keys):
        assert less.outcome is Outcome.NOT_SATISFIED


_PROVEN = [case for case in _CORPUS if case.outcome == "SATISFIED"]


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(_PROVEN), st.sampled_from(["payload", "signature"]), st.integers(0), st.integers(1, 255))
def test_a_changed_byte_is_refused_or_says_the_same(case: object, what: str, where: int, flip: int) -> None:
    """In every format: white space and headers of armor may change, and names of files inside; never what is said."""
    assert isinstance(case, type(_CORPUS[0]))
    made = case.attestations[-1]
    if not made.signatures or (what == "payload" and not made.payload):
        return
    signature = made.signatures[-1]
    part = bytearray(made.payload if what == "payload" else signature.signature)
    part[where % len(part)] ^= flip
    if what == "payload":
        changed = replace(made, payload=bytes(part))
    else:
        changed = replace(made, signatures=(replace(signature, signature=bytes(part)),))
    before = judge_attestor(case.attestor, case.digest, (made,), Prover(), case.now)
    after = judge_attestor(case.attestor, case.digest, (changed,), Prover(), case.now)
    if after.outcome is Outcome.SATISFIED:
        assert case.name.startswith("pgp-"), "only OpenPGP has bytes that mean nothing"
        proofs = [finding.trials[-1].proof for finding in (before, after)]
        assert proofs[0] is not None
        assert proofs[1] is not None
        assert proofs[0].statement == proofs[1].statement
