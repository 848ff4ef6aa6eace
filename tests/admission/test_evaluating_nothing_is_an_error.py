"""Nothing is vacuously true: a manifest in which nothing can be judged gets an error, and no verdict."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from binauthz.admission.evaluate import Evaluator, Question
from binauthz.base.errors import ApiError, Code
from binauthz.wire.policies import policy_from_json
from tests.admission.world import ALLOW, World, image_of, policy, rule

SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}
CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p"},
    "spec": {"containers": [{"name": "c", "image": image_of("hello")}]},
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """One that admits everything."""
    made = World(tmp_path)
    made.put(policy(rule(ALLOW)))
    yield made
    made.close()


def evaluate(world: World, *documents: Any) -> dict[str, Any]:
    evaluator = Evaluator(world.door.judge, policy_from_json)
    manifest = "\n---\n".join(json.dumps(document) for document in documents)
    return world.runner.run(evaluator.evaluate("p1", Question(manifest=manifest)))


@pytest.mark.parametrize(
    ("documents", "kinds"),
    [
        ([SERVICE], "Service"),
        ([SERVICE, CONFIG, SERVICE], "ConfigMap, Service"),
        ([{"apiVersion": "v1", "kind": "List", "items": [CONFIG]}], "ConfigMap"),
        ([{**POD, "kind": "pod"}], "pod"),
    ],
)
def test_a_manifest_without_pods_is_refused(world: World, documents: list[Any], kinds: str) -> None:
    with pytest.raises(ApiError, match=f"no object with a Pod was found, got only {kinds}$") as caught:
        evaluate(world, *documents)
    assert caught.value.code is Code.INVALID_ARGUMENT
    assert [violation.field for violation in caught.value.violations] == ["manifest"]


def test_what_is_not_judged_does_not_stand_in_the_way_of_what_is(world: World) -> None:
    answer = evaluate(world, SERVICE, POD)
    assert (answer["verdict"], answer["admitted"]) == ("CONFORMANT", True)
    assert [result["verdict"] for result in answer["results"]] == ["NOT_JUDGED", "CONFORMANT"]
