"""How each record type is kept: a closed table of types, with the columns of each and the way back.

Most types are one JSON body in ``resources``; those that are searched by more than their name have tables of their
own. A type that has no row here cannot be stored. JSON bodies gain fields by giving them defaults.
"""

import datetime as dt
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import msgspec
import sqlalchemy as sa

from binauthz.attestation.model import Attestation, Attestor, AttestorKey, PgpKey, PkixKey
from binauthz.policy.model import Policy
from binauthz.policy.platform.model import PlatformPolicy
from binauthz.store.instants import from_micros, to_micros
from binauthz.store.names import parent_of, project_of, spanning, storable, storable_form, without_scheme
from binauthz.store.records import (
    Cluster,
    ClusterOperation,
    ContinuousValidationConfig,
    CryptoKey,
    CryptoKeyVersion,
    DisabledService,
    EnabledService,
    Fleet,
    IamPolicy,
    KeyRing,
    LogEntry,
    Membership,
    Note,
    Occurrence,
    Operation,
    PendingJudgement,
    Project,
    ScheduledDestruction,
    Token,
)
from binauthz.store.schema import LOG_ENTRIES, NOTES, OCCURRENCES, RESOURCES

T = TypeVar("T")
Columns = dict[str, Any]
Row = Sequence[Any]

_NOTE_NAME = re.compile(r"projects/([^/]+)/notes/([^/]+)")
_SURROGATES = re.compile("[\ud800-\udfff]")
_encode_json = msgspec.json.Encoder().encode
_decode_any = msgspec.json.Decoder().decode
_decode_attestation = msgspec.json.Decoder(Attestation).decode

