"""A project's fleet: its settings, what a cluster that joins it takes from them, and its members (SPEC 6.7, 7.2)."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from binauthz.base import names
from binauthz.base.errors import ApiError, Code, invalid_field
from binauthz.services import projects
from binauthz.services.cluster_settings import DISABLED, Enablement, check_labels, enablement
from binauthz.services.context import Context
from binauthz.services.fleet_operations import kept
from binauthz.services.names import last_segment
from binauthz.store.interface import Conflict, Reader, Writer
from binauthz.store.records import Cluster, Fleet, Membership, Operation, PolicyBinding, Project

LOCATION = "global"
DEFAULT = "default"
# A fleet monitors by platform policies, or not at all: enforcement stays with each cluster (SPEC 6.7).
MODES = frozenset({DISABLED, "POLICY_BINDINGS"})

Change = Callable[[Fleet], Mapping[str, Any]]
"""From a fleet to the settings that it is to have; raises ApiError for what it may not."""

Describe = Callable[[Fleet], Operation]
"""From a fleet that was changed to the operation that says so, written in the same transaction."""


async def get_fleet(ctx: Context, name: str) -> Fleet:
    """A project's fleet; raises NOT_FOUND."""
    return await ctx.store.read(lambda tx: _existing(tx, name))


async def list_fleets(ctx: Context, parent: str) -> Sequence[Fleet]:
    """The fleet of a project, if it has one."""

    def body(tx: Reader) -> Sequence[Fleet]:
        names.LOCATION_OR_ALL.parse(parent, "parent")
        projects.require(tx, parent)
        return tx.list(Fleet, projects.canonical(tx, parent))

    return await ctx.store.read(body)


async def create_fleet(ctx: Context, parent: str, settings: Mapping[str, Any], *, operation: Describe) -> Operation:
    """Create the fleet of a project; raises ALREADY_EXISTS."""
    _check_location(names.LOCATION.parse(parent, "parent")[1])
    check_settings(settings)
    now, identity = ctx.clock.now(), str(uuid.uuid4())

    def body(tx: Writer) -> Operation:
        project = projects.require(tx, parent)
        fleet = Fleet(
            name=_name(project), unique_id=identity, create_time=now, update_time=now, settings=dict(settings)
        )
        tx.insert(fleet)
        return kept(tx, operation(fleet))

    try:
        return await ctx.store.write(body)
    except Conflict as conflict:
        raise ApiError(Code.ALREADY_EXISTS, f"Resource '{conflict.existing}' already exists") from None


async def update_fleet(ctx: Context, name: str, change: Change, *, operation: Describe) -> Operation:
    """Replace a fleet's settings; clusters that are in it already keep theirs."""
    now = ctx.clock.now()

    def body(tx: Writer) -> Operation:
        fleet = _existing(tx, name)
        settings = change(fleet)
        check_settings(settings)
        changed = dataclasses.replace(fleet, settings=dict(settings), update_time=now)
        tx.put(changed)
        return kept(tx, operation(changed))

    return await ctx.store.write(body)


async def delete_fleet(ctx: Context, name: str, *, operation: Describe) -> Operation:
    """Delete a fleet that has no members; raises FAILED_PRECONDITION while it has."""

    def body(tx: Writer) -> Operation:
        fleet = _existing(tx, name)
        project = fleet.name.partition("/locations/")[0]
        members = tx.count(Membership, f"{project}/locations/-")
        if members:
            raise ApiError(
                Code.FAILED_PRECONDITION,
                f"Fleet '{fleet.name}' still has {members} membership(s): unregister them first",
            )
        tx.delete(Fleet, fleet.name)
        return kept(tx, operation(fleet))

    return await ctx.store.write(body)


def check_settings(settings: Mapping[str, Any]) -> None:
    """Refuse a default cluster configuration that no cluster could have, and labels beyond their bounds."""
    check_labels(settings.get("labels", {}), "fleet.labels")
    block = _block(settings)
    if block:
        path = "fleet.defaultClusterConfig.binaryAuthorizationConfig"
        mode = str(block.get("evaluationMode", DISABLED))
        if mode not in MODES:
            raise invalid_field(f"{path}.evaluationMode", f"got `{mode[:80]}`, expected {' or '.join(sorted(MODES))}")
        _enablement(block, path)


