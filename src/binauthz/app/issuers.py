"""From the configured issuers to the authenticator of their tokens."""

from collections.abc import Iterable

from binauthz.app.sections import OidcIssuer
from binauthz.base.clock import Clock
from binauthz.transports.oidc.authenticator import OidcAuthenticator
from binauthz.transports.oidc.settings import Issuer


def authenticator(configured: Iterable[OidcIssuer], clock: Clock) -> OidcAuthenticator:
    """The authenticator of every configured issuer; raises ValueError for one that is there twice."""
    return OidcAuthenticator([_issuer(each) for each in configured], clock)


def _issuer(section: OidcIssuer) -> Issuer:
    return Issuer(
        issuer=section.issuer,
        audiences=frozenset(section.audiences),
        algorithms=section.algorithms,
        jwks_url=section.jwks_url,
        jwks_hosts=frozenset(section.jwks_hosts),
        ca_file=section.ca_file,
        principal_claim=section.principal_claim,
        principal_prefix=section.principal_prefix,
        principal_suffix=section.principal_suffix,
        require_verified_email=section.require_verified_email,
        domains=frozenset(each.lower() for each in section.domains),
        groups_claim=section.groups_claim,
        groups_prefix=section.groups_prefix,
        groups_suffix=section.groups_suffix,
        required_claims=section.required_claims,
        leeway_seconds=section.leeway_seconds,
        refresh_seconds=section.refresh_seconds,
        stale_seconds=section.stale_seconds,
    )
