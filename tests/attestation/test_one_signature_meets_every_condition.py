"""Conditions are met by one signature together, never by several in turn; and by the right kind of statement only."""

import datetime as dt
import json

import pytest

from binauthz.attestation.memo import Prover
from binauthz.attestation.model import Attestation, Attestor, AttestorKey, PkixKey, Signature, SignatureAlgorithm
from binauthz.attestation.verify import Outcome, judge_attestor
from tests.decisions.signing import payload_for, public_pem, sign

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
WANTED, OTHER = "a" * 64, "b" * 64
NOTE = "projects/p/notes/n"
ATTESTOR = Attestor(
    name="projects/p/attestors/a",
    note=NOTE,
    keys=(
        AttestorKey(
            id="trusted",
            material=PkixKey(pem=public_pem("trusted"), algorithm=SignatureAlgorithm.ECDSA_P256_SHA256),
        ),
    ),
)


def attestation(name: str, digest: str, payload: bytes, *signers: str) -> Attestation:
    """An attestation of ``digest`` whose payload these keys signed, each under the trusted key's id."""
    signatures = tuple(Signature(public_key_id="trusted", signature=sign(signer, payload)) for signer in signers)
    return Attestation(
        name=name, note=NOTE, resource_uri=f"r/i@sha256:{digest}", payload=payload, signatures=signatures
    )


def outcome(*attestations: Attestation) -> Outcome:
    return judge_attestor(ATTESTOR, WANTED, attestations, Prover(), NOW).outcome


def test_the_control_is_satisfied() -> None:
    assert outcome(attestation("o", WANTED, payload_for(WANTED), "trusted")) is Outcome.SATISFIED


def test_B72_the_right_key_on_one_and_the_right_digest_on_another_do_not_add_up() -> None:
    wrong_key = attestation("o1", WANTED, payload_for(WANTED), "stranger")
    wrong_digest = attestation("o2", WANTED, payload_for(OTHER), "trusted")
    assert outcome(wrong_key, wrong_digest) is Outcome.NOT_SATISFIED
    assert outcome(wrong_digest, wrong_key) is Outcome.NOT_SATISFIED


@pytest.mark.parametrize(
    "payload",
    [
        json.dumps({"predicateType": "https://cosign.sigstore.dev/attestation/vuln/v1", "subject": WANTED}).encode(),
        json.dumps({"critical": {"image": {"docker-manifest-digest": f"sha512:{WANTED}"}}}).encode(),
        b"not a statement",
        b"",
    ],
)
def test_B60_a_good_signature_over_another_kind_of_statement_counts_for_nothing(payload: bytes) -> None:
    assert outcome(attestation("o", WANTED, payload, "trusted")) is Outcome.NOT_SATISFIED