def default_enablement(tx: Reader, project: Project) -> Enablement:
    """How the Pods of a cluster that joins the project's fleet are judged, unless its creator says otherwise."""
    fleet = tx.get(Fleet, _name(project))
    return _enablement(_block(fleet.settings), "fleet") if fleet is not None else Enablement()


def joined(tx: Reader, fleet_project: str, project: Project) -> bool:
    """Whether a cluster joins the fleet of its own project; raises INVALID_ARGUMENT for any other fleet."""
    if not fleet_project:
        return False
    found = projects.find(tx, f"projects/{fleet_project.removeprefix('projects/')}")
    if found is None or found.name != project.name:
        raise invalid_field(
            "cluster.fleet.project", f"got `{fleet_project[:80]}`, expected the cluster's own project {project.name}"
        )
    return True


def join(tx: Writer, cluster: Cluster, now: dt.datetime) -> None:
    """Make a new cluster a member of its project's fleet, in the cluster's region, under the cluster's name."""
    project, location = cluster.name.partition("/locations/")[0], cluster.name.split("/")[3]
    region = location if location.count("-") < 2 else location.rpartition("-")[0]
    name = f"{project}/locations/{region}/memberships/{last_segment(cluster.name)}"
    identity = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{cluster.name}#{cluster.unique_id}"))
    ensure(tx, project, now)
    tx.insert(Membership(name=name, cluster=cluster.name, unique_id=identity, create_time=now, update_time=now))


def leave(tx: Writer, cluster: str) -> None:
    """Remove every membership of a cluster that is gone: nothing may reach its successor by its name."""
    for project in tx.list(Project, ""):
        for each in tx.list(Membership, f"{project.name}/locations/-"):
            if each.cluster == cluster:
                tx.delete(Membership, each.name)


def membership_of(tx: Reader, cluster: str) -> Membership | None:
    """The membership of a cluster in the fleet of its project."""
    project = cluster.partition("/locations/")[0]
    found = (each for each in tx.list(Membership, f"{project}/locations/-") if each.cluster == cluster)
    return next(found, None)


async def members(ctx: Context, clusters: Sequence[Cluster]) -> dict[str, str]:
    """The memberships of clusters in the fleets of their projects, by cluster; a cluster that is in none is absent."""

    def body(tx: Reader) -> dict[str, str]:
        parents = {each.name.partition("/locations/")[0] for each in clusters}
        return {each.cluster: each.name for parent in parents for each in tx.list(Membership, f"{parent}/locations/-")}

    return await ctx.store.read(body)


def ensure(tx: Writer, project: str, now: dt.datetime) -> None:
    """The first member makes the fleet."""
    name = f"{project}/locations/{LOCATION}/fleets/{DEFAULT}"
    if tx.get(Fleet, name) is None:
        identity = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name}#{now.isoformat()}"))
        tx.insert(Fleet(name=name, unique_id=identity, create_time=now, update_time=now))


def _name(project: Project) -> str:
    return f"{project.name}/locations/{LOCATION}/fleets/{DEFAULT}"


def _existing(tx: Reader, name: str) -> Fleet:
    _check_location(names.FLEET.parse(name)[1])
    return projects.existing(tx, Fleet, names.FLEET, name)


def _check_location(location: str) -> None:
    if location != LOCATION:
        raise invalid_field("name", f"got location `{location[:64]}`, expected `{LOCATION}`: fleets are there")


def _block(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    found = settings.get("defaultClusterConfig", {}).get("binaryAuthorizationConfig", {})
    return found if isinstance(found, Mapping) else {}


def _enablement(block: Mapping[str, Any], path: str) -> Enablement:
    bindings = [PolicyBinding(name=str(each.get("name", ""))) for each in block.get("policyBindings", [])]
    return enablement(str(block.get("evaluationMode", DISABLED)), bindings, enabled=False, path=path)
