"""Grafeas v1 notes and occurrences on the wire (SPEC 3). Bodies are stored whole, so that no detail is ever lost."""

from collections.abc import Iterable
from typing import Any

from google.protobuf.message import Message

from binauthz.attestation.model import Attestation, Signature
from binauthz.base.errors import invalid_field
from binauthz.services import notes, occurrences
from binauthz.services.context import Context
from binauthz.services.notes import NoteDraft
from binauthz.services.occurrences import ATTESTATION, OccurrenceDraft
from binauthz.services.paging import PageRequest
from binauthz.store.records import Note, Occurrence
from binauthz.wire.descriptors import message_class
from binauthz.wire.fields import enum_name, set_enum
from binauthz.wire.masks import merged

NOTE, OCCURRENCE = "grafeas.v1.Note", "grafeas.v1.Occurrence"
_OUTPUT_ONLY = ("name", "create_time", "update_time")


def _kind(message: Any, oneof: str, path: str) -> str:
    """The kind, from the details that are set; a stated kind must agree with them."""
    details = message.WhichOneof(oneof)
    stated = enum_name(message, "kind", path)
    implied = str(details).upper() if details else ""
    if stated not in {"NOTE_KIND_UNSPECIFIED", implied}:
        got = f"details of kind `{implied}`" if implied else "no details"
        raise invalid_field(f"{path}.kind", f"got `{stated}` with {got}, expected the kind of the details")
    return implied


def _body(message: Any, kind: str) -> bytes:
    copy = type(message)()
    copy.CopyFrom(message)
    for field in _OUTPUT_ONLY:
        copy.ClearField(field)
    if kind:
        set_enum(copy, "kind", kind)
    body: bytes = copy.SerializeToString(deterministic=True)
    return body


def to_attestation(message: Any) -> Attestation:
    """The signed content of an AttestationOccurrence; its name, note and resource are the occurrence's to say."""
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
    """What a caller wants a note to be."""
    kind = _kind(message, "type", "note")
    return NoteDraft(kind=kind, body=_body(message, kind))


def to_occurrence_draft(message: Any) -> OccurrenceDraft:
    """What a caller wants an occurrence to be."""
    kind = _kind(message, "details", "occurrence")
    return OccurrenceDraft(
        note=message.note_name,
        kind=kind,
        resource_uri=message.resource_uri,
        body=_body(message, kind),
        attestation=to_attestation(message.attestation) if kind == ATTESTATION else None,
    )


def _filled(record: Note | Occurrence, message: Any) -> Any:
    message.name = record.name
    message.create_time.FromDatetime(record.create_time)
    message.update_time.FromDatetime(record.update_time)
    return message


def from_note(note: Note) -> Any:
    """The stored note as a message."""
    return _filled(note, message_class(NOTE).FromString(note.body))


def from_occurrence(occurrence: Occurrence) -> Any:
    """The stored occurrence as a message."""
    return _filled(occurrence, message_class(OCCURRENCE).FromString(occurrence.body))


def page_request(request: Any) -> PageRequest:
    """The page that a list request asks for."""
    return PageRequest(size=request.page_size, token=request.page_token)


def _answer(name: str, field: str, messages: Iterable[Message], next_token: str = "") -> Message:
    answer: Any = message_class(f"grafeas.v1.{name}")()
    getattr(answer, field).extend(messages)
    if next_token:
        answer.next_page_token = next_token
    result: Message = answer
    return result


async def create_note(ctx: Context, request: Any) -> Message:
    """CreateNote."""
    result: Message = from_note(
        await notes.create_note(ctx, request.parent, request.note_id, to_note_draft(request.note))
    )
    return result


async def batch_create_notes(ctx: Context, request: Any) -> Message:
    """BatchCreateNotes."""
    drafts = [(note_id, to_note_draft(request.notes[note_id])) for note_id in sorted(request.notes)]
    made = await notes.create_notes(ctx, request.parent, drafts)
    return _answer("BatchCreateNotesResponse", "notes", map(from_note, made))


async def get_note(ctx: Context, request: Any) -> Message:
    """GetNote."""
    result: Message = from_note(await notes.get_note(ctx, request.name))
    return result


async def list_notes(ctx: Context, request: Any) -> Message:
    """ListNotes."""
    page = await notes.list_notes(ctx, request.parent, page_request(request), request.filter)
    return _answer("ListNotesResponse", "notes", map(from_note, page.items), page.next_token)


async def update_note(ctx: Context, request: Any) -> Message:
    """UpdateNote."""

    def change(current: Note) -> NoteDraft:
        return to_note_draft(merged(from_note(current), request.note, request.update_mask))

    result: Message = from_note(await notes.update_note(ctx, request.name, change))
    return result


async def delete_note(ctx: Context, request: Any) -> Message:
    """DeleteNote."""
    await notes.delete_note(ctx, request.name)
    return message_class("google.protobuf.Empty")()


async def create_occurrence(ctx: Context, request: Any) -> Message:
    """CreateOccurrence."""
    draft = to_occurrence_draft(request.occurrence)
    result: Message = from_occurrence(await occurrences.create_occurrence(ctx, request.parent, draft))
    return result


async def batch_create_occurrences(ctx: Context, request: Any) -> Message:
    """BatchCreateOccurrences."""
    drafts = [to_occurrence_draft(each) for each in request.occurrences]
    made = await occurrences.create_occurrences(ctx, request.parent, drafts)
    return _answer("BatchCreateOccurrencesResponse", "occurrences", map(from_occurrence, made))


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
    page = await occurrences.list_occurrences(ctx, request.parent, page_request(request), request.filter)
    return _answer("ListOccurrencesResponse", "occurrences", map(from_occurrence, page.items), page.next_token)


async def list_note_occurrences(ctx: Context, request: Any) -> Message:
    """ListNoteOccurrences."""
    page = await occurrences.list_note_occurrences(ctx, request.name, page_request(request), request.filter)
    return _answer("ListNoteOccurrencesResponse", "occurrences", map(from_occurrence, page.items), page.next_token)


async def update_occurrence(ctx: Context, request: Any) -> Message:
    """UpdateOccurrence."""

    def change(current: Occurrence) -> OccurrenceDraft:
        changed = merged(from_occurrence(current), request.occurrence, request.update_mask)
        changed.note_name = changed.note_name or current.note
        return to_occurrence_draft(changed)

    result: Message = from_occurrence(await occurrences.update_occurrence(ctx, request.name, change))
    return result


async def delete_occurrence(ctx: Context, request: Any) -> Message:
    """DeleteOccurrence."""
    await occurrences.delete_occurrence(ctx, request.name)
    return message_class("google.protobuf.Empty")()
