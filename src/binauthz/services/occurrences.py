"""Grafeas occurrences: attestations are those of kind ATTESTATION (SPEC 3).

Nothing here verifies a signature, and no registry is asked whether the image exists (SPEC 13.39).
"""

import dataclasses
import hashlib
import itertools
import json
import uuid
from collections.abc import Callable, Sequence

from binauthz.attestation.model import Attestation
from binauthz.base import names
from binauthz.base.errors import ApiError, Code, invalid_field
from binauthz.base.image import digest_of_resource_uri
from binauthz.base.limits import (
    MAX_KEY_ID_CHARS,
    MAX_PAYLOAD_BYTES,
    MAX_RESOURCE_URI_CHARS,
    MAX_SIGNATURE_BYTES,
    MAX_SIGNATURES_PER_ATTESTATION,
    MAX_TOKEN_BYTES,
)
from binauthz.services import notes, projects
from binauthz.services.authorization import demand
from binauthz.services.context import Context
from binauthz.services.names import check_note_name, last_segment
from binauthz.services.paging import Page, PageRequest, window
from binauthz.store.interface import Conflict, Reader, VulnerabilityCount, Writer
from binauthz.store.records import Note, Occurrence

OCCURRENCES_PER_BATCH = 1000
BODY_LIMIT = 1 << 20
PAGE_DEFAULT = 20
PAGE_MAXIMUM = 1000
ATTESTATION = "ATTESTATION"
_ATTACH = "containeranalysis.notes.attachOccurrence"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OccurrenceDraft:
    """An occurrence as a caller sent it: the serialized grafeas.v1.Occurrence, what v1beta1 sent if it did, and what
    the record says of either in its own fields."""

    note: str
    kind: str
    resource_uri: str
    body: bytes
    v1beta1: bytes = b""
    attestation: Attestation | None = None
    severity: str = ""
    fixable: bool = False
    package: str = ""


def identity_of(draft: OccurrenceDraft) -> str:
    """What must be unique in a project: an attestation is the same when note, resource and keys are (SPEC 12).

    The scheme does not count, because gcloud stores the resource without one and REST users with one.
    """
    if draft.attestation is None:
        return ""
    resource = draft.resource_uri.removeprefix("https://").removeprefix("http://")
    keys = sorted({signature.public_key_id for signature in draft.attestation.signatures})
    parts = [draft.note, resource, *keys, *(sorted(draft.attestation.jwts) if not keys else ())]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


async def create_occurrence(ctx: Context, parent: str, draft: OccurrenceDraft) -> Occurrence:
    """Create an occurrence attached to an existing note, in any project where the caller may attach."""
    return (await create_occurrences(ctx, parent, [draft]))[0]


async def create_occurrences(ctx: Context, parent: str, drafts: Sequence[OccurrenceDraft]) -> Sequence[Occurrence]:
    """Create several occurrences, all or none.

    Raises NOT_FOUND for an unknown project or note, PERMISSION_DENIED where the caller may not attach to the note,
    and ALREADY_EXISTS for an attestation that is there already (SPEC 3.2).
    """
    if not drafts:
        raise invalid_field("occurrences", "got no occurrences, expected at least one")
    if len(drafts) > OCCURRENCES_PER_BATCH:
        raise invalid_field("occurrences", f"got {len(drafts)} occurrences, expected at most {OCCURRENCES_PER_BATCH}")
    for draft in drafts:
        _check(draft)
    ids = [str(uuid.uuid4()) for _ in drafts]
    now = ctx.clock.now()

    def body(tx: Writer) -> Sequence[Occurrence]:
        project = projects.require_parent(tx, parent)
        created = []
        for occurrence_id, draft in zip(ids, drafts, strict=True):
            _check_note(ctx, tx, draft)
            name = f"{project.name}/occurrences/{occurrence_id}"
            record = _record(
                Occurrence(name=name, note="", kind="", resource_uri="", create_time=now, update_time=now, body=b""),
                draft,
            )
            try:
                tx.insert(record)
            except Conflict as conflict:
                raise _duplicate(conflict.existing, project.project_id) from conflict
            created.append(record)
        return created

    return await ctx.store.write(body)


