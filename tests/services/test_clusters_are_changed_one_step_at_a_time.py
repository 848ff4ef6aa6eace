"""Clusters as use cases change them: what is refused, what is written down, and what ends an operation."""

import dataclasses
import datetime as dt
from typing import Any

import pytest

from binauthz.base.errors import ApiError, Code
from binauthz.services import cluster_changes, cluster_operations, clusters, fleets, local_clusters
from binauthz.services.cluster_settings import UNSPECIFIED, Draft, Enablement, enablement
from binauthz.services.context import Context, Settings
from binauthz.store.records import Cluster, ClusterOperation, Fleet, Membership, PolicyBinding
from tests.services.conftest import NOW, OTHER, PROJECT, World

ZONE = f"{PROJECT}/locations/us-central1-a"
ENFORCE = "PROJECT_SINGLETON_POLICY_ENFORCE"
BOTH = "POLICY_BINDINGS_AND_PROJECT_SINGLETON_POLICY_ENFORCE"
BINDING = PolicyBinding(name="projects/1/platforms/gke/policies/p")
REACHED = local_clusters.Reached(
    server="https://127.0.0.1:1", ca_pem="PEM", webhook_token_hash="h", proxy_token="t", on_error="fail-open"
)


@pytest.fixture
def keeping(world: World) -> Context:
    """The owner, where local clusters are kept, three at most."""
    return world.with_settings(Settings(keeps_clusters=True, cluster_limit=3))


def create(world: World, ctx: Context, name: str = "c", parent: str = ZONE, **fields: Any) -> ClusterOperation:
    return world.run(cluster_changes.create_cluster(ctx, parent, Draft(cluster_id=name, **fields)))


def running(world: World, ctx: Context, name: str = "c", **fields: Any) -> Cluster:
    """A cluster whose creation is over."""
    create(world, ctx, name, **fields)
    full = f"{ZONE}/clusters/{name}"
    world.run(local_clusters.reached(world.store, full, REACHED))
    world.run(local_clusters.is_up(world.store, world.clock, full))
    return world.run(clusters.get_cluster(ctx, full))


def operation(world: World, name: str) -> ClusterOperation:
    return world.run(clusters.get_operation(world.owner, name))


def test_a_creation_is_over_when_the_cluster_is_up(world: World, keeping: Context) -> None:
    begun = create(world, keeping, settings={"description": "x"})
    assert (begun.type, begun.status, begun.start_time) == ("CREATE_CLUSTER", "RUNNING", NOW)
    found = world.run(clusters.get_cluster(keeping, f"{ZONE}/clusters/c"))
    assert (found.status, found.evaluation_mode, found.settings) == ("PROVISIONING", "DISABLED", {"description": "x"})
    world.clock.advance(dt.timedelta(seconds=2))
    world.run(local_clusters.is_up(world.store, world.clock, found.name))
    done = operation(world, begun.name)
    assert (done.status, done.end_time, done.error) == ("DONE", NOW + dt.timedelta(seconds=2), "")
    assert set(done.stages.values()) == {"DONE"}
    assert world.run(clusters.get_cluster(keeping, found.name)).status == "RUNNING"


def test_nothing_is_created_or_deleted_where_nobody_keeps_clusters(world: World, keeping: Context) -> None:
    running(world, keeping)
    without = world.owner
    create = cluster_changes.create_cluster(without, ZONE, Draft(cluster_id="d"))
    assert "binauthz up" in world.refused(create, Code.FAILED_PRECONDITION).message
    world.refused(cluster_changes.delete_cluster(without, f"{ZONE}/clusters/c"), Code.FAILED_PRECONDITION)
    update = cluster_changes.update_cluster(without, f"{ZONE}/clusters/c", cluster_changes.enabling(Enablement()))
    assert world.run(update).status == "DONE"


@pytest.mark.parametrize("name", ["", "C", "1a", "a_b", "a-", "-a", "a" * 41, "a.b", "ä"])
def test_names_are_those_that_gke_takes(world: World, keeping: Context, name: str) -> None:
    work = cluster_changes.create_cluster(keeping, ZONE, Draft(cluster_id=name))
    world.refused(work, Code.INVALID_ARGUMENT, "cluster.name")


