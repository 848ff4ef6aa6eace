"""Platform policies as they are written and stored (SPEC 6.2, 6.3).

The kinds of check are tagged, because one stored member holds any of them.
"""

import datetime as dt
import enum
from dataclasses import dataclass

import msgspec

from binauthz.policy.model import EnforcementMode, EvaluationMode


class MaximumSeverity(enum.Enum):
    """The worst severity that a vulnerability check lets pass."""

    UNSPECIFIED = "MAXIMUM_ALLOWED_SEVERITY_UNSPECIFIED"
    BLOCK_ALL = "BLOCK_ALL"
    MINIMAL = "MINIMAL"
    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"
    ALLOW_ALL = "ALLOW_ALL"


class _Kind(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What a check asks of an image; the name of the class is the type that results carry (SPEC 6.5)."""


class AlwaysDeny(_Kind, frozen=True, kw_only=True):
    """Every image that is not exempt violates; only ``True`` may be written."""

    value: bool = True


class TrustedDirectoryCheck(_Kind, frozen=True, kw_only=True):
    """The image lives in one of these directories."""

    patterns: tuple[str, ...] = ()


class ImageFreshnessCheck(_Kind, frozen=True, kw_only=True):
    """The image was uploaded to its registry recently."""

    max_upload_age_days: int = 0


class VulnerabilityCheck(_Kind, frozen=True, kw_only=True):
    """No known vulnerability is worse than allowed."""

    maximum_fixable: MaximumSeverity = MaximumSeverity.UNSPECIFIED
    maximum_unfixable: MaximumSeverity = MaximumSeverity.UNSPECIFIED
    allowed_cves: tuple[str, ...] = ()
    blocked_cves: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()


class SlsaRule(msgspec.Struct, frozen=True, kw_only=True):
    """What one provenance has to say."""

    trusted_builder: str = ""
    projects: tuple[str, ...] = ()
    config_based_build_required: bool = False
    source_patterns: tuple[str, ...] = ()
    custom_constraints: str = ""


class SlsaCheck(_Kind, frozen=True, kw_only=True):
    """Any rule is satisfied by any provenance."""

    rules: tuple[SlsaRule, ...] = ()


class AuthenticatorKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is stored: PEM, algorithm by name, id."""

    pem: str
    algorithm: str
    id: str = ""


class Authenticator(msgspec.Struct, frozen=True, kw_only=True):
    """Keys, any of which may have signed."""

    display_name: str = ""
    keys: tuple[AuthenticatorKey, ...] = ()


class SimpleSigningAttestationCheck(_Kind, frozen=True, kw_only=True):
    """Any attestation in any of the projects is signed by any key of any authenticator (SPEC 13.11)."""

    authenticators: tuple[Authenticator, ...] = ()
    projects: tuple[str, ...] = ()


class SigstoreAuthority(msgspec.Struct, frozen=True, kw_only=True):
    """Keys of a cosign signer, in PEM."""

    display_name: str = ""
    keys: tuple[str, ...] = ()


class SigstoreSignatureCheck(_Kind, frozen=True, kw_only=True):
    """A cosign signature beside the image is by any of these keys."""

    authorities: tuple[SigstoreAuthority, ...] = ()


Kind = (
    AlwaysDeny
    | TrustedDirectoryCheck
    | ImageFreshnessCheck
    | VulnerabilityCheck
    | SlsaCheck
    | SimpleSigningAttestationCheck
    | SigstoreSignatureCheck
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One requirement, and the images it does not look at."""

    display_name: str = ""
    allowlist: tuple[str, ...] = ()
    kind: Kind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which Pods a check set is for: exactly one of the two is set."""

    namespace: str = ""
    service_account: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSet:
    """The checks of one scope; without a scope, of every Pod that no earlier set is for."""

    display_name: str = ""
    scope: Scope | None = None
    allowlist: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GkePolicy:
    """What Pods have to satisfy."""

    allowlist: tuple[str, ...] = ()
    check_sets: tuple[CheckSet, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineKey:
    """A public key inside a Cloud Run policy: armored OpenPGP, or PEM and its algorithm by name."""

    id: str = ""
    comment: str = ""
    pgp: str = ""
    pem: str = ""
    algorithm: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineAttestor:
    """An attestor written out in a Cloud Run policy."""

    id: str
    note: str
    description: str = ""
    keys: tuple[InlineKey, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudRunRule:
    """How a deployment is decided."""

    evaluation_mode: EvaluationMode
    enforcement_mode: EnforcementMode
    attestors: tuple[InlineAttestor, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudRunPolicy:
    """What a Cloud Run deployment has to satisfy. It is kept; no method evaluates it (docs/limitations.md)."""

    allowlist: tuple[str, ...] = ()
    rule: CloudRunRule | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformPolicy:
    """``projects/{p}/platforms/{platform}/policies/{id}``; which of the two it holds follows from the platform."""

    name: str
    description: str = ""
    gke: GkePolicy | None = None
    cloud_run: CloudRunPolicy | None = None
    update_time: dt.datetime | None = None
    etag: str = ""
    unknown: bytes = b""
