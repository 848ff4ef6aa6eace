"""The control plane in a thread of the test process: REST and gRPC on free loopback ports over a SQLite file."""

import asyncio
import datetime as dt
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from binauthz.base.clock import SystemClock
from binauthz.services import bootstrap, tokens
from binauthz.services.authorization import authorize
from binauthz.services.context import Caller, Context, Settings
from binauthz.store.database import open_store
from binauthz.store.interface import Store
from binauthz.store.records import Project
from binauthz.transports import grpc as grpc_door
from binauthz.transports.audit import observer
from binauthz.transports.dispatch import Dispatcher
from binauthz.transports.methods import METHODS
from binauthz.transports.server import application

PROJECT = bootstrap.PROJECT_ID
NUMBER = bootstrap.PROJECT_NUMBER
OTHER_PROJECT = "other-project"
GATEWAY = "https://127.0.0.1:7443"
CA_PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a conformance test is given: where the server is and tokens of two callers."""

    url: str
    grpc_address: str
    token: str
    stranger_token: str


async def _seed(store: Store, clock: SystemClock, token: str) -> str:
    seed = bootstrap.ClusterSeed(
        server="https://127.0.0.1:6443", ca_pem=CA_PEM, webhook_token_hash="0" * 64, proxy_token="proxy"
    )
    await bootstrap.prepare(store, clock, owner_token=token, cluster=seed)
    other = Project(name=f"projects/{OTHER_PROJECT}", number=987654321098, create_time=dt.datetime.now(dt.UTC))
    await store.write(lambda tx: tx.insert(other))
    return await tokens.issue(store, clock, "user:stranger@example.com")


async def _serve(url: str, settings: Settings, box: dict[str, Any]) -> None:
    clock = SystemClock()
    store = open_store(url)
    token = tokens.generate()
    stranger = await _seed(store, clock, token)

    def context(caller: Caller) -> Context:
        return Context(caller=caller, clock=clock, store=store, settings=settings)

    dispatcher = Dispatcher(
        METHODS,
        authenticator=lambda given: tokens.authenticate(store, clock, given),
        authorizer=authorize,
        context=context,
        observer=observer(context),
    )
    grpc_server = grpc_door.server(dispatcher)
    grpc_port = grpc_server.add_insecure_port("127.0.0.1:0")
    await grpc_server.start()
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(application(dispatcher), access_log=False, log_level="warning", lifespan="off")
    web = uvicorn.Server(config)
    serving = asyncio.create_task(web.serve(sockets=[listening]))
    port = listening.getsockname()[1]
    box["target"] = Target(
        url=f"http://127.0.0.1:{port}",
        grpc_address=f"127.0.0.1:{grpc_port}",
        token=token,
        stranger_token=stranger,
    )
    stop = asyncio.Event()
    box["stop"] = (asyncio.get_running_loop(), stop)
    box["ready"].set()
    await stop.wait()
    web.should_exit = True
    await serving
    await grpc_server.stop(grace=0)
    await store.close()


@contextmanager
def running(directory: Path, settings: Settings) -> Iterator[Target]:
    """A server that lives as long as the block."""
    ready = threading.Event()
    box: dict[str, Any] = {"ready": ready}

    def body() -> None:
        try:
            asyncio.run(_serve(f"sqlite:///{directory}/store.sqlite", settings, box))
        except BaseException as trouble:
            box["trouble"] = trouble
            raise
        finally:
            ready.set()

    thread = threading.Thread(target=body, name="conformance-server")
    thread.start()
    try:
        assert ready.wait(20)
        if "trouble" in box:
            raise AssertionError("the server did not start") from box["trouble"]
        yield box["target"]
    finally:
        if "stop" in box:
            loop, stop = box["stop"]
            loop.call_soon_threadsafe(stop.set)
        thread.join(20)
