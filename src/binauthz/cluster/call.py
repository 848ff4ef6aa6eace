"""One request as the pipeline sees it, whether it came over HTTPS or from a controller."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from binauthz.cluster.client import Object
from binauthz.cluster.resource import Resource

MASTERS = "system:masters"
AUTHENTICATED = "system:authenticated"
WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who asks."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def info(self) -> Object:
        """The authentication.k8s.io/v1 UserInfo."""
        found: Object = {"username": self.name, "groups": list(self.groups)}
        if self.uid:
            found["uid"] = self.uid
        if self.extra:
            found["extra"] = {key: list(values) for key, values in self.extra.items()}
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request. ``annotations`` and ``warnings`` collect what admission and decoding have to say on the way.

    ``impersonated`` is the user that acts when ``user`` speaks for another. ``raw`` is the body as sent; ``body`` is
    what it decodes to, which for a patch is the patch.
    """

    user: User
    verb: str
    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    impersonated: User | None = None
    content_type: str = "application/json"
    raw: bytes = b""
    body: Any = None
    dry_run: bool = False
    manager: str = "unknown"
    validation: str = "Warn"
    force: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    labels: str = ""
    fields: str = ""
    source: str = "::1"
    agent: str = ""
    uri: str = ""
    audit_id: str = ""
    received: dt.datetime
    annotations: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @property
    def actor(self) -> User:
        """The user whose rights count."""
        return self.impersonated or self.user

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return self.verb in WRITES
