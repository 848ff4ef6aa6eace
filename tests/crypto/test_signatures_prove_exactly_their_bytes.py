"""A signature proves the bytes it was made over, by the key that made it, and nothing else."""

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import given, settings
from hypothesis import strategies as st

from binauthz.crypto.algorithms import SCHEMES, Ecdsa, SignatureAlgorithm
from binauthz.crypto.errors import KeyRefusedError, SignatureRefusedError
from binauthz.crypto.pae import COSIGN_SIMPLE_SIGNING, pae
from binauthz.crypto.pkix import load_public_key
from binauthz.crypto.signing import algorithm_for, generate_key_pair, public_pem_of, sign

from .keys import ALGORITHMS, private_pem, public_pem

MESSAGE = b'{"critical": {}}\n'
P256 = SignatureAlgorithm.ECDSA_P256_SHA256


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda algorithm: algorithm.value)
def test_what_is_signed_is_proven(algorithm: SignatureAlgorithm) -> None:
    key = load_public_key(public_pem(algorithm), algorithm)
    key.verify(sign(private_pem(algorithm), MESSAGE, algorithm=algorithm), MESSAGE)
    key.verify(sign(private_pem(algorithm), MESSAGE, algorithm=algorithm, dsse_type="t"), pae(MESSAGE, "t"))


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda algorithm: algorithm.value)
def test_another_message_signature_or_size_is_refused(algorithm: SignatureAlgorithm) -> None:
    key = load_public_key(public_pem(algorithm), algorithm)
    signature = sign(private_pem(algorithm), MESSAGE, algorithm=algorithm)
    for wrong, message in (
        (signature, MESSAGE + b" "),
        (signature, b""),
        (signature[:-1], MESSAGE),
        (signature + b"\0", MESSAGE),
        (b"\0" + signature, MESSAGE),
        (b"", MESSAGE),
        (b"\0" * len(signature), MESSAGE),
        (b"x" * 70_000, MESSAGE),
    ):
        with pytest.raises(SignatureRefusedError):
            key.verify(wrong, message)


@pytest.mark.parametrize("salt", [0, 20, 32, "max"])
def test_pss_is_accepted_with_any_salt_length(salt: int | str) -> None:
    algorithm = SignatureAlgorithm.RSA_PSS_2048_SHA256
    private = load_pem_private_key(private_pem(algorithm), None)
    assert isinstance(private, rsa.RSAPrivateKey)
    length = padding.PSS.MAX_LENGTH if salt == "max" else int(salt)
    signature = private.sign(MESSAGE, padding.PSS(padding.MGF1(hashes.SHA256()), length), hashes.SHA256())
    load_public_key(public_pem(algorithm), algorithm).verify(signature, MESSAGE)


@pytest.mark.parametrize(
    "algorithm", [a for a in ALGORITHMS if isinstance(SCHEMES[a], Ecdsa)], ids=lambda algorithm: algorithm.value
)
def test_raw_ecdsa_is_refused_with_advice(algorithm: SignatureAlgorithm) -> None:
    """SPEC 13.40."""
    scheme = SCHEMES[algorithm]
    assert isinstance(scheme, Ecdsa)
    size = scheme.coordinate_size
    while True:
        r, s = decode_dss_signature(sign(private_pem(algorithm), MESSAGE, algorithm=algorithm))
        raw = r.to_bytes(size, "big") + s.to_bytes(size, "big")
        if raw[0] != 0x30:
            break
    with pytest.raises(SignatureRefusedError, match=r"ASN\.1 DER"):
        load_public_key(public_pem(algorithm), algorithm).verify(raw, MESSAGE)


def test_ber_spellings_of_a_signature_are_refused() -> None:
    """A long-form length says the same in another way; one value has one spelling."""
    signature = sign(private_pem(P256), MESSAGE, algorithm=P256)
    longer = signature[:1] + b"\x81" + signature[1:]
    with pytest.raises(SignatureRefusedError):
        load_public_key(public_pem(P256), P256).verify(longer, MESSAGE)