async def get_occurrence(ctx: Context, name: str) -> Occurrence:
    """One occurrence; raises NOT_FOUND."""
    return await ctx.store.read(lambda tx: _existing(tx, name))


async def get_occurrence_note(ctx: Context, name: str) -> Note:
    """The note that an occurrence is attached to; the caller must be allowed to read the note as well."""

    def body(tx: Reader) -> Note:
        note = _existing(tx, name).note
        demand(tx, ctx.caller, "containeranalysis.notes.get", note)
        return notes.existing(tx, note)

    return await ctx.store.read(body)


async def list_occurrences(ctx: Context, parent: str, request: PageRequest, filter: str = "") -> Page[Occurrence]:
    """A page of a project's occurrences that match a filter (SPEC 3.4)."""

    def body(tx: Reader) -> Page[Occurrence]:
        project = projects.require_parent(tx, parent).name
        where = window(request, "occurrences", project, filter, default=PAGE_DEFAULT, maximum=PAGE_MAXIMUM)
        return where.search(
            lambda after, limit: tx.search_occurrences(project=project, filter=filter, after=after, limit=limit),
            name=_name,
            weight=_weight,
        )

    return await notes.filtered(ctx, filter, body)


async def list_note_occurrences(ctx: Context, note: str, request: PageRequest, filter: str = "") -> Page[Occurrence]:
    """A page of the occurrences attached to a note, whichever project holds them."""

    def body(tx: Reader) -> Page[Occurrence]:
        name = notes.existing(tx, note).name
        where = window(request, "note-occurrences", name, filter, default=PAGE_DEFAULT, maximum=PAGE_MAXIMUM)
        return where.search(
            lambda after, limit: tx.search_occurrences(note=name, filter=filter, after=after, limit=limit),
            name=_name,
            weight=_weight,
        )

    return await notes.filtered(ctx, filter, body)


async def vulnerability_summary(ctx: Context, parent: str, filter: str = "") -> Sequence[VulnerabilityCount]:
    """How many vulnerabilities the resources of a project have: for each resource its total, without a severity,
    and one count for each severity."""

    def body(tx: Reader) -> Sequence[VulnerabilityCount]:
        return tx.vulnerability_counts(project=projects.require_parent(tx, parent).name, filter=filter)

    counts = await notes.filtered(ctx, filter, body)
    summary: list[VulnerabilityCount] = []
    for resource, group in itertools.groupby(counts, key=lambda count: count.resource_uri):
        of_resource = list(group)
        fixable, total = sum(each.fixable for each in of_resource), sum(each.total for each in of_resource)
        summary.append(VulnerabilityCount(resource_uri=resource, severity="", fixable=fixable, total=total))
        summary.extend(each for each in of_resource if each.severity)
    return summary


async def update_occurrence(ctx: Context, name: str, change: Callable[[Occurrence], OccurrenceDraft]) -> Occurrence:
    """Change an occurrence in one transaction; its note, resource and kind stay what they were."""
    now = ctx.clock.now()

    def body(tx: Writer) -> Occurrence:
        current = _existing(tx, name)
        draft = change(current)
        _check(draft)
        for field, got, expected in (
            ("noteName", draft.note, current.note),
            ("resourceUri", draft.resource_uri, current.resource_uri),
            ("kind", draft.kind, current.kind),
        ):
            if got != expected:
                raise invalid_field(f"occurrence.{field}", f"cannot change: got `{got}`, expected `{expected}`")
        demand(tx, ctx.caller, _ATTACH, current.note)
        record = _record(dataclasses.replace(current, update_time=now), draft)
        try:
            tx.put(record)
        except Conflict as conflict:
            raise _duplicate(conflict.existing, projects.require(tx, name).project_id) from conflict
        return record

    return await ctx.store.write(body)


async def delete_occurrence(ctx: Context, name: str) -> None:
    """Delete an occurrence; an attestation stops counting for every review that starts afterwards (D3)."""

    def body(tx: Writer) -> None:
        tx.delete(Occurrence, _existing(tx, name).name)

    await ctx.store.write(body)


def _name(occurrence: Occurrence) -> str:
    return occurrence.name


def _weight(occurrence: Occurrence) -> int:
    return len(occurrence.body) + len(occurrence.v1beta1)


