"""The singleton policy: default, replace, validate, etag (SPEC 1.1, 1.6, 1.7, 1.8)."""

import dataclasses
import datetime as dt

import pytest

from binauthz.attestation.model import Attestor
from binauthz.base.errors import Code
from binauthz.policy.model import AdmissionRule, EnforcementMode, EvaluationMode, GlobalEvaluation, Policy
from binauthz.services import policies
from binauthz.services.context import Settings
from tests.services.conftest import NOTE, OTHER, PROJECT, World

NAME = f"{PROJECT}/policy"
ENFORCED = EnforcementMode.ENFORCED_BLOCK_AND_AUDIT_LOG
DENY = AdmissionRule(evaluation_mode=EvaluationMode.ALWAYS_DENY, enforcement_mode=ENFORCED)
ALLOW = AdmissionRule(evaluation_mode=EvaluationMode.ALWAYS_ALLOW, enforcement_mode=ENFORCED)
DRAFT = Policy(name=NAME, default_rule=DENY)


def requiring(*attestors: str) -> AdmissionRule:
    return AdmissionRule(
        evaluation_mode=EvaluationMode.REQUIRE_ATTESTATION, enforcement_mode=ENFORCED, require_attestations_by=attestors
    )


def test_a_project_that_never_wrote_a_policy_allows_everything_and_has_no_etag(world: World) -> None:
    policy = world.run(policies.get_policy(world.owner, NAME))
    assert policy == Policy(name=NAME, global_evaluation=GlobalEvaluation.ENABLE, default_rule=ALLOW)


def test_the_project_number_names_the_same_policy_as_the_id(world: World) -> None:
    world.run(policies.update_policy(world.owner, DRAFT))
    policy = world.run(policies.get_policy(world.owner, "projects/123456789012/policy"))
    assert (policy.name, policy.default_rule) == (NAME, DENY)


def test_an_update_clears_what_it_omits(world: World) -> None:
    world.run(policies.update_policy(world.owner, dataclasses.replace(DRAFT, allowlist=("a/*",), description="x")))
    world.run(policies.update_policy(world.owner, DRAFT))
    policy = world.run(policies.get_policy(world.owner, NAME))
    assert (policy.allowlist, policy.description) == ((), "")


def test_every_write_has_a_new_etag_in_quotes_and_the_time_of_the_write(world: World) -> None:
    first = world.run(policies.update_policy(world.owner, DRAFT))
    world.clock.advance(dt.timedelta(seconds=1))
    second = world.run(policies.update_policy(world.owner, DRAFT))
    assert first.etag != second.etag
    assert second.update_time == world.clock.now()
    assert len(second.etag) == 14
    assert (second.etag[0], second.etag[-1]) == ('"', '"')


def test_a_stale_etag_overwrites_by_default_because_exports_are_imported_again(world: World) -> None:
    first = world.run(policies.update_policy(world.owner, DRAFT))
    world.run(policies.update_policy(world.owner, DRAFT))
    world.run(policies.update_policy(world.owner, dataclasses.replace(DRAFT, etag=first.etag)))


def test_a_stale_etag_is_a_conflict_where_the_operator_says_so(world: World) -> None:
    strict = world.with_settings(Settings(stale_etag_is_conflict=True))
    first = world.run(policies.update_policy(strict, DRAFT))
    second = world.run(policies.update_policy(strict, dataclasses.replace(DRAFT, etag=first.etag)))
    world.refused(policies.update_policy(strict, dataclasses.replace(DRAFT, etag=first.etag)), Code.ABORTED)
    world.run(policies.update_policy(strict, DRAFT))
    assert second.etag != first.etag


def test_an_unknown_project_is_not_found(world: World) -> None:
    world.refused(policies.get_policy(world.owner, "projects/nope/policy"), Code.NOT_FOUND)
    draft = dataclasses.replace(DRAFT, name="projects/nope/policy")
    world.refused(policies.update_policy(world.owner, draft), Code.NOT_FOUND)


@pytest.mark.parametrize("name", ["", "projects/demo-project", "projects/demo-project/attestors/a", "policy"])
def test_a_name_that_is_no_policy_is_refused(world: World, name: str) -> None:
    world.refused(policies.get_policy(world.owner, name), Code.INVALID_ARGUMENT)


def test_a_policy_that_validation_refuses_is_not_written(world: World) -> None:
    refusal = world.refused(
        policies.update_policy(world.owner, Policy(name=NAME)), Code.INVALID_ARGUMENT, "defaultAdmissionRule"
    )
    assert "defaultAdmissionRule" in refusal.message
    assert world.run(policies.get_policy(world.owner, NAME)).default_rule == ALLOW


def test_an_attestor_that_exists_may_be_required(world: World) -> None:
    world.put(Attestor(name=f"{PROJECT}/attestors/qa", note=NOTE))
    draft = dataclasses.replace(DRAFT, default_rule=requiring(f"{PROJECT}/attestors/qa"))
    assert world.run(policies.update_policy(world.owner, draft)).default_rule == draft.default_rule


@pytest.mark.parametrize("attestor", ["projects/demo-project/attestors/gone", "projects/123456789012/attestors/qa"])
def test_an_attestor_that_does_not_exist_is_named_with_its_place(world: World, attestor: str) -> None:
    world.put(Attestor(name=f"{PROJECT}/attestors/qa", note=NOTE))
    draft = dataclasses.replace(DRAFT, cluster_rules={"us-central1-a.c": requiring(attestor)})
    field = "clusterAdmissionRules[us-central1-a.c].requireAttestationsBy[0]"
    world.refused(policies.update_policy(world.owner, draft), Code.INVALID_ARGUMENT, field)


def test_B109_an_attestor_the_caller_may_not_read_looks_like_one_that_does_not_exist(world: World) -> None:
    world.put(Attestor(name=f"{OTHER}/attestors/secret", note=NOTE))
    world.grant(PROJECT, "roles/binaryauthorization.policyEditor", "user:dev@example.com")
    dev = world.caller("user:dev@example.com")
    texts = set()
    for attestor in ("secret", "absent"):
        name = f"{OTHER}/attestors/{attestor}"
        draft = dataclasses.replace(DRAFT, default_rule=requiring(name))
        refusal = world.refused(policies.update_policy(dev, draft), Code.INVALID_ARGUMENT)
        texts.add(refusal.message.replace(attestor, "X"))
    assert len(texts) == 1


def test_every_location_shows_the_system_policy(world: World) -> None:
    for location in ("global", "us-central1"):
        policy = world.run(policies.get_system_policy(world.owner, f"locations/{location}/policy"))
        assert policy.name == f"locations/{location}/policy"
        assert "gke.gcr.io/**" in policy.allowlist
    world.refused(policies.get_system_policy(world.owner, "locations/US/policy"), Code.INVALID_ARGUMENT)
