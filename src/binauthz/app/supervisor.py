"""``binauthz up``: one laptop installation, a control plane and the local cluster as two supervised processes.

Either may be killed and comes back, on the same address and with everything it acknowledged. The sockets are not
held open while a process is down: a cluster then sees a refused connection at once, and not a webhook that hangs.
"""

import asyncio
import datetime as dt
import fcntl
import json
import logging
import os
import signal
import socket
import ssl
import sys
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO

import httpx2

from binauthz.app import sealing_key
from binauthz.app.certificates import Authority, write_secret
from binauthz.app.configuration import ControlConfiguration, LocalCluster, save
from binauthz.app.configuration_file import Configured
from binauthz.app.home import Addresses, Home

LOG = logging.getLogger(__name__)
HOST = "127.0.0.1"
_HOSTS = ("127.0.0.1", "localhost", "::1")
_READY_WITHIN = 60.0
_STOP_WITHIN = 8.0
_STEADY_AFTER = 10.0
_BACKOFF_LIMIT = 10.0


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
    return Ports(**dict(zip(("rest", "grpc", "tls", "cluster"), free_ports(first, 4, HOST), strict=True)))


def free_ports(first: int, count: int, host: str) -> list[int]:
    """Neighbouring ports from ``first``, or free ones when it is 0; raises CannotStart when one is taken."""
    last = 65536 - count
    if not 0 <= first <= last:
        raise CannotStart(f"--port takes 0 to {last}, got {first}")
    wanted = [0] * count if first == 0 else list(range(first, first + count))
    sockets = []
    try:
        for port in wanted:
            listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sockets.append(listener)
            try:
                listener.bind((host, port))
            except OSError as error:
                raise CannotStart(f"port {port} on {host} cannot be used: {error.strerror}; try --port 0") from error
        return [listener.getsockname()[1] for listener in sockets]
    finally:
        for listener in sockets:
            listener.close()


@dataclass(slots=True)
class _Child:
    """A process that is started again whenever it ends, until the installation stops."""

    name: str
    arguments: list[str]
    on_start: Callable[[], None]
    process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """The id of the running process, 0 when there is none."""
        return self.process.pid if self.process is not None and self.process.returncode is None else 0

    async def run(self, stopping: asyncio.Event) -> None:
        """Start, wait, start again."""
        pause = 0.5
        loop = asyncio.get_running_loop()
        while not stopping.is_set():
            started = loop.time()
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, *self.arguments, stdin=asyncio.subprocess.DEVNULL, stdout=2, start_new_session=True
            )
            self.on_start()
            code = await self.process.wait()
            if stopping.is_set():
                return
            pause = 0.5 if loop.time() - started > _STEADY_AFTER else min(pause * 2, _BACKOFF_LIMIT)
            LOG.warning("the %s process ended with status %d; starting it again in %.1f s", self.name, code, pause)
            await asyncio.sleep(pause)

    async def stop(self) -> None:
        """End the process: politely, then not."""
        if self.process is None or self.process.returncode is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        # A stopped (SIGSTOP) process acts on SIGTERM only once it is continued.
        self.process.send_signal(signal.SIGCONT)
        try:
            await asyncio.wait_for(self.process.wait(), _STOP_WITHIN)
        except TimeoutError:
            LOG.warning("the %s process did not stop within %.0f s and was killed", self.name, _STOP_WITHIN)
            self.process.kill()
            await self.process.wait()


class Installation:
    """One directory, one project, four doors."""

    def __init__(self, home: Home, *, configured: Configured, ports: Ports, now: dt.datetime) -> None:
        project, fail_closed = configured.sections.server.project, configured.sections.local_cluster.fail_closed
        self._home = home
        self._project = project
        self._ports = ports
        home.create()
        self._lock = lock(home)
        authority = Authority(home.pki, now)
        cluster = authority.leaf("cluster", _HOSTS, now)
        self._ca_file = authority.ca_file
        self._owner = home.secret("owner-token")
        control_file = home.control / "config.json"
        cluster_file = home.cluster / "config.json"
        self._write_cluster(cluster_file, cluster.cert_file, cluster.key_file, fail_closed=fail_closed)
        save(
            control_file,
            ControlConfiguration(
                store=f"sqlite:///{home.control / 'binauthz.sqlite'}",
                host=HOST,
                rest_port=ports.rest,
                grpc_port=ports.grpc,
                tls_port=ports.tls,
                pki_directory=str(home.pki),
                tls_hosts=_HOSTS,
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
                sections=configured.sections,
                origins=configured.origins,
            ),
        )
        self._children = (
            _Child("control plane", ["-m", "binauthz.app.control", "--config", str(control_file)], self._publish),
            _Child("cluster", ["-m", "binauthz.cluster", "--config", str(cluster_file)], self._publish),
        )
        self._ready = False

    async def run(self, announce: Callable[[str], None]) -> None:
        """Serve until SIGTERM or SIGINT; ``announce`` is called with the base URL once every door answers."""
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        tasks = [asyncio.create_task(child.run(stopping)) for child in self._children]
        stop = asyncio.create_task(stopping.wait())
        try:
            ready = asyncio.create_task(self._wait_until_ready())
            await asyncio.wait({ready, stop}, return_when=asyncio.FIRST_COMPLETED)
            if ready.done():
                ready.result()
                self._ready = True
                self._publish()
                announce(f"http://{HOST}:{self._ports.rest}")
                await stop
            else:
                ready.cancel()
        finally:
            stopping.set()
            await asyncio.gather(*(child.stop() for child in self._children))
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._home.addresses_file.unlink(missing_ok=True)
            self._lock.close()

    def _write_cluster(self, path: Path, cert_file: Path, key_file: Path, *, fail_closed: bool) -> None:
        ports, project = self._ports, self._project
        door = f"https://{HOST}:{ports.tls}/v1/projects/{project}"
        cluster = "locations/us-central1-a/clusters/local-cluster"
        webhook = {"ca_file": str(self._ca_file), "token": self._home.secret("webhook-token")}
        users = [
            {"sha256": _digest(self._owner), "user": "owner@binauthz.local", "groups": ["system:masters"]},
            {
                "sha256": _digest(self._home.secret("gateway-token")),
                "user": "system:binauthz:gateway",
                "groups": ["system:masters"],
            },
        ]
        token_file = self._home.cluster / "tokens.json"
        write_secret(token_file, json.dumps(users).encode())
        configuration = {
            "address": HOST,
            "port": ports.cluster,
            "data_dir": str(self._home.cluster),
            "cert_file": str(cert_file),
            "key_file": str(key_file),
            "token_file": str(token_file),
            "webhook": {"url": f"{door}/policy/{cluster}:admissionReview", **webhook},
            "failure_policy": "Fail" if fail_closed else "Ignore",
            "webhook_timeout_seconds": 10,
            "audit": {"url": f"{door}/{cluster}:audit", **webhook},
            "ready_file": str(self._home.cluster / "ready.json"),
        }
        write_secret(path, json.dumps(configuration, indent=2).encode())

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


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def lock(home: Home) -> IO[str]:
    """Hold the directory for this process, until the file is closed; raises CannotStart when another one holds it."""
    file = (home.directory / "lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise CannotStart(f"another binauthz runs from `{home.directory}`: stop it or choose another --dir") from None
    return file
