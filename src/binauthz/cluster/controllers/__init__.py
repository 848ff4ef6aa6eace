"""What acts in the cluster: controllers, the scheduler and the kubelet of the simulated node.

Each reads from shared caches, which follow the API by watches, and writes through the API as its own user, so that
authorization, admission and audit see it as they would on a real cluster.
"""

import asyncio
from collections.abc import Callable

from binauthz.base.clock import Clock, SystemClock
from binauthz.cluster.catalogue import RESOURCES
from binauthz.cluster.client import Client
from binauthz.cluster.controllers.cache import Caches
from binauthz.cluster.controllers.controller import Cluster, Controller, supervise
from binauthz.cluster.controllers.cronjob import CronJobController
from binauthz.cluster.controllers.daemonset import DaemonSetController
from binauthz.cluster.controllers.deployment import DeploymentController
from binauthz.cluster.controllers.event_expiry import EventExpiry
from binauthz.cluster.controllers.garbage import GarbageCollector
from binauthz.cluster.controllers.job import JobController
from binauthz.cluster.controllers.kubelet import Kubelet
from binauthz.cluster.controllers.namespace import NamespaceController, ServiceAccountController
from binauthz.cluster.controllers.replicaset import ReplicaSetController
from binauthz.cluster.controllers.scheduler import Scheduler
from binauthz.cluster.controllers.statefulset import StatefulSetController

_CACHE_USER = "system:kube-controller-manager"

CONTROLLERS: tuple[type[Controller], ...] = (
    NamespaceController,
    ServiceAccountController,
    DeploymentController,
    ReplicaSetController,
    StatefulSetController,
    DaemonSetController,
    JobController,
    CronJobController,
    Scheduler,
    Kubelet,
)


async def run_all(client_factory: Callable[[str], Client], stop: asyncio.Event, clock: Clock | None = None) -> None:
    """Run every controller until ``stop`` is set.

    A loop that crashes is logged and started again. ``client_factory`` makes the client of a named user.
    """
    cluster = Cluster(
        caches=Caches(tuple(resource.key for resource in RESOURCES)),
        client_for=client_factory,
        clock=clock or SystemClock(),
    )
    running = asyncio.create_task(_run(cluster))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
    finally:
        for task in (running, stopping):
            task.cancel()
        await asyncio.gather(running, stopping, return_exceptions=True)


async def _run(cluster: Cluster) -> None:
    synced = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(cluster.caches.follow(cluster.client_for(_CACHE_USER), synced))
        await synced.wait()
        for kind in CONTROLLERS:
            controller = kind(cluster)
            group.create_task(supervise(controller.component, controller.run))
        collector = GarbageCollector(cluster)
        group.create_task(supervise(collector.component, collector.run))
        group.create_task(supervise("event expiry", EventExpiry(cluster).run))
