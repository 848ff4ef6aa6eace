"""A cluster without its door: the whole pipeline over a store in a folder, driven from a test's own event loop."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from binauthz.cluster.api import Answer, Api
from binauthz.cluster.audit.delivery import Backend, Delivery
from binauthz.cluster.call import AUTHENTICATED, MASTERS, Call, User
from binauthz.cluster.config import Config
from binauthz.cluster.local import LocalClient
from binauthz.cluster.process import assemble
from binauthz.cluster.storage.disk import Disk

OWNER = User(name="owner", groups=(MASTERS, AUTHENTICATED))
SOMEBODY = User(name="somebody", groups=(AUTHENTICATED,))


class Cluster:
    """The pipeline, and the audit events that wait on disk."""

    def __init__(self, api: Api, disk: Disk) -> None:
        self.api = api
        self.disk = disk
        self.client = LocalClient(api, OWNER)

    async def call(self, verb: str, resource: str, namespace: str = "", *, user: User = OWNER, **more: Any) -> Answer:
        """One call, as HTTPS would make it."""
        if "body" in more and "raw" not in more:
            more["raw"] = msgspec.json.encode(more["body"])
        call = Call(
            user=user,
            verb=verb,
            resource=self.api.registry.resources[resource],
            namespace=namespace,
            audit_id="id",
            received=self.api.clock.now(),
            **more,
        )
        answer = await self.api.answer(call)
        self.warnings = call.warnings
        return Answer(answer.code, msgspec.json.decode(msgspec.json.encode(answer.obj)))

    def audited(self) -> list[dict[str, Any]]:
        """Every event that was spooled."""
        return [msgspec.json.decode(body) for _, body in self.disk.spool_after(0, 10_000)]


@contextmanager
def opened(folder: Path) -> Iterator[Cluster]:
    """A cluster in a folder; the same folder may be opened again."""
    unused = folder / "unused"
    config = Config(data_dir=folder, cert_file=unused, key_file=unused, token_file=unused, ready_file=unused)
    disk = Disk(folder / "cluster.db")
    try:
        api, _ = assemble(config, disk)
        api.delivery = Delivery(disk, Backend(url="https://nowhere.invalid", authorities="", token="t"))
        yield Cluster(api, disk)
    finally:
        disk.close()


def run(folder: Path, story: Callable[[Cluster], Awaitable[None]]) -> None:
    """Tell a story about a cluster that has the namespace ``default``."""

    async def told() -> None:
        with opened(folder) as cluster:
            if cluster.api.registry.objects.get(cluster.api.registry.resources["namespaces"], "", "default") is None:
                await cluster.client.create("namespaces", "", {"metadata": {"name": "default"}})
            await story(cluster)

    asyncio.run(told())


def pod(name: str = "web", **spec: Any) -> dict[str, Any]:
    """A Pod with one container."""
    metadata = {"name": name, "labels": {"app": "web"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": [{"name": "c", "image": "example.com/i:1"}]} | spec,
    }


def settings(name: str = "settings", **data: str) -> dict[str, Any]:
    """A ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}
