"""A PKIX key is one canonical PEM block of the kind and size that its algorithm needs (SPEC 2.4, 2.5)."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from binauthz.crypto.algorithms import SCHEMES, SignatureAlgorithm
from binauthz.crypto.errors import KeyRefusedError
from binauthz.crypto.pkix import load_public_key

from .keys import ALGORITHMS, private_pem, public_pem

P256 = SignatureAlgorithm.ECDSA_P256_SHA256
DOCUMENTED_SPKI = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEXnpuYEfvLl1kj4fjxViFRwY1a+zC5qzlf9"
    "LJIK+rnjq42tiKGyyXMbnZKJiYPPdMDGyltnkrABnztg2jJ48aYQ=="
)


def _pem(der: bytes, label: str = "PUBLIC KEY") -> str:
    body = base64.b64encode(der).decode()
    lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"


def _der(algorithm: SignatureAlgorithm) -> bytes:
    return base64.b64decode("".join(public_pem(algorithm).split("\n")[1:-2]))


def test_the_documented_key_gets_the_documented_id() -> None:
    """SPEC 11: the only published pair of a key and its default id."""
    pem = f"-----BEGIN PUBLIC KEY-----\n{DOCUMENTED_SPKI}\n-----END PUBLIC KEY-----\n"
    assert load_public_key(pem, P256).id == "ni:///sha-256;EwVxs8fNUAHq9FI2AMfh8WNIXVBuuTMeGtPH72U-I70"


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda algorithm: algorithm.value)
@pytest.mark.parametrize("declared", ALGORITHMS, ids=lambda algorithm: algorithm.value)
def test_B67_a_key_serves_only_algorithms_of_its_kind_and_size(
    algorithm: SignatureAlgorithm, declared: SignatureAlgorithm
) -> None:
    same = SCHEMES[algorithm].key_kind == SCHEMES[declared].key_kind
    if same:
        assert load_public_key(public_pem(algorithm), declared).algorithm is declared
    else:
        with pytest.raises(KeyRefusedError, match="it needs") as caught:
            load_public_key(public_pem(algorithm), declared)
        assert caught.value.field == "pkixPublicKey.signatureAlgorithm"


@pytest.mark.parametrize("algorithm", [SignatureAlgorithm.UNSPECIFIED, SignatureAlgorithm.ML_DSA_65])
def test_algorithms_that_name_nothing_we_verify_are_refused(algorithm: SignatureAlgorithm) -> None:
    with pytest.raises(KeyRefusedError, match=algorithm.value) as caught:
        load_public_key(public_pem(P256), algorithm)
    assert caught.value.field == "pkixPublicKey.signatureAlgorithm"
    if algorithm is SignatureAlgorithm.ML_DSA_65:
        assert "unsupported" in caught.value.description


@pytest.mark.parametrize(
    "change", [str, str.strip, lambda pem: pem.replace("\n", "\r\n"), lambda pem: f"\n\n{pem}\n\n"]
)
def test_line_ends_and_blank_space_around_a_block_do_not_matter(change) -> None:  # type: ignore[no-untyped-def]
    assert load_public_key(change(public_pem(P256)), P256).id == load_public_key(public_pem(P256), P256).id


def _bad_pems() -> dict[str, str]:
    good = public_pem(P256)
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    compressed = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + point.public_bytes(
        Encoding.X962, PublicFormat.CompressedPoint
    )
    return {
        "nothing": "",
        "no block": "hello",
        "two blocks": good + good,
        "text before": f"key:\n{good}",
        "text behind": f"{good}bye\n",
        "no end": good.rsplit("-----END", 1)[0],
        "other label": good.replace("PUBLIC KEY", "CERTIFICATE"),
        "pkcs1 label": good.replace("PUBLIC KEY", "RSA PUBLIC KEY"),
        "private key": private_pem(P256).decode(),
        "not base64": good.replace("M", "!", 1),
        "empty block": "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
        "armor header": good.replace("-----\n", "-----\nVersion: 1\n\n", 1),
        "truncated der": _pem(_der(P256)[:-1]),
        "trailing der": _pem(_der(P256) + b"\0"),
        "compressed point": _pem(compressed),
        "off the curve": _pem(_der(P256)[:-1] + bytes([_der(P256)[-1] ^ 1])),
        "oversized": good + " " * 70_000,
        "non-ascii": good.replace("M", "\N{FULLWIDTH LATIN CAPITAL LETTER M}", 1),
        "surrogate": good.replace("M", "\ud800", 1),
    }


@pytest.mark.parametrize("pem", _bad_pems().values(), ids=_bad_pems().keys())
def test_anything_but_one_canonical_block_is_refused(pem: str) -> None:
    with pytest.raises(KeyRefusedError) as caught:
        load_public_key(pem, P256)
    assert caught.value.field == "pkixPublicKey.publicKeyPem"
    assert "got" in caught.value.description


def test_a_private_key_is_refused_without_repeating_it() -> None:
    pem = private_pem(P256).decode()
    with pytest.raises(KeyRefusedError, match="private key") as caught:
        load_public_key(pem, P256)
    assert pem.split("\n")[1] not in str(caught.value)


def test_keys_of_other_kinds_are_refused() -> None:
    for key in (
        ed25519.Ed25519PrivateKey.generate().public_key(),
        ec.generate_private_key(ec.SECP256K1()).public_key(),
    ):
        pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        with pytest.raises(KeyRefusedError, match="it needs an EC key on secp256r1"):
            load_public_key(pem, P256)


def test_rsa_of_a_size_between_is_refused() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2056).public_key()
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    with pytest.raises(KeyRefusedError, match="2056 bits"):
        load_public_key(pem, SignatureAlgorithm.RSA_PSS_2048_SHA256)
