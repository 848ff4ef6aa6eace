"""What a caller may ask of a cluster: its name, its place, and how Binary Authorization judges its Pods (SPEC 6.7)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from binauthz.base import names
from binauthz.base.errors import invalid_field
from binauthz.store.records import PolicyBinding

DISABLED = "DISABLED"
ENFORCE = "PROJECT_SINGLETON_POLICY_ENFORCE"
_BOUND = frozenset({"POLICY_BINDINGS", "POLICY_BINDINGS_AND_PROJECT_SINGLETON_POLICY_ENFORCE"})
MODES = frozenset({DISABLED, ENFORCE}) | _BOUND
UNSPECIFIED = "EVALUATION_MODE_UNSPECIFIED"
BINDINGS_PER_CLUSTER = 10
AUDITING = frozenset({"", "AUDIT"})
"""How a binding may count: who asks for more must not believe that it is enforced."""

_NAME = re.compile(r"[a-z](?:[-a-z0-9]{0,38}[a-z0-9])?")
_PLACE = re.compile(r"[a-z]{2,20}-[a-z]{2,20}[0-9]{1,2}(?:-[a-z0-9]{1,8})?")


LABELS_PER_RESOURCE = 64
LABEL_CHARACTERS = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class Enablement:
    """How a cluster's Pods are judged."""

    evaluation_mode: str = DISABLED
    policy_bindings: tuple[PolicyBinding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A cluster that a caller asks for. Without ``enablement`` the fleet's default counts, where it joins one.

    ``fleet_project`` is the project whose fleet it joins at once; ``settings`` is everything we do not model.
    """

    cluster_id: str
    enablement: Enablement | None = None
    fleet_project: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


def enablement(mode: str, bindings: Sequence[PolicyBinding], *, enabled: bool, path: str) -> Enablement:
    """The settings that a ``binaryAuthorization`` block asks for, replacing the present ones whole (SPEC 6.7).

    The deprecated ``enabled`` counts only where no mode is given. Bindings are dropped where the mode needs none, and
    whether their policies exist is not asked (SPEC 13.30): only that each is the name of one.
    """
    if mode == UNSPECIFIED:
        mode = ENFORCE if enabled else DISABLED
    if mode not in MODES:
        raise invalid_field(f"{path}.evaluationMode", f"got `{mode[:80]}`, expected one of {', '.join(sorted(MODES))}")
    if len(bindings) > BINDINGS_PER_CLUSTER:
        raise invalid_field(
            f"{path}.policyBindings", f"got {len(bindings)} bindings, expected at most {BINDINGS_PER_CLUSTER}"
        )
    for index, binding in enumerate(bindings):
        _, platform, _ = names.PLATFORM_POLICY.parse(binding.name, f"{path}.policyBindings[{index}].name")
        if binding.enforcement_mode not in AUDITING:
            raise invalid_field(
                f"{path}.policyBindings[{index}].enforcementMode",
                f"got `{binding.enforcement_mode[:80]}`, expected AUDIT: a platform policy monitors and blocks nothing",
            )
        if platform != "gke":
            raise invalid_field(f"{path}.policyBindings[{index}].name", f"got platform `{platform}`, expected `gke`")
    return Enablement(evaluation_mode=mode, policy_bindings=tuple(bindings) if mode in _BOUND else ())


def check_labels(labels: Mapping[str, str], field: str) -> None:
    """Refuse more or longer labels than any resource of Google's may have."""
    if len(labels) > LABELS_PER_RESOURCE:
        raise invalid_field(field, f"got {len(labels)} labels, expected at most {LABELS_PER_RESOURCE}")
    for key, value in labels.items():
        if not 0 < len(key) <= LABEL_CHARACTERS or len(value) > LABEL_CHARACTERS:
            raise invalid_field(field, f"expected keys of 1 to {LABEL_CHARACTERS} characters and values of no more")


def check_cluster_id(cluster_id: str) -> None:
    """Refuse a name that GKE would refuse."""
    if not _NAME.fullmatch(cluster_id[:64]):
        shown = ascii(cluster_id[:80])[1:-1]
        raise invalid_field("cluster.name", f"Invalid value: \"{shown}\". Must be a match of regex '{_NAME.pattern}'")


def check_place(location: str) -> None:
    """Refuse what is neither a region nor a zone; ours need not exist in any catalogue of Google's."""
    if not _PLACE.fullmatch(location[:64]):
        shown = ascii(location[:80])[1:-1]
        raise invalid_field(
            "parent", f"got location `{shown}`, expected a region (us-central1) or a zone (us-central1-a)"
        )
