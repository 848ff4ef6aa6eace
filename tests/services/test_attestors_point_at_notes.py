"""Attestors: create, replace, list, delete, and every rule of SPEC 2.1 to 2.4."""

import dataclasses

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from binauthz.attestation.model import Attestor, AttestorKey, PkixKey, SignatureAlgorithm
from binauthz.base.errors import Code
from binauthz.services import attestors
from binauthz.services.context import Settings
from binauthz.services.paging import PageRequest
from tests.services.conftest import NOTE, OTHER, PROJECT, World

NOTE_FIELD = "attestor.userOwnedGrafeasNote.noteReference"
DRAFT = Attestor(name="", note=NOTE, description="quality assurance")


def key(key_id: str = "") -> AttestorKey:
    pem = ec.generate_private_key(ec.SECP256R1()).public_key()
    text = pem.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return AttestorKey(id=key_id, material=PkixKey(pem=text, algorithm=SignatureAlgorithm.ECDSA_P256_SHA256))


def create(world: World, attestor_id: str = "qa", draft: Attestor = DRAFT) -> Attestor:
    return world.run(attestors.create_attestor(world.owner, PROJECT, attestor_id, draft))


def test_a_created_attestor_reads_the_note_as_the_projects_service_agent(world: World) -> None:
    world.note()
    made = create(world)
    assert made.name == f"{PROJECT}/attestors/qa"
    agent = "service-123456789012@gcp-sa-binaryauthorization.iam.gserviceaccount.com"
    assert made.delegation_service_account == agent
    assert made.update_time == world.clock.now()
    assert world.run(attestors.get_attestor(world.owner, made.name)) == made


def test_the_server_sets_output_only_members(world: World) -> None:
    world.note()
    made = create(world, draft=dataclasses.replace(DRAFT, name="x", delegation_service_account="mine", etag="old"))
    assert (made.name, made.etag == "old") == (f"{PROJECT}/attestors/qa", False)
    assert made.delegation_service_account != "mine"


def test_the_note_must_exist(world: World) -> None:
    world.refused(attestors.create_attestor(world.owner, PROJECT, "qa", DRAFT), Code.NOT_FOUND)


@pytest.mark.parametrize(
    "note", ["", "notes/x", "projects/p/notes", "projects/123456789012/notes/x", "projects/p/notes/a/b", "x" * 5000]
)
def test_a_malformed_note_reference_is_refused(world: World, note: str) -> None:
    draft = dataclasses.replace(DRAFT, note=note)
    world.refused(attestors.create_attestor(world.owner, PROJECT, "qa", draft), Code.INVALID_ARGUMENT, NOTE_FIELD)


def test_the_creator_must_be_allowed_to_list_the_notes_occurrences(world: World) -> None:
    note = world.note(f"{OTHER}/notes/theirs")
    world.grant(PROJECT, "roles/binaryauthorization.attestorsAdmin", "user:dev@example.com")
    dev, draft = world.caller("user:dev@example.com"), dataclasses.replace(DRAFT, note=note)
    world.refused(attestors.create_attestor(dev, PROJECT, "qa", draft), Code.PERMISSION_DENIED)
    world.grant(note, "roles/containeranalysis.notes.occurrences.viewer", "user:dev@example.com")
    assert world.run(attestors.create_attestor(dev, PROJECT, "qa", draft)).note == note


@pytest.mark.parametrize("attestor_id", ["qa", "manually-verified", "my_attestor", "A1"])
def test_ids_of_the_documentation_are_accepted(world: World, attestor_id: str) -> None:
    world.note()
    assert create(world, attestor_id).name.endswith(attestor_id)


@pytest.mark.parametrize("attestor_id", ["", "a/b", "..", "a:validate", "x" * 200, "é", "a b", "built-by-cloud-build"])
def test_malformed_and_reserved_ids_are_refused(world: World, attestor_id: str) -> None:
    world.note()
    work = attestors.create_attestor(world.owner, PROJECT, attestor_id, DRAFT)
    world.refused(work, Code.INVALID_ARGUMENT, "attestorId")