SEVERITY_RANKS = {
    "DEFAULT": 0,
    "DEBUG": 100,
    "INFO": 200,
    "NOTICE": 300,
    "WARNING": 400,
    "ERROR": 500,
    "CRITICAL": 600,
    "ALERT": 700,
    "EMERGENCY": 800,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordType(Generic[T]):
    """One type of record: its table, what it writes to each column, and how a row of ``selected`` reads back."""

    type: type[T]
    table: sa.Table
    kind: str
    parent: str
    selected: tuple[str, ...]
    columns: Callable[[T], Columns]
    record: Callable[[Row], T]


@dataclass(frozen=True, slots=True, kw_only=True)
class _KeyRow:
    """An attestor's key with one field for each kind of material, since a JSON union cannot tell two dataclasses
    apart."""

    id: str
    comment: str
    pkix: PkixKey | None = None
    pgp: PgpKey | None = None

    @classmethod
    def of(cls, key: AttestorKey) -> "_KeyRow":
        match key.material:
            case PkixKey() as pkix:
                return cls(id=key.id, comment=key.comment, pkix=pkix)
            case PgpKey() as pgp:
                return cls(id=key.id, comment=key.comment, pgp=pgp)
            case None:
                return cls(id=key.id, comment=key.comment)

    def key(self) -> AttestorKey:
        return AttestorKey(id=self.id, comment=self.comment, material=self.pkix or self.pgp)


@dataclass(frozen=True, slots=True, kw_only=True)
class _AttestorRow:
    name: str
    note: str
    description: str
    keys: tuple[_KeyRow, ...]
    delegation_service_account: str
    update_time: dt.datetime | None
    etag: str
    unknown: bytes


def _attestor_body(attestor: Attestor) -> bytes:
    return _encode_json(
        _AttestorRow(
            name=attestor.name,
            note=attestor.note,
            description=attestor.description,
            keys=tuple(map(_KeyRow.of, attestor.keys)),
            delegation_service_account=attestor.delegation_service_account,
            update_time=attestor.update_time,
            etag=attestor.etag,
            unknown=attestor.unknown,
        )
    )


_decode_attestor_row = msgspec.json.Decoder(_AttestorRow).decode


def _attestor(body: bytes) -> Attestor:
    row = _decode_attestor_row(body)
    return Attestor(
        name=row.name,
        note=row.note,
        description=row.description,
        keys=tuple(key.key() for key in row.keys),
        delegation_service_account=row.delegation_service_account,
        update_time=row.update_time,
        etag=row.etag,
        unknown=row.unknown,
    )


def _resource(
    type: type[T],
    kind: str,
    *,
    encode: Callable[[T], bytes] = _encode_json,
    decode: Callable[[bytes], T] | None = None,
) -> RecordType[T]:
    decode = decode or msgspec.json.Decoder(type).decode

    def columns(record: T) -> Columns:
        name = cast("Any", record).name
        parent = parent_of(name)
        return {"kind": kind, "name": name, "parent": parent, "span": spanning(parent), "body": encode(record)}

    return RecordType(
        type=type,
        table=RESOURCES,
        kind=kind,
        parent="parent",
        selected=("body",),
        columns=columns,
        record=lambda row: decode(row[0]),
    )


def _note_columns(note: Note) -> Columns:
    return {
        "name": note.name,
        "project": project_of(note.name),
        "kind": note.kind,
        "create_time": to_micros(note.create_time),
        "update_time": to_micros(note.update_time),
        "body": note.body,
        "v1beta1": note.v1beta1 or None,
    }


def _note(row: Row) -> Note:
    name, kind, create_time, update_time, body, v1beta1 = row
    return Note(
        name=name,
        kind=kind,
        create_time=from_micros(create_time),
        update_time=from_micros(update_time),
        body=bytes(body),
        v1beta1=bytes(v1beta1 or b""),
    )


def _occurrence_columns(occurrence: Occurrence) -> Columns:
    note = _NOTE_NAME.fullmatch(occurrence.note)
    attestation = occurrence.attestation
    return {
        "name": occurrence.name,
        "project": project_of(occurrence.name),
        "note": occurrence.note,
        "note_project": note[1] if note else "",
        "note_id": note[2] if note else "",
        "kind": occurrence.kind,
        "resource_uri": occurrence.resource_uri,
        "resource": without_scheme(occurrence.resource_uri),
        "digest": occurrence.digest,
        "identity": occurrence.identity or None,
        "create_time": to_micros(occurrence.create_time),
        "update_time": to_micros(occurrence.update_time),
        "body": occurrence.body,
        "attestation": None if attestation is None else _encode_json(attestation),
        "severity": occurrence.severity,
        "fixable": int(occurrence.fixable),
        "package": occurrence.package,
        "v1beta1": occurrence.v1beta1 or None,
    }


def _occurrence(row: Row) -> Occurrence:
    name, note, kind, resource_uri, create_time, update_time, body, digest, identity, attestation, *rest = row
    severity, fixable, package, v1beta1 = rest
    return Occurrence(
        name=name,
        note=note,
        kind=kind,
        resource_uri=resource_uri,
        create_time=from_micros(create_time),
        update_time=from_micros(update_time),
        body=bytes(body),
        digest=digest,
        identity=identity or "",
        attestation=None if attestation is None else _decode_attestation(attestation),
        severity=severity,
        fixable=bool(fixable),
        package=package,
        v1beta1=bytes(v1beta1 or b""),
    )


def attestation_of(row: Row) -> Attestation:
    """The attestation of a row that selected only that column."""
    return _decode_attestation(row[0])


def _log_columns(entry: LogEntry) -> Columns:
    # Unlike other records, an entry is kept even when its name holds what a database cannot.
    log_name = storable_form(entry.log_name)
    return {
        "name": storable_form(entry.name),
        "project": storable_form(project_of(entry.name)),
        "log_name": log_name,
        "log_name_folded": log_name.casefold(),
        "timestamp": to_micros(entry.timestamp),
        "severity": storable_form(entry.severity),
        "severity_rank": SEVERITY_RANKS.get(entry.severity, 0),
        "document": encode_document(entry.document),
    }


def _log_entry(row: Row) -> LogEntry:
    name, log_name, timestamp, severity, document = row
    return LogEntry(
        name=name,
        log_name=log_name,
        timestamp=from_micros(timestamp),
        severity=severity,
        document=decode_document(document),
    )


def encode_document(document: Mapping[str, Any]) -> bytes:
    """A log document as JSON. A value that JSON cannot carry is kept as near as it can be, since an audit entry is
    never dropped for the sake of one odd value in the request that it records."""
    try:
        return _encode_json(document)
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError):
        return json.dumps(_nearest(document, 64), ensure_ascii=False).encode()


