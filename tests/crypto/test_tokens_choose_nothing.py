"""A compact token is verified as its key is declared; its header chooses nothing (THREATS B67, B70)."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from binauthz.crypto.algorithms import SCHEMES, Ecdsa, SignatureAlgorithm
from binauthz.crypto.errors import SignatureRefusedError
from binauthz.crypto.jws import split_token, verify_token
from binauthz.crypto.pkix import load_public_key
from binauthz.crypto.signing import sign

from .keys import ALGORITHMS, private_pem, public_pem

P256 = SignatureAlgorithm.ECDSA_P256_SHA256
BODY = b'{"sub":"x"}'


def _b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def make_token(algorithm: SignatureAlgorithm, body: bytes = BODY, **header: object) -> str:
    scheme = SCHEMES[algorithm]
    head = {"alg": scheme.jws, "kid": "k", **header}
    signed = f"{_b64url(json.dumps(head).encode())}.{_b64url(body)}"
    signature = sign(private_pem(algorithm), signed.encode(), algorithm=algorithm)
    if isinstance(scheme, Ecdsa):
        r, s = decode_dss_signature(signature)
        signature = r.to_bytes(scheme.coordinate_size, "big") + s.to_bytes(scheme.coordinate_size, "big")
    return f"{signed}.{_b64url(signature)}"


def prove(token: str, algorithm: SignatureAlgorithm) -> bytes:
    return verify_token(split_token(token), load_public_key(public_pem(algorithm), algorithm))


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda algorithm: algorithm.value)
def test_every_algorithm_has_its_jws_form(algorithm: SignatureAlgorithm) -> None:
    assert prove(make_token(algorithm), algorithm) == BODY


@pytest.mark.parametrize(
    "algorithm",
    [P256, SignatureAlgorithm.RSA_PSS_2048_SHA256, SignatureAlgorithm.RSA_SIGN_PKCS1_2048_SHA256],
    ids=lambda algorithm: algorithm.value,
)
@pytest.mark.parametrize(
    "alg", ["none", "None", "", "HS256", "HS512", "ES256", "ES384", "RS256", "PS256", "PS512", "EdDSA"]
)
def test_B67_the_header_must_agree_with_the_key(algorithm: SignatureAlgorithm, alg: str) -> None:
    token = make_token(algorithm, alg=alg)
    if alg == SCHEMES[algorithm].jws:
        assert prove(token, algorithm) == BODY
    else:
        with pytest.raises(SignatureRefusedError):
            prove(token, algorithm)


@pytest.mark.parametrize(
    "header",
    [{"kid": None}, {"kid": ""}, {"kid": 1}, {"kid": ["k"]}, {"alg": None}, {"alg": ["ES256"]}, {"typ": 1}, {"x": 1}],
    ids=str,
)
def test_malformed_headers_are_refused(header: dict[str, object]) -> None:
    with pytest.raises(SignatureRefusedError):
        prove(make_token(P256, **header), P256)


def test_a_duplicate_header_name_is_refused() -> None:
    head = _b64url(b'{"alg":"ES256","kid":"k","alg":"none"}')
    with pytest.raises(SignatureRefusedError, match="twice"):
        split_token(f"{head}.{_b64url(BODY)}.{_b64url(b'x' * 64)}")


_TOKEN = make_token(P256)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(_TOKEN) - 1), st.characters(max_codepoint=0x2FF))
def test_any_single_changed_character_is_refused(where: int, character: str) -> None:
    changed = _TOKEN[:where] + character + _TOKEN[where + 1 :]
    if changed == _TOKEN:
        return
    with pytest.raises(SignatureRefusedError):
        prove(changed, P256)


@given(st.text(max_size=100) | st.from_regex(r"\A[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,90}\Z"))
def test_arbitrary_text_is_refused_and_nothing_else_happens(text: str) -> None:
    with pytest.raises(SignatureRefusedError):
        prove(text, P256)
