"""Connections to clusters: one pool for each cluster record, trusting that record's CA and nothing else."""

import ssl
from collections import OrderedDict

import httpx2

from binauthz.store.records import Cluster

_MAX_POOLS = 200
_LIMITS = httpx2.Limits(max_connections=500, max_keepalive_connections=20, keepalive_expiry=30)
_CONNECT_SECONDS = 5.0


class ClusterClients:
    """HTTP clients by address and CA; a record that changes gets a new one."""

    def __init__(self) -> None:
        self._clients: OrderedDict[tuple[str, str, str], httpx2.AsyncClient] = OrderedDict()

    def client(self, cluster: Cluster) -> httpx2.AsyncClient:
        """The client of a cluster; raises ssl.SSLError for a CA that is none."""
        key = (cluster.name, cluster.server, cluster.ca_pem)
        client = self._clients.get(key)
        if client is None:
            client = self._clients[key] = _client(cluster)
            if len(self._clients) > _MAX_POOLS:
                # Requests under way keep their connections; the pool is freed with the last of them.
                self._clients.popitem(last=False)
        self._clients.move_to_end(key)
        return client

    async def close(self) -> None:
        """Close every pool."""
        while self._clients:
            _, client = self._clients.popitem()
            await client.aclose()


def _client(cluster: Cluster) -> httpx2.AsyncClient:
    if not cluster.server.startswith("https://"):
        raise ssl.SSLError(f"the server of {cluster.name} is not an https URL")
    trust = ssl.create_default_context(cadata=cluster.ca_pem)
    return httpx2.AsyncClient(
        verify=trust,
        limits=_LIMITS,
        timeout=httpx2.Timeout(None, connect=_CONNECT_SECONDS, pool=_CONNECT_SECONDS),
        follow_redirects=False,
        trust_env=False,
    )
