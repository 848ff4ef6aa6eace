"""Notes and occurrences between the messages of a version and the records of the store (SPEC 3).

A body is stored whole, so that no detail is lost: always in v1, and beside it as v1beta1 wrote it (ADR-0012).
"""

from typing import Any

from binauthz.attestation.model import Attestation, Signature
from binauthz.base.errors import ApiError, Code, invalid_field
from binauthz.services.notes import NoteDraft
from binauthz.services.occurrences import ATTESTATION, OccurrenceDraft
from binauthz.store.names import storable_form
from binauthz.store.records import Note, Occurrence
from binauthz.wire.descriptors import message_class
from binauthz.wire.fields import enum_name, set_enum
from binauthz.wire.grafeas_versions import V1, V1BETA1, to_v1, to_v1beta1

_OUTPUT_ONLY = ("name", "create_time", "update_time")
# Details that are not called what their kind is.
_KINDS = {
    "base_image": "IMAGE",
    "derived_image": "IMAGE",
    "installation": "PACKAGE",
    "deployable": "DEPLOYMENT",
    "discovered": "DISCOVERY",
    "attestation_authority": "ATTESTATION",
}
_PACKAGE_NAME_LIMIT = 1024


def to_attestation(message: Any) -> Attestation:
    """The signed content of a v1 AttestationOccurrence; its name, note and resource are the occurrence's to say."""
    return Attestation(
        name="",
        note="",
        resource_uri="",
        payload=message.serialized_payload,
        signatures=tuple(
            Signature(public_key_id=each.public_key_id, signature=each.signature) for each in message.signatures
        ),
        jwts=tuple(each.compact_jwt for each in message.jwts),
    )


def to_note_draft(message: Any) -> NoteDraft:
    """What a caller wants a note to be, in whichever version."""
    kind = _kind(message, "type", "note")
    body, v1beta1 = _bodies(message, kind)
    return NoteDraft(kind=kind, body=_stored(body, kind), v1beta1=v1beta1)


def to_occurrence_draft(message: Any) -> OccurrenceDraft:
    """What a caller wants an occurrence to be, in whichever version."""
    kind = _kind(message, "details", "occurrence")
    body, v1beta1 = _bodies(message, kind)
    severity, fixable = _vulnerability(body.vulnerability) if kind == "VULNERABILITY" else ("", False)
    return OccurrenceDraft(
        note=body.note_name,
        kind=kind,
        resource_uri=body.resource_uri,
        body=_stored(body, kind),
        v1beta1=v1beta1,
        attestation=to_attestation(body.attestation) if kind == ATTESTATION else None,
        severity=severity,
        fixable=fixable,
        package=storable_form(body.package.name[:_PACKAGE_NAME_LIMIT]),
    )


def from_record(record: Note | Occurrence, version: str) -> Any:
    """A stored note or occurrence as a version spells it: as that version wrote it, else as far as it can say it."""
    message = _message(record, version)
    set_enum(message, "kind", record.kind)
    message.name = record.name
    for field, moment in (("create_time", record.create_time), ("update_time", record.update_time)):
        getattr(message, field).FromDatetime(moment)
    return message


def check_rewritable(record: Note | Occurrence, version: str) -> None:
    """Refuse a change through another version than the one that wrote the record, where that would lose details."""
    writer = V1BETA1 if record.v1beta1 else V1
    if writer == version:
        return
    there = to_v1 if version == V1 else to_v1beta1
    back = to_v1beta1 if version == V1 else to_v1
    written = _message(record, writer)
    again = back(there(written))
    for each in (written, again):
        each.ClearField("kind")
    if again != written:
        raise ApiError(
            Code.FAILED_PRECONDITION,
            f"'{record.name}' holds details that {version} cannot express, expected a change through {writer}",
        )


def _message(record: Note | Occurrence, version: str) -> Any:
    name = type(record).__name__
    if version == V1BETA1 and record.v1beta1:
        return message_class(f"{V1BETA1}.{name}").FromString(record.v1beta1)
    message = message_class(f"{V1}.{name}").FromString(record.body)
    return message if version == V1 else to_v1beta1(message)


def _kind(message: Any, oneof: str, path: str) -> str:
    """The kind, from the details that are set; a stated kind must agree with them."""
    details = message.WhichOneof(oneof)
    stated = enum_name(message, "kind", path)
    implied = _KINDS.get(details, str(details).upper()) if details else ""
    if stated not in {"NOTE_KIND_UNSPECIFIED", implied}:
        got = f"details of kind `{implied}`" if implied else "no details"
        raise invalid_field(f"{path}.kind", f"got `{stated}` with {got}, expected the kind of the details")
    return implied


def _bodies(message: Any, kind: str) -> tuple[Any, bytes]:
    """The message in v1, and what is stored of it in v1beta1."""
    if message.DESCRIPTOR.full_name.startswith(f"{V1BETA1}."):
        return to_v1(message), _stored(message, kind)
    return message, b""


def _stored(message: Any, kind: str) -> bytes:
    copy = type(message)()
    copy.CopyFrom(message)
    for field in _OUTPUT_ONLY:
        copy.ClearField(field)
    if kind:
        set_enum(copy, "kind", kind)
    body: bytes = copy.SerializeToString(deterministic=True)
    return body


def _vulnerability(details: Any) -> tuple[str, bool]:
    """The effective severity, else the vendor's, and whether a fixed version is known for any affected package."""
    field = "effective_severity" if details.effective_severity else "severity"
    severity = details.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number.get(getattr(details, field))
    fixable = details.fix_available or any(
        issue.fix_available or (bool(issue.fixed_version.ListFields()) and not _is_maximum(issue.fixed_version))
        for issue in details.package_issue
    )
    return ("" if severity is None or severity.number == 0 else str(severity.name)), bool(fixable)


def _is_maximum(version: Any) -> bool:
    """Whether a version is the one that never comes, by which Grafeas says that there is no fix."""
    return bool(version.kind == version.DESCRIPTOR.enum_types_by_name["VersionKind"].values_by_name["MAXIMUM"].number)
