"""What disabling an API means: its calls are refused in Google's words, and nothing else changes."""

import pytest

from binauthz.base.errors import Code
from binauthz.services import enablement, operations
from binauthz.services.authorization import authorize
from binauthz.services.paging import PageRequest
from binauthz.store.records import Operation
from tests.services.conftest import OTHER, PROJECT, World

BINAUTHZ = f"{PROJECT}/services/binaryauthorization.googleapis.com"
READ = "binaryauthorization.policy.get"


def test_calls_to_a_disabled_api_are_refused_until_it_is_enabled_again(world: World) -> None:
    world.run(authorize(world.owner, READ, f"{PROJECT}/policy"))
    operation = world.run(enablement.disable_service(world.owner, BINAUTHZ))
    assert operation.response["service"]["state"] == "DISABLED"
    for resource in (f"{PROJECT}/policy", "projects/123456789012/policy"):
        refusal = world.refused(authorize(world.owner, READ, resource), Code.PERMISSION_DENIED)
        assert refusal.reason == "SERVICE_DISABLED"
        assert refusal.metadata == {
            "service": "binaryauthorization.googleapis.com",
            "consumer": "projects/123456789012",
        }
        assert refusal.message.startswith("Binary Authorization API has not been used in project 123456789012 before")
    world.run(authorize(world.owner, READ, f"{OTHER}/policy"))
    world.run(authorize(world.owner, "containeranalysis.notes.get", f"{PROJECT}/notes/n"))
    world.run(enablement.enable_service(world.owner, BINAUTHZ))
    world.run(authorize(world.owner, READ, f"{PROJECT}/policy"))


def test_a_stranger_is_not_told_what_is_disabled(world: World) -> None:
    world.run(enablement.disable_service(world.owner, BINAUTHZ))
    refusal = world.refused(authorize(world.stranger, READ, f"{PROJECT}/policy"), Code.PERMISSION_DENIED)
    assert refusal.reason == "IAM_PERMISSION_DENIED"


def test_what_enables_again_always_answers(world: World) -> None:
    for host in ("serviceusage", "cloudresourcemanager", "iam"):
        world.run(enablement.disable_service(world.owner, f"{PROJECT}/services/{host}.googleapis.com"))
    for permission in ("serviceusage.services.enable", "resourcemanager.projects.get"):
        world.run(authorize(world.owner, permission, PROJECT))


def test_only_what_is_enabled_can_be_disabled(world: World) -> None:
    world.run(enablement.disable_service(world.owner, BINAUTHZ))
    world.refused(enablement.disable_service(world.owner, BINAUTHZ), Code.FAILED_PRECONDITION)
    never = f"{OTHER}/services/binaryauthorization.googleapis.com"
    world.refused(enablement.disable_service(world.owner, never), Code.FAILED_PRECONDITION)
    world.run(authorize(world.owner, READ, f"{OTHER}/policy"))
    unknown = f"{PROJECT}/services/nope.example.com"
    world.refused(enablement.disable_service(world.owner, unknown), Code.PERMISSION_DENIED)
    world.refused(enablement.disable_service(world.owner, f"{PROJECT}/x/y"), Code.INVALID_ARGUMENT, "name")


def test_a_service_that_another_needs_takes_it_along_or_stays(world: World) -> None:
    compute, container = (f"{PROJECT}/services/{each}.googleapis.com" for each in ("compute", "container"))
    refusal = world.refused(enablement.disable_service(world.owner, compute), Code.FAILED_PRECONDITION)
    assert "container.googleapis.com" in refusal.message
    world.run(enablement.disable_service(world.owner, compute, with_dependents=True))
    assert not world.run(enablement.get_service(world.owner, container)).enabled
    refusal = world.refused(
        authorize(world.owner, "container.clusters.get", f"{PROJECT}/locations/l/clusters/c"), Code.PERMISSION_DENIED
    )
    assert refusal.reason == "SERVICE_DISABLED"


def test_several_services_are_read_at_once(world: World) -> None:
    hosts = ["logging.googleapis.com", "binaryauthorization.googleapis.com"]
    asked = [f"{PROJECT}/services/{hosts[0]}", f"projects/123456789012/services/{hosts[1]}"]
    found = world.run(enablement.get_services(world.owner, PROJECT, asked))
    assert [(each.host, each.enabled) for each in found] == [(host, True) for host in hosts]


@pytest.mark.parametrize(
    ("asked", "code", "field"),
    [
        ([], Code.INVALID_ARGUMENT, "names"),
        (["x"], Code.INVALID_ARGUMENT, "names"),
        ([f"{OTHER}/services/logging.googleapis.com"], Code.INVALID_ARGUMENT, "names"),
        ([BINAUTHZ] * 31, Code.INVALID_ARGUMENT, "names"),
        ([f"{PROJECT}/services/nope.example.com"], Code.PERMISSION_DENIED, ""),
    ],
)
def test_services_of_elsewhere_are_not_read_along(world: World, asked: list[str], code: Code, field: str) -> None:
    world.refused(enablement.get_services(world.owner, PROJECT, asked), code, field)


def test_operations_are_deleted_by_those_who_may_and_cancelling_changes_nothing(world: World) -> None:
    made = world.run(enablement.enable_service(world.owner, BINAUTHZ))
    for work in (operations.delete_operation, operations.cancel_operation):
        world.refused(work(world.stranger, made.name), Code.PERMISSION_DENIED)
    world.run(operations.cancel_operation(world.owner, made.name))
    assert world.run(operations.get_operation(world.owner, made.name)) == made
    world.run(operations.delete_operation(world.owner, made.name))
    for work in (operations.get_operation, operations.delete_operation, operations.cancel_operation):
        world.refused(work(world.owner, made.name), Code.NOT_FOUND)
        world.refused(work(world.owner, "operations/../x"), Code.INVALID_ARGUMENT, "name")


def test_old_operations_are_forgotten(world: World) -> None:
    old = [Operation(name=f"operations/acat.{number:013d}-x", done=True) for number in range(500)]
    world.put(*old)
    made = world.run(enablement.enable_service(world.owner, BINAUTHZ))
    kept = world.run(world.store.read(lambda tx: tx.list(Operation, "")))
    assert [each.name for each in kept] == [*(each.name for each in old[1:]), made.name]


def test_a_disabled_service_shows_as_disabled(world: World) -> None:
    world.run(enablement.disable_service(world.owner, BINAUTHZ))
    page = world.run(enablement.list_services(world.owner, PROJECT, PageRequest(), "state:DISABLED"))
    assert [each.name for each in page.items] == [BINAUTHZ.replace("demo-project", "123456789012")]
