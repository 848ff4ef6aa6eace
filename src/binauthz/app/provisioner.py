"""Makes local clusters what the store says they are to be, and writes down what became of it.

It only compares and takes the next step, so it may be killed at any moment and goes on where things stand. Nothing
waits forever: what does not come up or go away in time ends its operation with an error.
"""

import asyncio
import logging
import ssl
from pathlib import Path

import httpx2

from binauthz.app.cluster_directory import ClusterDirectory
from binauthz.app.cluster_process import HOST
from binauthz.base.clock import Clock
from binauthz.services import local_clusters
from binauthz.services.cluster_changes import PROVISIONING, RUNNING, STOPPING
from binauthz.services.cluster_operations import CONFIGURING, DEPLOYING, DONE, HEALTHCHECKING
from binauthz.services.cluster_operations import RUNNING as UNDER_WAY
from binauthz.services.local_clusters import Reached
from binauthz.services.tokens import fingerprint
from binauthz.store.interface import Store
from binauthz.store.records import Cluster

LOG = logging.getLogger(__name__)
_WITHIN = 90.0
_BUSY = 0.1
_IDLE = 0.25
_TROUBLED = 1.0
_PROBE_SECONDS = 2.0


class Provisioner:
    """Looks after the local clusters of one store and one directory."""

    def __init__(
        self, store: Store, clock: Clock, *, root: Path, ca_file: Path, on_error: str, within: float = _WITHIN
    ) -> None:
        self._store = store
        self._clock = clock
        self._root = root
        self._ca_pem = ca_file.read_text()
        self._trust = ssl.create_default_context(cadata=self._ca_pem)
        self._on_error = on_error
        self._within = within
        self._deadlines: dict[tuple[str, str, str], float] = {}

    async def run(self) -> None:
        """Work until cancelled."""
        seen, busy = -1, True
        async with httpx2.AsyncClient(verify=self._trust, trust_env=False, timeout=_PROBE_SECONDS) as client:
            while True:
                try:
                    revision = await self._store.revision()
                    if busy or revision != seen:
                        busy = await self._round(client, first=seen < 0)
                        seen = revision
                    pause = _BUSY if busy else _IDLE
                except Exception as error:  # noqa: BLE001 - whatever it is, clusters that await a step await the next
                    LOG.warning("the local clusters cannot be looked after: %s: %s", type(error).__name__, error)
                    pause = _TROUBLED
                await asyncio.sleep(pause)

    async def _round(self, client: httpx2.AsyncClient, *, first: bool) -> bool:
        """One step for each cluster; whether any needs another soon."""
        clusters = await local_clusters.kept(self._store)
        waiting = {_occasion(each) for each in clusters}
        self._deadlines = {key: value for key, value in self._deadlines.items() if key in waiting}
        busy = False
        for cluster in clusters:
            place = ClusterDirectory(self._root, cluster.name)
            if cluster.status == PROVISIONING:
                await self._bring_up(client, cluster, place)
                busy = True
            elif cluster.status == STOPPING:
                await self._take_down(cluster, place)
                busy = True
            elif cluster.status == RUNNING and first:
                await self._take_over(cluster, place)
        return busy

    async def _bring_up(self, client: httpx2.AsyncClient, cluster: Cluster, place: ClusterDirectory) -> None:
        if self._late(cluster):
            place.release()
            why = f"The cluster's API did not answer within {self._within:.0f} s; the log of the installation says why."
            await local_clusters.is_broken(self._store, self._clock, cluster, why)
            return
        if not place.exists:
            webhook, gateway = place.stage()
            # The door must know the cluster before the cluster calls it.
            await local_clusters.reached(self._store, cluster.name, self._reached(webhook, gateway, port=0))
            place.publish()
        port = place.port
        if not port:
            await self._say(cluster, "Starting the cluster's process.", {CONFIGURING: DONE, DEPLOYING: UNDER_WAY})
            return
        await self._say(
            cluster, "Waiting for the cluster's API to be ready.", {DEPLOYING: DONE, HEALTHCHECKING: UNDER_WAY}
        )
        if await _answers(client, port, place.gateway_token):
            by = self._reached(place.webhook_token, place.gateway_token, port=port)
            await local_clusters.reached(self._store, cluster.name, by)
            await local_clusters.is_up(self._store, self._clock, cluster.name)

    async def _take_down(self, cluster: Cluster, place: ClusterDirectory) -> None:
        place.release()
        if place.gone:
            await local_clusters.is_gone(self._store, self._clock, cluster.name)
        elif self._late(cluster):
            why = f"The cluster could not be removed within {self._within:.0f} s; the log of the installation says why."
            await local_clusters.is_broken(self._store, self._clock, cluster, why)

    async def _take_over(self, cluster: Cluster, place: ClusterDirectory) -> None:
        """A cluster that runs, as this installation finds it when it starts."""
        if place.exists and place.port:
            by = self._reached(place.webhook_token, place.gateway_token, port=place.port)
            await local_clusters.reached(self._store, cluster.name, by)
        else:
            why = "The directory of the cluster is gone, and all that it held."
            await local_clusters.is_broken(self._store, self._clock, cluster, why)

    async def _say(self, cluster: Cluster, detail: str, stages: dict[str, str]) -> None:
        await local_clusters.progress(self._store, cluster.name, detail, stages)

    def _late(self, cluster: Cluster) -> bool:
        """Whether what is wanted has been awaited for too long; the time begins anew with each start of ours."""
        now = asyncio.get_running_loop().time()
        return now > self._deadlines.setdefault(_occasion(cluster), now + self._within)

    def _reached(self, webhook_token: str, gateway_token: str, *, port: int) -> Reached:
        return Reached(
            server=f"https://{HOST}:{port}" if port else "",
            ca_pem=self._ca_pem,
            webhook_token_hash=fingerprint(webhook_token),
            proxy_token=gateway_token,
            on_error=self._on_error,
        )


def _occasion(cluster: Cluster) -> tuple[str, str, str]:
    return cluster.name, cluster.unique_id, cluster.status


async def _answers(client: httpx2.AsyncClient, port: int, token: str) -> bool:
    """Whether it is ready, and is the cluster that knows our token and no other one."""
    base = f"https://{HOST}:{port}"
    try:
        if (await client.get(f"{base}/readyz")).status_code != 200:
            return False
        return (await client.get(f"{base}/api", headers={"Authorization": f"Bearer {token}"})).status_code == 200
    except httpx2.HTTPError:
        return False
