"""``binauthz serve``: the control plane alone, in this process; its clusters are somebody else's."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from contextlib import closing

import uvloop

from binauthz.app import sealing_key
from binauthz.app.cluster_process import HOST
from binauthz.app.configuration import ControlConfiguration, save
from binauthz.app.configuration_file import Configured
from binauthz.app.control import ControlPlane
from binauthz.app.home import Addresses, Home
from binauthz.app.ports import PortTaken, free_ports
from binauthz.app.supervisor import CannotStart, lock
from binauthz.store import open_store
from binauthz.store.interface import StoreUnavailable

_EVERY_INTERFACE = "0.0.0.0"  # noqa: S104 - compared with, and only used when the caller asks for it


def serve(home: Home, *, configured: Configured, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; ``announce`` is called with the base URL once every door answers.

    Raises CannotStart with what to do about it.
    """
    settings = configured.sections.server
    host = settings.host
    home.create()
    with closing(lock(home)):
        try:
            rest, grpc, tls = free_ports(settings.port, 3, host)
        except PortTaken as error:
            raise CannotStart(str(error)) from error
        near = HOST if host == _EVERY_INTERFACE else host
        public = settings.public_host or (socket.gethostname() if host == _EVERY_INTERFACE else host)
        home.secret("owner-token")
        configuration = ControlConfiguration(
            store=settings.store or f"sqlite:///{home.control / 'binauthz.sqlite'}",
            host=host,
            public_host=public,
            rest_port=rest,
            grpc_port=grpc,
            tls_port=tls,
            pki_directory=str(home.pki),
            tls_hosts=tuple(dict.fromkeys((public, near, HOST, "localhost", "::1"))),
            project=settings.project,
            owner_token_file=str(home.owner_token_file),
            sealing_key_file=str(
                sealing_key.prepared(configured.sections.keys.sealing_key_file, home.sealing_key_file)
            ),
            sections=configured.sections,
            origins=configured.origins,
        )
        save(home.control / "config.json", configuration)
        addresses = Addresses(
            base_url=f"http://{near}:{rest}",
            grpc=f"{near}:{grpc}",
            tls_url=f"https://{near}:{tls}",
            cluster_url="",
            project=settings.project,
            supervisor_pid=os.getpid(),
            control_pid=os.getpid(),
            cluster_pid=0,
        )

        def ready() -> None:
            home.write_addresses(addresses)
            announce(addresses.base_url)

        try:
            uvloop.run(_serve(configuration, ready))
        except (StoreUnavailable, ValueError) as error:
            raise CannotStart(f"the store cannot be used: {error}") from error
        finally:
            home.addresses_file.unlink(missing_ok=True)


async def _serve(configuration: ControlConfiguration, ready: Callable[[], None]) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await ControlPlane(configuration, open_store(configuration.store)).run(stopping, ready)