def _nearest(value: object, depth: int) -> object:
    if isinstance(value, Mapping | list | tuple) and depth == 0:
        return "[too deep]"
    match value:
        case None | bool():
            nearest: object = value
        case float() if math.isfinite(value):
            nearest = value
        case int():
            nearest = value if value.bit_length() <= 1024 else hex(value)
        case Mapping():
            nearest = {_nearest_text(key): _nearest(item, depth - 1) for key, item in value.items()}
        case list() | tuple():
            nearest = [_nearest(item, depth - 1) for item in value]
        case _:
            nearest = _nearest_text(value)
    return nearest


def _nearest_text(value: object) -> str:
    return _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", str(value))


def decode_document(document: bytes) -> dict[str, Any]:
    """The document as it was appended."""
    return cast("dict[str, Any]", _decode_any(document))


LOG_ENTRY_COLUMNS = ("name", "log_name", "timestamp", "severity", "document")

_RECORD_TYPES: tuple[RecordType[Any], ...] = (
    _resource(Policy, "policy"),
    _resource(PlatformPolicy, "platform-policy"),
    _resource(ContinuousValidationConfig, "continuous-validation-config"),
    _resource(Attestor, "attestor", encode=_attestor_body, decode=_attestor),
    _resource(Project, "project"),
    _resource(EnabledService, "service"),
    _resource(DisabledService, "disabled-service"),
    _resource(Operation, "operation"),
    _resource(Cluster, "cluster"),
    _resource(ClusterOperation, "cluster-operation"),
    _resource(Fleet, "fleet"),
    _resource(Membership, "membership"),
    _resource(IamPolicy, "iam-policy"),
    _resource(Token, "token"),
    _resource(PendingJudgement, "pending-judgement"),
    _resource(KeyRing, "key-ring"),
    _resource(CryptoKey, "crypto-key"),
    _resource(CryptoKeyVersion, "crypto-key-version"),
    _resource(ScheduledDestruction, "scheduled-destruction"),
    RecordType(
        type=Note,
        table=NOTES,
        kind="",
        parent="project",
        selected=("name", "kind", "create_time", "update_time", "body", "v1beta1"),
        columns=_note_columns,
        record=_note,
    ),
    RecordType(
        type=Occurrence,
        table=OCCURRENCES,
        kind="",
        parent="project",
        selected=(
            "name", "note", "kind", "resource_uri", "create_time", "update_time", "body", "digest", "identity",
            "attestation", "severity", "fixable", "package", "v1beta1",
        ),
        columns=_occurrence_columns,
        record=_occurrence,
    ),
    RecordType(
        type=LogEntry,
        table=LOG_ENTRIES,
        kind="",
        parent="project",
        selected=LOG_ENTRY_COLUMNS,
        columns=_log_columns,
        record=_log_entry,
    ),
)  # fmt: skip

RECORD_TYPES: Mapping[type, RecordType[Any]] = {entry.type: entry for entry in _RECORD_TYPES}


def columns_of(record: object) -> Columns:
    """The row that keeps a record; ValueError for text that no database can hold, such as a NUL in a name."""
    columns = RECORD_TYPES[type(record)].columns(record)
    for column, value in columns.items():
        if isinstance(value, str) and not storable(value):
            raise ValueError(f"{column} {value!a} holds a character that cannot be stored")
    return columns
