"""Fleets and memberships as use cases change them: one fleet a project, one membership a cluster."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest

from binauthz.base.errors import Code, invalid_field
from binauthz.services import fleet_operations, fleets, memberships
from binauthz.services.paging import PageRequest
from binauthz.store.records import Binding, Cluster, Fleet, IamPolicy, Membership, Operation
from tests.services.conftest import NOW, OTHER, PROJECT, World

GLOBAL = f"{PROJECT}/locations/global"
FLEET = f"{GLOBAL}/fleets/default"
ZONE = f"{PROJECT}/locations/us-central1-a"
CLUSTER = f"{ZONE}/clusters/c"
LINK = f"//container.googleapis.com/{CLUSTER}"
BLOCK = {"evaluationMode": "POLICY_BINDINGS", "policyBindings": [{"name": "projects/p/platforms/gke/policies/x"}]}


def settings(block: Mapping[str, Any]) -> dict[str, Any]:
    return {"displayName": "mine", "defaultClusterConfig": {"binaryAuthorizationConfig": dict(block)}}


def told(record: Fleet | Membership) -> Operation:
    """An operation that says which record it was given."""
    name = fleet_operations.new_name(PROJECT, 1)
    return Operation(name=name, done=True, metadata={"target": record.name}, response={"uid": record.unique_id})


def cluster(world: World, name: str = CLUSTER) -> None:
    world.put(Cluster(name=name, server="https://h", ca_pem="", create_time=NOW))


def register(world: World, membership: str = "m", link: str = LINK, parent: str = GLOBAL, **labels: str) -> Operation:
    return world.run(memberships.create_membership(world.owner, parent, membership, link, labels, {}, operation=told))


def test_a_project_has_one_fleet(world: World) -> None:
    world.refused(fleets.get_fleet(world.owner, FLEET), Code.NOT_FOUND)
    made = world.run(fleets.create_fleet(world.owner, GLOBAL, settings(BLOCK), operation=told))
    assert made.metadata["target"] == FLEET
    found = world.run(fleets.get_fleet(world.owner, FLEET.replace("demo-project", "123456789012")))
    assert (found.name, found.settings) == (FLEET, settings(BLOCK))
    again = fleets.create_fleet(world.owner, GLOBAL, {}, operation=told)
    world.refused(again, Code.ALREADY_EXISTS)
    assert world.run(fleets.list_fleets(world.owner, f"{PROJECT}/locations/-")) == [found]
    assert world.run(fleets.list_fleets(world.owner, f"{OTHER}/locations/global")) == []
    elsewhere = fleets.create_fleet(world.owner, f"{PROJECT}/locations/us-east1", {}, operation=told)
    world.refused(elsewhere, Code.INVALID_ARGUMENT)


@pytest.mark.parametrize(
    ("block", "field"),
    [
        ({"evaluationMode": "PROJECT_SINGLETON_POLICY_ENFORCE"}, "evaluationMode"),
        ({"evaluationMode": "POLICY_BINDINGS", "policyBindings": [{"name": "x"}]}, "policyBindings[0].name"),
        ({"evaluationMode": "POLICY_BINDINGS", "policyBindings": [BLOCK["policyBindings"][0]] * 11}, "policyBindings"),
    ],
)
def test_a_default_that_no_cluster_could_have_is_refused(world: World, block: dict[str, Any], field: str) -> None:
    full = f"fleet.defaultClusterConfig.binaryAuthorizationConfig.{field}"
    work = fleets.create_fleet(world.owner, GLOBAL, settings(block), operation=told)
    world.refused(work, Code.INVALID_ARGUMENT, full)
    world.run(fleets.create_fleet(world.owner, GLOBAL, {}, operation=told))
    update = fleets.update_fleet(world.owner, FLEET, lambda _: settings(block), operation=told)
    world.refused(update, Code.INVALID_ARGUMENT, full)


def test_a_fleet_is_updated_and_deleted_when_it_has_no_members(world: World) -> None:
    cluster(world)
    register(world)
    world.clock.advance(dt.timedelta(seconds=1))
    world.run(fleets.update_fleet(world.owner, FLEET, lambda _: settings(BLOCK), operation=told))
    found = world.run(fleets.get_fleet(world.owner, FLEET))
    assert (found.settings, found.update_time > found.create_time) == (settings(BLOCK), True)
    refusal = world.refused(fleets.delete_fleet(world.owner, FLEET, operation=told), Code.FAILED_PRECONDITION)
    assert "1 membership" in refusal.message
    world.run(memberships.delete_membership(world.owner, f"{GLOBAL}/memberships/m", operation=told))
    world.run(fleets.delete_fleet(world.owner, FLEET, operation=told))
    world.refused(fleets.delete_fleet(world.owner, FLEET, operation=told), Code.NOT_FOUND)


def test_the_first_member_makes_the_fleet_and_each_cluster_is_one_member(world: World) -> None:
    cluster(world)
    register(world, env="prod")
    assert world.run(fleets.get_fleet(world.owner, FLEET)).settings == {}
    found = world.run(memberships.get_membership(world.owner, f"{GLOBAL}/memberships/m"))
    assert (found.cluster, found.labels) == (CLUSTER, {"env": "prod"})

    def again(membership: str, link: str) -> Any:
        return memberships.create_membership(world.owner, GLOBAL, membership, link, {}, {}, operation=told)

    world.refused(again("m", LINK), Code.ALREADY_EXISTS)
    assert "already registered" in world.refused(again("n", LINK), Code.FAILED_PRECONDITION).message
    world.refused(again("n", f"//h/{ZONE}/clusters/absent"), Code.FAILED_PRECONDITION)
    world.run(memberships.delete_membership(world.owner, found.name, operation=told))
    world.refused(memberships.delete_membership(world.owner, found.name, operation=told), Code.NOT_FOUND)
    register(world, "n")


@pytest.mark.parametrize(
    "link",
    [
        "",
        "c",
        f"//container.googleapis.com/{ZONE}",
        f"//container.googleapis.com/{CLUSTER}/x",
        f"//container.googleapis.com/{CLUSTER}%2f..",
        f"///{CLUSTER}",
        f"//container.googleapis.com/{OTHER}/locations/us-central1-a/clusters/c",
        "https://example.com",
    ],
)
def test_only_a_cluster_of_the_project_is_registered(world: World, link: str) -> None:
    cluster(world)
    cluster(world, f"{OTHER}/locations/us-central1-a/clusters/c")
    work = memberships.create_membership(world.owner, GLOBAL, "m", link, {}, {}, operation=told)
    world.refused(work, Code.INVALID_ARGUMENT, "resource.endpoint.gkeCluster.resourceLink")


@pytest.mark.parametrize(
    "link",
    [
        LINK,
        LINK.replace("/locations/", "/zones/"),
        LINK.replace("demo-project", "123456789012"),
        LINK.replace("container.googleapis.com", "127.0.0.1:8750"),
    ],
)
def test_a_cluster_is_linked_in_each_of_its_spellings(world: World, link: str) -> None:
    cluster(world)
    register(world, link=link)
    assert world.run(memberships.get_membership(world.owner, f"{GLOBAL}/memberships/m")).cluster == CLUSTER


def test_who_may_not_see_a_cluster_learns_nothing_by_registering_it(world: World) -> None:
    cluster(world)
    editor = world.caller("user:fleet@example.com")
    binding = Binding(role="roles/gkehub.editor", members=("user:fleet@example.com",))
    world.put(IamPolicy(name=PROJECT, bindings=(binding,)))
    said = {
        world.refused(
            memberships.create_membership(editor, GLOBAL, "m", link, {}, {}, operation=told), Code.PERMISSION_DENIED
        ).message.replace("absent", "c")
        for link in (LINK, LINK.replace("/clusters/c", "/clusters/absent"))
    }
    assert len(said) == 1


def test_a_change_that_is_refused_changes_nothing(world: World) -> None:
    cluster(world)
    register(world, env="prod")
    name = f"{GLOBAL}/memberships/m"

    def refuse(found: Membership) -> tuple[dict[str, str], dict[str, Any]]:
        raise invalid_field("x", f"no, {found.name}")

    world.refused(memberships.update_membership(world.owner, name, refuse, operation=told), Code.INVALID_ARGUMENT, "x")
    assert world.run(memberships.get_membership(world.owner, name)).labels == {"env": "prod"}
    world.run(memberships.update_membership(world.owner, name, lambda _: ({}, {"a": 1}), operation=told))
    found = world.run(memberships.get_membership(world.owner, name))
    assert (found.labels, found.settings, found.cluster) == ({}, {"a": 1}, CLUSTER)


def test_operations_are_read_by_those_who_may_see_the_fleet(world: World) -> None:
    cluster(world)
    made = register(world)
    assert world.run(fleet_operations.get_operation(world.owner, made.name)) == made
    world.refused(fleet_operations.get_operation(world.stranger, made.name), Code.PERMISSION_DENIED)
    world.refused(fleet_operations.get_operation(world.owner, f"{GLOBAL}/operations/absent"), Code.NOT_FOUND)
    page = world.run(fleet_operations.list_operations(world.owner, GLOBAL, PageRequest(size=1)))
    assert [each.name for each in page.items] == [made.name]
    filtered = fleet_operations.list_operations(world.owner, GLOBAL, PageRequest(), filter="done=true")
    world.refused(filtered, Code.INVALID_ARGUMENT, "filter")


def test_operations_are_kept_in_bounds(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet_operations, "_KEPT", 3)
    world.run(fleets.create_fleet(world.owner, GLOBAL, {}, operation=told))
    for index in range(6):
        world.run(
            fleets.update_fleet(
                world.owner,
                FLEET,
                lambda _: {},
                operation=lambda each, index=index: Operation(
                    name=fleet_operations.new_name(PROJECT, 10 + index), done=True, metadata={"target": each.name}
                ),
            )
        )
    page = world.run(fleet_operations.list_operations(world.owner, GLOBAL, PageRequest()))
    assert [each.name.split("-")[2] for each in page.items] == ["0000000000013", "0000000000014", "0000000000015"]
