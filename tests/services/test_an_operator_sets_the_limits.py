"""Counts that an operator may change (SPEC 9.1): the documented number unless configured, refused one past it."""

import dataclasses

import pytest

from binauthz.app.quotas import limits_of, rates_of
from binauthz.app.sections import Quotas
from binauthz.attestation.model import Attestor
from binauthz.base.errors import Code
from binauthz.base.limits import Limits
from binauthz.policy.model import AdmissionRule, EnforcementMode, EvaluationMode, Policy
from binauthz.policy.validate import validate
from binauthz.services import attestors, policies
from binauthz.services.context import Settings
from binauthz.transports.quota import Rates
from tests.services.conftest import NOTE, PROJECT, World
from tests.services.test_attestors_point_at_notes import DRAFT, key


def test_the_defaults_are_the_documented_numbers_and_no_rates() -> None:
    assert limits_of(Quotas()) == Limits()
    assert (Limits().attestors_per_project, Limits().attestor_references_per_policy, Limits().keys_per_attestor) == (
        200,
        200,
        1000,
    )
    assert rates_of(Quotas()) == Rates() == Rates(reads=0, updates=0, creates=0)


@pytest.mark.parametrize("most", [1, 3])
def test_attestors_of_a_project(world: World, most: int) -> None:
    world.note()
    ctx = world.with_settings(Settings(limits=Limits(attestors_per_project=most)))
    for number in range(most):
        world.run(attestors.create_attestor(ctx, PROJECT, f"a{number}", DRAFT))
    error = world.refused(attestors.create_attestor(ctx, PROJECT, "more", DRAFT), Code.RESOURCE_EXHAUSTED)
    assert error.quota_subject == PROJECT


def test_keys_of_an_attestor(world: World) -> None:
    world.note()
    ctx = world.with_settings(Settings(limits=Limits(keys_per_attestor=2)))
    keys = tuple(key() for _ in range(3))
    made = world.run(attestors.create_attestor(ctx, PROJECT, "a", dataclasses.replace(DRAFT, keys=keys[:2])))
    field = "attestor.userOwnedGrafeasNote.publicKeys"
    over = dataclasses.replace(made, keys=keys)
    world.refused(attestors.update_attestor(ctx, over), Code.INVALID_ARGUMENT, field)
    world.run(attestors.update_attestor(world.owner, over))


def drafted(references: int) -> Policy:
    rule = AdmissionRule(
        evaluation_mode=EvaluationMode.REQUIRE_ATTESTATION,
        enforcement_mode=EnforcementMode.ENFORCED_BLOCK_AND_AUDIT_LOG,
        require_attestations_by=tuple(f"{PROJECT}/attestors/a{number}" for number in range(references)),
    )
    return Policy(name=f"{PROJECT}/policy", default_rule=rule)


def test_references_of_a_policy(world: World) -> None:
    world.put(*(Attestor(name=f"{PROJECT}/attestors/a{number}", note=NOTE) for number in range(3)))
    ctx = world.with_settings(Settings(limits=Limits(attestor_references_per_policy=2)))
    world.run(policies.update_policy(ctx, drafted(2)))
    world.refused(policies.update_policy(ctx, drafted(3)), Code.INVALID_ARGUMENT, "requireAttestationsBy")
    assert validate(drafted(200)) == ()
    assert validate(drafted(201)) != ()
    assert validate(drafted(201), attestor_references=300) == ()
