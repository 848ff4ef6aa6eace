"""The methods of Grafeas, the same for each of its versions (SPEC 3)."""

from collections.abc import Iterable
from typing import Any

from google.protobuf.message import Message

from binauthz.services import notes, occurrences
from binauthz.services.context import Context
from binauthz.services.notes import NoteDraft
from binauthz.services.occurrences import OccurrenceDraft
from binauthz.store.interface import VulnerabilityCount
from binauthz.store.records import Note, Occurrence
from binauthz.wire.descriptors import message_class
from binauthz.wire.fields import set_enum
from binauthz.wire.grafeas_records import check_rewritable, from_record, to_note_draft, to_occurrence_draft
from binauthz.wire.grafeas_versions import V1, V1BETA1
from binauthz.wire.masks import merged
from binauthz.wire.paging import page_of


class Grafeas:
    """Handlers that speak one version. A note and an occurrence are the same record in each."""

    def __init__(self, version: str) -> None:
        self._version = version

    async def create_note(self, ctx: Context, request: Any) -> Message:
        """CreateNote."""
        made = await notes.create_note(ctx, request.parent, request.note_id, to_note_draft(request.note))
        return self._show(made)

    async def batch_create_notes(self, ctx: Context, request: Any) -> Message:
        """BatchCreateNotes."""
        drafts = [(note_id, to_note_draft(request.notes[note_id])) for note_id in sorted(request.notes)]
        made = await notes.create_notes(ctx, request.parent, drafts)
        return self._answer("BatchCreateNotesResponse", "notes", made)

    async def get_note(self, ctx: Context, request: Any) -> Message:
        """GetNote."""
        return self._show(await notes.get_note(ctx, request.name))

    async def list_notes(self, ctx: Context, request: Any) -> Message:
        """ListNotes."""
        page = await notes.list_notes(ctx, request.parent, page_of(request), request.filter)
        return self._answer("ListNotesResponse", "notes", page.items, page.next_token)

    async def update_note(self, ctx: Context, request: Any) -> Message:
        """UpdateNote."""

        def change(current: Note) -> NoteDraft:
            check_rewritable(current, self._version)
            return to_note_draft(merged(self._show(current), request.note, request.update_mask))

        return self._show(await notes.update_note(ctx, request.name, change))

    async def delete_note(self, ctx: Context, request: Any) -> Message:
        """DeleteNote."""
        await notes.delete_note(ctx, request.name)
        return message_class("google.protobuf.Empty")()

    async def create_occurrence(self, ctx: Context, request: Any) -> Message:
        """CreateOccurrence."""
        draft = to_occurrence_draft(request.occurrence)
        return self._show(await occurrences.create_occurrence(ctx, request.parent, draft))

    async def batch_create_occurrences(self, ctx: Context, request: Any) -> Message:
        """BatchCreateOccurrences."""
        drafts = [to_occurrence_draft(each) for each in request.occurrences]
        made = await occurrences.create_occurrences(ctx, request.parent, drafts)
        return self._answer("BatchCreateOccurrencesResponse", "occurrences", made)

    async def get_occurrence(self, ctx: Context, request: Any) -> Message:
        """GetOccurrence."""
        return self._show(await occurrences.get_occurrence(ctx, request.name))

    async def get_occurrence_note(self, ctx: Context, request: Any) -> Message:
        """GetOccurrenceNote."""
        return self._show(await occurrences.get_occurrence_note(ctx, request.name))

    async def list_occurrences(self, ctx: Context, request: Any) -> Message:
        """ListOccurrences."""
        page = await occurrences.list_occurrences(ctx, request.parent, page_of(request), request.filter)
        return self._answer("ListOccurrencesResponse", "occurrences", page.items, page.next_token)

    async def list_note_occurrences(self, ctx: Context, request: Any) -> Message:
        """ListNoteOccurrences."""
        page = await occurrences.list_note_occurrences(ctx, request.name, page_of(request), request.filter)
        return self._answer("ListNoteOccurrencesResponse", "occurrences", page.items, page.next_token)

    async def update_occurrence(self, ctx: Context, request: Any) -> Message:
        """UpdateOccurrence."""

        def change(current: Occurrence) -> OccurrenceDraft:
            check_rewritable(current, self._version)
            shown: Any = self._show(current)
            changed = merged(shown, request.occurrence, request.update_mask)
            # What cannot change need not be repeated.
            changed.note_name = changed.note_name or current.note
            if self._version == V1:
                changed.resource_uri = changed.resource_uri or current.resource_uri
            elif not changed.HasField("resource"):
                changed.resource.CopyFrom(shown.resource)
            return to_occurrence_draft(changed)

        return self._show(await occurrences.update_occurrence(ctx, request.name, change))

    async def delete_occurrence(self, ctx: Context, request: Any) -> Message:
        """DeleteOccurrence."""
        await occurrences.delete_occurrence(ctx, request.name)
        return message_class("google.protobuf.Empty")()

    def _show(self, record: Note | Occurrence) -> Message:
        message: Message = from_record(record, self._version)
        return message

    def _answer(self, name: str, field: str, records: Iterable[Note | Occurrence], next_token: str = "") -> Message:
        answer: Any = message_class(f"{self._version}.{name}")()
        if next_token:
            answer.next_page_token = next_token
        getattr(answer, field).extend(map(self._show, records))
        result: Message = answer
        return result


async def vulnerability_summary(ctx: Context, request: Any) -> Message:
    """GetVulnerabilityOccurrencesSummary of Container Analysis v1."""
    answer: Any = message_class("google.devtools.containeranalysis.v1.VulnerabilityOccurrencesSummary")()
    for count in await occurrences.vulnerability_summary(ctx, request.parent, request.filter):
        _count(answer.counts.add(resource_uri=count.resource_uri), count)
    result: Message = answer
    return result


async def vulnerability_summary_v1beta1(ctx: Context, request: Any) -> Message:
    """GetVulnerabilityOccurrencesSummary of Grafeas v1beta1."""
    answer: Any = message_class(f"{V1BETA1}.VulnerabilityOccurrencesSummary")()
    for count in await occurrences.vulnerability_summary(ctx, request.parent, request.filter):
        _count(answer.counts.add(resource={"uri": count.resource_uri}), count)
    result: Message = answer
    return result


def _count(message: Any, count: VulnerabilityCount) -> None:
    set_enum(message, "severity", count.severity)
    message.fixable_count, message.total_count = count.fixable, count.total
