"""The memory of proofs: exact, bounded, shared between threads, and without influence on any answer (D3, B91, B94)."""

import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binauthz.attestation.memo import Form, Prover, content_hash
from binauthz.attestation.model import AttestorKey, PgpKey, PkixKey, SignatureAlgorithm
from binauthz.attestation.payload import create_signature_payload
from binauthz.crypto.errors import KeyRefusedError, SignatureRefusedError
from binauthz.crypto.pae import COSIGN_SIMPLE_SIGNING
from binauthz.crypto.signing import sign
from tests.crypto.keys import certificate, private_pem, public_pem

P256 = SignatureAlgorithm.ECDSA_P256_SHA256
KEY = AttestorKey(id="x:y", material=PkixKey(pem=public_pem(P256), algorithm=P256))
PAYLOAD = create_signature_payload(f"img@sha256:{'a' * 64}")
SIGNATURE = sign(private_pem(P256), PAYLOAD)


def test_a_proof_and_a_refusal_are_remembered_and_answered_alike() -> None:
    prover = Prover()
    proofs = [prover.prove_signature(KEY, SIGNATURE, PAYLOAD) for _ in range(3)]
    assert proofs[0] == proofs[2]
    assert proofs[0].form is Form.RAW
    reasons = []
    for _ in range(3):
        with pytest.raises(SignatureRefusedError) as caught:
            prover.prove_signature(KEY, SIGNATURE, PAYLOAD + b" ")
        reasons.append(caught.value.reason)
    assert len(set(reasons)) == 1
    assert len(prover) == 2


def test_pae_is_tried_second_and_said_so() -> None:
    encoded = sign(private_pem(P256), PAYLOAD, dsse_type=COSIGN_SIMPLE_SIGNING)
    assert Prover().prove_signature(KEY, encoded, PAYLOAD).form is Form.PAE


def test_every_ingredient_is_part_of_the_name() -> None:
    """A remembered proof must not answer for another key, algorithm, signature or payload (B91)."""
    prover = Prover()
    prover.prove_signature(KEY, SIGNATURE, PAYLOAD)
    other = PkixKey(
        pem=public_pem(SignatureAlgorithm.ECDSA_P384_SHA384), algorithm=SignatureAlgorithm.ECDSA_P384_SHA384
    )
    wrong = PkixKey(pem=public_pem(P256), algorithm=SignatureAlgorithm.ECDSA_P384_SHA384)
    with pytest.raises(SignatureRefusedError):
        prover.prove_signature(replace(KEY, material=other), SIGNATURE, PAYLOAD)
    with pytest.raises(KeyRefusedError):
        prover.prove_signature(replace(KEY, material=wrong), SIGNATURE, PAYLOAD)
    with pytest.raises(SignatureRefusedError):
        prover.prove_signature(replace(KEY, material=PgpKey(armored=certificate("rsa"))), SIGNATURE, PAYLOAD)
    with pytest.raises(SignatureRefusedError):
        prover.prove_signature(KEY, SIGNATURE[:-1], SIGNATURE[-1:] + PAYLOAD)


def test_B91_a_proof_at_hand_answers_only_for_equal_key_signature_and_payload() -> None:
    """What is remembered without hashing is compared in full, and by content: equal copies are as good."""
    prover = Prover()
    proof = prover.prove_signature(KEY, SIGNATURE, PAYLOAD)
    copy = replace(KEY, material=PkixKey(pem=public_pem(P256), algorithm=P256))
    assert prover.prove_signature(copy, bytes(bytearray(SIGNATURE)), bytes(bytearray(PAYLOAD))) is proof
    for _ in range(2):
        with pytest.raises(SignatureRefusedError):
            prover.prove_signature(KEY, SIGNATURE, PAYLOAD.replace(b"a" * 64, b"b" * 64))
        with pytest.raises(KeyRefusedError):
            prover.prove_signature(replace(KEY, material=None), SIGNATURE, PAYLOAD)
        assert prover.prove_signature(KEY, SIGNATURE, PAYLOAD) is proof


def test_B91_a_proof_is_not_kept_at_hand_for_bytes_that_can_change() -> None:
    prover = Prover()
    buffer = bytearray(PAYLOAD)
    prover.prove_signature(KEY, SIGNATURE, buffer)
    buffer[-1:] = b" "
    with pytest.raises(SignatureRefusedError):
        prover.prove_signature(KEY, SIGNATURE, buffer)


def test_B94_forgetting_what_is_at_hand_changes_no_answer() -> None:
    """More proofs than a prover of three may keep, and one too large to be kept at hand, asked for again and again."""
    prover = Prover(capacity=3)
    payloads = [PAYLOAD + b" " * count for count in (0, 1, 2, 3, 5000)]
    signed = [(payload, sign(private_pem(P256), payload)) for payload in payloads]
    for payload, signature in signed * 3:
        assert prover.prove_signature(KEY, signature, payload).statement.digest == "a" * 64
        assert len(prover) <= 3


@given(st.lists(st.binary(max_size=6), max_size=6), st.lists(st.binary(max_size=6), max_size=6))
def test_B91_parts_never_run_into_one_another(one: list[bytes], other: list[bytes]) -> None:
    assert (content_hash(*one) == content_hash(*other)) == (one == other)


def test_what_cannot_be_used_or_may_pass_is_not_remembered() -> None:
    prover = Prover()
    broken = replace(KEY, material=PkixKey(pem="", algorithm=P256))
    for _ in range(2):
        with pytest.raises(KeyRefusedError):
            prover.prove_signature(broken, SIGNATURE, PAYLOAD)
        with pytest.raises(KeyRefusedError):
            prover.prove_signature(replace(KEY, material=None), SIGNATURE, PAYLOAD)
        with pytest.raises(KeyRefusedError):
            prover.prove_token(replace(KEY, material=None), "a.b.c")
    assert len(prover) == 0


def test_the_oldest_answers_are_forgotten_first() -> None:
    prover = Prover(capacity=2)
    for payload in (b"1", b"2", b"1", b"3"):
        with pytest.raises(SignatureRefusedError):
            prover.prove_signature(KEY, SIGNATURE, payload)
    assert len(prover) == 2
    assert len(Prover(capacity=0)) == 0


@pytest.mark.parametrize("size", [65_537, 1 << 22])
def test_B46_what_is_too_large_is_refused_before_it_is_hashed(size: int) -> None:
    prover = Prover()
    for signature, payload in ((b"x" * size, PAYLOAD), (SIGNATURE, b"x" * size)):
        with pytest.raises(SignatureRefusedError, match="at most"):
            prover.prove_signature(KEY, signature, payload)
    with pytest.raises(SignatureRefusedError, match="at most"):
        prover.prove_token(KEY, "x" * size)
    assert len(prover) == 0


def test_B90_threads_get_each_their_own_answer() -> None:
    prover = Prover(capacity=16)
    signed = []
    for index in range(32):
        payload = create_signature_payload(f"img@sha256:{index:064x}")
        signed.append((f"{index:064x}", payload, sign(private_pem(P256), payload)))
    wrong: list[str] = []

    def work(offset: int) -> None:
        for step in range(64):
            digest, payload, signature = signed[(offset + step) % len(signed)]
            if prover.prove_signature(KEY, signature, payload).statement.digest != digest:
                wrong.append(digest)

    threads = [threading.Thread(target=work, args=(offset,)) for offset in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(prover) <= 16
