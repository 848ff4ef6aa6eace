"""The control plane process: one store behind the REST port, the gRPC port and the TLS door.

``python -m binauthz.app.control --config FILE``. It ends on SIGTERM, and when the process that started it is gone.
"""

import argparse
import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import prometheus_client
import uvicorn

from binauthz.admission import door as admission_door
from binauthz.admission.door import Door
from binauthz.admission.evaluate import Evaluator
from binauthz.admission.evaluate_door import PREFIX as EVALUATE_PREFIX
from binauthz.admission.evaluate_door import EvaluateDoor
from binauthz.app import issuers, key_custody
from binauthz.app.certificates import Authority, Leaf
from binauthz.app.configuration import ControlConfiguration, LocalCluster, load
from binauthz.app.provisioner import Provisioner
from binauthz.app.quotas import limits_of, rates_of
from binauthz.app.retention import thin_log
from binauthz.app.sealing_key import SealingKeyFile
from binauthz.attestation.memo import Prover
from binauthz.base.clock import SystemClock
from binauthz.kube.proxy import Gateway
from binauthz.services import bootstrap, tokens
from binauthz.services.authorization import authorize
from binauthz.services.context import Caller, Context, Settings
from binauthz.sources.registry import Registries
from binauthz.store import open_store
from binauthz.store.interface import Store, StoreUnavailable
from binauthz.transports import grpc as grpc_door
from binauthz.transports.audit import observer
from binauthz.transports.dispatch import Dispatcher
from binauthz.transports.methods import METHODS
from binauthz.transports.oidc.authenticator import is_jwt
from binauthz.transports.quota import Quota
from binauthz.transports.server import App, Hooks, application
from binauthz.wire.policies import policy_from_json

LOG = logging.getLogger(__name__)
_RENEW_EVERY = 12 * 3600.0
_GRACE_SECONDS = 3


