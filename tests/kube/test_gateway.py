"""The gateway in front of a cluster, both over real TLS."""

import asyncio
import datetime as dt
import json
import socket
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn

from binauthz.app.certificates import Authority
from binauthz.base.clock import SystemClock
from binauthz.base.errors import ApiError, Code
from binauthz.kube.proxy import Gateway
from binauthz.services.context import Caller, Context
from binauthz.store import open_store
from binauthz.store.records import Cluster, Membership, Project

pytestmark = [pytest.mark.servers]

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
BASE = "/v1/projects/123456789012/locations/global/gkeMemberships/local-cluster"
CLUSTER = "projects/p1/locations/us-central1-a/clusters/local-cluster"


@dataclass
class Upstream:
    """What the cluster was asked, and how it behaves."""

    requests: list[dict[str, Any]] = field(default_factory=list)
    disconnected: threading.Event = field(default_factory=threading.Event)
    pieces_seen: list[int] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        path = scope["path"]
        if path == "/hang":
            await asyncio.sleep(30)
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            self.pieces_seen.append(len(message.get("body", b"")))
            more = message.get("more_body", False)
        headers = [(key.decode(), value.decode()) for key, value in scope["headers"]]
        self.requests.append(
            {
                "method": scope["method"],
                "path": scope["raw_path"].decode(),
                "query": scope["query_string"].decode(),
                "headers": headers,
                "body": body,
            }
        )
        start: dict[str, Any] = {"type": "http.response.start", "status": 200, "headers": [(b"x-from", b"cluster")]}
        if path == "/redirect":
            start.update(status=302, headers=[(b"location", b"https://evil.example/")])
        await send(start)
        if path == "/watch":
            await send({"type": "http.response.body", "body": b'{"type":"ADDED"}\n', "more_body": True})
            while (await receive())["type"] != "http.disconnect":
                pass
            self.disconnected.set()
            return
        if path == "/broken":
            await send({"type": "http.response.body", "body": b"half", "more_body": True})
            raise ConnectionResetError
        await send({"type": "http.response.body", "body": json.dumps({"length": len(body)}).encode()})


