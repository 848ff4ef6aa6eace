"""Notes and occurrences: create, batch, list, update, delete (SPEC 3)."""

import dataclasses

import pytest

from binauthz.attestation.model import Attestation, Signature
from binauthz.base.errors import Code
from binauthz.services import notes, occurrences
from binauthz.services.notes import NoteDraft
from binauthz.services.occurrences import OccurrenceDraft
from binauthz.services.paging import PageRequest
from tests.services.conftest import NOTE, OTHER, PROJECT, World

DIGEST = "a" * 64
IMAGE = f"us-docker.pkg.dev/p1/r/img@sha256:{DIGEST}"


def attestation(*keys: str) -> Attestation:
    return Attestation(
        name="",
        note="",
        resource_uri="",
        payload=b"{}",
        signatures=tuple(Signature(public_key_id=key, signature=b"s") for key in keys),
    )


DRAFT = OccurrenceDraft(note=NOTE, kind="ATTESTATION", resource_uri=IMAGE, body=b"", attestation=attestation("k1"))


def test_an_attestation_is_stored_with_what_the_admission_path_looks_it_up_by(world: World) -> None:
    world.note()
    made = world.run(occurrences.create_occurrence(world.owner, PROJECT, DRAFT))
    assert made.digest == DIGEST
    found = world.run(world.store.read(lambda tx: tx.attestations(NOTE, DIGEST)))
    assert [(each.name, each.note, each.resource_uri) for each in found] == [(made.name, NOTE, IMAGE)]


@pytest.mark.parametrize("resource", [IMAGE, f"https://{IMAGE}"])
def test_the_same_attestation_again_already_exists_in_the_words_scripts_know(world: World, resource: str) -> None:
    world.note()
    made = world.run(occurrences.create_occurrence(world.owner, PROJECT, DRAFT))
    again = dataclasses.replace(DRAFT, resource_uri=resource)
    refusal = world.refused(occurrences.create_occurrence(world.owner, PROJECT, again), Code.ALREADY_EXISTS)
    uuid = made.name.rpartition("/")[2]
    assert refusal.message == f'occurrence ID "{uuid}" already exists in project "demo-project"'


@pytest.mark.parametrize(
    "other",
    [
        dataclasses.replace(DRAFT, attestation=attestation("k2")),
        dataclasses.replace(DRAFT, resource_uri=IMAGE.replace("img", "other")),
        dataclasses.replace(DRAFT, note=f"{PROJECT}/notes/second"),
    ],
    ids=["key", "resource", "note"],
)
def test_another_key_resource_or_note_is_another_attestation(world: World, other: OccurrenceDraft) -> None:
    world.note()
    world.note(f"{PROJECT}/notes/second")
    world.run(occurrences.create_occurrence(world.owner, PROJECT, DRAFT))
    world.run(occurrences.create_occurrence(world.owner, PROJECT, other))


def test_the_same_attestation_may_be_made_in_another_project(world: World) -> None:
    world.note()
    world.run(occurrences.create_occurrence(world.owner, PROJECT, DRAFT))
    world.run(occurrences.create_occurrence(world.owner, OTHER, DRAFT))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"note": ""}, "occurrence.noteName"),
        ({"note": "projects/p/attestors/a"}, "occurrence.noteName"),
        ({"resource_uri": ""}, "occurrence.resourceUri"),
        ({"resource_uri": "x" * 5000}, "occurrence.resourceUri"),
        ({"kind": ""}, "occurrence.details"),
        ({"kind": "BUILD", "attestation": None}, "occurrence.kind"),
        ({"attestation": attestation()}, "occurrence.attestation.signatures"),
        ({"attestation": attestation("")}, "occurrence.attestation.signatures[0].publicKeyId"),
        ({"attestation": attestation(*["k"] * 101)}, "occurrence.attestation.signatures"),
        ({"body": b"x" * (2 << 20)}, "occurrence"),
    ],
)
def test_a_malformed_occurrence_is_refused_with_the_field(world: World, change: dict[str, object], field: str) -> None:
    world.note()
    draft = dataclasses.replace(DRAFT, **change)  # type: ignore[arg-type]
    world.refused(occurrences.create_occurrence(world.owner, PROJECT, draft), Code.INVALID_ARGUMENT, field)


