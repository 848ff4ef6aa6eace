"""Attestors: create, read, replace, list, delete (SPEC 2).

An attestor is replaced as a whole; its name, its note and the account that reads the note never change.
"""

import asyncio
import dataclasses

from binauthz.attestation.keys import describe_keys
from binauthz.attestation.model import Attestor, AttestorKey
from binauthz.base import limits, names
from binauthz.base.errors import ApiError, Code, invalid_field
from binauthz.crypto.errors import KeyRefusedError
from binauthz.services import etags, projects
from binauthz.services.authorization import demand
from binauthz.services.context import Context
from binauthz.services.names import check_note_name, service_agent
from binauthz.services.paging import Page, PageRequest, window
from binauthz.store.interface import Reader, Writer
from binauthz.store.records import Note, Project

PAGE_DEFAULT = 100
PAGE_MAXIMUM = 1000
_RESERVED = {"built-by-cloud-build"}
_READ_NOTE = "containeranalysis.notes.listOccurrences"


async def create_attestor(ctx: Context, parent: str, attestor_id: str, draft: Attestor) -> Attestor:
    """Create an attestor over an existing note.

    Raises NOT_FOUND for an unknown project or note, INVALID_ARGUMENT for a malformed attestor, PERMISSION_DENIED
    when the caller may not list the note's occurrences (SPEC 2.2), ALREADY_EXISTS, and RESOURCE_EXHAUSTED past the
    documented number of attestors (SPEC 9.1).
    """
    names.parse_id("attestor", attestor_id, "attestorId")
    if attestor_id in _RESERVED:
        raise invalid_field("attestorId", f"`{attestor_id}` is reserved for a built-in attestor")
    note = check_note_name("attestor.userOwnedGrafeasNote.noteReference", draft.note)
    keys = await asyncio.to_thread(_described, draft, ctx.settings.limits.keys_per_attestor)
    _check_description(draft)
    now, etag = ctx.clock.now(), etags.fresh()

    def body(tx: Writer) -> Attestor:
        project = projects.require_parent(tx, parent)
        name = f"{project.name}/attestors/{attestor_id}"
        if tx.get(Attestor, name) is not None:
            raise ApiError(Code.ALREADY_EXISTS, f"Resource '{name}' already exists")
        demand(tx, ctx.caller, _READ_NOTE, note)
        if tx.get(Note, note) is None:
            raise ApiError(Code.NOT_FOUND, f"Note '{note}' was not found")
        most = ctx.settings.limits.attestors_per_project
        if tx.count(Attestor, project.name) >= most:
            raise ApiError(
                Code.RESOURCE_EXHAUSTED,
                f"'{project.name}' has {most} attestors already, which is the limit",
                quota_subject=project.name,
            )
        attestor = dataclasses.replace(
            draft, name=name, keys=keys, delegation_service_account=_reader(project), update_time=now, etag=etag
        )
        tx.insert(attestor)
        return attestor

    return await ctx.store.write(body)


async def get_attestor(ctx: Context, name: str) -> Attestor:
    """One attestor; raises NOT_FOUND."""
    return await ctx.store.read(lambda tx: _existing(tx, name))


async def update_attestor(ctx: Context, draft: Attestor) -> Attestor:
    """Replace an attestor; raises NOT_FOUND rather than creating one, and INVALID_ARGUMENT when the note changes."""
    note = check_note_name("attestor.userOwnedGrafeasNote.noteReference", draft.note)
    keys = await asyncio.to_thread(_described, draft, ctx.settings.limits.keys_per_attestor)
    _check_description(draft)
    now, etag = ctx.clock.now(), etags.fresh()

    def body(tx: Writer) -> Attestor:
        current = _existing(tx, draft.name)
        etags.check(ctx.settings, sent=draft.etag, current=current.etag, name=current.name)
        if note != current.note:
            raise invalid_field(
                "attestor.userOwnedGrafeasNote.noteReference",
                f"the note of an attestor cannot change: got `{note}`, expected `{current.note}`",
            )
        attestor = dataclasses.replace(
            current,
            description=draft.description,
            keys=keys,
            unknown=draft.unknown,
            update_time=now,
            etag=etag,
        )
        tx.put(attestor)
        return attestor

    return await ctx.store.write(body)


async def list_attestors(ctx: Context, parent: str, request: PageRequest) -> Page[Attestor]:
    """A page of a project's attestors by name; an unknown project is INVALID_ARGUMENT (SPEC 13.32)."""

    def body(tx: Reader) -> Page[Attestor]:
        names.PROJECT.parse(parent, "parent")
        project = projects.find(tx, parent)
        if project is None:
            raise invalid_field("parent", f"project '{parent.removeprefix('projects/')}' was not found")
        where = window(request, "attestors", project.name, default=PAGE_DEFAULT, maximum=PAGE_MAXIMUM)
        found = tx.list(Attestor, project.name, after=where.after, limit=where.size + 1)
        return where.page(found, lambda each: each.name)

    return await ctx.store.read(body)


async def delete_attestor(ctx: Context, name: str) -> None:
    """Delete an attestor; a policy that still names it denies from then on (SPEC 12)."""

    def body(tx: Writer) -> None:
        tx.delete(Attestor, _existing(tx, name).name)

    await ctx.store.write(body)


def _existing(tx: Reader, name: str) -> Attestor:
    return projects.existing(tx, Attestor, names.ATTESTOR, name)


def _described(draft: Attestor, most: int) -> tuple[AttestorKey, ...]:
    """The keys with the ids that signatures name them by (SPEC 2.4)."""
    try:
        return describe_keys(draft.keys, most=most)
    except KeyRefusedError as refusal:
        raise invalid_field(f"attestor.userOwnedGrafeasNote.{refusal.field}", refusal.description) from refusal


def _reader(project: Project) -> str:
    """The account that reads the note: the project's Binary Authorization service agent (SPEC 2.2)."""
    return service_agent(project.number)


def _check_description(draft: Attestor) -> None:
    if len(draft.description) > limits.MAX_DESCRIPTION_CHARS:
        raise invalid_field(
            "attestor.description",
            f"got {len(draft.description)} characters, expected at most {limits.MAX_DESCRIPTION_CHARS}",
        )
