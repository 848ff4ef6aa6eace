"""Where the local clusters of an installation stand: what is wanted, and what the process that makes it so reports.

Only the control plane that keeps clusters writes here; each step is one transaction and may be repeated.
"""

import dataclasses
from dataclasses import dataclass

from binauthz.base.clock import Clock
from binauthz.base.errors import Code
from binauthz.services import cluster_operations, fleets
from binauthz.services.cluster_changes import ERROR, PROVISIONING, RUNNING, STOPPING
from binauthz.services.cluster_operations import under_way
from binauthz.store.interface import Reader, Store, Writer
from binauthz.store.records import Cluster, Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """How a local cluster is reached, and by which credentials it and we know each other."""

    server: str
    ca_pem: str
    webhook_token_hash: str
    proxy_token: str
    on_error: str


async def kept(store: Store) -> list[Cluster]:
    """Every local cluster that was created here, in whatever state."""

    def body(tx: Reader) -> list[Cluster]:
        return [
            each
            for project in tx.list(Project, "")
            for each in tx.list(Cluster, f"{project.name}/locations/-")
            if each.kept
        ]

    return await store.read(body)


async def progress(store: Store, name: str, detail: str, stages: dict[str, str]) -> None:
    """Say how far the creation of a cluster is."""

    def body(tx: Writer) -> None:
        for operation in under_way(tx, name):
            if operation.status == cluster_operations.RUNNING and operation.detail != detail:
                cluster_operations.advance(tx, operation, detail=detail, stages=stages)

    await store.write(body)


async def reached(store: Store, name: str, by: Reached) -> None:
    """Take over a cluster's address and credentials, whatever state it is in."""

    def body(tx: Writer) -> None:
        cluster = tx.get(Cluster, name)
        if cluster is not None:
            found = _with(cluster, by)
            if found != cluster:
                tx.put(found)

    await store.write(body)


async def is_up(store: Store, clock: Clock, name: str) -> None:
    """Its API answers: the creation is over. A cluster that is meant to go stays so."""
    now = clock.now()

    def body(tx: Writer) -> None:
        cluster = tx.get(Cluster, name)
        if cluster is None or cluster.status != PROVISIONING:
            return
        tx.put(dataclasses.replace(cluster, status=RUNNING, status_message=""))
        for operation in under_way(tx, name):
            cluster_operations.end(tx, operation, now)

    await store.write(body)


async def is_broken(store: Store, clock: Clock, seen: Cluster, why: str) -> None:
    """It could not be brought up, kept or taken down: its operations end with the reason, and so says its status.

    Nothing happens where somebody has asked for another state since the cluster was ``seen``.
    """
    now, name = clock.now(), seen.name

    def body(tx: Writer) -> None:
        cluster = tx.get(Cluster, name)
        if cluster is None or cluster.status != seen.status:
            return
        tx.put(dataclasses.replace(cluster, status=ERROR, status_message=why))
        for operation in under_way(tx, name):
            cluster_operations.end(tx, operation, now, error=why, code=Code.DEADLINE_EXCEEDED.number)

    await store.write(body)


async def is_gone(store: Store, clock: Clock, name: str) -> None:
    """Nothing is left of it: its record and memberships go too, and its operations end."""
    now = clock.now()

    def body(tx: Writer) -> None:
        cluster = tx.get(Cluster, name)
        if cluster is None or cluster.status != STOPPING:
            return
        fleets.leave(tx, name)
        tx.delete(Cluster, name)
        for operation in under_way(tx, name):
            if operation.type == cluster_operations.DELETE:
                cluster_operations.end(tx, operation, now)
            else:
                why = "The creation was cancelled."
                cluster_operations.end(tx, operation, now, error=why, code=cluster_operations.CANCELLED)

    await store.write(body)


def _with(cluster: Cluster, by: Reached) -> Cluster:
    return dataclasses.replace(
        cluster,
        server=by.server,
        ca_pem=by.ca_pem,
        webhook_token_hash=by.webhook_token_hash,
        proxy_token=by.proxy_token,
        on_error=by.on_error,
    )
