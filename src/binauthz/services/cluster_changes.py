"""Creating, updating and deleting clusters (SPEC 6.7, 7.1).

A call only writes down what is wanted, with the operation that stands for it; the process that keeps local clusters
makes it so and ends the operation (``local_clusters``). What is wanted survives a crash of either, so an operation is
resumed and never forgotten.
"""

import dataclasses
import uuid
from collections.abc import Callable
from typing import Any

from binauthz.base import names
from binauthz.base.errors import ApiError, Code, invalid_field
from binauthz.services import cluster_operations, fleets, projects
from binauthz.services.cluster_settings import Draft, Enablement, check_cluster_id, check_labels, check_place
from binauthz.services.clusters import existing, existing_operation
from binauthz.services.context import Context
from binauthz.services.names import last_segment
from binauthz.store.interface import Conflict, Writer
from binauthz.store.records import Cluster, ClusterOperation, Project

PROVISIONING = "PROVISIONING"
RUNNING = "RUNNING"
STOPPING = "STOPPING"
ERROR = "ERROR"


async def create_cluster(ctx: Context, parent: str, draft: Draft) -> ClusterOperation:
    """Begin to create a local cluster.

    Raises ALREADY_EXISTS, FAILED_PRECONDITION where no process keeps local clusters, RESOURCE_EXHAUSTED where as many
    as are allowed exist.
    """
    names.LOCATION.parse(parent, "parent")
    check_place(last_segment(parent))
    check_cluster_id(draft.cluster_id)
    check_labels(draft.settings.get("resourceLabels", {}), "cluster.resourceLabels")
    _demand_keeper(ctx)
    now, identity, token = ctx.clock.now(), uuid.uuid4(), uuid.uuid4()

    def body(tx: Writer) -> ClusterOperation:
        project = projects.require(tx, parent)
        name = f"{projects.canonical(tx, parent)}/clusters/{draft.cluster_id}"
        if tx.get(Cluster, name) is not None:
            raise _exists(name)
        _demand_room(ctx, tx)
        joins = fleets.joined(tx, draft.fleet_project, project)
        wanted = draft.enablement or (fleets.default_enablement(tx, project) if joins else Enablement())
        cluster = Cluster(
            name=name,
            server="",
            ca_pem="",
            create_time=now,
            evaluation_mode=wanted.evaluation_mode,
            policy_bindings=wanted.policy_bindings,
            status=PROVISIONING,
            embedded=True,
            kept=True,
            unique_id=identity.hex,
            settings=draft.settings,
        )
        tx.insert(cluster)
        if joins:
            fleets.join(tx, cluster, now)
        stages = (cluster_operations.CONFIGURING, cluster_operations.DEPLOYING, cluster_operations.HEALTHCHECKING)
        return cluster_operations.begin(tx, name, cluster_operations.CREATE, now, stages=stages, token=token)

    try:
        return await ctx.store.write(body)
    except Conflict as conflict:
        raise _exists(conflict.existing) from None


async def update_cluster(
    ctx: Context, name: str, change: Callable[[Cluster], Cluster], type: str = cluster_operations.UPDATE
) -> ClusterOperation:
    """Change a cluster's record at once: the next Pod is judged by it. The operation is over when it is returned."""
    now, token = ctx.clock.now(), uuid.uuid4()

    def body(tx: Writer) -> ClusterOperation:
        cluster = existing(tx, name)
        cluster_operations.demand_idle(tx, cluster.name)
        if cluster.status == STOPPING:
            raise ApiError(Code.FAILED_PRECONDITION, f"Cluster {last_segment(cluster.name)} is being deleted.")
        tx.put(change(cluster))
        operation = cluster_operations.begin(tx, cluster.name, type, now, token=token)
        cluster_operations.end(tx, operation, now)
        return existing_operation(tx, operation.name)

    return await ctx.store.write(body)


