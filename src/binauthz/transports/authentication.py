"""Who calls: from an Authorization header to a Caller, through whatever checks tokens.

Decides only the shape of the header; refuses tokens anywhere else (URLs are logged by proxies).
"""

import dataclasses
from collections.abc import Awaitable, Callable

from binauthz.base.errors import ApiError, Code
from binauthz.services.context import Caller

Authenticator = Callable[[str], Awaitable[Caller | None]]
"""Takes a bearer token; answers who it belongs to, or None."""

_MAX_TOKEN = 8192
_EXPECTED = "Expected an access token as `Authorization: Bearer TOKEN`."


def missing() -> ApiError:
    """No credential at all."""
    return ApiError(
        Code.UNAUTHENTICATED,
        f"Request is missing required authentication credential. {_EXPECTED}",
        reason="CREDENTIALS_MISSING",
    )


def refused() -> ApiError:
    """A credential that is not good; never says why, and never repeats it."""
    return ApiError(
        Code.UNAUTHENTICATED,
        f"Request had invalid authentication credentials. {_EXPECTED}",
        reason="ACCESS_TOKEN_INVALID",
    )


async def authenticate(
    authenticator: Authenticator, authorization: str | None, *, ip: str = "", user_agent: str = ""
) -> Caller:
    """The caller that an Authorization header proves; raises UNAUTHENTICATED."""
    if not authorization:
        raise missing()
    scheme, _, token = authorization.strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > _MAX_TOKEN or not token.isascii():
        raise refused()
    caller = await authenticator(token)
    if caller is None:
        raise refused()
    printable = "".join(character for character in user_agent[:512] if character.isprintable())
    return dataclasses.replace(caller, ip=ip, user_agent=printable)
