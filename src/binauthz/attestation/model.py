"""Attestors, their keys, and the attestations that name them (SPEC 2 and 3)."""

import datetime as dt
from dataclasses import dataclass

from binauthz.crypto.algorithms import SignatureAlgorithm as SignatureAlgorithm  # noqa: PLC0414  # Part of this model.


@dataclass(frozen=True, slots=True, kw_only=True)
class PkixKey:
    """A public key in PEM SubjectPublicKeyInfo with the one algorithm it may be used with."""

    pem: str
    algorithm: SignatureAlgorithm


@dataclass(frozen=True, slots=True, kw_only=True)
class PgpKey:
    """An ASCII-armored OpenPGP certificate."""

    armored: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestorKey:
    """A key of an attestor; ``id`` is compared with Signature.publicKeyId by exact equality (SPEC 2.4)."""

    id: str
    material: PkixKey | PgpKey | None
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestor:
    """Who attests: a note to which attestations are attached, and the keys trusted to sign them."""

    name: str
    note: str
    description: str = ""
    keys: tuple[AttestorKey, ...] = ()
    delegation_service_account: str = ""
    update_time: dt.datetime | None = None
    etag: str = ""
    unknown: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature and the id of the key said to have made it. The bytes are raw, DER for EC, or an OpenPGP message."""

    public_key_id: str
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """The signed content of one ATTESTATION occurrence.

    ``payload`` is the stored serializedPayload, exactly as signed; ``jwts`` are compact JWTs (SPEC 3.5).
    """

    name: str
    note: str
    resource_uri: str
    payload: bytes = b""
    signatures: tuple[Signature, ...] = ()
    jwts: tuple[str, ...] = ()
