"""Credentials for a registry: sent to the registry itself, or to the token realm that the operator named.

A registry chooses what its challenge says. It is read for the service's name only: the realm must be the configured
one, and the scope asked for is ours, so that a challenge can neither redirect a password nor widen a token.
"""

import base64
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from binauthz.base.limits import MAX_REGISTRY_TOKEN_BYTES
from binauthz.crypto.strict_json import NotStrictJsonError, parse_object
from binauthz.sources.registry.exchange import Exchange, shown
from binauthz.sources.registry.settings import InvalidRegistry, RegistrySettings
from binauthz.sources.registry.trouble import RegistryTrouble, Trouble

_PARAMETER = re.compile(r'([a-zA-Z_]{1,32})="([^"]{0,2048})"')
_CHALLENGE_LIMIT = 4096
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{1,32768}")
_DEFAULT_LIFE = 60
_LONGEST_LIFE = 3600
_MARGIN = 5
_MAX_TOKENS = 1000


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    good_until: float


class Credentials:
    """What to send as ``Authorization``, by scope such as ``repository:team/app:pull``."""

    def __init__(self, settings: RegistrySettings, exchange: Exchange) -> None:
        self._realm = settings.token_realm
        self._basic = _basic(settings.credentials_file)
        self._exchange = exchange
        self._tokens: dict[str, _Token] = {}

    def header(self, scope: str) -> Mapping[str, str]:
        """What is sent without having been challenged."""
        if not self._realm:
            return {"authorization": self._basic} if self._basic else {}
        token = self._tokens.get(scope)
        if token is None or token.good_until < time.monotonic():
            return {}
        return {"authorization": f"Bearer {token.value}"}

    async def renew(self, scope: str, challenge: str) -> bool:
        """Get a token as the challenge of a refused request asks; False when there is nothing else to try.

        Raises RegistryTrouble where the challenge names a realm that is not configured.
        """
        scheme, _, rest = challenge[:_CHALLENGE_LIMIT].strip().partition(" ")
        if scheme.lower() != "bearer":
            return False
        said = {name.lower(): value for name, value in _PARAMETER.findall(rest)}
        realm = said.get("realm", "")
        if not self._realm or realm != self._realm:
            raise RegistryTrouble(Trouble.ELSEWHERE, f"the token realm `{shown(realm)}`")
        query = urlencode({"service": said.get("service", "")[:255], "scope": scope})
        headers = {"accept": "application/json", **({"authorization": self._basic} if self._basic else {})}
        asked = f"{self._realm}{'&' if '?' in self._realm else '?'}{query}"
        answer = await self._exchange.send("GET", asked, headers, limit=MAX_REGISTRY_TOKEN_BYTES)
        if answer.status != 200:
            raise RegistryTrouble(Trouble.DENIED, f"the token realm answered {answer.status}")
        if len(self._tokens) >= _MAX_TOKENS:
            self._tokens.clear()
        self._tokens[scope] = _read(answer.body)
        return True


def _basic(file: str) -> str:
    if not file:
        return ""
    try:
        text = Path(file).read_text().strip()
    except OSError as error:
        raise InvalidRegistry(f"credentials_file: `{file}` cannot be read: {error.strerror}") from None
    user, colon, _ = text.partition(":")
    if not colon or not user or not text.isprintable():
        raise InvalidRegistry(f"credentials_file: `{file}` does not hold one line USER:PASSWORD")
    return f"Basic {base64.b64encode(text.encode()).decode()}"


def _read(body: bytes) -> _Token:
    try:
        document = parse_object(body, limit=MAX_REGISTRY_TOKEN_BYTES)
    except NotStrictJsonError as error:
        raise RegistryTrouble(Trouble.MALFORMED, f"token: {error}") from None
    value = document.get("token") or document.get("access_token")
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise RegistryTrouble(Trouble.MALFORMED, "token: expected a bearer token")
    life = document.get("expires_in")
    seconds = life if isinstance(life, int) and not isinstance(life, bool) and life > 0 else _DEFAULT_LIFE
    return _Token(value, time.monotonic() + max(1, min(seconds, _LONGEST_LIFE) - _MARGIN))
