"""How a Deployment moves from old ReplicaSets to the new one: pure arithmetic on their sizes.

Each function answers with the sizes that ReplicaSets should have now; the controller writes those that differ.
"""

from dataclasses import dataclass
from typing import Any

from binauthz.cluster.catalogue.apps import percent
from binauthz.cluster.catalogue.fields import Object, integer, mapping, text
from binauthz.cluster.controllers.owners import name_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The most Pods that may exist beyond the wanted ones, and the most that may be missing."""

    surge: int
    unavailable: int


def replicas_of(obj: Object) -> int:
    """spec.replicas."""
    return integer(obj, "spec", "replicas", default=1)


def available_of(replica_set: Object) -> int:
    """status.availableReplicas."""
    return integer(replica_set, "status", "availableReplicas")


def is_rolling(deployment: Object) -> bool:
    """Whether the strategy is RollingUpdate."""
    return text(deployment, "spec", "strategy", "type") != "Recreate"


def _amount(value: Any, total: int, *, up: bool) -> int:
    share = percent(value)
    if share is None:
        return value if isinstance(value, int) else 0
    return -(-share * total // 100) if up else share * total // 100


def bounds(deployment: Object) -> Bounds:
    """maxSurge rounded up, maxUnavailable rounded down, and never both 0."""
    if not is_rolling(deployment):
        return Bounds(surge=0, unavailable=0)
    rolling, total = mapping(deployment, "spec", "strategy", "rollingUpdate"), replicas_of(deployment)
    surge = _amount(rolling.get("maxSurge", "25%"), total, up=True)
    unavailable = min(total, _amount(rolling.get("maxUnavailable", "25%"), total, up=False))
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return Bounds(surge=surge, unavailable=unavailable)


def new_size(deployment: Object, new: Object, every: list[Object]) -> int:
    """The size of the new ReplicaSet: as large as the surge allows."""
    wanted = replicas_of(deployment)
    if not is_rolling(deployment):
        return wanted
    current = replicas_of(new)
    if current >= wanted:
        return wanted
    room = wanted + bounds(deployment).surge - sum(replicas_of(replica_set) for replica_set in every)
    return current + min(max(room, 0), wanted - current)


def old_sizes(deployment: Object, new: Object, old: list[Object]) -> dict[str, int]:
    """Smaller sizes for old ReplicaSets, by name: first Pods that are not available anyway, then as many of the
    available ones as may be missing."""
    every = [*old, new]
    least = replicas_of(deployment) - bounds(deployment).unavailable
    total = sum(replicas_of(replica_set) for replica_set in every)
    new_missing = max(0, replicas_of(new) - available_of(new))
    removable = total - least - new_missing
    sizes = {name_of(replica_set): replicas_of(replica_set) for replica_set in old}
    if removable <= 0:
        return {}
    oldest_first = sorted(old, key=lambda replica_set: text(replica_set, "metadata", "creationTimestamp"))
    for replica_set in oldest_first:
        if integer(replica_set, "status", "observedGeneration") < integer(replica_set, "metadata", "generation"):
            continue
        broken = min(removable, max(0, sizes[name_of(replica_set)] - available_of(replica_set)))
        sizes[name_of(replica_set)] -= broken
        removable -= broken
    spare = sum(available_of(replica_set) for replica_set in every) - least
    for replica_set in oldest_first:
        fewer = min(max(spare, 0), sizes[name_of(replica_set)])
        sizes[name_of(replica_set)] -= fewer
        spare -= fewer
    return {
        name_of(replica_set): sizes[name_of(replica_set)]
        for replica_set in old
        if sizes[name_of(replica_set)] != replicas_of(replica_set)
    }


def proportional_sizes(deployment: Object, active: list[Object], scaled_from: int) -> dict[str, int]:
    """Sizes by name when a Deployment is scaled in the midst of a rollout: each ReplicaSet keeps its share."""
    wanted = replicas_of(deployment) + bounds(deployment).surge if replicas_of(deployment) > 0 else 0
    total = sum(replicas_of(replica_set) for replica_set in active)
    to_add = wanted - total
    if to_add == 0 or total == 0:
        return {}
    largest_first = sorted(active, key=lambda rs: (-replicas_of(rs), text(rs, "metadata", "creationTimestamp")))
    base = scaled_from or total
    sizes: dict[str, int] = {}
    added = 0
    for replica_set in largest_first:
        size = replicas_of(replica_set)
        share = round(size * wanted / base) - size
        left = to_add - added
        share = max(min(share, left), 0) if to_add > 0 else min(max(share, left, -size), 0)
        sizes[name_of(replica_set)] = size + share
        added += share
    if active:
        first = name_of(largest_first[0])
        sizes[first] = max(0, sizes[first] + to_add - added)
    return {
        name_of(replica_set): sizes[name_of(replica_set)]
        for replica_set in active
        if sizes[name_of(replica_set)] != replicas_of(replica_set)
    }