def test_the_note_must_exist(world: World) -> None:
    world.refused(occurrences.create_occurrence(world.owner, PROJECT, DRAFT), Code.NOT_FOUND)


def test_attaching_needs_the_right_on_the_note_wherever_it_is(world: World) -> None:
    note = world.note(f"{OTHER}/notes/theirs")
    world.grant(PROJECT, "roles/containeranalysis.occurrences.editor", "user:ci@example.com")
    ci, draft = world.caller("user:ci@example.com"), dataclasses.replace(DRAFT, note=note)
    world.refused(occurrences.create_occurrence(ci, PROJECT, draft), Code.PERMISSION_DENIED)
    world.grant(note, "roles/containeranalysis.notes.attacher", "user:ci@example.com")
    world.run(occurrences.create_occurrence(ci, PROJECT, draft))


def test_a_batch_is_created_whole_or_not_at_all(world: World) -> None:
    world.note()
    batch = [DRAFT, dataclasses.replace(DRAFT, attestation=attestation("k2")), DRAFT]
    world.refused(occurrences.create_occurrences(world.owner, PROJECT, batch), Code.ALREADY_EXISTS)
    assert world.run(occurrences.list_occurrences(world.owner, PROJECT, PageRequest())).items == []
    assert len(world.run(occurrences.create_occurrences(world.owner, PROJECT, batch[:2]))) == 2


def test_a_batch_holds_1_to_1000_occurrences(world: World) -> None:
    world.refused(occurrences.create_occurrences(world.owner, PROJECT, []), Code.INVALID_ARGUMENT, "occurrences")
    many = [DRAFT] * 1001
    world.refused(occurrences.create_occurrences(world.owner, PROJECT, many), Code.INVALID_ARGUMENT, "occurrences")


def test_a_notes_list_spans_projects_and_a_projects_list_spans_notes(world: World) -> None:
    world.note()
    second = world.note(f"{PROJECT}/notes/second")
    world.run(occurrences.create_occurrence(world.owner, PROJECT, DRAFT))
    world.run(occurrences.create_occurrence(world.owner, OTHER, DRAFT))
    world.run(occurrences.create_occurrence(world.owner, PROJECT, dataclasses.replace(DRAFT, note=second)))
    by_note = world.run(occurrences.list_note_occurrences(world.owner, NOTE, PageRequest())).items
    by_project = world.run(occurrences.list_occurrences(world.owner, PROJECT, PageRequest())).items
    assert {each.name.split("/")[1] for each in by_note} == {"demo-project", "other-project"}
    assert {each.note for each in by_project} == {NOTE, second}


def test_a_page_token_of_the_note_list_is_refused_by_the_project_list(world: World) -> None:
    world.note()
    for key in ("k1", "k2"):
        draft = dataclasses.replace(DRAFT, attestation=attestation(key))
        world.run(occurrences.create_occurrence(world.owner, PROJECT, draft))
    page = world.run(occurrences.list_note_occurrences(world.owner, NOTE, PageRequest(size=1)))
    request = PageRequest(size=1, token=page.next_token)
    assert len(world.run(occurrences.list_note_occurrences(world.owner, NOTE, request)).items) == 1
    world.refused(occurrences.list_occurrences(world.owner, PROJECT, request), Code.INVALID_ARGUMENT, "pageToken")


@pytest.mark.parametrize("filter", ["kind=", "nope = 'x", "(" * 500, "x" * 20_000])
def test_B114_a_filter_outside_the_grammar_is_refused(world: World, filter: str) -> None:
    world.refused(
        occurrences.list_occurrences(world.owner, PROJECT, PageRequest(), filter), Code.INVALID_ARGUMENT, "filter"
    )


def test_an_update_keeps_note_and_kind(world: World) -> None:
    world.note()
    second = world.note(f"{PROJECT}/notes/second")
    made = world.run(occurrences.create_occurrence(world.owner, PROJECT, DRAFT))
    moved = occurrences.update_occurrence(world.owner, made.name, lambda _: dataclasses.replace(DRAFT, note=second))
    world.refused(moved, Code.INVALID_ARGUMENT, "occurrence.noteName")
    resigned = dataclasses.replace(DRAFT, attestation=attestation("k9"), body=b"new")
    changed = world.run(occurrences.update_occurrence(world.owner, made.name, lambda _: resigned))
    assert changed.attestation is not None
    assert changed.attestation.signatures[0].public_key_id == "k9"
    assert world.run(occurrences.get_occurrence(world.owner, made.name)).body == b"new"


