"""A million occurrences, put into a database in bulk, for benchmarks that search and list them.

Of every thousand, 900 are attestations, 90 vulnerabilities, 9 packages and 1 is a build. Of ten images one
has no digest.
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any

import msgspec
import psycopg

from binauthz.attestation.model import Attestation, Signature
from binauthz.store.schema import OCCURRENCES
from binauthz.wire.descriptors import message_class

PROJECT = "projects/demo-project"
NOTES = {kind: f"{PROJECT}/notes/{kind.lower()}" for kind in ("ATTESTATION", "VULNERABILITY", "PACKAGE", "BUILD")}
COLUMNS = tuple(column.name for column in OCCURRENCES.c)
_BATCH = 20_000


def digest(number: int) -> str:
    """A digest that looks random, as digests do."""
    return hashlib.sha256(b"%d" % number).hexdigest()


def resource(number: int) -> str:
    """The image that occurrence ``number`` is about: ten occurrences to an image."""
    image = number // 10
    path = f"us-docker.pkg.dev/demo-project/repository-{image % 1000}/app-{image}"
    return f"{path}:v1" if image % 10 == 0 else f"{path}@sha256:{digest(image)}"


def kind(number: int) -> str:
    """Attestations most of all."""
    place = number % 1000
    return "ATTESTATION" if place < 900 else "VULNERABILITY" if place < 990 else "PACKAGE" if place < 999 else "BUILD"


@cache
def _body(kind: str) -> bytes:
    message: Any = message_class("grafeas.v1.Occurrence")(note_name=NOTES[kind], remediation="r" * 40)
    match kind:
        case "ATTESTATION":
            message.attestation.serialized_payload = b"p" * 288
            message.attestation.signatures.add(public_key_id="k" * 58, signature=b"s" * 71)
        case "VULNERABILITY":
            message.vulnerability.package_issue.add(affected_package="openssl", affected_cpe_uri="cpe:/o:x:y:1")
        case "PACKAGE":
            message.package.name = "openssl"
        case _:
            message.build.provenance.id = "1"
    return bytes(message.SerializeToString())


def rows(numbers: range) -> Iterator[tuple[Any, ...]]:
    """Rows of the table, as the store writes them."""
    signature = Signature(public_key_id="k" * 58, signature=b"s" * 71)
    for number in numbers:
        name = f"{PROJECT}/occurrences/{digest(-number)[:32]}"
        uri, of = resource(number), kind(number)
        attestation = Attestation(
            name=name, note=NOTES[of], resource_uri=uri, payload=b"p" * 288, signatures=(signature,)
        )
        values: dict[str, Any] = {
            "name": name, "project": PROJECT, "note": NOTES[of], "note_project": "demo-project",
            "note_id": of.lower(), "kind": of, "resource_uri": uri, "resource": uri,
            "digest": uri.partition("@sha256:")[2], "identity": digest(number) if of == "ATTESTATION" else None,
            "create_time": 1_760_000_000_000_000 + number, "update_time": 1_760_000_000_000_000 + number,
            "body": _body(of), "attestation": msgspec.json.encode(attestation) if of == "ATTESTATION" else None,
            "severity": ("LOW", "HIGH")[number % 2] if of == "VULNERABILITY" else "", "fixable": number % 3 == 0,
            "package": "openssl" if of == "PACKAGE" else "", "v1beta1": None,
        }  # fmt: skip
        values["fixable"] = int(values["fixable"])
        yield tuple(values[column] for column in COLUMNS)


def load(url: str, numbers: range) -> None:
    """Add them fast: durability is not what is measured, and indexes are quicker built than kept."""
    if url.startswith("sqlite"):
        _load_sqlite(url.removeprefix("sqlite:///"), numbers)
    else:
        _load_postgres(url, numbers)


def _load_sqlite(path: str, numbers: range) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA cache_size=-262144")
    found = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'occurrences' AND sql IS NOT NULL"
    )
    indexes = dict(found.fetchall())
    with connection:
        for name in indexes:
            connection.execute(f"DROP INDEX {name}")
        statement = f"INSERT INTO occurrences ({','.join(COLUMNS)}) VALUES ({','.join('?' * len(COLUMNS))})"
        batches = rows(numbers)
        while batch := list(islice(batches, _BATCH)):
            connection.executemany(statement, batch)
        for statement in indexes.values():
            connection.execute(statement)
    connection.close()


def _load_postgres(url: str, numbers: range) -> None:
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '256MB'")
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'occurrences' AND indexname NOT LIKE '%pkey'"
        )
        indexes = dict(cursor.fetchall())
        for name in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        with cursor.copy(f"COPY occurrences ({','.join(COLUMNS)}) FROM STDIN") as copy:
            for row in rows(numbers):
                copy.write_row(row)
        for definition in indexes.values():
            cursor.execute(definition)
        cursor.execute("ANALYZE occurrences")
