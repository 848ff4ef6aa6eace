"""Reads the folders of ``tests/vectors/cases`` into values of the domain."""

import base64
import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from binauthz.attestation.model import (
    Attestation,
    Attestor,
    AttestorKey,
    PgpKey,
    PkixKey,
    Signature,
    SignatureAlgorithm,
)

VECTORS = Path(__file__).resolve().parent.parent / "vectors"
CASES = sorted(path.parent for path in (VECTORS / "cases").glob("*/case.json"))
VERDICTS = {"proves": "SATISFIED", "refused": "NOT_SATISFIED"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    name: str
    attestor: Attestor
    digest: str
    now: dt.datetime
    attestations: tuple[Attestation, ...]
    outcome: str
    cause: str
    reason: str


def read_case(folder: Path) -> Case:
    document = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    known = {"attestor", "digest", "now", "attestations", "expect"}
    assert set(document) == known, f"{folder.name} has other members than {known}"
    expect = document["expect"]
    assert expect["outcome"] == VERDICTS[folder.name.rpartition("_")[2]], "the name of a case is its verdict"
    return Case(
        name=folder.name,
        attestor=Attestor(
            name=document["attestor"]["name"],
            note=document["attestor"]["note"],
            keys=tuple(_key(key) for key in document["attestor"]["keys"]),
        ),
        digest=document["digest"],
        now=dt.datetime.fromisoformat(document["now"]),
        attestations=tuple(_attestation(made) for made in document["attestations"]),
        outcome=expect["outcome"],
        cause=expect.get("cause", ""),
        reason=expect.get("reason", ""),
    )


def _key(key: dict[str, Any]) -> AttestorKey:
    material: PkixKey | PgpKey
    if "pkix" in key:
        material = PkixKey(pem=key["pkix"]["pem"], algorithm=SignatureAlgorithm(key["pkix"]["algorithm"]))
    else:
        material = PgpKey(armored=key["pgp"])
    return AttestorKey(id=key["id"], material=material)


def _attestation(made: dict[str, Any]) -> Attestation:
    return Attestation(
        name=made["name"],
        note=made["note"],
        resource_uri=made["resource_uri"],
        payload=base64.b64decode(made["payload"]),
        signatures=tuple(
            Signature(public_key_id=signature["public_key_id"], signature=base64.b64decode(signature["signature"]))
            for signature in made["signatures"]
        ),
        jwts=tuple(made["jwts"]),
    )
