"""Grafeas notes: the things that occurrences hang off, attestation authorities above all (SPEC 3.3)."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import TypeVar

from binauthz.base import names
from binauthz.base.errors import ApiError, Code, invalid_field
from binauthz.services import projects
from binauthz.services.context import Context
from binauthz.services.paging import Page, PageRequest, window
from binauthz.store.interface import FilterError, Reader, Stretch, Writer
from binauthz.store.records import Note

R = TypeVar("R")

NOTES_PER_BATCH = 1000
BODY_LIMIT = 1 << 20
FILTER_LIMIT = 16_384
PAGE_DEFAULT = 20
PAGE_MAXIMUM = 1000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NoteDraft:
    """A note as a caller sent it: its kind, the serialized grafeas.v1.Note, and what v1beta1 sent if it did."""

    kind: str
    body: bytes
    v1beta1: bytes = b""


def _checked(draft: NoteDraft, field: str) -> NoteDraft:
    if not draft.kind:
        raise invalid_field(f"{field}.type", "a note needs exactly one type, such as `attestation`")
    size = max(len(draft.body), len(draft.v1beta1))
    if size > BODY_LIMIT:
        raise invalid_field(field, f"the note has {size} bytes, expected at most {BODY_LIMIT}")
    return draft


async def create_note(ctx: Context, parent: str, note_id: str, draft: NoteDraft) -> Note:
    """Create a note; raises NOT_FOUND for an unknown project and ALREADY_EXISTS."""
    return (await create_notes(ctx, parent, [(note_id, draft)]))[0]


async def create_notes(ctx: Context, parent: str, drafts: Sequence[tuple[str, NoteDraft]]) -> Sequence[Note]:
    """Create several notes, all or none."""
    if not drafts:
        raise invalid_field("notes", "got no notes, expected at least one")
    if len(drafts) > NOTES_PER_BATCH:
        raise invalid_field("notes", f"got {len(drafts)} notes, expected at most {NOTES_PER_BATCH}")
    checked = [(names.parse_id("note", note_id, "noteId"), _checked(draft, "note")) for note_id, draft in drafts]
    now = ctx.clock.now()

    def body(tx: Writer) -> Sequence[Note]:
        project = projects.require_parent(tx, parent)
        created = []
        for note_id, draft in checked:
            name = f"{project.name}/notes/{note_id}"
            if tx.get(Note, name) is not None:
                raise ApiError(
                    Code.ALREADY_EXISTS, f'note ID "{note_id}" already exists in project "{project.project_id}"'
                )
            note = Note(
                name=name, kind=draft.kind, create_time=now, update_time=now, body=draft.body, v1beta1=draft.v1beta1
            )
            tx.insert(note)
            created.append(note)
        return created

    return await ctx.store.write(body)


async def get_note(ctx: Context, name: str) -> Note:
    """One note; raises NOT_FOUND."""
    return await ctx.store.read(lambda tx: existing(tx, name))


async def list_notes(ctx: Context, parent: str, request: PageRequest, filter: str = "") -> Page[Note]:
    """A page of a project's notes by name."""

    def body(tx: Reader) -> Page[Note]:
        project = projects.require_parent(tx, parent)
        where = window(request, "notes", project.name, filter, default=PAGE_DEFAULT, maximum=PAGE_MAXIMUM)

        def fetch(after: str, limit: int) -> Stretch[Note]:
            if not filter.strip():
                return Stretch(tx.list(Note, project.name, after=after, limit=limit))
            return tx.search_notes(project=project.name, filter=filter, after=after, limit=limit)

        return where.search(fetch, name=lambda note: note.name, weight=lambda note: len(note.body) + len(note.v1beta1))

    return await filtered(ctx, filter, body)


async def filtered(ctx: Context, filter: str, body: Callable[[Reader], R]) -> R:
    """Read with a filter; INVALID_ARGUMENT for one that is too long or outside its language."""
    if len(filter) > FILTER_LIMIT:
        raise invalid_field("filter", f"got {len(filter)} characters, expected at most {FILTER_LIMIT}")
    try:
        return await ctx.store.read(body)
    except FilterError as cause:
        raise invalid_field("filter", str(cause)) from cause


async def update_note(ctx: Context, name: str, change: Callable[[Note], NoteDraft]) -> Note:
    """Change a note in one transaction; its kind stays what it was."""
    now = ctx.clock.now()

    def body(tx: Writer) -> Note:
        current = existing(tx, name)
        draft = _checked(change(current), "note")
        if draft.kind != current.kind:
            raise invalid_field("note.kind", f"the kind cannot change: got `{draft.kind}`, expected `{current.kind}`")
        note = dataclasses.replace(current, update_time=now, body=draft.body, v1beta1=draft.v1beta1)
        tx.put(note)
        return note

    return await ctx.store.write(body)


async def delete_note(ctx: Context, name: str) -> None:
    """Delete a note; raises NOT_FOUND."""

    def body(tx: Writer) -> None:
        tx.delete(Note, existing(tx, name).name)

    await ctx.store.write(body)


def existing(tx: Reader, name: str) -> Note:
    """The note; raises NOT_FOUND in the words that scripts of the field know."""
    return projects.existing(tx, Note, names.NOTE, name)
