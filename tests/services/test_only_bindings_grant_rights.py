"""Who may call (D10): roles on the resource, its project and the installation, and nothing else."""

import dataclasses

import pytest

from binauthz.attestation.model import Attestor
from binauthz.base.errors import Code
from binauthz.services import iam, resourcemanager
from binauthz.services.authorization import INSTALLATION, authorize, held
from binauthz.services.context import Context
from binauthz.services.paging import PageRequest
from binauthz.services.roles import PERMISSIONS, ROLES
from binauthz.store.records import Binding, IamPolicy
from tests.services.conftest import NOTE, OTHER, PROJECT, World

GET = "binaryauthorization.attestors.get"
ATTESTOR = f"{PROJECT}/attestors/qa"
DEV = "user:dev@example.com"


def may(world: World, ctx: Context, permission: str, resource: str) -> bool:
    return bool(world.run(held(ctx, [permission], resource)))


def test_the_installations_owner_may_do_everything_everywhere(world: World) -> None:
    for permission in PERMISSIONS:
        world.run(authorize(world.owner, permission, PROJECT))
    world.run(authorize(world.owner, GET, "projects/not-there/attestors/a"))


def test_nobody_else_may_do_anything(world: World) -> None:
    for permission in PERMISSIONS:
        world.refused(authorize(world.stranger, permission, PROJECT), Code.PERMISSION_DENIED)


def test_a_refusal_names_permission_and_resource_and_is_the_same_for_what_does_not_exist(world: World) -> None:
    world.put(Attestor(name=ATTESTOR, note=NOTE))
    texts = {
        world.refused(authorize(world.stranger, GET, name), Code.PERMISSION_DENIED).message.replace(name, "X")
        for name in (ATTESTOR, f"{PROJECT}/attestors/absent", "projects/absent/attestors/a")
    }
    assert texts == {
        f"Permission '{GET}' denied on resource '//binaryauthorization.googleapis.com/X' (or it may not exist)."
    }


def test_a_project_binding_reaches_the_projects_resources_and_no_other_projects(world: World) -> None:
    world.grant(PROJECT, "roles/binaryauthorization.attestorsViewer", DEV)
    dev = world.caller(DEV)
    assert may(world, dev, GET, ATTESTOR)
    assert may(world, dev, GET, "projects/123456789012/attestors/qa")
    assert not may(world, dev, GET, f"{OTHER}/attestors/qa")
    assert not may(world, dev, "binaryauthorization.attestors.delete", ATTESTOR)


def test_a_resource_binding_reaches_that_resource_alone(world: World) -> None:
    world.grant(ATTESTOR, "roles/binaryauthorization.attestorsViewer", DEV)
    assert may(world, world.caller(DEV), GET, ATTESTOR)
    assert not may(world, world.caller(DEV), GET, f"{ATTESTOR}2")


@pytest.mark.parametrize(
    ("member", "granted"),
    [
        (DEV, True),
        ("group:team@example.com", True),
        ("domain:example.com", True),
        ("allAuthenticatedUsers", True),
        ("user:DEV@example.com", False),
        ("group:other@example.com", False),
        ("domain:le.com", False),
        ("serviceAccount:dev@example.com", False),
    ],
)
def test_members_match_exactly(world: World, member: str, granted: bool) -> None:
    world.grant(PROJECT, "roles/viewer", member)
    assert may(world, world.caller(DEV, "team@example.com"), GET, ATTESTOR) is granted


def test_a_stored_role_that_this_release_does_not_know_grants_nothing(world: World) -> None:
    world.grant(PROJECT, "roles/from.the.future", DEV)
    assert not any(may(world, world.caller(DEV), permission, PROJECT) for permission in PERMISSIONS)


def test_viewers_change_nothing_and_editors_hand_out_nothing() -> None:
    changing = ("create", "update", "delete", "set", "enable", "disable", "attach", "replace", "patch", "post", "put")
    assert not [each for each in ROLES["roles/viewer"] if each.rpartition(".")[2].startswith(changing)]
    assert not [each for each in ROLES["roles/editor"] if each.endswith("IamPolicy")]
    assert ROLES["roles/viewer"] < ROLES["roles/editor"] < ROLES["roles/owner"]
    assert all(role <= ROLES["roles/owner"] for role in ROLES.values())


