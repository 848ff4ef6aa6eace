"""``binauthz up``: one laptop installation, a control plane and local clusters as supervised processes.

Each may be killed and comes back, on the same address and with everything it acknowledged. The sockets are not
held open while a process is down: a cluster then sees a refused connection at once, and not a webhook that hangs.
"""

import asyncio
import datetime as dt
import fcntl
import os
import signal
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

import httpx2

from binauthz.app import sealing_key
from binauthz.app.certificates import Authority
from binauthz.app.children import Child
from binauthz.app.cluster_process import HOST, HOSTS, ClusterProcess, Doors, arguments
from binauthz.app.configuration import ControlConfiguration, LocalCluster, save
from binauthz.app.configuration_file import Configured
from binauthz.app.home import Addresses, Home
from binauthz.app.keeper import Keeper
from binauthz.app.ports import PortTaken, free_ports
from binauthz.base.clock import SystemClock
from binauthz.services import bootstrap

FIXED_PORTS = 4
_READY_WITHIN = 60.0
_RENEW_EVERY = 12 * 3600.0


class CannotStart(Exception):  # noqa: N818 - reads as what happened
    """The installation cannot be started; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """One port per door."""

    rest: int
    grpc: int
    tls: int
    cluster: int


def choose_ports(first: int) -> Ports:
    """Four neighbouring ports from ``first``, or four free ones when it is 0; raises CannotStart when one is taken."""
    try:
        found = free_ports(first, FIXED_PORTS, HOST)
    except PortTaken as error:
        raise CannotStart(str(error)) from error
    return Ports(**dict(zip(("rest", "grpc", "tls", "cluster"), found, strict=True)))


class Installation:
    """One directory, one project, four doors."""

    def __init__(self, home: Home, *, configured: Configured, ports: Ports, now: dt.datetime) -> None:
        project, fail_closed = configured.sections.server.project, configured.sections.local_cluster.fail_closed
        self._home = home
        self._project = project
        self._ports = ports
        home.create()
        self._lock = lock(home)
        authority = self._authority = Authority(home.pki, now)
        self._ca_file = authority.ca_file
        doors = Doors(
            url=f"https://{HOST}:{ports.tls}",
            ca_file=self._ca_file,
            owner_token=home.secret("owner-token"),
            fail_closed=fail_closed,
        )
        ClusterProcess(
            name=f"projects/{project}/locations/{bootstrap.CLUSTER_LOCATION}/clusters/{bootstrap.CLUSTER_ID}",
            directory=home.cluster,
            port=ports.cluster,
            webhook_token=home.secret("webhook-token"),
            gateway_token=home.secret("gateway-token"),
        ).configure(doors, authority.leaf("cluster", HOSTS, now))
        control_file = home.control / "config.json"
        save(
            control_file,
            ControlConfiguration(
                store=f"sqlite:///{home.control / 'binauthz.sqlite'}",
                host=HOST,
                rest_port=ports.rest,
                grpc_port=ports.grpc,
                tls_port=ports.tls,
                pki_directory=str(home.pki),
                tls_hosts=HOSTS,
                project=project,
                owner_token_file=str(home.owner_token_file),
                sealing_key_file=str(
                    sealing_key.prepared(configured.sections.keys.sealing_key_file, home.sealing_key_file)
                ),
                local_cluster=LocalCluster(
                    server=f"https://{HOST}:{ports.cluster}",
                    ca_file=str(self._ca_file),
                    webhook_token_file=str(home.directory / "webhook-token"),
                    proxy_token_file=str(home.directory / "gateway-token"),
                    on_error="fail-closed" if fail_closed else "fail-open",
                ),
                clusters_directory=str(home.clusters),
                sections=configured.sections,
                origins=configured.origins,
            ),
        )
        self._children = (
            Child("control plane", ["-m", "binauthz.app.control", "--config", str(control_file)], self._publish),
            Child("cluster", arguments(home.cluster), self._publish),
        )
        first = configured.sections.server.port
        self._keeper = Keeper(home.clusters, authority, doors, SystemClock(), first_port=first and first + FIXED_PORTS)
        self._ready = False

    async def run(self, announce: Callable[[str], None]) -> None:
        """Serve until SIGTERM or SIGINT; ``announce`` is called with the base URL once every door answers."""
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        tasks = [asyncio.create_task(child.run()) for child in self._children]
        tending: list[asyncio.Task[None]] = []
        stop = asyncio.create_task(stopping.wait())
        try:
            ready = asyncio.create_task(self._wait_until_ready())
            await asyncio.wait({ready, stop}, return_when=asyncio.FIRST_COMPLETED)
            if ready.done():
                ready.result()
                self._ready = True
                self._publish()
                announce(f"http://{HOST}:{self._ports.rest}")
                tending = [asyncio.create_task(self._keeper.run()), asyncio.create_task(self._renew())]
                await stop
            else:
                ready.cancel()
        finally:
            for task in tending:
                task.cancel()
            await asyncio.gather(*(child.stop() for child in self._children), self._keeper.stop())
            await asyncio.gather(*tasks, return_exceptions=True)
            self._home.addresses_file.unlink(missing_ok=True)
            self._lock.close()

    async def _renew(self) -> None:
        """Renew the certificates of clusters in time; each takes up its own as it runs."""
        while True:
            await asyncio.sleep(_RENEW_EVERY)
            self._authority.leaf("cluster", HOSTS, SystemClock().now())
            self._keeper.renew()

    def _publish(self) -> None:
        if not self._ready:
            return
        control, cluster = self._children
        self._home.write_addresses(
            Addresses(
                base_url=f"http://{HOST}:{self._ports.rest}",
                grpc=f"{HOST}:{self._ports.grpc}",
                tls_url=f"https://{HOST}:{self._ports.tls}",
                cluster_url=f"https://{HOST}:{self._ports.cluster}",
                project=self._project,
                supervisor_pid=os.getpid(),
                control_pid=control.pid,
                cluster_pid=cluster.pid,
            )
        )

    async def _wait_until_ready(self) -> None:
        trust = ssl.create_default_context(cafile=str(self._ca_file))
        deadline = asyncio.get_running_loop().time() + _READY_WITHIN
        async with httpx2.AsyncClient(verify=trust, trust_env=False, timeout=2.0) as client:
            for name, url in (
                ("control plane", f"http://{HOST}:{self._ports.rest}/readyz"),
                ("admission door", f"https://{HOST}:{self._ports.tls}/readyz"),
                ("cluster", f"https://{HOST}:{self._ports.cluster}/readyz"),
            ):
                while not await _answers(client, url):
                    if asyncio.get_running_loop().time() > deadline:
                        raise CannotStart(f"the {name} did not answer at {url} within {_READY_WITHIN:.0f} s")
                    await asyncio.sleep(0.05)


async def _answers(client: httpx2.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == 200
    except httpx2.HTTPError:
        return False


def lock(home: Home) -> IO[str]:
    """Hold the directory for this process, until the file is closed; raises CannotStart when another one holds it."""
    file = (home.directory / "lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise CannotStart(f"another binauthz runs from `{home.directory}`: stop it or choose another --dir") from None
    return file
