"""A policy in one project, its attestor in another, the note in a third: each step asks for a right (SPEC 1.9)."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from binauthz.services.context import Caller
from binauthz.store.records import IamPolicy, Note, Project
from binauthz.wire import descriptors
from tests.transports.table_calls import NOW, OTHER, Answer, P, Table

V1 = "google.cloud.binaryauthorization.v1"
SERVICE = f"{V1}.BinauthzManagementServiceV1"
THIRD = "projects/third-project"
NOTE = f"{THIRD}/notes/release"
ATTESTOR = f"{OTHER}/attestors/qa"
DEV = Caller(principal="user:dev@example.com")


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Table]:
    with asyncio.Runner() as runner:
        made = Table(runner, tmp_path / "s.db", full=False)
        made.put(
            Project(name=THIRD, number=1111, create_time=NOW),
            Note(name=NOTE, kind="ATTESTATION", create_time=NOW, update_time=NOW, body=b""),
            IamPolicy(name=OTHER),
        )
        yield made
        made.close()


def create_attestor(table: Table, note: str = NOTE) -> Answer:
    request: Any = descriptors.message_class(f"{V1}.CreateAttestorRequest")(parent=OTHER, attestor_id="qa")
    request.attestor.user_owned_grafeas_note.note_reference = note
    return table.call(f"{SERVICE}.CreateAttestor", DEV, request)


def update_policy(table: Table, attestor: str = ATTESTOR) -> Answer:
    request: Any = descriptors.message_class(f"{V1}.UpdatePolicyRequest")()
    request.policy.name = f"{P}/policy"
    rule = request.policy.default_admission_rule
    rule.evaluation_mode, rule.enforcement_mode = 2, 1
    rule.require_attestations_by.append(attestor)
    return table.call(f"{SERVICE}.UpdatePolicy", DEV, request)


def attest(table: Table) -> Answer:
    request: Any = descriptors.message_class("grafeas.v1.CreateOccurrenceRequest")(parent=P)
    request.occurrence.note_name = NOTE
    request.occurrence.resource_uri = "us-docker.pkg.dev/p/r/i@sha256:" + "a" * 64
    signature = request.occurrence.attestation.signatures.add()
    signature.public_key_id, signature.signature = "k", b"s"
    request.occurrence.attestation.serialized_payload = b"{}"
    return table.call("grafeas.v1.Grafeas.CreateOccurrence", DEV, request)


def needs(answer: Answer, permission: str, resource: str) -> bool:
    error = answer.error
    return error is not None and error.metadata == {"permission": permission, "resource": resource}


def test_an_attestor_needs_a_right_on_its_project_and_one_on_the_note(table: Table) -> None:
    assert needs(create_attestor(table), "binaryauthorization.attestors.create", OTHER)
    table.grant(OTHER, "roles/binaryauthorization.attestorsEditor", DEV.principal)
    listing = "containeranalysis.notes.listOccurrences"
    assert needs(create_attestor(table), listing, NOTE)
    # Whether the note exists is told to nobody who may not read it.
    assert needs(create_attestor(table, f"{THIRD}/notes/absent"), listing, f"{THIRD}/notes/absent")
    table.grant(NOTE, "roles/containeranalysis.notes.occurrences.viewer", DEV.principal)
    assert create_attestor(table).code == "OK"


def test_a_policy_needs_a_right_on_the_attestor_it_names(table: Table) -> None:
    table.grant(OTHER, "roles/binaryauthorization.attestorsEditor", DEV.principal)
    table.grant(NOTE, "roles/containeranalysis.notes.occurrences.viewer", DEV.principal)
    assert create_attestor(table).code == "OK"
    table.grant(OTHER, "roles/browser", DEV.principal)
    assert needs(update_policy(table), "binaryauthorization.policy.update", f"{P}/policy")
    table.grant(P, "roles/binaryauthorization.policyEditor", DEV.principal)
    unreadable, absent = update_policy(table), update_policy(table, f"{OTHER}/attestors/zz")
    assert unreadable.code == absent.code == "INVALID_ARGUMENT"
    assert unreadable.error is not None
    assert absent.error is not None
    assert unreadable.error.message.replace(ATTESTOR, "X") == absent.error.message.replace(f"{OTHER}/attestors/zz", "X")
    table.grant(ATTESTOR, "roles/binaryauthorization.attestorsVerifier", DEV.principal)
    assert update_policy(table).code == "OK"


def test_an_attestation_needs_a_right_on_its_project_and_one_to_attach(table: Table) -> None:
    assert needs(attest(table), "containeranalysis.occurrences.create", P)
    table.grant(P, "roles/containeranalysis.occurrences.editor", DEV.principal)
    assert needs(attest(table), "containeranalysis.notes.attachOccurrence", NOTE)
    table.grant(NOTE, "roles/containeranalysis.notes.attacher", DEV.principal)
    assert attest(table).code == "OK"
