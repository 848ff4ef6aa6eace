"""The documents of an issuer over HTTPS: only from hosts that the operator named, bounded in bytes and time.

No redirect is followed, no proxy of the environment used, and no compressed answer read. Which host is asked is
decided by the configuration; a discovery document may only choose among the hosts that it names (DESIGN 6).
"""

import asyncio
import ssl
from urllib.parse import urlsplit

import httpx2

from binauthz.crypto.strict_json import NotStrictJsonError, parse_object
from binauthz.transports.oidc.keys import MAX_SET_BYTES
from binauthz.transports.oidc.settings import Issuer

FETCH_SECONDS = 5.0
_DISCOVERY = "/.well-known/openid-configuration"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class FetchFailedError(Exception):
    """The issuer did not give its keys; the message is for the operator's log."""


def check_url(url: str, what: str) -> None:
    """Raise ValueError unless a URL is https, or http to this machine, and names nothing but a place."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError(f"`{what}` is not a URL") from None
    if not parts.hostname or parts.username is not None or parts.fragment:
        raise ValueError(f"`{what}` is not a URL of a host, without user or fragment")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ValueError(f"`{what}` is not https; http is for this machine only")


class Fetcher:
    """The connection to one issuer."""

    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer
        home = urlsplit(issuer.issuer).hostname or ""
        self._hosts = {home, *issuer.jwks_hosts}
        self._client = httpx2.AsyncClient(
            verify=ssl.create_default_context(cafile=issuer.ca_file or None),
            trust_env=False,
            follow_redirects=False,
            timeout=FETCH_SECONDS,
        )

    async def key_set(self) -> bytes:
        """The key set as it is now. Raises FetchFailedError."""
        try:
            async with asyncio.timeout(2 * FETCH_SECONDS):
                return await self._get(self._issuer.jwks_url or await self._discovered())
        except (TimeoutError, httpx2.HTTPError, httpx2.InvalidURL, OSError, UnicodeError) as error:
            raise FetchFailedError(f"{type(error).__name__} while asking the issuer") from None

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _discovered(self) -> str:
        """Where the key set is, by OpenID Connect Discovery 1.0 section 4."""
        try:
            document = parse_object(await self._get(self._issuer.issuer.rstrip("/") + _DISCOVERY), limit=MAX_SET_BYTES)
        except NotStrictJsonError as error:
            raise FetchFailedError(f"the discovery document is not JSON: {error}") from None
        if document.get("issuer") != self._issuer.issuer:
            raise FetchFailedError("the discovery document is of another issuer")
        url = document.get("jwks_uri")
        if not isinstance(url, str):
            raise FetchFailedError("the discovery document has no `jwks_uri`")
        try:
            check_url(url, "jwks_uri")
        except ValueError as error:
            raise FetchFailedError(str(error)) from None
        if urlsplit(url).hostname not in self._hosts:
            raise FetchFailedError("`jwks_uri` is on a host that the configuration does not name in `jwks_hosts`")
        return url

    async def _get(self, url: str) -> bytes:
        headers = {"accept": "application/json", "accept-encoding": "identity", "user-agent": "binauthz"}
        async with self._client.stream("GET", url, headers=headers) as response:
            if response.status_code != 200:
                raise FetchFailedError(f"the issuer answered {response.status_code}")
            if response.headers.get("content-encoding", "identity").lower() != "identity":
                raise FetchFailedError("the issuer answered compressed")
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MAX_SET_BYTES:
                    raise FetchFailedError(f"the issuer answered more than {MAX_SET_BYTES} bytes")
            return bytes(body)