def test_pae_is_as_documented() -> None:
    """RFC-less, but fixed: DSSEv1, decimal byte lengths, single spaces (SPEC 3.5)."""
    assert pae(b"hello world", "http://example.com/HelloWorld") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    assert pae("é".encode(), "é") == "DSSEv1 2 é 2 é".encode()
    assert pae(b"") == f"DSSEv1 {len(COSIGN_SIMPLE_SIGNING)} {COSIGN_SIMPLE_SIGNING} 0 ".encode()


@given(st.text(max_size=20), st.binary(max_size=40), st.text(max_size=20), st.binary(max_size=40))
def test_pae_is_injective(one: str, body: bytes, other: str, another: bytes) -> None:
    """Lengths come before what they measure, so two different pairs are never encoded alike."""
    assert (pae(body, one) == pae(another, other)) == ((one, body) == (other, another))


_SIGNATURES = {algorithm: sign(private_pem(algorithm), MESSAGE, algorithm=algorithm) for algorithm in ALGORITHMS}


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(ALGORITHMS), st.sampled_from(["signature", "message"]), st.integers(0), st.integers(1, 255))
def test_any_single_changed_byte_is_refused(algorithm: SignatureAlgorithm, what: str, where: int, flip: int) -> None:
    """STYLE's recipe for a format: any single-byte change of signature or payload is refused."""
    parts = {"signature": bytearray(_SIGNATURES[algorithm]), "message": bytearray(MESSAGE)}
    part = parts[what]
    part[where % len(part)] ^= flip
    with pytest.raises(SignatureRefusedError):
        load_public_key(public_pem(algorithm), algorithm).verify(bytes(parts["signature"]), bytes(parts["message"]))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(ALGORITHMS), st.integers(0), st.integers(1, 255))
def test_a_changed_key_is_refused_or_still_the_same_key(algorithm: SignatureAlgorithm, where: int, flip: int) -> None:
    """A change among blank space or spare bits of base64 leaves the same DER, and so the same id; nothing else does."""
    pem = bytearray(public_pem(algorithm).encode())
    pem[where % len(pem)] ^= flip
    original = load_public_key(public_pem(algorithm), algorithm)
    try:
        changed = load_public_key(pem.decode("latin-1"), algorithm)
        changed.verify(_SIGNATURES[algorithm], MESSAGE)
    except (KeyRefusedError, SignatureRefusedError):
        return
    assert changed.id == original.id


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(ALGORITHMS), st.binary(max_size=600))
def test_arbitrary_signatures_are_refused_and_nothing_else_happens(algorithm: SignatureAlgorithm, junk: bytes) -> None:
    with pytest.raises(SignatureRefusedError):
        load_public_key(public_pem(algorithm), algorithm).verify(junk, MESSAGE)


@pytest.mark.parametrize(
    "algorithm",
    [P256, SignatureAlgorithm.ECDSA_P384_SHA384, SignatureAlgorithm.RSA_PSS_2048_SHA256],
    ids=lambda algorithm: algorithm.value,
)
def test_a_generated_pair_signs_what_its_public_half_proves(algorithm: SignatureAlgorithm) -> None:
    pair = generate_key_pair(algorithm)
    key = load_public_key(pair.public_pem, algorithm)
    assert pair.id == key.id
    assert public_pem_of(pair.private_pem) == pair.public_pem
    assert algorithm_for(pair.private_pem) is algorithm
    key.verify(sign(pair.private_pem, MESSAGE), MESSAGE)
    assert "PRIVATE" not in repr(pair)


def test_signing_with_what_is_no_fitting_private_key_is_refused() -> None:
    with pytest.raises(KeyRefusedError, match="it needs an RSA key"):
        sign(private_pem(P256), MESSAGE, algorithm=SignatureAlgorithm.RSA_PSS_2048_SHA256)
    with pytest.raises(KeyRefusedError, match="not a PEM private key"):
        sign(public_pem(P256).encode(), MESSAGE)
    with pytest.raises(KeyRefusedError, match="password"):
        sign(private_pem(P256), MESSAGE, password=b"x")
    with pytest.raises(KeyRefusedError, match="unsupported"):
        generate_key_pair(SignatureAlgorithm.ML_DSA_65)
