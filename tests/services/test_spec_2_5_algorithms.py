"""SPEC 2.5: every algorithm by every name, with keys of its own kind and size, and with no other."""

import functools

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.services.api import NOTE, Api, Refused, api

__all__ = ["api"]

QA = "/v1/projects/demo-project/attestors/qa"
KEY = "attestor.userOwnedGrafeasNote.publicKeys[0].pkixPublicKey"
P256, P384, P521, K256 = "P256", "P384", "P521", "K256"
RSA2048, RSA3072, RSA4096 = "RSA2048", "RSA3072", "RSA4096"
CURVES = {P256: ec.SECP256R1, P384: ec.SECP384R1, P521: ec.SECP521R1, K256: ec.SECP256K1}
ALGORITHMS = {
    "ECDSA_P256_SHA256": P256,
    "ECDSA_P384_SHA384": P384,
    "ECDSA_P521_SHA512": P521,
    "RSA_PSS_2048_SHA256": RSA2048,
    "RSA_PSS_3072_SHA256": RSA3072,
    "RSA_PSS_4096_SHA256": RSA4096,
    "RSA_PSS_4096_SHA512": RSA4096,
    "RSA_SIGN_PKCS1_2048_SHA256": RSA2048,
    "RSA_SIGN_PKCS1_3072_SHA256": RSA3072,
    "RSA_SIGN_PKCS1_4096_SHA256": RSA4096,
    "RSA_SIGN_PKCS1_4096_SHA512": RSA4096,
}
ALIASES = {
    "EC_SIGN_P256_SHA256": "ECDSA_P256_SHA256",
    "EC_SIGN_P384_SHA384": "ECDSA_P384_SHA384",
    "EC_SIGN_P521_SHA512": "ECDSA_P521_SHA512",
    "RSA_SIGN_PSS_2048_SHA256": "RSA_PSS_2048_SHA256",
    "RSA_SIGN_PSS_3072_SHA256": "RSA_PSS_3072_SHA256",
    "RSA_SIGN_PSS_4096_SHA256": "RSA_PSS_4096_SHA256",
    "RSA_SIGN_PSS_4096_SHA512": "RSA_PSS_4096_SHA512",
}


@functools.cache
def private(kind: str) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    if kind in CURVES:
        return ec.generate_private_key(CURVES[kind]())
    return rsa.generate_private_key(65537, int(kind.removeprefix("RSA")))


def pem(kind: str) -> str:
    return private(kind).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def holding(text: str, algorithm: object) -> dict[str, object]:
    key = {"pkixPublicKey": {"publicKeyPem": text, "signatureAlgorithm": algorithm}}
    return {"userOwnedGrafeasNote": {"noteReference": NOTE, "publicKeys": [key]}}


@pytest.mark.parametrize("algorithm", [*ALGORITHMS, *ALIASES])
def test_an_algorithm_takes_its_key_and_answers_by_its_first_name(api: Api, algorithm: str) -> None:
    first = ALIASES.get(algorithm, algorithm)
    block = api.ok("PUT", QA, holding(pem(ALGORITHMS[first]), algorithm))["userOwnedGrafeasNote"]
    assert block["publicKeys"][0]["pkixPublicKey"]["signatureAlgorithm"] == first


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("kind", [P256, P384, K256, RSA2048, RSA3072])
def test_an_algorithm_takes_no_other_key(api: Api, algorithm: str, kind: str) -> None:
    expected = None if ALGORITHMS[algorithm] == kind else Refused(f"{KEY}.signatureAlgorithm")
    api.judge(expected, "PUT", QA, holding(pem(kind), algorithm))


@pytest.mark.parametrize("algorithm", ["SIGNATURE_ALGORITHM_UNSPECIFIED", 0, "ML_DSA_65"])
def test_an_algorithm_that_says_nothing_or_is_not_served_is_refused(api: Api, algorithm: object) -> None:
    api.judge(Refused(f"{KEY}.signatureAlgorithm"), "PUT", QA, holding(pem(P256), algorithm))


@pytest.mark.parametrize("algorithm", ["ECDSA_P256", "SHA256", "", 99, {}])
def test_an_algorithm_that_is_not_known_is_refused(api: Api, algorithm: object) -> None:
    api.judge(Refused(), "PUT", QA, holding(pem(P256), algorithm))


def test_a_key_without_an_algorithm_is_refused(api: Api) -> None:
    block = {"noteReference": NOTE, "publicKeys": [{"pkixPublicKey": {"publicKeyPem": pem(P256)}}]}
    api.judge(Refused(f"{KEY}.signatureAlgorithm"), "PUT", QA, {"userOwnedGrafeasNote": block})


def _bad_pems() -> dict[str, str]:
    good = pem(P256)
    body = good.split("-----")[2]
    secret = private(P256).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    compressed = private(P256).public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    return {
        "nothing": "",
        "no PEM": "x",
        "a certificate": good.replace("PUBLIC KEY", "CERTIFICATE"),
        "two keys": good + pem(P384),
        "a private key": secret,
        "cut short": good[:60],
        "not base64": good.replace(body[5:9], "!!!!"),
        "a bare point": f"-----BEGIN PUBLIC KEY-----\n{compressed.hex()}\n-----END PUBLIC KEY-----\n",
        "too large": good + "\n" * 70_000,
    }


BAD_PEMS = _bad_pems()


@pytest.mark.parametrize("what", BAD_PEMS)
def test_what_is_no_single_public_key_is_refused(api: Api, what: str) -> None:
    api.judge(Refused(f"{KEY}.publicKeyPem"), "PUT", QA, holding(BAD_PEMS[what], "ECDSA_P256_SHA256"))


def test_a_key_of_a_kind_without_algorithm_is_refused(api: Api) -> None:
    key = ed25519.Ed25519PrivateKey.generate().public_key()
    text = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    api.judge(Refused(f"{KEY}.signatureAlgorithm"), "PUT", QA, holding(text, "ECDSA_P256_SHA256"))


def test_a_refused_key_leaves_the_attestor_as_it_was(api: Api) -> None:
    before = api.ok("GET", QA)
    api.judge(Refused(), "PUT", QA, holding("x", "ECDSA_P256_SHA256"))
    assert api.ok("GET", QA) == before
