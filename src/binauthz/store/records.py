"""What the store keeps besides policies and attestors.

Every record is a frozen dataclass with a ``name``: its full resource name, unique within its type. ``parent`` of a
record is the prefix that collections are listed by, for example ``projects/demo-project``.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from binauthz.attestation.model import Attestation


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """``projects/{id}`` and its number."""

    name: str
    number: int
    create_time: dt.datetime

    @property
    def project_id(self) -> str:
        """The id without the collection."""
        return self.name.removeprefix("projects/")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnabledService:
    """``projects/{p}/services/{host}``; a row exists only while the service is enabled."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisabledService:
    """``projects/{p}/services/{host}``; a row exists while a service that somebody disabled has not been enabled
    again. A service that nobody ever enabled has none."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A long-running operation; ``response`` and ``metadata`` are JSON objects with ``@type``."""

    name: str
    done: bool
    response: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyBinding:
    """A platform policy bound to a cluster."""

    name: str
    enforcement_mode: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """``projects/{p}/locations/{l}/clusters/{c}``: a cluster we enforce for.

    ``server`` is the https URL of its API, ``ca_pem`` the certificate that signs it. ``proxy_token`` is the bearer
    token
    by which the gateway acts for authenticated callers; ``webhook_token_hash`` is the SHA-256 of the credential with
    which the cluster calls our doors. ``on_error`` is ``fail-open`` or ``fail-closed`` (D4).
    """

    name: str
    server: str
    ca_pem: str
    create_time: dt.datetime
    evaluation_mode: str = "PROJECT_SINGLETON_POLICY_ENFORCE"
    policy_bindings: tuple[PolicyBinding, ...] = ()
    on_error: str = "fail-open"
    strict_updates: bool = False
    status: str = "RUNNING"
    version: str = ""
    embedded: bool = False
    proxy_token: str = ""
    webhook_token_hash: str = ""
    break_glass_groups: tuple[str, ...] = ()
    status_message: str = ""
    unique_id: str = ""
    kept: bool = False
    """Created through the API: a local cluster that a keeper runs and removes."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What its creator asked for beyond what we model, in the API's JSON form: returned as given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterOperation:
    """``projects/{p}/locations/{l}/operations/{o}``: a change of one cluster, under way or over.

    ``status`` is ``RUNNING``, ``ABORTING`` or ``DONE``; one that is over and did not succeed says why in ``error``.
    ``stages`` are its steps in order, each with its status.
    """

    name: str
    cluster: str
    type: str
    start_time: dt.datetime
    status: str = "RUNNING"
    end_time: dt.datetime | None = None
    detail: str = ""
    error: str = ""
    error_code: int = 0
    stages: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """``projects/{p}/locations/global/fleets/default``: a project's fleet. ``settings`` are what its owner set, in the
    API's JSON form."""

    name: str
    unique_id: str
    create_time: dt.datetime
    update_time: dt.datetime
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """``projects/{p}/locations/{l}/memberships/{m}``: a fleet's view of a cluster, by its resource name.

    ``settings`` are what its creator set beyond the labels, in the API's JSON form.
    """

    name: str
    cluster: str
    unique_id: str
    create_time: dt.datetime
    update_time: dt.datetime
    labels: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """One role and who holds it, in Google's member syntax (``user:``, ``serviceAccount:``, ``group:``,
    ``allUsers``)."""

    role: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IamPolicy:
    """The IAM policy set on a resource; ``name`` is the resource's name."""

    name: str
    bindings: tuple[Binding, ...] = ()
    etag: str = "ACAB"
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A bearer token we issued: ``name`` is the hex SHA-256 of the token, ``principal`` a member such as
    ``user:a@b``."""

    name: str
    principal: str
    create_time: dt.datetime
    expire_time: dt.datetime | None = None
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A Grafeas note. ``body`` is the serialized grafeas.v1.Note, complete, so that no detail is ever lost.

    ``v1beta1`` is the message itself where that version wrote it; ``body`` then says the same as far as v1 can.
    """

    name: str
    kind: str
    create_time: dt.datetime
    update_time: dt.datetime
    body: bytes
    v1beta1: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """A Grafeas occurrence. ``body`` is the serialized grafeas.v1.Occurrence, complete.

    ``digest`` is the 64 hex digits of the image digest that ``resource_uri`` ends with, else empty. ``identity`` is
    what must be
    unique within the project (SPEC 12, duplicate occurrence), else empty. ``attestation`` is set for kind ATTESTATION.
    ``severity`` (the effective one, by name) and ``fixable`` are set for kind VULNERABILITY, ``package`` for PACKAGE.
    ``v1beta1`` is the message itself where that version wrote it; ``body`` then says the same as far as v1 can.
    """

    name: str
    note: str
    kind: str
    resource_uri: str
    create_time: dt.datetime
    update_time: dt.datetime
    body: bytes
    digest: str = ""
    identity: str = ""
    attestation: Attestation | None = None
    severity: str = ""
    fixable: bool = False
    package: str = ""
    v1beta1: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One LogEntry as ``entries:list`` returns it. ``name`` is ``projects/{p}/logs/{encoded log id}/{insert id}``.

    ``document`` is the whole entry in the API's JSON form (SPEC 5.3).
    """

    name: str
    log_name: str
    timestamp: dt.datetime
    severity: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingJudgement:
    """``pendingJudgements/{id}``: a Pod that was admitted without having been judged, to be judged as soon as that is
    possible (D4).

    ``document`` is the Pod as JSON; empty where the cluster did not say.
    """

    name: str
    cluster: str
    namespace: str
    pod: str
    deploy_time: dt.datetime
    document: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRing:
    """``projects/{p}/locations/{l}/keyRings/{r}``."""

    name: str
    create_time: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CryptoKey:
    """``.../keyRings/{r}/cryptoKeys/{k}``: a key whose versions are numbered from 1 to ``last_version``.

    ``algorithm`` and ``protection_level``, by the API's names, are those of the next version.
    """

    name: str
    create_time: dt.datetime
    algorithm: str
    protection_level: str
    destroy_after_seconds: int
    labels: Mapping[str, str] = field(default_factory=dict)
    last_version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CryptoKeyVersion:
    """``.../cryptoKeys/{k}/cryptoKeyVersions/{n}``, with the API's names of its state, algorithm and level.

    ``material`` is what the holder of the private key needs to use it: sealed, or the id of an object on a token. It is
    empty before the key is made and after it is destroyed.
    """

    name: str
    state: str
    algorithm: str
    protection_level: str
    create_time: dt.datetime
    generate_time: dt.datetime | None = None
    destroy_time: dt.datetime | None = None
    destroy_event_time: dt.datetime | None = None
    generation_failure_reason: str = ""
    public_pem: str = ""
    material: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledDestruction:
    """``scheduledDestructions/{id}``: a key version whose material is to be destroyed at a time."""

    name: str
    version: str
    time: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ContinuousValidationConfig:
    """``projects/{p}/continuousValidationConfig``: whether the singleton policy also judges what runs (SPEC 6.9)."""

    name: str
    enabled: bool = False
    update_time: dt.datetime | None = None