@pytest.mark.parametrize("name", ["a", "a1", "a-b", "a" * 40])
def test_names_at_their_bounds_are_taken(world: World, keeping: Context, name: str) -> None:
    assert create(world, keeping, name).cluster.endswith(f"/{name}")


@pytest.mark.parametrize("location", ["global", "-", "us", "us-central1-a-b", "a" * 70, "US-central1", ""])
def test_places_are_regions_and_zones(world: World, keeping: Context, location: str) -> None:
    work = cluster_changes.create_cluster(keeping, f"{PROJECT}/locations/{location}", Draft(cluster_id="c"))
    world.refused(work, Code.INVALID_ARGUMENT, "parent")


def test_a_taken_name_a_full_house_and_an_unknown_project(world: World, keeping: Context) -> None:
    running(world, keeping)
    again = cluster_changes.create_cluster(keeping, ZONE, Draft(cluster_id="c"))
    assert world.refused(again, Code.ALREADY_EXISTS).message == f"Already exists: {ZONE}/clusters/c."
    create(world, keeping, "c", f"{PROJECT}/locations/us-east1")
    create(world, keeping, "c", f"{OTHER}/locations/us-east1")
    full = cluster_changes.create_cluster(keeping, ZONE, Draft(cluster_id="d"))
    assert "at most 3" in world.refused(full, Code.RESOURCE_EXHAUSTED).message
    nowhere = cluster_changes.create_cluster(keeping, "projects/nope/locations/us-east1", Draft(cluster_id="d"))
    world.refused(nowhere, Code.NOT_FOUND)


def test_one_operation_at_a_time(world: World, keeping: Context) -> None:
    begun = create(world, keeping)
    name = begun.cluster
    words = f"Operation {begun.name.rpartition('/')[2]} is currently creating cluster c."
    for work in (
        cluster_changes.delete_cluster(keeping, name),
        cluster_changes.update_cluster(keeping, name, cluster_changes.enabling(Enablement())),
    ):
        assert words in world.refused(work, Code.FAILED_PRECONDITION).message
    world.run(local_clusters.is_up(world.store, world.clock, name))
    deletion = world.run(cluster_changes.delete_cluster(keeping, name))
    assert "deleting" in world.refused(cluster_changes.delete_cluster(keeping, name), Code.FAILED_PRECONDITION).message
    world.run(local_clusters.is_gone(world.store, world.clock, name))
    assert operation(world, deletion.name).status == "DONE"
    world.refused(cluster_changes.delete_cluster(keeping, name), Code.NOT_FOUND)


def test_only_clusters_of_ours_are_deleted(world: World, keeping: Context) -> None:
    seeded = Cluster(name=f"{ZONE}/clusters/local", server="https://h", ca_pem="", create_time=NOW, embedded=True)
    foreign = dataclasses.replace(seeded, name=f"{ZONE}/clusters/far", embedded=False)
    world.put(seeded, foreign)
    for each, words in ((seeded, "binauthz up"), (foreign, "was registered")):
        refusal = world.refused(cluster_changes.delete_cluster(keeping, each.name), Code.FAILED_PRECONDITION)
        assert words in refusal.message


def test_a_creation_can_be_called_off_and_nothing_else(world: World, keeping: Context) -> None:
    begun = create(world, keeping)
    world.run(cluster_changes.cancel_operation(keeping, begun.name))
    assert operation(world, begun.name).status == "ABORTING"
    # The process that brings it up may be a step behind: it must not revive what is to go.
    world.run(local_clusters.is_up(world.store, world.clock, begun.cluster))
    assert world.run(clusters.get_cluster(keeping, begun.cluster)).status == "STOPPING"
    world.run(local_clusters.is_gone(world.store, world.clock, begun.cluster))
    done = operation(world, begun.name)
    assert (done.status, done.error_code, done.error) == ("DONE", 1, "The creation was cancelled.")
    world.refused(cluster_changes.cancel_operation(keeping, begun.name), Code.FAILED_PRECONDITION)
    running(world, keeping)
    deletion = world.run(cluster_changes.delete_cluster(keeping, f"{ZONE}/clusters/c"))
    world.refused(cluster_changes.cancel_operation(keeping, deletion.name), Code.FAILED_PRECONDITION)
    world.refused(cluster_changes.cancel_operation(keeping, f"{ZONE}/operations/nope"), Code.NOT_FOUND)


