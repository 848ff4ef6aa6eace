"""Connect Gateway: kubectl's requests to a member cluster, streamed both ways, under the caller's own name (D9).

Only the address in the cluster's record is ever called, trusting only that record's CA; no redirect is followed and no
proxy of the environment is used. The cluster judges what the caller may do there: the gateway only proves who it is,
by impersonation. Upgraded connections (exec, attach, port-forward) are not served.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx2

from binauthz.base.clock import Clock
from binauthz.base.errors import ApiError, Code
from binauthz.kube.clients import ClusterClients
from binauthz.kube.exchange import CallerLeftError, Exchange, Receive, Scope, Send
from binauthz.kube.gateway_route import GatewayRoute, gateway_route
from binauthz.kube.headers import groups_of, upstream, user_of
from binauthz.services import memberships
from binauthz.services.context import Caller, Context, Settings
from binauthz.store.interface import Reader, Store
from binauthz.store.records import Cluster

LOG = logging.getLogger(__name__)

Authenticator = Callable[[str], Awaitable[Caller | None]]
Authorize = Callable[[Context, str, str], Awaitable[None]]

_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_PERMISSIONS = {"HEAD": "get", "OPTIONS": "get"}
_MAX_TOKEN = 8192
_LOOKUP_SECONDS = 10.0
# Longer than an apiserver's own limit for requests that are not watches.
_ANSWER_SECONDS = 65.0


class _Failed(Exception):  # noqa: N818 - an answer, not a fault of ours
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class _Target:
    cluster: Cluster
    caller: Caller
    path: str


class Gateway:
    """An ASGI application for ``/{version}/projects/P/locations/L/{gkeMemberships|memberships}/M/...``."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        authenticator: Authenticator,
        authorize: Authorize,
        settings: Settings | None = None,
        answer_seconds: float = _ANSWER_SECONDS,
    ) -> None:
        self._store = store
        self._clock = clock
        self._authenticator = authenticator
        self._authorize = authorize
        self._settings = settings or Settings()
        self._answer_seconds = answer_seconds
        self._clients = ClusterClients()

    async def close(self) -> None:
        """End every connection to a cluster."""
        await self._clients.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse to upgrade one."""
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        exchange = Exchange(receive, send, has_body=_has_body(scope))
        serving = asyncio.create_task(self._serve(scope, exchange))
        leaving = asyncio.create_task(exchange.gone())
        try:
            await asyncio.wait({serving, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (serving, leaving):
                task.cancel()
            await asyncio.gather(serving, leaving, return_exceptions=True)

    async def _serve(self, scope: Scope, exchange: Exchange) -> None:
        try:
            target = await self._target(scope)
            await self._forward(scope, exchange, target)
        except CallerLeftError:
            return
        except _Failed as failed:
            await exchange.fail(failed.code, failed.message)
        except ApiError as error:
            await exchange.fail(error.code.http_status, error.message)
        except Exception as error:
            LOG.exception("a gateway request failed")
            await exchange.fail(500, f"the gateway failed: {type(error).__name__}")

    async def _target(self, scope: Scope) -> _Target:
        raw = scope.get("raw_path")
        path = raw.partition(b"?")[0].decode("latin-1") if isinstance(raw, bytes) else str(scope["path"])
        asked = gateway_route(path)
        if asked is None:
            form = "/v1/projects/P/locations/L/memberships/M/..."
            raise _Failed(404, f"got a path that is not a member cluster's, expected {form}")
        if scope["method"] not in _METHODS:
            raise _Failed(405, f"got the method `{str(scope['method'])[:16]}`, expected one of {', '.join(_METHODS)}")
        try:
            async with asyncio.timeout(_LOOKUP_SECONDS):
                return await self._look_up(scope, asked)
        except (ApiError, _Failed):
            raise
        except Exception as error:  # noqa: BLE001 - the store's own errors, whatever they are
            LOG.warning("the gateway cannot look up a caller: %s", type(error).__name__)
            raise _Failed(503, f"the gateway cannot look up the cluster: {type(error).__name__}") from None

    async def _look_up(self, scope: Scope, asked: GatewayRoute) -> _Target:
        token = _bearer(scope)
        caller = await self._authenticator(token) if token else None
        if caller is None:
            raise _Failed(401, "got no valid credential, expected an access token as `Authorization: Bearer TOKEN`")
        if user_of(caller).startswith("system:"):
            raise _Failed(403, "got a caller whose name Kubernetes reserves for itself, expected a person or a service")
        context = Context(caller=caller, clock=self._clock, store=self._store, settings=self._settings)
        verb = str(scope["method"])
        await self._authorize(context, f"gkehub.gateway.{_PERMISSIONS.get(verb, verb.lower())}", asked.membership)
        if any(name == b"upgrade" for name, _ in scope["headers"]):
            raise _Failed(501, "got a request to upgrade the connection, which the gateway does not serve")

        def body(tx: Reader) -> Cluster:
            membership = memberships.existing(tx, asked.membership)
            cluster = tx.get(Cluster, membership.cluster)
            if cluster is None:
                raise ApiError(Code.NOT_FOUND, f"the cluster of membership `{asked.membership}` was not found")
            return cluster

        return _Target(await self._store.read(body), caller, asked.path)

    async def _forward(self, scope: Scope, exchange: Exchange, target: _Target) -> None:
        name = target.cluster.name
        try:
            client = self._clients.client(target.cluster)
            request = _request(scope, exchange, target)
            async with asyncio.timeout(self._answer_seconds):
                response = await client.send(request, stream=True)
        except (TimeoutError, httpx2.TimeoutException):
            raise _Failed(504, f"the cluster did not answer within {self._answer_seconds:g} seconds") from None
        except (httpx2.HTTPError, OSError) as error:
            LOG.warning("the cluster %s cannot be reached: %s", name, type(error).__name__)
            raise _Failed(503, f"the cluster cannot be reached: {type(error).__name__}") from None
        try:
            await exchange.relay(response, idle_seconds=None if _is_endless(scope) else self._answer_seconds)
        except (TimeoutError, httpx2.HTTPError, OSError) as error:
            LOG.warning("an answer of the cluster %s broke off: %s", name, type(error).__name__)
        finally:
            with contextlib.suppress(httpx2.HTTPError, OSError):
                await response.aclose()


def _request(scope: Scope, exchange: Exchange, target: _Target) -> httpx2.Request:
    """The request to the cluster: the caller's path, query, headers and body, at the address of the record."""
    cluster, query = target.cluster, bytes(scope["query_string"])
    base = httpx2.URL(cluster.server)
    raw = base.raw_path.rstrip(b"/") + target.path.encode("latin-1") + (b"?" + query if query else b"")
    headers = upstream(scope["headers"], target.caller, cluster.proxy_token, groups_of(target.caller))
    headers.append((b"host", base.netloc))
    headers += [(name, value) for name, value in scope["headers"] if name == b"content-length"]
    content = exchange.body() if _has_body(scope) else None
    return httpx2.Request(str(scope["method"]), base.copy_with(raw_path=raw), headers=headers, content=content)


def _has_body(scope: Scope) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0 ") != b"")
        for name, value in scope["headers"]
    )


def _is_endless(scope: Scope) -> bool:
    """Whether the cluster may be silent for as long as it likes: watches and followed logs."""
    endless = {b"watch=true", b"watch=1", b"follow=true", b"follow=1"}
    return not endless.isdisjoint(bytes(scope["query_string"]).split(b"&"))


def _bearer(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"authorization":
            text: str = value.decode("latin-1")
            token = text[7:].strip() if text[:7].lower() == "bearer " else ""
            return token if len(token) <= _MAX_TOKEN and token.isascii() else ""
    return ""
