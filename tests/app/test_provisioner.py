"""Nothing that is wanted of a local cluster is awaited forever: without a keeper each operation ends with an error."""

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from binauthz.app.certificates import Authority
from binauthz.app.cluster_directory import ClusterDirectory
from binauthz.app.provisioner import Provisioner
from binauthz.base.clock import SystemClock
from binauthz.services import bootstrap, cluster_changes, clusters, local_clusters
from binauthz.services.cluster_settings import Draft
from binauthz.services.context import Caller, Context, Settings
from binauthz.store import open_store
from binauthz.store.records import Cluster, ClusterOperation
from tests.app.waiting import until

pytestmark = pytest.mark.servers

ZONE = "projects/demo-project/locations/us-central1-a"
NAME = f"{ZONE}/clusters/c"


class World:
    """A store and a provisioner over an empty directory that nobody keeps."""

    def __init__(self, directory: Path) -> None:
        self.clock = SystemClock()
        self.root = directory / "clusters"
        self.root.mkdir()
        self.store = open_store(f"sqlite:///{directory / 'store.sqlite'}")
        authority = Authority(directory / "pki", dt.datetime.now(dt.UTC))
        self.ca_file = authority.ca_file
        settings = Settings(keeps_clusters=True, cluster_limit=3)
        caller = Caller(principal=bootstrap.OWNER)
        self.context = Context(caller=caller, clock=self.clock, store=self.store, settings=settings)

    @contextlib.asynccontextmanager
    async def provisioning(self, within: float) -> AsyncIterator[None]:
        work = Provisioner(
            self.store, self.clock, root=self.root, ca_file=self.ca_file, on_error="fail-open", within=within
        )
        task = asyncio.create_task(work.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def create(self) -> ClusterOperation:
        return await cluster_changes.create_cluster(self.context, ZONE, Draft(cluster_id="c"))

    async def over(self, name: str) -> ClusterOperation:
        async with asyncio.timeout(10):
            while True:
                found = await clusters.get_operation(self.context, name)
                if found.status == "DONE":
                    return found
                await asyncio.sleep(0.02)

    async def cluster(self) -> Cluster:
        return await clusters.get_cluster(self.context, NAME)


def run(directory: Path, body: Callable[[World], Awaitable[None]]) -> None:
    async def work() -> None:
        world = World(directory)
        await bootstrap.prepare(world.store, world.clock)
        try:
            await body(world)
        finally:
            await world.store.close()

    asyncio.run(work())


def test_a_creation_that_nobody_carries_out_ends_with_an_error(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        async with world.provisioning(0.3):
            done = await world.over((await world.create()).name)
        assert "did not answer within" in done.error
        assert done.stages["CLUSTER_CONFIGURING"] == "DONE"
        assert done.stages["CLUSTER_DEPLOYING"] == "RUNNING"
        found = await world.cluster()
        assert (found.status, found.status_message) == ("ERROR", done.error)
        assert ClusterDirectory(world.root, NAME).wanted().gone

    run(tmp_path, body)


def test_the_door_knows_the_cluster_before_the_cluster_is_started(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        await world.create()
        place = ClusterDirectory(world.root, NAME)
        async with world.provisioning(30):
            await until(lambda: place.exists)
            found = await world.cluster()
        assert (found.proxy_token, len(found.webhook_token_hash)) == (place.gateway_token, 64)
        assert (found.status, found.server) == ("PROVISIONING", "")

    run(tmp_path, body)


def test_what_another_process_began_is_gone_on_with(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        place = ClusterDirectory(world.root, NAME)
        begun = await world.create()
        async with world.provisioning(30):
            await until(lambda: place.exists)
        credentials = (await world.cluster()).webhook_token_hash
        await cluster_changes.cancel_operation(world.context, begun.name)
        async with world.provisioning(30):
            await until(lambda: place.wanted().gone)
            assert (await world.cluster()).webhook_token_hash == credentials
            place.remove()
            assert (await world.over(begun.name)).error == "The creation was cancelled."
        assert await local_clusters.kept(world.store) == []

    run(tmp_path, body)


def test_a_deletion_that_nobody_carries_out_ends_with_an_error_and_can_be_asked_for_again(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        place = ClusterDirectory(world.root, NAME)
        await world.create()
        place.stage()
        place.publish()
        await local_clusters.is_up(world.store, world.clock, NAME)
        begun = await cluster_changes.delete_cluster(world.context, NAME)
        async with world.provisioning(0.3):
            done = await world.over(begun.name)
            assert "could not be removed within" in done.error
            assert (await world.cluster()).status == "ERROR"
            again = await cluster_changes.delete_cluster(world.context, NAME)
            place.remove()
            assert (await world.over(again.name)).error == ""
        assert await local_clusters.kept(world.store) == []

    run(tmp_path, body)


def test_a_cluster_whose_directory_is_lost_says_so(tmp_path: Path) -> None:
    async def body(world: World) -> None:
        await world.create()
        await local_clusters.is_up(world.store, world.clock, NAME)
        async with world.provisioning(30), asyncio.timeout(10):
            found = await world.cluster()
            while found.status != "ERROR":
                await asyncio.sleep(0.02)
                found = await world.cluster()
        assert "directory of the cluster is gone" in found.status_message

    run(tmp_path, body)
