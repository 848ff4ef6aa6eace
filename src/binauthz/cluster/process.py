"""The cluster as a process: store, pipeline, door and controllers, from start to a clean end.

It ends on SIGTERM or SIGINT, when the process that started it is gone, and when its store can no longer be written.
"""

import asyncio
import contextlib
import gc
import json
import os
import signal
import socket
import ssl
from collections.abc import Awaitable, Iterator

import uvicorn
import uvloop

from binauthz.base.clock import SystemClock
from binauthz.cluster import limits, seeds
from binauthz.cluster.admission.hooks import CONFIGURATIONS
from binauthz.cluster.admission.webhooks import Admission, Credential
from binauthz.cluster.api import Api
from binauthz.cluster.audit.delivery import Backend, Delivery
from binauthz.cluster.call import MASTERS, User
from binauthz.cluster.catalogue import RESOURCES
from binauthz.cluster.config import Config
from binauthz.cluster.controllers import run_all
from binauthz.cluster.local import LocalClient, user_named
from binauthz.cluster.registry import Registry
from binauthz.cluster.reviews import OLD_REVIEWS, REVIEWS
from binauthz.cluster.schema.definitions import definitions
from binauthz.cluster.schema.openapi import OpenApi
from binauthz.cluster.server.application import Application
from binauthz.cluster.server.authentication import Tokens
from binauthz.cluster.storage.disk import Disk
from binauthz.cluster.storage.objects import Objects

_APISERVER = User(name="system:apiserver", groups=(MASTERS,))
_DRAIN_SECONDS = 2.0
_PARENT_SECONDS = 0.5
_BACKLOG = 1024
_CERTIFICATE_SECONDS = 2.0
_COLLECT = (50_000, 20, 50)
"""Objects live long and have no cycles: Python's own thresholds cost pauses of 80 ms and a tenth of the rate."""


class _Server(uvicorn.Server):
    """Signals belong to the process, not to its door."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signal handlers alone."""
        yield


def run(config: Config) -> int:
    """Serve until told to stop; the exit status."""
    gc.set_threshold(*_COLLECT)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_main(config))


async def _main(config: Config) -> int:
    parent = os.getppid()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    os.umask(0o077)
    disk = Disk(config.data_dir / "cluster.db", on_failure=stop.set)
    try:
        await _serve(config, disk, stop, parent)
    finally:
        disk.close()
    return 1 if disk.failed else 0


def assemble(config: Config, disk: Disk) -> tuple[Api, Admission]:
    """The pipeline over a store."""
    clock = SystemClock()
    objects = Objects(disk)
    resources = {resource.key: resource for resource in (*RESOURCES, *REVIEWS)}

    def labels_of(namespace: str) -> dict[str, str]:
        item = objects.get(resources["namespaces"], "", namespace)
        return dict(item.obj["metadata"].get("labels") or {}) if item else {}

    door = config.webhook
    admission = Admission(
        configurations=lambda: objects.list(resources[CONFIGURATIONS]),
        namespace_labels=labels_of,
        credential=Credential(url=door.url, token=door.token) if door else None,
    )
    backend = config.audit
    delivery = Delivery(
        disk,
        Backend(url=backend.url, authorities=backend.ca_file.read_text(), token=backend.token) if backend else None,
    )
    registry = Registry(resources=resources, objects=objects, admission=admission, types=definitions(), clock=clock)
    return Api(registry, delivery, clock), admission


async def _serve(config: Config, disk: Disk, stop: asyncio.Event, parent: int) -> None:
    api, admission = assemble(config, disk)
    await seeds.plant(LocalClient(api, _APISERVER), config)
    served = (*RESOURCES, *REVIEWS, *OLD_REVIEWS)
    app = Application(api, Tokens(config.token_file), OpenApi(definitions(), served), served)
    server = _Server(
        uvicorn.Config(
            app,
            http="httptools",
            loop="none",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            proxy_headers=False,  # Audit events tell the real peer: nobody on this machine may name another.
            ssl_certfile=str(config.cert_file),
            ssl_keyfile=str(config.key_file),
            timeout_keep_alive=120,
            timeout_graceful_shutdown=2,
            backlog=_BACKLOG,
            limit_concurrency=limits.CONNECTIONS,
        )
    )
    with socket.create_server((config.address, config.port), backlog=_BACKLOG) as listener:
        listener.setblocking(False)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn offers nothing to wait for.
            await asyncio.sleep(0.005)
        tasks = [
            asyncio.create_task(api.delivery.run()),
            asyncio.create_task(_watch_parent(parent, stop)),
            asyncio.create_task(_follow_certificate(config, server.config.ssl)),
            asyncio.create_task(_controllers(run_all(lambda name: LocalClient(api, user_named(name)), stop), stop)),
        ]
        gc.freeze()
        app.ready = True
        _announce(config, listener.getsockname()[1])
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        app.ready = False
        stop.set()
        app.stopping.set()
        server.should_exit = True
        await serving
        await api.delivery.drain(_DRAIN_SECONDS if not disk.failed else 0)
        for task in (*tasks, stopping):
            task.cancel()
        await asyncio.gather(*tasks, stopping, return_exceptions=True)
        await admission.close()


async def _controllers(running: Awaitable[None], stop: asyncio.Event) -> None:
    """Controllers that end before they were told to are a defect: the process ends too, so that somebody notices."""
    try:
        await running
    finally:
        stop.set()


def _announce(config: Config, port: int) -> None:
    """Write the ready file at once, never in part."""
    draft = config.ready_file.with_name(config.ready_file.name + ".new")
    draft.write_text(json.dumps({"port": port, "pid": os.getpid()}))
    draft.replace(config.ready_file)


async def _follow_certificate(config: Config, context: ssl.SSLContext | None) -> None:
    """Serve a renewed certificate to new connections; a pair that does not fit yet is tried again."""
    if context is None:
        return
    served = _mark(config)
    while True:
        await asyncio.sleep(_CERTIFICATE_SECONDS)
        found = _mark(config)
        if found != served:
            with contextlib.suppress(OSError, ssl.SSLError):
                context.load_cert_chain(config.cert_file, config.key_file)
                served = found


def _mark(config: Config) -> tuple[int, ...]:
    try:
        stats = (config.cert_file.stat(), config.key_file.stat())
    except OSError:
        return ()
    return tuple(mark for stat in stats for mark in (stat.st_mtime_ns, stat.st_ino))


async def _watch_parent(parent: int, stop: asyncio.Event) -> None:
    while os.getppid() == parent:  # noqa: ASYNC110 - the kernel tells of it only by signal, and only on Linux.
        await asyncio.sleep(_PARENT_SECONDS)
    stop.set()
