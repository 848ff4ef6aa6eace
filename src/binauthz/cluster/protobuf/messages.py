"""Which field number of which message is which member of the JSON object.

The facts are those of the API definitions of Kubernetes 1.33, in a notation of one message a paragraph::

    Message = first second:TYPE #7 *seventh ^Inlined

Members are numbered from 1 in the order written, and ``#7`` jumps to a number. A type is a message or one of the
letters of ``Sort``; without one it is a string; ``[T]`` is a list and ``{T}`` a map from strings. ``*`` marks a scalar
whose zero value is told from its absence: others are written by clients even where JSON would leave them out. The
members of ``^Inlined`` belong to the enclosing JSON object.
"""

import enum
import functools
from collections.abc import Mapping
from dataclasses import dataclass

from binauthz.cluster.protobuf.core import CORE
from binauthz.cluster.protobuf.groups import (
    ADMISSION,
    APPS,
    AUTHENTICATION,
    AUTHORIZATION,
    AUTOSCALING,
    BATCH,
    COORDINATION,
    META,
    POLICY,
    RBAC,
)

DELETE_OPTIONS = "DeleteOptions"
"""The one kind that belongs to every group."""

_KINDS = {
    "v1": "Binding ConfigMap Endpoints Event Namespace Node PersistentVolumeClaim Pod ReplicationController Secret "
    "Service ServiceAccount",
    "admissionregistration.k8s.io/v1": "ValidatingWebhookConfiguration",
    "apps/v1": "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet",
    "authentication.k8s.io/v1": "SelfSubjectReview TokenRequest",
    "authentication.k8s.io/v1beta1": "SelfSubjectReview",
    "authorization.k8s.io/v1": "LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview "
    "SubjectAccessReview",
    "autoscaling/v1": "Scale",
    "batch/v1": "CronJob Job",
    "coordination.k8s.io/v1": "Lease",
    "policy/v1": "Eviction",
    "rbac.authorization.k8s.io/v1": "ClusterRole ClusterRoleBinding Role RoleBinding",
}
_TABLES = (
    *(META, CORE, APPS, BATCH, RBAC, ADMISSION),
    *(COORDINATION, AUTHENTICATION, AUTHORIZATION, AUTOSCALING, POLICY),
)


class Sort(enum.Enum):
    """What a value is; the letters are those of the notation."""

    STRING = "s"
    BOOLEAN = "b"
    INTEGER = "i"
    BYTES = "y"
    QUANTITY = "Q"
    INT_OR_STRING = "X"
    TIME = "T"
    MICRO_TIME = "U"
    RAW = "R"
    """JSON kept in bytes: RawExtension and FieldsV1."""
    WORDS = "W"
    """A list of strings as a message of its own: ExtraValue."""
    MESSAGE = "message"


class Repeat(enum.Enum):
    """How often a value may occur."""

    ONCE = "once"
    LIST = "list"
    MAP = "map"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A member. ``message`` names the message of Sort.MESSAGE; ``keep_zero`` and ``inline`` are ``*`` and ``^``."""

    name: str
    sort: Sort
    message: str = ""
    repeat: Repeat = Repeat.ONCE
    keep_zero: bool = False
    inline: bool = False


@functools.cache
def messages() -> Mapping[str, Mapping[int, Field]]:
    """Every message by its name: its fields by their number."""
    found: dict[str, dict[int, Field]] = {}
    for table in _TABLES:
        for paragraph in table.strip().replace("\n    ", " ").splitlines():
            name, _, written = paragraph.partition(" = ")
            found[name] = _fields(written.split())
    return found


def message_of(api_version: str, kind: str) -> str | None:
    """The message of a kind that is served or asked of subresources."""
    if kind == DELETE_OPTIONS or kind in _KINDS.get(api_version, "").split():
        return kind
    return None


def _fields(tokens: list[str]) -> dict[int, Field]:
    fields: dict[int, Field] = {}
    number = 1
    for token in tokens:
        if token.startswith("#"):
            number = int(token[1:])
        else:
            fields[number] = _field(token)
            number += 1
    return fields


def _field(token: str) -> Field:
    if token.startswith("^"):
        return Field(name="", sort=Sort.MESSAGE, message=token[1:], inline=True)
    name, _, kind = token.removeprefix("*").partition(":")
    repeat = {"[": Repeat.LIST, "{": Repeat.MAP}.get(kind[:1], Repeat.ONCE)
    kind = kind.strip("[]{}") or Sort.STRING.value
    plain = len(kind) == 1
    return Field(
        name=name,
        sort=Sort(kind) if plain else Sort.MESSAGE,
        message="" if plain else kind,
        repeat=repeat,
        keep_zero=token.startswith("*"),
    )