class Served:
    """An ASGI application on a thread of its own."""

    def __init__(self, app: Any, cert: Path, key: Path, on_stop: Callable[[], Awaitable[None]] | None = None) -> None:
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            app, ws="none", lifespan="off", log_level="critical", ssl_certfile=cert, ssl_keyfile=key, access_log=False
        )
        self._server = uvicorn.Server(config)

        async def main() -> None:
            await self._server.serve(sockets=[listener])
            if on_stop is not None:
                await on_stop()
            # One turn of the loop more, in which the transports of cut connections are closed.
            await asyncio.sleep(0.05)

        self._thread = threading.Thread(target=lambda: asyncio.run(main()))
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop and wait."""
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join()


@dataclass
class Setting:
    """The two servers and a client of the gateway."""

    upstream: Upstream
    client: httpx2.Client
    denied: set[str]
    move: Callable[..., None]


@pytest.fixture
def setting(tmp_path: Path) -> Iterator[Setting]:
    authority = Authority(tmp_path / "pki", dt.datetime.now(dt.UTC))
    leaf = authority.leaf("servers", ("127.0.0.1",), dt.datetime.now(dt.UTC))
    upstream = Upstream()
    cluster = Served(upstream, leaf.cert_file, leaf.key_file)
    url = f"sqlite:///{tmp_path / 'store.sqlite'}"

    def move(**changes: Any) -> None:
        members: dict[str, Any] = {
            "name": CLUSTER,
            "server": f"https://127.0.0.1:{cluster.port}",
            "ca_pem": authority.ca_pem,
            "create_time": NOW,
            "proxy_token": "of-the-gateway",
        }

        async def write() -> None:
            store = open_store(url)
            await store.write(lambda tx: tx.put(Cluster(**{**members, **changes})))
            await store.close()

        asyncio.run(write())

    async def fill() -> None:
        store = open_store(url)
        membership = Membership(
            name="projects/p1/locations/global/memberships/local-cluster",
            cluster=CLUSTER,
            unique_id="u",
            create_time=NOW,
            update_time=NOW,
        )
        await store.write(lambda tx: tx.put(membership))
        await store.write(lambda tx: tx.put(Project(name="projects/p1", number=123456789012, create_time=NOW)))
        await store.close()

    asyncio.run(fill())
    move()
    denied: set[str] = set()

    async def authenticate(token: str) -> Caller | None:
        callers = {"good": "user:a@b.c", "reserved": "user:system:admin"}
        return Caller(principal=callers[token], groups=("sre",)) if token in callers else None

    async def authorize(ctx: Context, permission: str, resource: str) -> None:
        assert resource == "projects/123456789012/locations/global/memberships/local-cluster"
        if permission in denied:
            raise ApiError(Code.PERMISSION_DENIED, f"Permission '{permission}' denied")

    store = open_store(url)
    gateway = Gateway(store, SystemClock(), authenticator=authenticate, authorize=authorize, answer_seconds=1.0)
    door = Served(gateway, leaf.cert_file, leaf.key_file, on_stop=gateway.close)
    client = httpx2.Client(
        base_url=f"https://127.0.0.1:{door.port}{BASE}",
        verify=ssl.create_default_context(cafile=authority.ca_file),
        headers={"Authorization": "Bearer good"},
        trust_env=False,
        timeout=10,
    )
    try:
        yield Setting(upstream, client, denied, move)
    finally:
        client.close()
        door.stop()
        cluster.stop()
        asyncio.run(store.close())


def failure(response: httpx2.Response) -> tuple[int, str, str]:
    body = response.json()
    assert (body["kind"], body["status"], body["code"]) == ("Status", "Failure", response.status_code)
    return response.status_code, body["reason"], body["message"]


def test_a_request_reaches_the_cluster_under_the_callers_name(setting: Setting) -> None:
    response = setting.client.post(
        "/api/v1/namespaces/default/pods?fieldManager=kubectl-run&x=%2Fa",
        content=b'{"kind":"Pod"}',
        headers={"Impersonate-User": "system:admin", "Accept": "application/json;as=Table"},
    )
    assert (response.status_code, response.json()) == (200, {"length": 14})
    assert response.headers["x-from"] == "cluster"
    (asked,) = setting.upstream.requests
    assert (asked["method"], asked["path"]) == ("POST", "/api/v1/namespaces/default/pods")
    assert (asked["query"], asked["body"]) == ("fieldManager=kubectl-run&x=%2Fa", b'{"kind":"Pod"}')
    headers = dict(asked["headers"])
    assert headers["authorization"] == "Bearer of-the-gateway"
    assert headers["impersonate-user"] == "a@b.c"
    assert headers["impersonate-group"] == "sre"
    assert headers["accept"] == "application/json;as=Table"
    assert [key for key, _ in asked["headers"]].count("impersonate-user") == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_every_verb_passes(setting: Setting, method: str) -> None:
    assert setting.client.request(method, "/api").status_code == 200
    assert setting.upstream.requests[0]["method"] == method


def test_a_large_body_is_streamed(setting: Setting) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(40):
            yield b"x" * 100_000

    response = setting.client.put("/api", content=pieces())
    assert response.json() == {"length": 4_000_000}
    assert len(setting.upstream.pieces_seen) > 5


def test_a_watch_is_streamed_and_ends_with_its_caller(setting: Setting) -> None:
    with setting.client.stream("GET", "/watch?watch=true") as response:
        pieces = response.iter_raw()
        assert next(pieces) == b'{"type":"ADDED"}\n'
        # Silence is no error on a watch, however long the limit of other answers is.
        time.sleep(1.3)
        assert not setting.upstream.disconnected.is_set()
    assert setting.upstream.disconnected.wait(5)


def test_B103_a_cluster_that_hangs_is_given_up_in_bounded_time(setting: Setting) -> None:
    started = time.monotonic()
    code, reason, message = failure(setting.client.get("/hang"))
    assert (code, reason) == (504, "Timeout")
    assert "did not answer" in message
    assert time.monotonic() - started < 4


def test_a_cluster_that_is_not_there_is_unavailable(setting: Setting) -> None:
    setting.move(server="https://127.0.0.1:1")
    assert failure(setting.client.get("/api"))[:2] == (503, "ServiceUnavailable")


def test_B49_a_cluster_with_another_ca_is_not_spoken_to(setting: Setting, tmp_path: Path) -> None:
    other = Authority(tmp_path / "other", dt.datetime.now(dt.UTC))
    setting.move(ca_pem=other.ca_pem)
    code, _, message = failure(setting.client.get("/api"))
    assert code == 503
    assert "of-the-gateway" not in message
    assert setting.upstream.requests == []


@pytest.mark.parametrize("changes", [{"server": "http://127.0.0.1:1"}, {"ca_pem": "not a certificate"}])
def test_a_record_that_cannot_be_trusted_is_not_used(setting: Setting, changes: dict[str, str]) -> None:
    setting.move(**changes)
    assert failure(setting.client.get("/api"))[0] == 503


def test_B47_a_redirect_is_handed_on_and_not_followed(setting: Setting) -> None:
    assert setting.client.get("/redirect").status_code == 302
    assert len(setting.upstream.requests) == 1


def test_an_answer_that_breaks_off_does_not_look_whole(setting: Setting) -> None:
    with pytest.raises(httpx2.RemoteProtocolError):
        setting.client.get("/broken")


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer bad", "Basic good"])
def test_B100_strangers_are_unauthorized(setting: Setting, token: str) -> None:
    assert failure(setting.client.get("/api", headers={"Authorization": token}))[:2] == (401, "Unauthorized")
    assert setting.upstream.requests == []


def test_a_name_that_kubernetes_reserves_is_forbidden(setting: Setting) -> None:
    assert failure(setting.client.get("/api", headers={"Authorization": "Bearer reserved"}))[0] == 403
    assert setting.upstream.requests == []


def test_each_verb_asks_its_own_permission(setting: Setting) -> None:
    setting.denied.add("gkehub.gateway.post")
    assert setting.client.get("/api").status_code == 200
    code, reason, message = failure(setting.client.post("/api"))
    assert (code, reason) == (403, "Forbidden")
    assert "gkehub.gateway.post" in message


def test_an_upgrade_is_refused_in_words(setting: Setting) -> None:
    headers = {"Connection": "Upgrade", "Upgrade": "SPDY/3.1"}
    code, _, message = failure(setting.client.post("/api/v1/namespaces/default/pods/p/exec", headers=headers))
    assert code == 501
    assert "upgrade" in message


def test_another_path_is_not_found(setting: Setting) -> None:
    host = str(setting.client.base_url).removesuffix(f"{BASE}/")
    assert failure(setting.client.get(f"{host}/elsewhere"))[0] == 404