def test_a_deleted_occurrence_stops_counting_at_once(world: World) -> None:
    world.note()
    made = world.run(occurrences.create_occurrence(world.owner, PROJECT, DRAFT))
    world.run(occurrences.delete_occurrence(world.owner, made.name))
    assert world.run(world.store.read(lambda tx: tx.attestations(NOTE, DIGEST))) == []
    world.refused(occurrences.get_occurrence(world.owner, made.name), Code.NOT_FOUND)


def test_the_note_of_an_occurrence_is_shown_to_who_may_read_the_note(world: World) -> None:
    note = world.note(f"{OTHER}/notes/theirs")
    made = world.run(occurrences.create_occurrence(world.owner, PROJECT, dataclasses.replace(DRAFT, note=note)))
    assert world.run(occurrences.get_occurrence_note(world.owner, made.name)).name == note
    world.grant(PROJECT, "roles/viewer", "user:dev@example.com")
    dev = world.caller("user:dev@example.com")
    world.refused(occurrences.get_occurrence_note(dev, made.name), Code.PERMISSION_DENIED)


NOTE_DRAFT = NoteDraft(kind="ATTESTATION", body=b"")


@pytest.mark.parametrize("note_id", ["release", "CVE-2014-9911", "a.b_c", "0"])
def test_notes_are_created_under_the_ids_in_use(world: World, note_id: str) -> None:
    assert world.run(notes.create_note(world.owner, PROJECT, note_id, NOTE_DRAFT)).name.endswith(f"/notes/{note_id}")


@pytest.mark.parametrize("note_id", ["", "a/b", "..", "a:b", "x" * 300])
def test_malformed_note_ids_are_refused(world: World, note_id: str) -> None:
    world.refused(notes.create_note(world.owner, PROJECT, note_id, NOTE_DRAFT), Code.INVALID_ARGUMENT, "noteId")


def test_a_note_exists_once_has_a_type_and_lives_in_a_known_project(world: World) -> None:
    world.run(notes.create_note(world.owner, PROJECT, "n", NOTE_DRAFT))
    world.refused(notes.create_note(world.owner, PROJECT, "n", NOTE_DRAFT), Code.ALREADY_EXISTS)
    world.refused(notes.create_note(world.owner, PROJECT, "m", NoteDraft(kind="", body=b"")), Code.INVALID_ARGUMENT)
    world.refused(notes.create_note(world.owner, "projects/nope", "n", NOTE_DRAFT), Code.NOT_FOUND)


def test_notes_are_listed_by_kind_in_pages(world: World) -> None:
    for number in range(7):
        world.note(f"{PROJECT}/notes/n{number}", "BUILD" if number % 2 else "ATTESTATION")
    seen, token = [], ""
    while True:
        request = PageRequest(size=1, token=token)
        page = world.run(notes.list_notes(world.owner, PROJECT, request, 'kind = "ATTESTATION"'))
        seen += [each.name[-1] for each in page.items]
        token = page.next_token
        if not token:
            break
    assert seen == ["0", "2", "4", "6"]
    world.refused(notes.list_notes(world.owner, PROJECT, PageRequest(), "x=1"), Code.INVALID_ARGUMENT, "filter")


def test_a_notes_kind_cannot_change(world: World) -> None:
    note = world.note()
    build = NoteDraft(kind="BUILD", body=b"")
    world.refused(notes.update_note(world.owner, note, lambda _: build), Code.INVALID_ARGUMENT, "note.kind")
    changed = world.run(notes.update_note(world.owner, note, lambda _: NoteDraft(kind="ATTESTATION", body=b"x")))
    assert changed.body == b"x"


def test_a_deleted_note_is_gone(world: World) -> None:
    note = world.note()
    world.run(notes.delete_note(world.owner, note))
    world.refused(notes.get_note(world.owner, note), Code.NOT_FOUND)