class _Server(uvicorn.Server):
    """A uvicorn server that leaves signals to the process, which has several servers to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class ControlPlane:
    """Everything one control plane process runs."""

    def __init__(self, configuration: ControlConfiguration, store: Store) -> None:
        sections = configuration.sections
        self._configuration = configuration
        self._store = store
        self._clock = SystemClock()
        self._issuers = issuers.authenticator(sections.oidc, self._clock)
        self._authority = Authority(Path(configuration.pki_directory), self._clock.now())
        sealing = SealingKeyFile(Path(configuration.sealing_key_file)) if configuration.sealing_key_file else None
        self._custody = key_custody.custody(sealing, sections.keys)
        self._settings = Settings(
            stale_etag_is_conflict=sections.compatibility.stale_etag_is_conflict,
            bare_name_covers_tags=sections.compatibility.bare_name_covers_tags,
            gateway_url=f"https://{configuration.public_host or configuration.host}:{configuration.tls_port}",
            gateway_ca_pem=self._authority.ca_pem,
            log_retention_days=sections.log.retention_days,
            keeps_clusters=bool(configuration.clusters_directory),
            cluster_limit=sections.local_cluster.limit,
            sealing=sealing,
            custody=self._custody,
            limits=limits_of(sections.quotas),
        )
        self._registries = Registries((each.settings() for each in sections.registries), clock=self._clock)
        self._gateway = Gateway(
            store, self._clock, authenticator=self._authenticate, authorize=authorize, settings=self._settings
        )
        self._door = admission_door.build(
            store,
            clock=self._clock,
            prover=Prover(),
            gateway=self._gateway,
            budget_seconds=sections.server.review_deadline_seconds,
            bare_name_covers_tags=sections.compatibility.bare_name_covers_tags,
            reviews_per_minute=sections.quotas.reviews_per_minute,
        )
        self._dispatcher = Dispatcher(
            METHODS,
            authenticator=self._authenticate,
            authorizer=authorize,
            context=self._context,
            observer=observer(reads=sections.log.reads),
            spend=Quota(rates_of(sections.quotas)).spend,
        )

    async def run(self, stopping: asyncio.Event, announce: Callable[[], None] | None = None) -> None:
        """Serve until ``stopping``; every door closes before the store does.

        ``announce`` is called once, when every door answers.
        """
        await self._prepare()
        configuration = self._configuration
        leaf = self._leaf()
        secure = _configure(self._door, configuration.host, configuration.tls_port, leaf)
        servers = [
            _Server(_configure(self._rest_application(), configuration.host, configuration.rest_port, None)),
            _Server(secure),
        ]
        rpc = grpc_door.server(self._dispatcher, ready=self._trouble)
        if not rpc.add_insecure_port(f"{configuration.host}:{configuration.grpc_port}"):
            raise OSError(f"gRPC cannot listen on {configuration.host}:{configuration.grpc_port}")
        await rpc.start()
        serving = [asyncio.create_task(server.serve()) for server in servers]
        renewing = asyncio.create_task(self._renew(secure))
        provisioning = asyncio.create_task(self._provision())
        keeping = asyncio.create_task(key_custody.keep(self._store, self._clock, self._custody, self._settings.sealing))
        thinning = asyncio.create_task(
            thin_log(self._store, self._clock, self._configuration.sections.log.retention_days)
        )
        announcing = asyncio.create_task(self._announce(servers, announce))
        stop = asyncio.create_task(stopping.wait())
        try:
            done, _ = await asyncio.wait({*serving, stop}, return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stop}:
                task.result()
        finally:
            stop.cancel()
            renewing.cancel()
            provisioning.cancel()
            keeping.cancel()
            thinning.cancel()
            announcing.cancel()
            for server in servers:
                server.should_exit = True
            await asyncio.gather(*serving, rpc.stop(_GRACE_SECONDS), return_exceptions=True)
            await self._gateway.close()
            await self._issuers.close()
            await self._registries.close()
            await self._store.close()

    async def _announce(self, servers: list[_Server], announce: Callable[[], None] | None) -> None:
        if announce is None:
            return
        # uvicorn sets no event when it has started.
        while not all(server.started for server in servers) or await self._trouble() is not None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        announce()

    async def _prepare(self) -> None:
        await bootstrap.prepare(
            self._store,
            self._clock,
            project_id=self._configuration.project,
            owner_token=_secret(self._configuration.owner_token_file),
            cluster=_seed(self._configuration.local_cluster),
        )

    async def _provision(self) -> None:
        configuration = self._configuration
        if configuration.clusters_directory and configuration.local_cluster is not None:
            await Provisioner(
                self._store,
                self._clock,
                root=Path(configuration.clusters_directory),
                ca_file=self._authority.ca_file,
                on_error=configuration.local_cluster.on_error,
            ).run()

    def _rest_application(self) -> App:
        evaluate = EvaluateDoor(
            self._store,
            self._clock,
            Evaluator(self._door.judge, policy_from_json),
            authenticator=self._authenticate,
            authorize=authorize,
        )
        api = application(self._dispatcher, hooks=Hooks(ready=self._trouble, metrics=_metrics))

        async def app(scope: Any, receive: Any, send: Any) -> None:
            ours = scope["type"] == "http" and scope["path"].startswith(EVALUATE_PREFIX)
            await (evaluate if ours else api)(scope, receive, send)

        return app

    async def _authenticate(self, token: str) -> Caller | None:
        if is_jwt(token):
            return await self._issuers.authenticate(token)
        return await tokens.authenticate(self._store, self._clock, token)

    def _context(self, caller: Caller) -> Context:
        return Context(
            caller=caller,
            clock=self._clock,
            store=self._store,
            settings=self._settings,
            registries=self._registries,
        )

    async def _trouble(self) -> str | None:
        if not self._door.ready:
            return "the store has not been read yet"
        try:
            await self._store.revision()
        except StoreUnavailable as error:
            return f"the store is unavailable: {error}"
        return None

    def _leaf(self) -> Leaf:
        return self._authority.leaf("doors", self._configuration.tls_hosts, self._clock.now())

    async def _renew(self, secure: uvicorn.Config) -> None:
        while True:
            await asyncio.sleep(_RENEW_EVERY)
            leaf = self._leaf()
            if secure.ssl is not None:
                secure.ssl.load_cert_chain(leaf.cert_file, leaf.key_file)


def _secret(file: str) -> str:
    return Path(file).read_text().strip()


def _seed(local: LocalCluster | None) -> bootstrap.ClusterSeed | None:
    if local is None:
        return None
    return bootstrap.ClusterSeed(
        server=local.server,
        ca_pem=Path(local.ca_file).read_text(),
        webhook_token_hash=sha256(_secret(local.webhook_token_file).encode()).hexdigest(),
        proxy_token=_secret(local.proxy_token_file),
        on_error=local.on_error,
    )


def _configure(app: App | Door, host: str, port: int, leaf: Leaf | None) -> uvicorn.Config:
    configuration = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        server_header=False,
        log_config=None,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        timeout_keep_alive=75,
        ssl_certfile=leaf.cert_file if leaf else None,
        ssl_keyfile=leaf.key_file if leaf else None,
    )
    configuration.load()
    return configuration


async def _metrics() -> tuple[str, bytes]:
    return prometheus_client.CONTENT_TYPE_LATEST, prometheus_client.generate_latest()


async def _serve(configuration: ControlConfiguration) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    orphan = asyncio.create_task(_watch_parent(stopping))
    try:
        await ControlPlane(configuration, open_store(configuration.store)).run(stopping)
    finally:
        orphan.cancel()


async def _watch_parent(stopping: asyncio.Event) -> None:
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110 - the kernel sets no event when a parent dies
        await asyncio.sleep(1.0)
    LOG.warning("the process that started the control plane is gone; stopping")
    stopping.set()


def main() -> None:
    """Read the configuration and serve."""
    parser = argparse.ArgumentParser(prog="binauthz.app.control", description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    import uvloop  # noqa: PLC0415 - only the process needs it, not who imports the composition

    uvloop.run(_serve(load(parser.parse_args().config)))


if __name__ == "__main__":
    main()