def enabling(wanted: Enablement) -> Callable[[Cluster], Cluster]:
    """The change that replaces how a cluster's Pods are judged, whole (SPEC 6.7)."""
    return lambda cluster: dataclasses.replace(
        cluster, evaluation_mode=wanted.evaluation_mode, policy_bindings=wanted.policy_bindings
    )


def labelling(
    labels: dict[str, str], fingerprint: str, current: Callable[[Cluster], str]
) -> Callable[[Cluster], Cluster]:
    """The change that replaces a cluster's resource labels; a fingerprint that is not the current one is refused."""

    check_labels(labels, "resourceLabels")

    def change(cluster: Cluster) -> Cluster:
        if fingerprint and fingerprint != current(cluster):
            raise invalid_field("labelFingerprint", "the labels were changed since they were read: read them again")
        settings: dict[str, Any] = {**cluster.settings, "resourceLabels": labels}
        return dataclasses.replace(cluster, settings=settings)

    return change


async def delete_cluster(ctx: Context, name: str) -> ClusterOperation:
    """Begin to delete a cluster that was created here; its fleet memberships go with it.

    Raises FAILED_PRECONDITION while another operation is under way, and for a cluster that is not ours to remove.
    """
    now, token = ctx.clock.now(), uuid.uuid4()

    def body(tx: Writer) -> ClusterOperation:
        cluster = existing(tx, name)
        if not cluster.kept:
            raise ApiError(Code.FAILED_PRECONDITION, _not_ours(cluster))
        _demand_keeper(ctx)
        cluster_operations.demand_idle(tx, cluster.name)
        tx.put(dataclasses.replace(cluster, status=STOPPING, status_message=""))
        return cluster_operations.begin(tx, cluster.name, cluster_operations.DELETE, now, token=token)

    return await ctx.store.write(body)


async def cancel_operation(ctx: Context, name: str) -> None:
    """Call off a creation: what there is of the cluster is removed. Nothing else can be called off."""

    def body(tx: Writer) -> None:
        operation = existing_operation(tx, name)
        if operation.status == cluster_operations.DONE:
            raise ApiError(Code.FAILED_PRECONDITION, f"Operation {last_segment(operation.name)} is already done.")
        cluster = tx.get(Cluster, operation.cluster)
        if operation.type != cluster_operations.CREATE or cluster is None:
            raise ApiError(
                Code.FAILED_PRECONDITION,
                f"Operation {last_segment(operation.name)} cannot be cancelled: only the creation of a cluster can.",
            )
        tx.put(dataclasses.replace(cluster, status=STOPPING))
        cluster_operations.advance(
            tx,
            operation,
            status=cluster_operations.ABORTING,
            detail="Removing what was made of the cluster.",
            stages={},
        )

    await ctx.store.write(body)


def _exists(name: str) -> ApiError:
    return ApiError(Code.ALREADY_EXISTS, f"Already exists: {name}.")


def _not_ours(cluster: Cluster) -> str:
    which = last_segment(cluster.name)
    if cluster.embedded:
        return f"Cluster {which} is the one that `binauthz up` comes with, and lives as long as its directory."
    return f"Cluster {which} was registered and not created here: only its own platform can delete it."


def _demand_keeper(ctx: Context) -> None:
    if not ctx.settings.keeps_clusters:
        raise ApiError(
            Code.FAILED_PRECONDITION,
            "This server keeps no local clusters, so none can be created or deleted: `binauthz up` does. Clusters "
            "that run elsewhere are registered instead.",
        )


def _demand_room(ctx: Context, tx: Writer) -> None:
    limit = ctx.settings.cluster_limit
    count = sum(
        each.kept for project in tx.list(Project, "") for each in tx.list(Cluster, f"{project.name}/locations/-")
    )
    if count >= limit:
        raise ApiError(
            Code.RESOURCE_EXHAUSTED,
            f"Insufficient quota to satisfy the request: {count} local clusters exist, and at most {limit} may "
            "(local_cluster.limit): delete one first.",
            reason="RESOURCE_QUOTA_EXCEEDED",
        )
