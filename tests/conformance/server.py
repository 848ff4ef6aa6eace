"""The control plane in a thread of the test process: the product's own composition, on free loopback ports."""

import asyncio
import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from binauthz.app import sealing_key
from binauthz.app.configuration import ControlConfiguration, LocalCluster
from binauthz.app.control import ControlPlane
from binauthz.app.ports import free_ports
from binauthz.base.clock import SystemClock
from binauthz.services import bootstrap, tokens
from binauthz.store.database import open_store
from binauthz.store.records import Project

PROJECT = bootstrap.PROJECT_ID
NUMBER = bootstrap.PROJECT_NUMBER
OTHER_PROJECT = "other-project"
STRANGER = "user:stranger@example.com"
CA_PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
_START_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a conformance test is given: where the server is and tokens of two callers."""

    url: str
    grpc_address: str
    token: str
    stranger_token: str
    gateway: str = ""
    """Where generated kubeconfigs point; empty where it is not known."""


def _file(directory: Path, name: str, content: str) -> str:
    path = directory / name
    path.write_text(content)
    path.chmod(0o600)
    return str(path)


def configuration(directory: Path, *, store: str = "", **settings: Any) -> ControlConfiguration:
    """The configuration of a control plane with the local cluster that ``up`` seeds."""
    rest_port, grpc_port, tls_port = free_ports(0, 3, "127.0.0.1")
    defaults: dict[str, Any] = {
        "store": store or f"sqlite:///{directory}/store.sqlite",
        "host": "127.0.0.1",
        "rest_port": rest_port,
        "grpc_port": grpc_port,
        "tls_port": tls_port,
        "pki_directory": str(directory / "pki"),
        "tls_hosts": ("127.0.0.1", "localhost"),
        "project": PROJECT,
        "owner_token_file": _file(directory, "owner-token", tokens.generate()),
        "sealing_key_file": str(sealing_key.prepared("", directory / "sealing-keys")),
        "local_cluster": LocalCluster(
            server="https://127.0.0.1:6443",
            ca_file=_file(directory, "cluster-ca.pem", CA_PEM),
            webhook_token_file=_file(directory, "webhook-token", "webhook"),
            proxy_token_file=_file(directory, "proxy-token", "proxy"),
        ),
    }
    return ControlConfiguration(**{**defaults, **settings})


class _Thread:
    """One control plane and its event loop."""

    def __init__(self, settings: ControlConfiguration) -> None:
        self.settings = settings
        self.stranger_token = ""
        self.trouble: BaseException | None = None
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._body, name="conformance-server")

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(_START_SECONDS), "the server did not start in time"
        if self.trouble is not None:
            raise AssertionError("the server did not start") from self.trouble

    def stop(self) -> None:
        if self._loop is not None and self._stopping is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(_START_SECONDS)

    def _body(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as trouble:
            self.trouble = trouble
            raise
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        store, clock = open_store(self.settings.store), SystemClock()
        other = Project(name=f"projects/{OTHER_PROJECT}", number=987654321098, create_time=dt.datetime.now(dt.UTC))
        await store.write(lambda tx: tx.insert(other))
        self.stranger_token = await tokens.issue(store, clock, STRANGER)
        await ControlPlane(self.settings, store).run(self._stopping, self._ready.set)


@contextmanager
def running(directory: Path, *, store: str = "", **settings: Any) -> Iterator[Target]:
    """A server that lives as long as the block; ``settings`` are members of the control plane's configuration."""
    directory.mkdir(parents=True, exist_ok=True)
    made = configuration(directory, store=store, **settings)
    thread = _Thread(made)
    try:
        thread.start()
        yield Target(
            url=f"http://127.0.0.1:{made.rest_port}",
            grpc_address=f"127.0.0.1:{made.grpc_port}",
            token=Path(made.owner_token_file).read_text(),
            stranger_token=thread.stranger_token,
            gateway=f"https://127.0.0.1:{made.tls_port}",
        )
    finally:
        thread.stop()
