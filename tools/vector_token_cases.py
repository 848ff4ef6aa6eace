"""Cases of compact tokens: bound and unbound, in time and out of it, and headers that want to choose."""

import hmac
import json

from tools.vector_cases import Cases, attestation, pgp, pkix, sign, token
from tools.vector_keys import DIGEST, IMAGE, OTHER, Json, b64url, payload, private_key, public_pem


def token_cases(cases: Cases) -> None:
    p256 = "ECDSA_P256_SHA256"
    key = pkix(p256)
    kid = str(key["id"])
    bound: Json = {"sub": f"sha256:{DIGEST}"}

    def add(name: str, why: str, made: str, reason: str = "") -> None:
        cases.add(f"jwt-{name}", why, keys=[key], attestations=[attestation([], jwts=(made,))], reason=reason)

    good = token(p256, bound)
    head, body, signature = good.split(".")

    def headed(header: Json) -> str:
        return token(p256, bound, header)

    add("subject-digest_proves", "The subject is the digest.", good)
    add("subject-image_proves", "The subject is an image by digest.", token(p256, {"sub": f"https://{IMAGE}"}))
    add("payload-structure_proves", "The token is bound as a simple signing payload would be.", token(p256, payload()))
    add("both-claims_proves", "Subject and payload structure agree.", token(p256, {**json.loads(payload()), **bound}))
    add(
        "valid-now_proves",
        "The decision lies between `nbf` and `exp`.",
        token(p256, {**bound, "nbf": 1767225600, "exp": 1767398400}),
    )
    add(
        "audience-list_proves",
        "One of several audiences is this one.",
        token(p256, {**bound, "aud": ["x", "//binaryauthorization.googleapis.com"]}),
    )
    add("no-type_proves", "The header may leave out `typ`.", headed({"alg": "ES256", "kid": kid}))
    add(
        "unbound_refused",
        "The token claims nothing about a digest: it would attest every image.",
        token(p256, {"iss": "x"}),
        "bound to no digest",
    )
    add(
        "claims-disagree_refused",
        "Subject and payload structure name two digests.",
        token(p256, {**json.loads(payload()), "sub": f"sha256:{OTHER}"}),
        "do not name one digest",
    )
    add(
        "subject-malformed_refused",
        "One claim is well-formed and the other is not.",
        token(p256, {**json.loads(payload()), "sub": "img:v1"}),
        "do not name one digest",
    )
    add(
        "other-digest_refused",
        "The token is about another digest.",
        token(p256, {"sub": f"sha256:{OTHER}"}),
        "another digest",
    )
    add("expired_refused", "`exp` has passed (THREATS B63).", token(p256, {**bound, "exp": 1767225600}), "expired")
    add(
        "not-yet_refused",
        "`nbf` lies ahead by more than clock skew.",
        token(p256, {**bound, "nbf": 1767398400}),
        "not valid before",
    )
    add("expiry-text_refused", "`exp` is text.", token(p256, {**bound, "exp": "never"}), "not a moment")
    add("expiry-huge_refused", "`exp` is beyond every calendar.", token(p256, {**bound, "exp": 10**30}), "not a moment")
    add(
        "other-audience_refused",
        "The token is meant for somebody else (RFC 7519 4.1.3).",
        token(p256, {**bound, "aud": "https://vault.example.com"}),
        "audience",
    )
    add(
        "duplicate-claim_refused",
        "The subject stands twice.",
        token(p256, f'{{"sub":"sha256:{OTHER}","sub":"sha256:{DIGEST}"}}'.encode()),
        "twice",
    )
    add(
        "B67-none_refused",
        "`alg` none, with a signature all the same.",
        headed({"alg": "none", "kid": kid}),
        "as the key is declared",
    )
    add(
        "B67-none-unsigned_refused",
        "`alg` none, without a signature.",
        b64url(json.dumps({"alg": "none", "kid": kid}).encode()) + f".{body}.",
    )
    public = public_pem(private_key(p256)).encode()
    hs = f"{b64url(json.dumps({'alg': 'HS256', 'kid': kid}).encode())}.{body}"
    add(
        "B67-hs256-with-public-key_refused",
        "HMAC with the public key as its secret (CVE-2016-9122).",
        f"{hs}.{b64url(hmac.digest(public, hs.encode(), 'sha256'))}",
        "as the key is declared",
    )
    add(
        "B67-other-algorithm_refused",
        "`alg` does not agree with the key's record.",
        headed({"alg": "ES384", "kid": kid}),
        "as the key is declared",
    )
    for parameter, value in {
        "jwk": {"kty": "EC"},
        "jku": "https://evil.example.com",
        "x5u": "https://evil.example.com",
        "x5c": ["AAAA"],
        "crit": ["exp"],
        "b64": False,
        "zip": "DEF",
    }.items():
        add(
            f"header-{parameter}_refused",
            f"The header brings `{parameter}`.",
            headed({"alg": "ES256", "kid": kid, parameter: value}),
            parameter,
        )
    add(
        "other-type_refused",
        "The header says that it is no JWT.",
        headed({"alg": "ES256", "kid": kid, "typ": "at+jwt"}),
        "typ",
    )
    add("no-kid_refused", "The header names no key.", headed({"alg": "ES256"}), "kid")
    add(
        "unknown-kid_refused",
        "The header names a key that the attestor does not have.",
        headed({"alg": "ES256", "kid": "ni:///sha-256;x"}),
        "no key of this id",
    )
    add(
        "der-signature_refused",
        "ECDSA in DER, where a token has r||s (RFC 7518 3.4).",
        f"{head}.{body}.{b64url(sign(p256, f'{head}.{body}'.encode()))}",
        "r||s",
    )
    add("truncated_refused", "The last character of the signature is missing.", good[:-1])
    add("padded_refused", "Base64url with padding.", f"{head}.{body}.{signature}==", "base64url")
    add(
        "standard-base64_refused",
        "The alphabet of base64 instead of base64url.",
        f"{head}.{body}.{'+' + signature[1:]}",
        "base64url",
    )
    add("four-parts_refused", "A fourth part follows.", f"{good}.x", "header.payload.signature")
    add(
        "oversized_refused",
        "A token of more than 64 KiB.",
        token(p256, {**bound, "optional": "x" * 65536}),
        "characters",
    )
    add("empty_refused", "A token of no characters.", "")
    add("non-ascii_refused", "A token with characters beyond ASCII.", f"{head}.{body}é.{signature}")
    cases.add(
        "jwt-for-pgp-key_refused",
        "The token names an OpenPGP key.",
        keys=[pgp("rsa")],
        attestations=[attestation([], jwts=(token(p256, bound, kid=str(pgp("rsa")["id"])),))],
        reason="expected a PKIX key",
    )
