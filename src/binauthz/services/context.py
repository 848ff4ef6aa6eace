"""What a use case is given besides its arguments."""

from dataclasses import dataclass, field

from binauthz.base.clock import Clock
from binauthz.base.limits import Limits
from binauthz.crypto.sealing import SealingKeySource
from binauthz.services.kms.custody import Custody
from binauthz.sources.registry import Registries
from binauthz.store.interface import Store

NO_REGISTRIES = Registries()


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls: a member such as ``user:owner@binauthz.local``, with groups; never read from the request's body."""

    principal: str
    groups: tuple[str, ...] = ()
    ip: str = ""
    user_agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings that use cases read. Each corresponds to a documented open question (SPEC 12) or an operator's
    choice."""

    stale_etag_is_conflict: bool = False
    bare_name_covers_tags: bool = False
    gateway_url: str = ""
    gateway_ca_pem: str = ""
    log_retention_days: int = 0
    keeps_clusters: bool = False
    cluster_limit: int = 0
    sealing: SealingKeySource | None = None
    custody: Custody | None = None
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One call: who, when, the store, and the registries that an operator configured."""

    caller: Caller
    clock: Clock
    store: Store
    settings: Settings = Settings()
    registries: Registries = NO_REGISTRIES
