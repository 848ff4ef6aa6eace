"""Grafeas v1beta1, as far as attestations go: other spellings of the same notes and occurrences (SPEC 3.3).

Records are kept in their v1 form. The kinds other than ATTESTATION have other shapes in v1beta1; they are read with
their common members and are not written here.
"""

from collections.abc import Iterable
from typing import Any

from google.protobuf.message import Message

from binauthz.base.errors import ApiError, Code, invalid_field
from binauthz.services import notes, occurrences
from binauthz.services.context import Context
from binauthz.store.records import Note, Occurrence
from binauthz.wire import grafeas
from binauthz.wire.descriptors import message_class
from binauthz.wire.fields import set_enum
from binauthz.wire.masks import merged

_PACKAGE = "grafeas.v1beta1"
_COMMON_NOTE = ("short_description", "long_description")


def _refuse(details: str | None) -> ApiError:
    if details is None:
        return invalid_field("note.type", "exactly one type is required, such as `attestationAuthority`")
    return ApiError(
        Code.UNIMPLEMENTED, f"`{details}` is not served in v1beta1, expected attestations; v1 serves every kind"
    )


def to_v1_note(message: Any) -> Any:
    """The v1 note that a v1beta1 one spells."""
    if message.WhichOneof("type") != "attestation_authority":
        raise _refuse(message.WhichOneof("type"))
    note: Any = message_class(grafeas.NOTE)()
    for field in _COMMON_NOTE:
        setattr(note, field, getattr(message, field))
    for url in message.related_url:
        note.related_url.add(url=url.url, label=url.label)
    note.related_note_names.extend(message.related_note_names)
    if message.HasField("expiration_time"):
        note.expiration_time.CopyFrom(message.expiration_time)
    note.attestation.SetInParent()
    note.attestation.hint.human_readable_name = message.attestation_authority.hint.human_readable_name
    return note


def from_note(record: Note) -> Any:
    """The stored note as v1beta1 spells it."""
    note = grafeas.from_note(record)
    message: Any = message_class(f"{_PACKAGE}.Note")()
    for field in ("name", *_COMMON_NOTE):
        setattr(message, field, getattr(note, field))
    for url in note.related_url:
        message.related_url.add(url=url.url, label=url.label)
    message.related_note_names.extend(note.related_note_names)
    for field in ("create_time", "update_time", "expiration_time"):
        if note.HasField(field):
            getattr(message, field).CopyFrom(getattr(note, field))
    set_enum(message, "kind", record.kind)
    if note.WhichOneof("type") == "attestation":
        message.attestation_authority.hint.human_readable_name = note.attestation.hint.human_readable_name
    return message


def to_v1_occurrence(message: Any) -> Any:
    """The v1 occurrence that a v1beta1 one spells; a PGP attestation becomes one signature over no payload."""
    if message.WhichOneof("details") != "attestation":
        raise _refuse(message.WhichOneof("details"))
    occurrence: Any = message_class(grafeas.OCCURRENCE)()
    occurrence.resource_uri = message.resource.uri
    occurrence.note_name = message.note_name
    occurrence.remediation = message.remediation
    attestation = message.attestation.attestation
    occurrence.attestation.SetInParent()
    match attestation.WhichOneof("signature"):
        case "generic_signed_attestation":
            generic = attestation.generic_signed_attestation
            occurrence.attestation.serialized_payload = generic.serialized_payload
            for each in generic.signatures:
                occurrence.attestation.signatures.add(signature=each.signature, public_key_id=each.public_key_id)
        case "pgp_signed_attestation":
            pgp = attestation.pgp_signed_attestation
            occurrence.attestation.signatures.add(signature=pgp.signature.encode(), public_key_id=pgp.pgp_key_id)
    return occurrence


def from_occurrence(record: Occurrence) -> Any:
    """The stored occurrence as v1beta1 spells it."""
    occurrence = grafeas.from_occurrence(record)
    message: Any = message_class(f"{_PACKAGE}.Occurrence")()
    for field in ("name", "note_name", "remediation"):
        setattr(message, field, getattr(occurrence, field))
    message.resource.uri = occurrence.resource_uri
    message.create_time.CopyFrom(occurrence.create_time)
    message.update_time.CopyFrom(occurrence.update_time)
    set_enum(message, "kind", record.kind)
    if occurrence.WhichOneof("details") == "attestation":
        generic = message.attestation.attestation.generic_signed_attestation
        set_enum(generic, "content_type", "SIMPLE_SIGNING_JSON")
        generic.serialized_payload = occurrence.attestation.serialized_payload
        for each in occurrence.attestation.signatures:
            generic.signatures.add(signature=each.signature, public_key_id=each.public_key_id)
    return message


