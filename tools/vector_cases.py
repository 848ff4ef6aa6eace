"""How a case is written down, and the signatures that go into it: none of them made by our own code."""

import base64
import hashlib
import json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from tools.vector_keys import (
    DIGEST,
    EC_CURVES,
    IMAGE,
    NOTE,
    NOW,
    ROOT,
    RSA_SCHEMES,
    Json,
    Private,
    b64url,
    key_id,
    private_key,
    public_pem,
)


def sign(algorithm: str, message: bytes, key: Private | None = None) -> bytes:
    """ECDSA in DER by RFC 6979, PKCS #1 v1.5, or PSS with a salt of as many bytes as the digest has, all `s`."""
    private = key or private_key(algorithm)
    if isinstance(private, ec.EllipticCurvePrivateKey):
        digest = EC_CURVES[algorithm][1]
        return private.sign(message, ec.ECDSA(digest, deterministic_signing=True))
    digest = RSA_SCHEMES[algorithm][1]
    if "PKCS1" in algorithm:
        return private.sign(message, padding.PKCS1v15(), digest)
    return pss(private, message, digest.name, b"s" * digest.digest_size)


def pss(private: rsa.RSAPrivateKey, message: bytes, name: str, salt: bytes) -> bytes:
    """RSASSA-PSS with a chosen salt (RFC 8017 9.1.1); the modulus has a multiple of eight bits."""
    size = private.key_size // 8
    digest = hashlib.new(name, b"\0" * 8 + hashlib.new(name, message).digest() + salt).digest()
    block = b"\0" * (size - len(salt) - len(digest) - 2) + b"\1" + salt
    mask, counter = b"", 0
    while len(mask) < len(block):
        mask += hashlib.new(name, digest + counter.to_bytes(4, "big")).digest()
        counter += 1
    masked = bytes(a ^ b for a, b in zip(block, mask, strict=False))
    encoded = bytes([masked[0] & 0x7F]) + masked[1:] + digest + b"\xbc"
    numbers = private.private_numbers()
    return pow(int.from_bytes(encoded, "big"), numbers.d, numbers.public_numbers.n).to_bytes(size, "big")


def raw_ecdsa(der: bytes, size: int) -> bytes:
    r, s = decode_dss_signature(der)
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def token(algorithm: str, claims: Json | bytes, header: Json | None = None, *, kid: str | None = None) -> str:
    private = private_key(algorithm)
    curve = EC_CURVES.get(algorithm)
    alg = curve[2] if curve else RSA_SCHEMES[algorithm][2]
    head = header or {"alg": alg, "kid": kid or key_id(public_pem(private)), "typ": "JWT"}
    body = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    signed = f"{b64url(json.dumps(head).encode())}.{b64url(body)}"
    signature = sign(algorithm, signed.encode())
    if curve:
        signature = raw_ecdsa(signature, (curve[0].key_size + 7) // 8)
    return f"{signed}.{b64url(signature)}"


def pae(body: bytes, kind: str = "application/vnd.dev.cosign.simplesigning.v1+json") -> bytes:
    return f"DSSEv1 {len(kind)} {kind} {len(body)} ".encode() + body


class Cases:
    """Writes the folders; a name may be used once, and must end in its verdict."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.names: set[str] = set()

    def add(
        self,
        name: str,
        why: str,
        *,
        keys: list[Json],
        attestations: list[Json],
        digest: str = DIGEST,
        now: str = NOW,
        cause: str = "",
        reason: str = "",
    ) -> None:
        outcome = {"proves": "SATISFIED", "refused": "NOT_SATISFIED"}[name.rpartition("_")[2]]
        if name in self.names:
            raise SystemExit(f"two cases are called {name}")
        self.names.add(name)
        folder = self.root / name
        folder.mkdir(parents=True)
        expect: Json = {"outcome": outcome}
        if cause:
            expect["cause"] = cause
        if reason:
            expect["reason"] = reason
        document = {
            "attestor": {"name": "projects/p1/attestors/a1", "note": NOTE, "keys": keys},
            "digest": digest,
            "now": now,
            "attestations": attestations,
            "expect": expect,
        }
        (folder / "case.json").write_text(json.dumps(document, indent=2) + "\n")
        (folder / "README.md").write_text(f"{why}\n")


def pkix(algorithm: str, *, id: str = "", pem: str = "", declared: str = "") -> Json:
    text = pem or public_pem(private_key(algorithm))
    return {"id": id or key_id(text), "pkix": {"pem": text, "algorithm": declared or algorithm}}


def pgp(name: str) -> Json:
    """An OpenPGP key with its version 4 fingerprint: SHA-1 over the first packet's body (RFC 4880 12.2)."""
    certificate = (ROOT / "keys" / f"pgp-{name}.asc").read_text()
    data = base64.b64decode("".join(certificate.split("\n\n", 1)[1].split("\n=")[0].split("\n")))
    wide = data[0] & 3
    body = data[2 + wide : 2 + wide + int.from_bytes(data[1 : 2 + wide], "big")]
    digits = hashlib.sha1(b"\x99" + len(body).to_bytes(2, "big") + body, usedforsecurity=False).hexdigest()
    return {"id": digits.upper(), "pgp": certificate}


def attestation(
    signatures: list[tuple[object, bytes]],
    body: bytes = b"",
    *,
    jwts: tuple[str, ...] = (),
    uri: str = IMAGE,
    note: str = NOTE,
) -> Json:
    return {
        "name": "projects/p1/occurrences/o1",
        "note": note,
        "resource_uri": uri,
        "payload": base64.b64encode(body).decode(),
        "signatures": [
            {"public_key_id": key, "signature": base64.b64encode(signature).decode()} for key, signature in signatures
        ],
        "jwts": list(jwts),
    }