def _existing(tx: Reader, name: str) -> Occurrence:
    return projects.existing(tx, Occurrence, names.OCCURRENCE, name)


def _duplicate(existing: str, project_id: str) -> ApiError:
    return ApiError(
        Code.ALREADY_EXISTS, f'occurrence ID "{last_segment(existing)}" already exists in project "{project_id}"'
    )


def _record(frame: Occurrence, draft: OccurrenceDraft) -> Occurrence:
    attestation = draft.attestation
    if attestation is not None:
        attestation = dataclasses.replace(
            attestation, name=frame.name, note=draft.note, resource_uri=draft.resource_uri
        )
    return dataclasses.replace(
        frame,
        note=draft.note,
        kind=draft.kind,
        resource_uri=draft.resource_uri,
        body=draft.body,
        v1beta1=draft.v1beta1,
        severity=draft.severity,
        fixable=draft.fixable,
        package=draft.package,
        digest=digest_of_resource_uri(draft.resource_uri) or "",
        identity=identity_of(draft),
        attestation=attestation,
    )


def _check_note(ctx: Context, tx: Reader, draft: OccurrenceDraft) -> None:
    demand(tx, ctx.caller, _ATTACH, draft.note)
    note = tx.get(Note, draft.note)
    if note is None:
        raise ApiError(Code.NOT_FOUND, f"Note '{draft.note}' was not found")
    if note.kind != draft.kind:
        raise invalid_field(
            "occurrence.kind", f"got `{draft.kind}`, expected the kind of note '{note.name}': `{note.kind}`"
        )


def _check(draft: OccurrenceDraft) -> None:
    check_note_name("occurrence.noteName", draft.note)
    if not draft.kind:
        raise invalid_field(
            "occurrence.details", "an occurrence needs exactly one kind of details, as in `attestation`"
        )
    check_resource_uri("occurrence.resourceUri", draft.resource_uri)
    size = max(len(draft.body), len(draft.v1beta1))
    if size > BODY_LIMIT:
        raise invalid_field("occurrence", f"got {size} bytes, expected at most {BODY_LIMIT}")
    if draft.attestation is not None:
        check_attestation_shape("occurrence.attestation", draft.attestation)


def check_resource_uri(field: str, value: str) -> None:
    """Refuse a resource URI that is missing, oversized, or has what no URI has in it: spaces and control characters.
    What it names is never looked up (SPEC 13.39)."""
    if not value:
        raise invalid_field(field, "a resource URI is required")
    if any(character <= " " or character == "\x7f" for character in value):
        raise invalid_field(field, f"got `{value[:120]!a}`, expected no spaces or control characters")
    _check_length(field, value, MAX_RESOURCE_URI_CHARS)


def check_attestation_shape(path: str, attestation: Attestation) -> None:
    """Refuse an attestation that lacks a member every verifier needs, or that is larger than any verifier reads."""
    total = len(attestation.signatures) + len(attestation.jwts)
    if total == 0:
        raise invalid_field(f"{path}.signatures", "expected at least one signature or JWT")
    if total > MAX_SIGNATURES_PER_ATTESTATION:
        raise invalid_field(
            f"{path}.signatures",
            f"got {total} signatures and JWTs, expected at most {MAX_SIGNATURES_PER_ATTESTATION}",
        )
    for index, signature in enumerate(attestation.signatures):
        field = f"{path}.signatures[{index}]"
        if not signature.public_key_id:
            raise invalid_field(f"{field}.publicKeyId", "a public key id is required")
        if not signature.signature:
            raise invalid_field(f"{field}.signature", "a signature is required")
        _check_length(f"{field}.publicKeyId", signature.public_key_id, MAX_KEY_ID_CHARS)
        _check_length(f"{field}.signature", signature.signature, MAX_SIGNATURE_BYTES)
    for index, jwt in enumerate(attestation.jwts):
        _check_length(f"{path}.jwts[{index}].compactJwt", jwt, MAX_TOKEN_BYTES)
    _check_length(f"{path}.serializedPayload", attestation.payload, MAX_PAYLOAD_BYTES)


def _check_length(field: str, value: str | bytes, maximum: int) -> None:
    if len(value) > maximum:
        raise invalid_field(field, f"got a length of {len(value)}, expected at most {maximum}")
