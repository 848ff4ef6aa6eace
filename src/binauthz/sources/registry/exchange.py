"""One HTTP exchange with a registry: bounded in bytes and time, to configured origins only.

No proxy, cookie or credential comes from the environment; redirects are followed by hand, so that each is checked
(THREATS B47, B48).
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin

import httpx2

from binauthz.sources.registry.settings import InvalidRegistry, Origin, RegistrySettings, origin_of
from binauthz.sources.registry.trouble import RegistryTrouble, Trouble

REQUEST_SECONDS = 20.0
"""How long one exchange may take from first to last byte, redirects included."""

_REQUESTS_AT_ONCE = 16
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAX_REDIRECTS = 3
_MAX_URL = 4096
_TIMEOUTS = {"connect": 5.0, "read": 10.0, "write": 10.0, "pool": 20.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A status, headers and a whole body."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


class Exchange:
    """The connections to one registry. Slow answers of one hold up no other (B106)."""

    def __init__(self, settings: RegistrySettings, *, request_seconds: float = REQUEST_SECONDS) -> None:
        self._home = settings.origin
        self._allowed = {self._home, *(origin_of(each, "redirect_origins") for each in settings.redirect_origins)}
        self._seconds = request_seconds
        self._places = asyncio.Semaphore(_REQUESTS_AT_ONCE)
        self._transport = httpx2.AsyncHTTPTransport(
            verify=_trust(settings.ca_file),
            limits=httpx2.Limits(max_connections=_REQUESTS_AT_ONCE, max_keepalive_connections=_REQUESTS_AT_ONCE),
            trust_env=False,
        )

    @property
    def home(self) -> Origin:
        """The registry's own origin."""
        return self._home

    async def send(self, method: str, url: str, headers: Mapping[str, str], *, limit: int) -> Answer:
        """Send a request and follow its redirects; raises RegistryTrouble.

        ``Authorization`` among the headers is for this URL's origin and goes to no other.
        """
        try:
            async with self._places, asyncio.timeout(self._seconds):
                return await self._follow(method, url, headers, limit)
        except (TimeoutError, httpx2.TimeoutException):
            raise RegistryTrouble(Trouble.UNREACHABLE, f"no whole answer from {self._home} in time") from None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise RegistryTrouble(Trouble.UNREACHABLE, f"{type(error).__name__} while asking {self._home}") from None

    async def _follow(self, method: str, url: str, headers: Mapping[str, str], limit: int) -> Answer:
        first = _origin(url)
        for _ in range(_MAX_REDIRECTS + 1):
            origin = _origin(url)
            sent = dict(headers)
            if origin != first:
                sent.pop("authorization", None)
            answer = await self._once(method, url, sent, limit)
            if answer.status not in _REDIRECTS:
                return answer
            url = urljoin(url, answer.headers.get("location", "")[:_MAX_URL])
            self._check(url)
        raise RegistryTrouble(Trouble.FAILED, f"more than {_MAX_REDIRECTS} redirects")

    def _check(self, url: str) -> None:
        if _origin(url) not in self._allowed:
            raise RegistryTrouble(Trouble.ELSEWHERE, f"a redirect to `{shown(url)}`")

    async def _once(self, method: str, url: str, headers: Mapping[str, str], limit: int) -> Answer:
        # Compressed answers are neither asked for nor read: a small one may hold gigabytes.
        sent = {"accept-encoding": "identity", "user-agent": "binauthz", **headers}
        request = httpx2.Request(method, url, headers=sent, extensions={"timeout": _TIMEOUTS})
        response = await self._transport.handle_async_request(request)
        try:
            found = {name.lower(): value for name, value in response.headers.items()}
            if found.get("content-encoding", "identity").lower() not in {"", "identity"}:
                raise RegistryTrouble(Trouble.MALFORMED, "got a compressed answer that was not asked for")
            body = b"" if method == "HEAD" else await _bounded(response, limit)
        finally:
            await response.aclose()
        return Answer(url=url, status=response.status_code, headers=found, body=body)

    async def close(self) -> None:
        """Close every connection."""
        await self._transport.aclose()


def _trust(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:
        raise InvalidRegistry(f"ca_file: `{ca_file}` cannot be used: {error.strerror or error}") from None


async def _bounded(response: httpx2.Response, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.aiter_raw():
        size += len(chunk)
        if size > limit:
            raise RegistryTrouble(Trouble.TOO_LARGE, f"got more than {limit} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def shown(url: str) -> str:
    """What may be said of a URL that a registry gave: its query, or a user in it, may be a credential (B110)."""
    place = url.partition("?")[0].partition("#")[0]
    scheme, separator, rest = place.partition("://")
    host, slash, path = rest.partition("/")
    return ascii(f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}"[:200])[1:-1]


def _origin(url: str) -> Origin | None:
    """The origin of a URL that a registry gave; None for one that is not plain http(s)."""
    try:
        return origin_of(url.partition("#")[0].partition("?")[0], "url")
    except InvalidRegistry:
        return None
