"""The project-singleton policy as the engine reads it (SPEC 1.2).

Drafts that a caller sent are the same types before validation, which is why the enums keep UNSPECIFIED and the
default rule may be absent; ``policy.validate`` refuses both at write time and ``policy.decide`` never admits on them.
"""

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field


class EvaluationMode(enum.Enum):
    """How a rule judges an image."""

    UNSPECIFIED = "EVALUATION_MODE_UNSPECIFIED"
    ALWAYS_ALLOW = "ALWAYS_ALLOW"
    REQUIRE_ATTESTATION = "REQUIRE_ATTESTATION"
    ALWAYS_DENY = "ALWAYS_DENY"


class EnforcementMode(enum.Enum):
    """What a violation of a rule does."""

    UNSPECIFIED = "ENFORCEMENT_MODE_UNSPECIFIED"
    ENFORCED_BLOCK_AND_AUDIT_LOG = "ENFORCED_BLOCK_AND_AUDIT_LOG"
    DRYRUN_AUDIT_LOG_ONLY = "DRYRUN_AUDIT_LOG_ONLY"


class GlobalEvaluation(enum.Enum):
    """Whether the system policy is consulted first; UNSPECIFIED means DISABLE (SPEC 13.14)."""

    UNSPECIFIED = "GLOBAL_POLICY_EVALUATION_MODE_UNSPECIFIED"
    ENABLE = "ENABLE"
    DISABLE = "DISABLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionRule:
    """One rule: how to judge, what a violation does, and whose attestations are required."""

    evaluation_mode: EvaluationMode
    enforcement_mode: EnforcementMode
    require_attestations_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The policy of one project, or the system policy of one location.

    At most one of the four rule maps may be populated in a valid policy. ``unknown`` holds serialized protobuf
    fields that this release does not know, so that they survive a round trip.
    """

    name: str
    description: str = ""
    global_evaluation: GlobalEvaluation = GlobalEvaluation.UNSPECIFIED
    allowlist: tuple[str, ...] = ()
    cluster_rules: Mapping[str, AdmissionRule] = field(default_factory=dict)
    namespace_rules: Mapping[str, AdmissionRule] = field(default_factory=dict)
    service_account_rules: Mapping[str, AdmissionRule] = field(default_factory=dict)
    istio_rules: Mapping[str, AdmissionRule] = field(default_factory=dict)
    default_rule: AdmissionRule | None = None
    update_time: dt.datetime | None = None
    etag: str = ""
    unknown: bytes = b""
