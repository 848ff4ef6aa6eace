"""The keeper of local clusters: one process for each cluster directory, started again when it dies, stopped and removed
with its data when the directory says so.

It lives in the process that also keeps the control plane, so clusters run on while the control plane is down, and come
back with the installation at the address that they had.
"""

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from pathlib import Path

import msgspec

from binauthz.app.certificates import Authority, Leaf
from binauthz.app.children import Child
from binauthz.app.cluster_directory import ClusterDirectory, clear, directories
from binauthz.app.cluster_process import HOST, HOSTS, ClusterProcess, Doors, arguments, configuration_file
from binauthz.app.ports import PortTaken, free_ports
from binauthz.base.clock import Clock

LOG = logging.getLogger(__name__)
_LOOK_EVERY = 0.2
_PORTS = 100


@dataclass(frozen=True, slots=True)
class _Kept:
    child: Child
    task: asyncio.Task[None]


class Keeper:
    """Keeps the clusters of one directory."""

    def __init__(self, root: Path, authority: Authority, doors: Doors, clock: Clock, *, first_port: int) -> None:
        self._root = root
        self._authority = authority
        self._doors = doors
        self._clock = clock
        self._first_port = first_port
        self._kept: dict[str, _Kept] = {}
        self._going: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Look at the directory again and again; never returns."""
        clear(self._root)
        while True:
            try:
                self._look()
            except OSError as error:
                LOG.warning("the local clusters cannot be looked after: %s", error)
            await asyncio.sleep(_LOOK_EVERY)

    def renew(self) -> None:
        """Renew the certificates that need it; the processes take them up as they run."""
        for found in directories(self._root):
            self._leaf(found)

    async def stop(self) -> None:
        """Stop every cluster; their directories stay."""
        await asyncio.gather(*self._going.values(), return_exceptions=True)
        await asyncio.gather(*(each.child.stop() for each in self._kept.values()))
        await asyncio.gather(*(each.task for each in self._kept.values()))

    def _look(self) -> None:
        for found in directories(self._root):
            if found.name in self._going:
                continue
            if found.wanted().gone:
                self._going[found.name] = asyncio.create_task(self._remove(found))
            elif found.name not in self._kept:
                self._start(found)

    def _start(self, found: ClusterDirectory) -> None:
        child = Child(f"cluster {found.path.name}", arguments(found.path), prepare=lambda: self._prepare(found))
        self._kept[found.name] = _Kept(child, asyncio.create_task(child.run()))

    async def _remove(self, found: ClusterDirectory) -> None:
        try:
            kept = self._kept.pop(found.name, None)
            if kept is not None:
                await kept.child.stop()
                await kept.task
            await asyncio.to_thread(found.remove)
        except OSError as error:
            LOG.warning("the cluster in `%s` cannot be removed: %s", found.path, error)
            await asyncio.sleep(_LOOK_EVERY)
        finally:
            del self._going[found.name]

    def _prepare(self, found: ClusterDirectory) -> None:
        """Write the configuration anew: the doors may have moved since, and the certificate may be old."""
        leaf = self._leaf(found)
        process = ClusterProcess(
            name=found.name,
            directory=found.path,
            port=found.port or self._free_port(),
            webhook_token=found.webhook_token,
            gateway_token=found.gateway_token,
        )
        process.configure(self._doors, leaf)

    def _leaf(self, found: ClusterDirectory) -> Leaf:
        return self._authority.leaf("server", HOSTS, self._clock.now(), directory=found.path)

    def _free_port(self) -> int:
        """A port for a cluster that never answered: after the fixed ports of an installation come those of its
        clusters."""
        taken = {_port(configuration_file(each.path)) for each in directories(self._root) if each.port}
        near = range(self._first_port, min(self._first_port + _PORTS, 65536)) if self._first_port else ()
        for port in near:
            if port not in taken:
                with contextlib.suppress(PortTaken):
                    return free_ports(port, 1, HOST)[0]
        return free_ports(0, 1, HOST)[0]


def _port(file: Path) -> int:
    try:
        return int(msgspec.json.decode(file.read_bytes())["port"])
    except (OSError, ValueError, KeyError, TypeError, msgspec.MsgspecError):
        return 0
