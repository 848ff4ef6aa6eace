"""How many Pods each ReplicaSet of a Deployment may have."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binauthz.cluster.controllers.rollout import (
    Bounds,
    bounds,
    new_size,
    old_sizes,
    proportional_sizes,
)


def deployment(replicas: int, unavailable: Any = "25%", surge: Any = "25%") -> dict[str, Any]:
    rolling = {"maxUnavailable": unavailable, "maxSurge": surge}
    return {"spec": {"replicas": replicas, "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling}}}


def replica_set(name: str, replicas: int, available: int | None = None) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "generation": 1, "creationTimestamp": name},
        "spec": {"replicas": replicas},
        "status": {"availableReplicas": replicas if available is None else available, "observedGeneration": 1},
    }


@pytest.mark.parametrize(
    ("replicas", "unavailable", "surge", "expected"),
    [
        (10, "25%", "25%", Bounds(surge=3, unavailable=2)),
        (1, "25%", "25%", Bounds(surge=1, unavailable=0)),
        (3, 0, 1, Bounds(surge=1, unavailable=0)),
        (0, "25%", "25%", Bounds(surge=0, unavailable=1)),
        (4, "100%", 0, Bounds(surge=0, unavailable=4)),
        (2, 9, 0, Bounds(surge=0, unavailable=2)),
    ],
)
def test_percentages_round_up_for_surge_and_down_for_absence(
    replicas: int, unavailable: Any, surge: Any, expected: Bounds
) -> None:
    assert bounds(deployment(replicas, unavailable, surge)) == expected


def test_the_new_set_grows_within_the_surge() -> None:
    wanted, old, new = deployment(4, 0, 1), replica_set("a", 4), replica_set("b", 0)
    assert new_size(wanted, new, [old, new]) == 1
    assert new_size(wanted, replica_set("b", 4), [replica_set("b", 4)]) == 4
    assert new_size(deployment(2, 0, 1), replica_set("b", 4), []) == 2


def test_old_sets_give_up_unavailable_pods_first() -> None:
    wanted = deployment(4, 1, 1)
    old = [replica_set("a", 2, available=0), replica_set("b", 3)]
    assert old_sizes(wanted, replica_set("n", 0), old) == {"a": 0}
    assert old_sizes(wanted, replica_set("n", 1, available=0), [replica_set("a", 4)]) == {"a": 3}
    assert old_sizes(deployment(4, 0, 1), replica_set("n", 1, available=0), [replica_set("a", 4)]) == {}


def test_scaling_in_the_midst_of_a_rollout_keeps_the_shares() -> None:
    sets = [replica_set("a", 8), replica_set("b", 5)]
    sizes = proportional_sizes(deployment(20), sets, 13)
    assert sum(sizes.values()) == 25
    assert sizes["a"] > sizes["b"]


@given(
    wanted=st.integers(0, 12),
    unavailable=st.integers(0, 6),
    surge=st.integers(0, 6),
    old=st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=3),
    new=st.tuples(st.integers(0, 8), st.integers(0, 8)),
)
def test_law_a_step_never_takes_available_pods_below_the_floor_nor_grows_past_the_ceiling(
    wanted: int, unavailable: int, surge: int, old: list[tuple[int, int]], new: tuple[int, int]
) -> None:
    owner = deployment(wanted, unavailable, surge)
    limits = bounds(owner)
    sets = [replica_set(str(n), size, min(size, ready)) for n, (size, ready) in enumerate(old)]
    newest = replica_set("new", new[0], min(new))
    total = sum(size for size, _ in old) + new[0]
    grown = new_size(owner, newest, [*sets, newest])
    if grown > new[0]:
        assert total - new[0] + grown <= wanted + limits.surge
    after = old_sizes(owner, newest, sets)
    available = sum(one["status"]["availableReplicas"] for one in [*sets, newest])
    kept = newest["status"]["availableReplicas"] + sum(
        min(one["status"]["availableReplicas"], after.get(one["metadata"]["name"], one["spec"]["replicas"]))
        for one in sets
    )
    assert kept >= min(available, wanted - limits.unavailable)
    assert all(size >= 0 for size in after.values())