def test_a_second_attestor_of_the_same_name_already_exists(world: World) -> None:
    world.note()
    create(world)
    world.refused(attestors.create_attestor(world.owner, PROJECT, "qa", DRAFT), Code.ALREADY_EXISTS)


def test_a_project_holds_200_attestors_and_no_more(world: World) -> None:
    world.note()
    world.put(*(Attestor(name=f"{PROJECT}/attestors/a{number}", note=NOTE) for number in range(199)))
    create(world, "last")
    world.refused(attestors.create_attestor(world.owner, PROJECT, "one-more", DRAFT), Code.RESOURCE_EXHAUSTED)


def test_an_update_replaces_keys_and_description_and_returns_assigned_ids(world: World) -> None:
    world.note()
    made = create(world)
    changed = world.run(
        attestors.update_attestor(world.owner, dataclasses.replace(made, description="", keys=(key(), key("//k/v1"))))
    )
    assert changed.description == ""
    assert changed.keys[0].id.startswith("ni:///sha-256;")
    assert changed.keys[1].id == "//k/v1"
    assert changed.etag != made.etag


def test_an_update_does_not_create(world: World) -> None:
    world.note()
    draft = dataclasses.replace(DRAFT, name=f"{PROJECT}/attestors/absent")
    world.refused(attestors.update_attestor(world.owner, draft), Code.NOT_FOUND)


def test_the_note_of_an_attestor_cannot_change(world: World) -> None:
    world.note()
    other = world.note(f"{PROJECT}/notes/other")
    draft = dataclasses.replace(create(world), note=other)
    world.refused(attestors.update_attestor(world.owner, draft), Code.INVALID_ARGUMENT, NOTE_FIELD)


def test_keys_that_are_none_and_duplicate_ids_are_refused_with_their_place(world: World) -> None:
    world.note()
    made = create(world)
    path = "attestor.userOwnedGrafeasNote.publicKeys"
    broken = AttestorKey(id="", material=PkixKey(pem="x", algorithm=SignatureAlgorithm.ECDSA_P256_SHA256))
    for keys, field in (
        ((key(), broken), f"{path}[1].pkixPublicKey.publicKeyPem"),
        ((key("//k"), key("//k")), f"{path}[1].id"),
        ((AttestorKey(id="", material=None),), f"{path}[0]"),
        ((key("not a uri"),), f"{path}[0].id"),
    ):
        draft = dataclasses.replace(made, keys=keys)
        world.refused(attestors.update_attestor(world.owner, draft), Code.INVALID_ARGUMENT, field)
    assert world.run(attestors.get_attestor(world.owner, made.name)).keys == ()


def test_a_stale_etag_is_a_conflict_only_where_the_operator_says_so(world: World) -> None:
    world.note()
    made = create(world)
    world.run(attestors.update_attestor(world.owner, made))
    world.run(attestors.update_attestor(world.owner, made))
    strict = world.with_settings(Settings(stale_etag_is_conflict=True))
    world.refused(attestors.update_attestor(strict, made), Code.ABORTED)


def test_a_list_walks_in_pages_by_name_and_misses_nothing_inserted_behind_it(world: World) -> None:
    world.note()
    for name in "abde":
        create(world, name)
    first = world.run(attestors.list_attestors(world.owner, PROJECT, PageRequest(size=2)))
    create(world, "c")
    second = world.run(attestors.list_attestors(world.owner, PROJECT, PageRequest(size=9, token=first.next_token)))
    assert [each.name[-1] for each in (*first.items, *second.items)] == list("abcde")
    assert second.next_token == ""


def test_listing_an_unknown_project_is_an_invalid_argument_and_not_a_missing_thing(world: World) -> None:
    world.refused(
        attestors.list_attestors(world.owner, "projects/nope", PageRequest()), Code.INVALID_ARGUMENT, "parent"
    )


def test_a_deleted_attestor_is_gone(world: World) -> None:
    world.note()
    made = create(world)
    world.run(attestors.delete_attestor(world.owner, made.name))
    world.refused(attestors.get_attestor(world.owner, made.name), Code.NOT_FOUND)
    world.refused(attestors.delete_attestor(world.owner, made.name), Code.NOT_FOUND)