def test_what_does_not_come_up_ends_with_the_reason_and_can_be_deleted(world: World, keeping: Context) -> None:
    begun = create(world, keeping)
    seen = world.run(clusters.get_cluster(keeping, begun.cluster))
    world.run(local_clusters.is_broken(world.store, world.clock, seen, "it did not answer"))
    broken = world.run(clusters.get_cluster(keeping, begun.cluster))
    assert (broken.status, broken.status_message) == ("ERROR", "it did not answer")
    done = operation(world, begun.name)
    assert (done.status, done.error, done.error_code) == ("DONE", "it did not answer", 4)
    world.run(cluster_changes.delete_cluster(keeping, begun.cluster))
    # A late complaint about the state before does not stand in the way of the deletion.
    world.run(local_clusters.is_broken(world.store, world.clock, broken, "again"))
    assert world.run(clusters.get_cluster(keeping, begun.cluster)).status == "STOPPING"


def test_operations_are_kept_in_bounds_and_the_newest_remain(world: World, keeping: Context) -> None:
    running(world, keeping)
    change = cluster_changes.enabling(Enablement())
    for _ in range(205):
        world.clock.advance(dt.timedelta(seconds=1))
        last = world.run(cluster_changes.update_cluster(keeping, f"{ZONE}/clusters/c", change))
    found = world.run(clusters.list_operations(keeping, f"{PROJECT}/locations/-"))
    assert len(found) <= 200
    assert last in found
    assert all(each.type == "UPDATE_CLUSTER" for each in found)


@pytest.mark.parametrize(
    ("mode", "enabled", "expected"),
    [
        (UNSPECIFIED, True, ENFORCE),
        (UNSPECIFIED, False, "DISABLED"),
        ("DISABLED", True, "DISABLED"),
        (ENFORCE, False, ENFORCE),
        ("POLICY_BINDINGS", True, "POLICY_BINDINGS"),
        (BOTH, False, BOTH),
    ],
)
def test_enabled_counts_only_without_a_mode_and_bindings_only_where_they_are_used(
    mode: str, enabled: bool, expected: str
) -> None:
    made = enablement(mode, [BINDING], enabled=enabled, path="b")
    assert made.evaluation_mode == expected
    assert made.policy_bindings == ((BINDING,) if "BINDINGS" in expected else ())


@pytest.mark.parametrize("name", ["", "p", "projects/p/platforms/gke", "projects/p/platforms/cloudRun/policies/x"])
def test_a_binding_names_a_policy_for_gke_whether_or_not_it_exists(world: World, name: str) -> None:
    async def work() -> object:
        return enablement("POLICY_BINDINGS", [PolicyBinding(name=name)], enabled=False, path="b")

    world.refused(work(), Code.INVALID_ARGUMENT, "b.policyBindings[0].name")


def test_a_binding_that_asks_to_enforce_is_refused_rather_than_ignored(world: World) -> None:
    async def work(mode: str) -> Enablement:
        binding = dataclasses.replace(BINDING, enforcement_mode=mode)
        return enablement("POLICY_BINDINGS", [binding], enabled=False, path="b")

    assert world.run(work("AUDIT")).policy_bindings[0].enforcement_mode == "AUDIT"
    for mode in ("AUDIT_AND_ENFORCE", "AUDIT_AND_DRYRUN"):
        world.refused(work(mode), Code.INVALID_ARGUMENT, "b.policyBindings[0].enforcementMode")


