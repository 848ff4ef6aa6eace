"""Proofs, and the memory of them (DESIGN D3): does this signature by this key over these bytes verify, and what does
the payload say? Both are functions of their bytes alone, so an answer, also a refusal, may be remembered for ever.

What is never remembered: which attestations and keys exist, what the moment is, and a refusal that may have depended
on it. A proof is found by the content hash of everything that went into it, so changing any of it finds nothing. The
latest proofs are also at hand without hashing, each with everything that went into it, and compared in full.
"""

import enum
import hashlib
import struct
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from binauthz.attestation.claims import read_claims
from binauthz.attestation.model import AttestorKey, PgpKey, PkixKey
from binauthz.attestation.payload import Statement, read_statement
from binauthz.base.limits import (
    MAX_PAYLOAD_BYTES,
    MAX_PROOF_AT_HAND_BYTES,
    MAX_PROOFS_AT_HAND,
    MAX_REMEMBERED_PROOFS,
    MAX_SIGNATURE_BYTES,
    MAX_TOKEN_BYTES,
)
from binauthz.crypto.errors import KeyRefusedError, SignatureRefusedError
from binauthz.crypto.jws import split_token, verify_token
from binauthz.crypto.pae import pae
from binauthz.crypto.pgp import load_certificate, verify_message
from binauthz.crypto.pkix import PublicKey, load_public_key
from binauthz.crypto.validity import Validity


class Form(enum.Enum):
    """What exactly was signed."""

    RAW = "payload"
    PAE = "DSSE pre-authentication encoding of the payload"
    PGP = "OpenPGP message"
    JWT = "JSON Web Token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """That a key signed a statement, in which form, and the spans outside of which that counts for nothing."""

    form: Form
    statement: Statement
    validities: tuple[Validity, ...] = ()


class Prover:
    """Proves signatures and remembers the answers; safe to share between threads.

    Every method returns a proof or raises SignatureRefusedError, or KeyRefusedError for a key record that cannot be
    used. With ``capacity`` 0 nothing is remembered.
    """

    def __init__(self, capacity: int = MAX_REMEMBERED_PROOFS) -> None:
        self._capacity = capacity
        self._answers: OrderedDict[bytes, Proof | str] = OrderedDict()
        self._at_hand: dict[bytes, tuple[PkixKey, bytes, Proof]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many answers are remembered now."""
        return len(self._answers)

    def __bool__(self) -> bool:
        """A prover is always there, however little it remembers."""
        return True

    def prove_signature(self, key: AttestorKey, signature: bytes, payload: bytes) -> Proof:
        """Prove what ``key`` signed. For an OpenPGP key the payload is what its message carries, and the stored one is
        not looked at (SPEC 3.5); for a PKIX key it is the stored one, raw or in DSSE's encoding."""
        if len(signature) > MAX_SIGNATURE_BYTES:
            raise SignatureRefusedError(
                f"got a signature of {len(signature)} bytes, expected at most {MAX_SIGNATURE_BYTES}"
            )
        if len(payload) > MAX_PAYLOAD_BYTES:
            raise SignatureRefusedError(f"got a payload of {len(payload)} bytes, expected at most {MAX_PAYLOAD_BYTES}")
        at_hand = self._at_hand.get(signature)
        if at_hand is not None:
            material, about, proof = at_hand
            if (material is key.material or material == key.material) and about == payload:
                return proof
        proof = self._answer(_name_of_signature(key, signature, payload), lambda: _prove(key, signature, payload))
        self._keep_at_hand(key, signature, payload, proof)
        return proof

    def prove_token(self, key: AttestorKey, token: str) -> Proof:
        """Prove what a compact JWT signed by ``key`` claims."""
        if len(token) > MAX_TOKEN_BYTES:
            raise SignatureRefusedError(f"got a token of {len(token)} characters, expected at most {MAX_TOKEN_BYTES}")
        return self._answer(_name_of_token(key, token), lambda: _prove_token(key, token))

    def _answer(self, name: bytes, prove: Callable[[], Proof]) -> Proof:
        """Two threads may prove the same thing at once: they get the same answer, and one is kept."""
        with self._lock:
            known = self._answers.get(name)
            if known is not None:
                self._answers.move_to_end(name)
        if isinstance(known, Proof):
            return known
        if known is not None:
            raise SignatureRefusedError(known)
        try:
            proof = prove()
        except SignatureRefusedError as error:
            if error.lasting:
                self._remember(name, error.reason)
            raise
        self._remember(name, proof)
        return proof

    def _remember(self, name: bytes, answer: Proof | str) -> None:
        if self._capacity <= 0:
            return
        with self._lock:
            self._answers[name] = answer
            while len(self._answers) > self._capacity:
                self._answers.popitem(last=False)

    def _keep_at_hand(self, key: AttestorKey, signature: bytes, payload: bytes, proof: Proof) -> None:
        """Keep a proof by a PKIX key with its ingredients, if they are small: the newest of a signature, the oldest
        signature going first. Only true ``bytes``: a proof must not outlive a change of what it was made of (B91)."""
        material = key.material
        if (
            self._capacity <= 0
            or not isinstance(material, PkixKey)
            or type(signature) is not bytes
            or type(payload) is not bytes
            or len(signature) + len(payload) + len(material.pem) > MAX_PROOF_AT_HAND_BYTES
        ):
            return
        with self._lock:
            self._at_hand[signature] = (material, payload, proof)
            while len(self._at_hand) > min(self._capacity, MAX_PROOFS_AT_HAND):
                del self._at_hand[next(iter(self._at_hand))]


