"""Who a verified payload says the caller is, by the rules of its issuer; anything unclear is refused.

The signature was checked before, by a key of the issuer that this payload names. Refused here: another audience, times
outside the token's life, an e-mail address that nobody verified, and names that only this installation gives out.
"""

import datetime as dt
from collections.abc import Mapping

from binauthz.services.context import Caller
from binauthz.services.members import is_member
from binauthz.transports.oidc.settings import Issuer

_EMAIL = "email"
_MAX_NAME = 256
_MAX_GROUPS = 500
_LATEST = 1e12
# Addresses that stand for parts of the installation itself.
_OURS = ("@binauthz.local", ".iam.gserviceaccount.com")

Claims = Mapping[str, object]


class ClaimsRefusedError(Exception):
    """The claims prove no caller; the message is for the operator's log and not for the caller."""


def caller_of(claims: Claims, issuer: Issuer, now: dt.datetime) -> Caller:
    """The caller that the claims prove at a moment. Raises ClaimsRefusedError."""
    if claims.get("iss") != issuer.issuer:
        raise ClaimsRefusedError("`iss` is another issuer")
    _check_audience(claims, issuer)
    _check_times(claims, issuer.leeway_seconds, now.timestamp())
    for name, expected in issuer.required_claims.items():
        if _claim(claims, name) != expected:
            raise ClaimsRefusedError(f"the claim `{name}` is not what the configuration requires")
    return Caller(principal=_principal(claims, issuer), groups=_groups(claims, issuer))


def _check_audience(claims: Claims, issuer: Issuer) -> None:
    """Step 3 of OpenID Connect Core 3.1.3.7."""
    audience = claims.get("aud")
    named = [audience] if isinstance(audience, str) else audience
    if not isinstance(named, list) or not all(isinstance(each, str) for each in named):
        raise ClaimsRefusedError("`aud` is neither a text nor a list of texts")
    if issuer.audiences.isdisjoint(named):
        raise ClaimsRefusedError("`aud` names none of the configured audiences")


def _check_times(claims: Claims, leeway: float, now: float) -> None:
    """Steps 9 and 10 of OpenID Connect Core 3.1.3.7, and ``nbf`` of RFC 7519 4.1.5."""
    expires = _time(claims, "exp")
    if expires is None:
        raise ClaimsRefusedError("`exp` is missing")
    if now >= expires + leeway:
        raise ClaimsRefusedError("the token has expired")
    for name in ("nbf", "iat"):
        since = _time(claims, name)
        if since is not None and now < since - leeway:
            raise ClaimsRefusedError(f"`{name}` is in the future")


def _time(claims: Claims, name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LATEST:
        raise ClaimsRefusedError(f"`{name}` is not a number of seconds")
    return float(value)


def _claim(claims: Claims, name: str) -> object:
    """A claim by its name, else by a path of names such as ``realm_access.roles``."""
    if name in claims:
        return claims[name]
    value: object = claims
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _principal(claims: Claims, issuer: Issuer) -> str:
    value = _claim(claims, issuer.principal_claim)
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_NAME:
        raise ClaimsRefusedError(f"the claim `{issuer.principal_claim}` is not a short text")
    if issuer.principal_claim == _EMAIL and issuer.require_verified_email and claims.get("email_verified") is not True:
        raise ClaimsRefusedError("`email_verified` is not true")
    address = f"{value}{issuer.principal_suffix}"
    if "@" in address:
        address = address.lower()
        if address.endswith(_OURS):
            raise ClaimsRefusedError("the address stands for a part of this installation")
        if issuer.domains and address.rpartition("@")[2] not in issuer.domains:
            raise ClaimsRefusedError("the address is of none of the configured domains")
    elif issuer.domains:
        raise ClaimsRefusedError("the name has no domain, and the configuration asks for one")
    principal = f"{issuer.principal_prefix}{address}"
    if not is_member(principal):
        raise ClaimsRefusedError("the claim makes no name that a binding could hold")
    return principal


def _groups(claims: Claims, issuer: Issuer) -> tuple[str, ...]:
    """The groups; what is no group name is left out, as that only takes rights away."""
    found = _claim(claims, issuer.groups_claim) if issuer.groups_claim else None
    named = [found] if isinstance(found, str) else found
    if not isinstance(named, list):
        return ()
    groups: dict[str, None] = {}
    for each in named[:_MAX_GROUPS]:
        # Space at either end is lost in a header, and the rest may be a name that is not for an issuer to give.
        if isinstance(each, str) and 0 < len(each) <= _MAX_NAME and each.isprintable() and each == each.strip():
            group = f"{issuer.groups_prefix}{each}{issuer.groups_suffix}"
            group = group.lower() if "@" in group else group
            if not group.startswith("system:"):
                groups[group] = None
    return tuple(groups)
