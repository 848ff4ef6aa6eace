"""What an operator says of one issuer; nothing that arrives with a token adds to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Algorithm = Literal["RS256", "RS512", "PS256", "PS512", "ES256", "ES384", "ES512"]
"""The asymmetric algorithms of RFC 7518 that we verify. ``none`` and the HMACs are not among them (THREATS B67)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """One issuer; the meaning of each member is documented with the configuration."""

    issuer: str
    audiences: frozenset[str]
    algorithms: tuple[str, ...] = ("RS256", "ES256")
    jwks_url: str = ""
    jwks_hosts: frozenset[str] = frozenset()
    ca_file: str = ""
    principal_claim: str = "email"
    principal_prefix: str = "user:"
    principal_suffix: str = ""
    require_verified_email: bool = True
    domains: frozenset[str] = frozenset()
    groups_claim: str = "groups"
    groups_prefix: str = ""
    groups_suffix: str = ""
    required_claims: Mapping[str, str] = field(default_factory=dict)
    leeway_seconds: float = 30.0
    refresh_seconds: float = 3600.0
    stale_seconds: float = 86_400.0
