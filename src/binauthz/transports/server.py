"""The ASGI application of the plain HTTP port: health, metrics, and every REST API on one origin (DESIGN D11)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from binauthz.transports import catalogue
from binauthz.transports.dispatch import Dispatcher, internal
from binauthz.transports.errors import rest_error
from binauthz.transports.rest import MAX_BODY, Receive, RestTranscoder, Scope, Send, respond

App = Callable[[Scope, Receive, Send], Awaitable[None]]


async def _always() -> str | None:
    return None


async def _nothing() -> tuple[str, bytes]:
    return "text/plain; version=0.0.4; charset=utf-8", b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """What the unauthenticated pages ask: each answers None when well, or one line that says what is not."""

    healthy: Callable[[], Awaitable[str | None]] = _always
    ready: Callable[[], Awaitable[str | None]] = _always
    metrics: Callable[[], Awaitable[tuple[str, bytes]]] = _nothing


def application(dispatcher: Dispatcher, *, hooks: Hooks | None = None, max_body: int = MAX_BODY) -> App:
    """The application, for uvicorn.

    Run it with ``access_log=False``: a caller may put a token into a URL, and the access log would keep it.
    """
    transcoder = RestTranscoder(dispatcher, max_body=max_body)
    methods = catalogue.Catalogue(dispatcher)
    pages = hooks or Hooks()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "lifespan":
                await _lifespan(receive, send)
            case "http":
                if scope["path"] in {"/healthz", "/livez", "/readyz", "/metrics"} and scope["method"] in {
                    "GET",
                    "HEAD",
                }:
                    await _page(pages, scope["path"], send)
                elif scope["path"] == catalogue.PATH and scope["method"] == "GET":
                    await methods(scope, receive, send)
                else:
                    await transcoder(scope, receive, send)
            case "websocket":
                await receive()
                await send({"type": "websocket.close", "code": 1008})

    return app


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        else:
            await send({"type": "lifespan.shutdown.complete"})
            return


async def _page(hooks: Hooks, path: str, send: Send) -> None:
    try:
        if path == "/metrics":
            content_type, body = await hooks.metrics()
            await respond(send, 200, body, content_type=content_type.encode())
            return
        trouble = await (hooks.ready() if path == "/readyz" else hooks.healthy())
        text = "ok\n" if trouble is None else f"{trouble}\n"
        await respond(send, 200 if trouble is None else 503, text.encode(), content_type=b"text/plain; charset=utf-8")
    except Exception:  # noqa: BLE001 - a broken probe must answer, not hang up
        status, headers, body = rest_error(internal(path))
        await respond(send, status, body, headers)