def _answer(name: str, field: str, messages: Iterable[Message], next_token: str = "") -> Message:
    answer: Any = message_class(f"{_PACKAGE}.{name}")()
    getattr(answer, field).extend(messages)
    if next_token:
        answer.next_page_token = next_token
    result: Message = answer
    return result


async def create_note(ctx: Context, request: Any) -> Message:
    """CreateNote."""
    draft = grafeas.to_note_draft(to_v1_note(request.note))
    result: Message = from_note(await notes.create_note(ctx, request.parent, request.note_id, draft))
    return result


async def batch_create_notes(ctx: Context, request: Any) -> Message:
    """BatchCreateNotes."""
    drafts = [(note_id, grafeas.to_note_draft(to_v1_note(request.notes[note_id]))) for note_id in sorted(request.notes)]
    made = await notes.create_notes(ctx, request.parent, drafts)
    return _answer("BatchCreateNotesResponse", "notes", map(from_note, made))


async def get_note(ctx: Context, request: Any) -> Message:
    """GetNote."""
    result: Message = from_note(await notes.get_note(ctx, request.name))
    return result


async def list_notes(ctx: Context, request: Any) -> Message:
    """ListNotes."""
    page = await notes.list_notes(ctx, request.parent, grafeas.page_request(request), request.filter)
    return _answer("ListNotesResponse", "notes", map(from_note, page.items), page.next_token)


async def update_note(ctx: Context, request: Any) -> Message:
    """UpdateNote."""

    def change(current: Note) -> notes.NoteDraft:
        return grafeas.to_note_draft(to_v1_note(merged(from_note(current), request.note, request.update_mask)))

    result: Message = from_note(await notes.update_note(ctx, request.name, change))
    return result


async def create_occurrence(ctx: Context, request: Any) -> Message:
    """CreateOccurrence."""
    draft = grafeas.to_occurrence_draft(to_v1_occurrence(request.occurrence))
    result: Message = from_occurrence(await occurrences.create_occurrence(ctx, request.parent, draft))
    return result


async def batch_create_occurrences(ctx: Context, request: Any) -> Message:
    """BatchCreateOccurrences."""
    drafts = [grafeas.to_occurrence_draft(to_v1_occurrence(each)) for each in request.occurrences]
    made = await occurrences.create_occurrences(ctx, request.parent, drafts)
    return _answer("BatchCreateOccurrencesResponse", "occurrences", map(from_occurrence, made))


async def update_occurrence(ctx: Context, request: Any) -> Message:
    """UpdateOccurrence."""

    def change(current: Occurrence) -> occurrences.OccurrenceDraft:
        changed = merged(from_occurrence(current), request.occurrence, request.update_mask)
        changed.note_name = changed.note_name or current.note
        return grafeas.to_occurrence_draft(to_v1_occurrence(changed))

    result: Message = from_occurrence(await occurrences.update_occurrence(ctx, request.name, change))
    return result


async def get_occurrence(ctx: Context, request: Any) -> Message:
    """GetOccurrence."""
    result: Message = from_occurrence(await occurrences.get_occurrence(ctx, request.name))
    return result


async def get_occurrence_note(ctx: Context, request: Any) -> Message:
    """GetOccurrenceNote."""
    result: Message = from_note(await occurrences.get_occurrence_note(ctx, request.name))
    return result


async def list_occurrences(ctx: Context, request: Any) -> Message:
    """ListOccurrences."""
    page = await occurrences.list_occurrences(ctx, request.parent, grafeas.page_request(request), request.filter)
    return _answer("ListOccurrencesResponse", "occurrences", map(from_occurrence, page.items), page.next_token)


async def list_note_occurrences(ctx: Context, request: Any) -> Message:
    """ListNoteOccurrences."""
    page = await occurrences.list_note_occurrences(ctx, request.name, grafeas.page_request(request), request.filter)
    return _answer("ListNoteOccurrencesResponse", "occurrences", map(from_occurrence, page.items), page.next_token)