_LENGTHS = tuple(struct.Struct(f">{count + 1}Q") for count in range(8))


def content_hash(*parts: bytes) -> bytes:
    """SHA-256 of up to seven parts that cannot run into one another: their number and lengths come first (B91)."""
    count = len(parts)
    lengths = _LENGTHS[count].pack(count, *map(len, parts))
    return hashlib.sha256(b"".join((lengths, *parts))).digest()


def _name_of_signature(key: AttestorKey, signature: bytes, payload: bytes) -> bytes:
    match key.material:
        case PkixKey(pem=pem, algorithm=algorithm):
            # `_value_` spares the hot path a descriptor call.
            return content_hash(b"pkix", algorithm._value_.encode(), _encoded(pem), signature, payload)
        case PgpKey(armored=armored):
            return content_hash(b"pgp", _encoded(armored), signature)
        case None:
            return content_hash(b"none")


def _name_of_token(key: AttestorKey, token: str) -> bytes:
    match key.material:
        case PkixKey(pem=pem, algorithm=algorithm):
            return content_hash(b"jwt", algorithm._value_.encode(), _encoded(key.id), _encoded(pem), _encoded(token))
        case PgpKey() | None:
            return content_hash(b"none")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _prove(key: AttestorKey, signature: bytes, payload: bytes) -> Proof:
    match key.material:
        case PkixKey(pem=pem, algorithm=algorithm):
            form = _form_signed(load_public_key(pem, algorithm), signature, payload)
            return Proof(form=form, statement=read_statement(payload))
        case PgpKey(armored=armored):
            signed = verify_message(load_certificate(armored), signature)
            return Proof(form=Form.PGP, statement=read_statement(signed.content), validities=signed.validities)
        case None:
            raise KeyRefusedError("", "the key has no material")


def _form_signed(key: PublicKey, signature: bytes, payload: bytes) -> Form:
    """Which encoding of the payload was signed: it is stored raw either way, and without the DSSE type (SPEC 3.5).

    Raises SignatureRefusedError if neither was; the reason is that of the plain one.
    """
    try:
        key.verify(signature, payload)
    except SignatureRefusedError as error:
        try:
            key.verify(signature, pae(payload))
        except SignatureRefusedError:
            raise error from None
        return Form.PAE
    return Form.RAW


def _prove_token(key: AttestorKey, token: str) -> Proof:
    match key.material:
        case PkixKey(pem=pem, algorithm=algorithm):
            parts = split_token(token)
            if parts.kid != key.id:
                raise SignatureRefusedError("the token names another key")
            claimed = read_claims(verify_token(parts, load_public_key(pem, algorithm)))
            return Proof(form=Form.JWT, statement=claimed.statement, validities=(claimed.validity,))
        case PgpKey():
            raise SignatureRefusedError("got a token for an OpenPGP key, expected a PKIX key")
        case None:
            raise KeyRefusedError("", "the key has no material")
