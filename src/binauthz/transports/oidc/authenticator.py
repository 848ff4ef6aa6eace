"""Who a JWT of a configured issuer says the caller is (RFC 7519, OpenID Connect Core 3.1.3.7).

The token chooses one thing only: which configured issuer is asked, by an exact ``iss``. Algorithms come from the
configuration and from the issuer's keys, keys from the issuer's own set. A header with ``jku``, ``jwk`` or ``x5u`` is
refused, and what it points to is never asked (THREATS B67).
"""

import logging
import time
from collections.abc import Callable, Iterable

from binauthz.base.clock import Clock
from binauthz.base.errors import ApiError, Code
from binauthz.crypto.errors import SignatureRefusedError
from binauthz.crypto.jws import split_token, verify_token
from binauthz.crypto.strict_json import NotStrictJsonError, parse_object
from binauthz.services.context import Caller
from binauthz.transports.oidc.claims import ClaimsRefusedError, caller_of
from binauthz.transports.oidc.fetch import Fetcher
from binauthz.transports.oidc.key_source import KeySets, KeySource, KeysUnavailableError
from binauthz.transports.oidc.settings import Issuer

LOG = logging.getLogger(__name__)
_TYPES = frozenset({"JWT", "AT+JWT"})


def is_jwt(token: str) -> bool:
    """Whether a bearer token has the form of a JWT, which ours never have."""
    return token.count(".") == 2


class OidcAuthenticator:
    """Every configured issuer."""

    def __init__(
        self,
        issuers: Iterable[Issuer],
        clock: Clock,
        *,
        sets: Callable[[Issuer], KeySets] = Fetcher,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._issuers: dict[str, tuple[Issuer, KeySource]] = {}
        for issuer in issuers:
            if issuer.issuer in self._issuers:
                raise ValueError(f"the issuer `{issuer.issuer}` is configured twice")
            self._issuers[issuer.issuer] = (issuer, KeySource(issuer, sets(issuer), monotonic))

    async def authenticate(self, token: str) -> Caller | None:
        """Who the token names; None where it proves nothing.

        Raises UNAVAILABLE where an issuer's keys cannot be had, since the token may be good.
        """
        try:
            parts = split_token(token, types=_TYPES)
            claims = parse_object(parts.payload)
            known = self._issuers.get(str(claims.get("iss")))
            if known is None:
                return None
            issuer, source = known
            if parts.alg not in issuer.algorithms:
                return None
            key = await source.key(parts.kid, parts.alg)
            if key is None:
                return None
            verify_token(parts, key)
            return caller_of(claims, issuer, self._clock.now())
        except (SignatureRefusedError, NotStrictJsonError):
            return None
        except ClaimsRefusedError as error:
            LOG.info("a token that an issuer signed was refused: %s", error)
            return None
        except KeysUnavailableError:
            raise ApiError(Code.UNAVAILABLE, "The keys of the token's issuer cannot be had: try again later.") from None

    async def close(self) -> None:
        """Let go of every issuer."""
        for _, source in self._issuers.values():
            await source.close()
