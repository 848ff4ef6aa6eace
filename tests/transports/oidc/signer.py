"""An issuer's signing keys, and tokens good and bad."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

ISSUER = "https://issuer.example.com"
AUDIENCE = "binauthz"


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _number(value: int) -> str:
    return b64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


@dataclass
class Signer:
    """Keys by key id; ``rotate`` adds one more."""

    keys: dict[str, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey] = field(default_factory=dict)

    def rsa(self, kid: str, bits: int = 2048) -> "Signer":
        self.keys[kid] = rsa.generate_private_key(65537, bits)
        return self

    def ec(self, kid: str) -> "Signer":
        self.keys[kid] = ec.generate_private_key(ec.SECP256R1())
        return self

    def jwk(self, kid: str, **more: Any) -> dict[str, Any]:
        match self.keys[kid]:
            case rsa.RSAPrivateKey() as key:
                public = key.public_key().public_numbers()
                return {"kty": "RSA", "kid": kid, "use": "sig", "n": _number(public.n), "e": _number(public.e), **more}
            case ec.EllipticCurvePrivateKey() as key:
                point = key.public_key().public_numbers()
                x, y = (b64url(each.to_bytes(32, "big")) for each in (point.x, point.y))
                return {"kty": "EC", "kid": kid, "crv": "P-256", "x": x, "y": y, **more}
        raise AssertionError

    def key_set(self) -> dict[str, Any]:
        return {"keys": [self.jwk(kid) for kid in self.keys]}

    def token(self, claims: dict[str, Any], *, kid: str = "k1", header: dict[str, Any] | None = None) -> str:
        key = self.keys[kid]
        alg = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
        signed = unsigned({"alg": alg, "kid": kid, "typ": "JWT", **(header or {})}, claims)
        return f"{signed}.{b64url(self.sign(kid, signed.encode()))}"

    def sign(self, kid: str, data: bytes) -> bytes:
        match self.keys[kid]:
            case rsa.RSAPrivateKey() as key:
                return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
            case ec.EllipticCurvePrivateKey() as key:
                r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
                return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        raise AssertionError


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return f"{b64url(json.dumps(header).encode())}.{b64url(json.dumps(claims).encode())}"


def hmac_token(secret: bytes, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """A token signed with a shared secret, for instance with a public key taken for one."""
    signed = unsigned(header, claims)
    return f"{signed}.{b64url(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def claims(now: float, **changed: Any) -> dict[str, Any]:
    """The claims of a good token; None leaves one out."""
    good = {
        "iss": ISSUER, "aud": AUDIENCE, "exp": now + 600, "iat": now, "sub": "subject", "email": "Dev@Example.com",
        "email_verified": True, "groups": ["Team@example.com", "plain"],
    }  # fmt: skip
    return {name: value for name, value in {**good, **changed}.items() if value is not None}