def test_an_untouched_resource_has_the_etag_clients_round_trip(world: World) -> None:
    for name in (PROJECT, f"{PROJECT}/policy", world.note(), INSTALLATION.replace(INSTALLATION, PROJECT)):
        assert world.run(iam.get_iam_policy(world.owner, name)) == IamPolicy(name=name, etag="ACAB")


def test_a_set_policy_is_read_back_with_a_new_etag_and_takes_effect_at_once(world: World) -> None:
    world.put(Attestor(name=ATTESTOR, note=NOTE))
    draft = IamPolicy(name="", etag="ACAB", bindings=(Binding(role="roles/viewer", members=(DEV, DEV)),))
    made = world.run(iam.set_iam_policy(world.owner, ATTESTOR, draft))
    assert made.bindings == (Binding(role="roles/viewer", members=(DEV,)),)
    assert made.etag != "ACAB"
    assert world.run(iam.get_iam_policy(world.owner, ATTESTOR)) == made
    assert may(world, world.caller(DEV), GET, ATTESTOR)
    world.run(iam.set_iam_policy(world.owner, ATTESTOR, IamPolicy(name="", etag=made.etag)))
    assert not may(world, world.caller(DEV), GET, ATTESTOR)


def test_a_concurrent_change_is_aborted_so_that_clients_retry(world: World) -> None:
    draft = IamPolicy(name="", etag="ACAB")
    world.run(iam.set_iam_policy(world.owner, PROJECT, draft))
    world.refused(iam.set_iam_policy(world.owner, PROJECT, draft), Code.ABORTED)
    world.run(iam.set_iam_policy(world.owner, PROJECT, dataclasses.replace(draft, etag="")))


@pytest.mark.parametrize(
    "binding",
    [
        Binding(role="roles/nope", members=(DEV,)),
        Binding(role="", members=(DEV,)),
        Binding(role="roles/viewer", members=("dev@example.com",)),
        Binding(role="roles/viewer", members=("user:dev",)),
        Binding(role="roles/viewer", members=("user:" + "x" * 5000 + "@b",)),
        Binding(role="roles/viewer", members=("projectOwner:p",)),
        Binding(role="roles/viewer", members=tuple(f"user:u{number}@example.com" for number in range(1501))),
    ],
)
def test_a_binding_that_would_not_take_effect_is_refused(world: World, binding: Binding) -> None:
    draft = IamPolicy(name="", bindings=(binding,))
    world.refused(iam.set_iam_policy(world.owner, PROJECT, draft), Code.INVALID_ARGUMENT)


@pytest.mark.parametrize(
    "name",
    [f"{PROJECT}/attestors/absent", f"{PROJECT}/notes/absent", "projects/absent/policy", f"{PROJECT}/x/y", "", "x"],
)
def test_a_missing_resource_has_no_policy_and_tests_as_nothing_held(world: World, name: str) -> None:
    world.refused(iam.get_iam_policy(world.owner, name), Code.NOT_FOUND)
    assert world.run(iam.test_iam_permissions(world.owner, name, (GET,))) == ()


def test_testing_permissions_tells_the_truth_in_the_order_asked(world: World) -> None:
    world.grant(PROJECT, "roles/binaryauthorization.policyViewer", DEV)
    asked = ("binaryauthorization.policy.update", "binaryauthorization.policy.get", "made.up.permission")
    work = iam.test_iam_permissions(world.caller(DEV), f"{PROJECT}/policy", asked)
    assert world.run(work) == ("binaryauthorization.policy.get",)


def test_wildcards_and_endless_lists_are_refused_when_testing(world: World) -> None:
    for asked in (("binaryauthorization.*",), ("a.b.c",) * 101):
        world.refused(iam.test_iam_permissions(world.owner, PROJECT, asked), Code.INVALID_ARGUMENT, "permissions")


def test_B109_projects_are_listed_to_who_may_see_them(world: World) -> None:
    listed = world.run(resourcemanager.list_projects(world.owner, PageRequest()))
    assert [each.name for each in listed.items] == [PROJECT, OTHER]
    world.grant(OTHER, "roles/browser", DEV)
    listed = world.run(resourcemanager.list_projects(world.caller(DEV), PageRequest()))
    assert [each.name for each in listed.items] == [OTHER]