def test_ten_bindings_and_no_more(world: World) -> None:
    async def work(count: int) -> Enablement:
        return enablement(BOTH, [BINDING] * count, enabled=False, path="b")

    assert len(world.run(work(10)).policy_bindings) == 10
    world.refused(work(11), Code.INVALID_ARGUMENT, "b.policyBindings")


def test_an_update_replaces_the_settings_whole(world: World, keeping: Context) -> None:
    name = running(world, keeping, enablement=Enablement(evaluation_mode=BOTH, policy_bindings=(BINDING,))).name
    done = world.run(
        cluster_changes.update_cluster(
            keeping, name, cluster_changes.enabling(Enablement(evaluation_mode="POLICY_BINDINGS"))
        )
    )
    assert (done.status, done.type, done.end_time) == ("DONE", "UPDATE_CLUSTER", world.clock.now())
    found = world.run(clusters.get_cluster(keeping, name))
    assert (found.evaluation_mode, found.policy_bindings) == ("POLICY_BINDINGS", ())
    assert (found.webhook_token_hash, found.proxy_token, found.server) == ("h", "t", "https://127.0.0.1:1")


def test_a_cluster_joins_the_fleet_of_its_project_with_its_defaults(world: World, keeping: Context) -> None:
    block = {"evaluationMode": "POLICY_BINDINGS", "policyBindings": [{"name": BINDING.name}]}
    settings = {"defaultClusterConfig": {"binaryAuthorizationConfig": block}}
    fleet = f"{PROJECT}/locations/global/fleets/default"
    world.put(Fleet(name=fleet, unique_id="u", create_time=NOW, update_time=NOW, settings=settings))
    joined = running(world, keeping, "joined", fleet_project="demo-project")
    assert (joined.evaluation_mode, joined.policy_bindings) == ("POLICY_BINDINGS", (BINDING,))
    by_number = running(world, keeping, "own", fleet_project="123456789012", enablement=Enablement())
    assert by_number.evaluation_mode == "DISABLED"
    assert running(world, keeping, "alone").policy_bindings == ()
    member = world.run(world.store.read(lambda tx: fleets.membership_of(tx, joined.name)))
    assert member is not None
    assert member.name == f"{PROJECT}/locations/us-central1/memberships/joined"
    world.run(cluster_changes.delete_cluster(keeping, joined.name))
    world.run(local_clusters.is_gone(world.store, world.clock, joined.name))
    assert world.run(world.store.read(lambda tx: tx.get(Membership, member.name))) is None
    elsewhere = cluster_changes.create_cluster(keeping, ZONE, Draft(cluster_id="x", fleet_project="other-project"))
    world.refused(elsewhere, Code.INVALID_ARGUMENT, "cluster.fleet.project")


def test_labels_are_replaced_by_who_knows_the_present_ones(world: World, keeping: Context) -> None:
    name = running(world, keeping, settings={"description": "d", "resourceLabels": {"a": "b"}}).name

    def fingerprint(cluster: Cluster) -> str:
        return str(len(cluster.settings.get("resourceLabels", {})))

    def relabel(labels: dict[str, str], shown: str) -> Any:
        change = cluster_changes.labelling(labels, shown, fingerprint)
        return cluster_changes.update_cluster(keeping, name, change, type=cluster_operations.SET_LABELS)

    world.refused(relabel({}, "stale"), Code.INVALID_ARGUMENT, "labelFingerprint")
    for labels in ({"": "x"}, {"k" * 64: ""}, {"k": "v" * 64}, {str(each): "" for each in range(65)}):
        with pytest.raises(ApiError, match="resourceLabels"):
            cluster_changes.labelling(labels, "", fingerprint)
        draft = Draft(cluster_id="d", settings={"resourceLabels": labels})
        world.refused(cluster_changes.create_cluster(keeping, ZONE, draft), Code.INVALID_ARGUMENT)
    assert world.run(relabel({"c": "d", "e": "f"}, "1")).type == "SET_LABELS"
    found = world.run(clusters.get_cluster(keeping, name))
    assert found.settings == {"description": "d", "resourceLabels": {"c": "d", "e": "f"}}
