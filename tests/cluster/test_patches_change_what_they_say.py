"""JSON patch, merge patch and strategic merge patch, each by the rule of its document."""

import copy
from typing import Any

import pytest

from binauthz.cluster import limits
from binauthz.cluster.client import StatusError
from binauthz.cluster.patching.json_patch import apply_json_patch, apply_merge_patch
from binauthz.cluster.patching.strategic import apply_strategic_patch
from binauthz.cluster.schema.definitions import definitions

DOCUMENT = {"a": {"b": [1, 2, 3]}, "x/y": {"~": 0}, "list": [{"n": 1}]}


@pytest.mark.parametrize(
    ("operation", "path", "expected"),
    [
        ({"op": "add", "path": "/a/c", "value": None}, "a", {"b": [1, 2, 3], "c": None}),
        ({"op": "add", "path": "/a/b/1", "value": 9}, "a", {"b": [1, 9, 2, 3]}),
        ({"op": "add", "path": "/a/b/-", "value": 9}, "a", {"b": [1, 2, 3, 9]}),
        ({"op": "replace", "path": "/a/b/0", "value": 9}, "a", {"b": [9, 2, 3]}),
        ({"op": "remove", "path": "/a/b/1"}, "a", {"b": [1, 3]}),
        ({"op": "move", "from": "/a/b/0", "path": "/a/c"}, "a", {"b": [2, 3], "c": 1}),
        ({"op": "copy", "from": "/a/b", "path": "/a/c"}, "a", {"b": [1, 2, 3], "c": [1, 2, 3]}),
        ({"op": "test", "path": "/a/b", "value": [1, 2, 3]}, "a", {"b": [1, 2, 3]}),
        ({"op": "add", "path": "/x~1y/~0", "value": 1}, "x/y", {"~": 1}),
    ],
)
def test_json_patch(operation: dict[str, Any], path: str, expected: object) -> None:
    """RFC 6902, sections 4 and 3 (JSON Pointer)."""
    assert apply_json_patch(copy.deepcopy(DOCUMENT), [operation])[path] == expected


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "/a/zz", "value": 1},
        {"op": "remove", "path": "/a/zz"},
        {"op": "remove", "path": "/a/b/3"},
        {"op": "add", "path": "/a/b/4", "value": 1},
        {"op": "add", "path": "/a/b/01", "value": 1},
        {"op": "add", "path": "/a/b/-1", "value": 1},
        {"op": "add", "path": "/no/where", "value": 1},
        {"op": "add", "path": "a", "value": 1},
        {"op": "add", "path": "/a"},
        {"op": "test", "path": "/a/b/0", "value": True},
        {"op": "test", "path": "/a/b/0", "value": 2},
        {"op": "move", "from": "/a", "path": "/a/b/c"},
        {"op": "remove", "path": ""},
        {"op": "merge", "path": "/a"},
        {"path": "/a"},
    ],
)
def test_a_json_patch_that_does_not_apply_is_422(operation: dict[str, Any]) -> None:
    with pytest.raises(StatusError, match="the server rejected our request due to an error in our request") as caught:
        apply_json_patch(copy.deepcopy(DOCUMENT), [operation])
    assert caught.value.code == 422


def test_B101_copies_and_operations_of_a_json_patch_are_bounded() -> None:
    with pytest.raises(StatusError) as caught:
        apply_json_patch({}, [{"op": "add", "path": "/a", "value": 1}] * (limits.PATCH_OPERATIONS + 1))
    assert caught.value.code == 413
    doubling = [{"op": "copy", "from": "", "path": f"/{number}"} for number in range(64)]
    with pytest.raises(StatusError) as caught:
        apply_json_patch({"seed": "x" * 1024}, doubling)
    assert caught.value.code == 413
    with pytest.raises(StatusError) as caught:
        apply_json_patch({}, {"op": "add"})
    assert caught.value.code == 400


@pytest.mark.parametrize(
    ("target", "patch", "expected"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ([1, 2], {"a": "b"}, {"a": "b"}),
    ],
)
def test_merge_patch(target: object, patch: object, expected: object) -> None:
    """RFC 7386, appendix A."""
    assert apply_merge_patch(target, patch) == expected


def strategic(target: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    return apply_strategic_patch(definitions().type_of("", "v1", "Pod"), copy.deepcopy(target), patch)


SPEC = {
    "containers": [
        {"name": "a", "image": "i:1", "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}]},
        {"name": "b", "image": "i:2", "args": ["one", "two"]},
    ],
    "tolerations": [{"key": "k"}],
    "volumes": [{"name": "v", "emptyDir": {}}],
}
POD = {"metadata": {"name": "p", "finalizers": ["f/one", "f/two"], "labels": {"l": "1"}}, "spec": SPEC}


def test_lists_merge_by_the_key_of_their_type_and_others_are_replaced() -> None:
    patch = {
        "spec": {
            "containers": [{"name": "b", "image": "i:3", "args": ["three"]}, {"name": "c", "image": "i:4"}],
            "tolerations": [{"key": "other"}],
        }
    }
    spec = strategic(POD, patch)["spec"]
    assert [(one["name"], one["image"]) for one in spec["containers"]] == [("a", "i:1"), ("b", "i:3"), ("c", "i:4")]
    assert spec["containers"][1]["args"] == ["three"]
    assert spec["tolerations"] == [{"key": "other"}]


def test_an_element_is_deleted_by_directive_and_a_member_by_null() -> None:
    patch = {
        "metadata": {"labels": None},
        "spec": {
            "containers": [{"name": "a", "env": [{"name": "X", "$patch": "delete"}]}, {"name": "b", "$patch": "delete"}]
        },
    }
    patched = strategic(POD, patch)
    (only,) = patched["spec"]["containers"]
    assert only["env"] == [{"name": "Y", "value": "2"}]
    assert "labels" not in patched["metadata"]


def test_replace_takes_the_place_of_an_object_or_of_a_whole_list() -> None:
    patch: dict[str, Any] = {"spec": {"containers": [{"name": "z", "image": "i:9"}, {"$patch": "replace"}]}}
    assert strategic(POD, patch)["spec"]["containers"] == [{"name": "z", "image": "i:9"}]
    patch = {"metadata": {"labels": {"new": "1", "$patch": "replace"}}}
    assert strategic(POD, patch)["metadata"]["labels"] == {"new": "1"}


def test_primitive_lists_are_added_to_and_deleted_from() -> None:
    patch = {"metadata": {"finalizers": ["f/three"], "$deleteFromPrimitiveList/finalizers": ["f/one"]}}
    assert strategic(POD, patch)["metadata"]["finalizers"] == ["f/two", "f/three"]


def test_the_order_that_a_client_sets_is_kept() -> None:
    patch = {
        "spec": {
            "$setElementOrder/containers": [{"name": "b"}, {"name": "a"}],
            "containers": [{"name": "a", "image": "i:7"}],
        }
    }
    assert [one["name"] for one in strategic(POD, patch)["spec"]["containers"]] == ["b", "a"]


def test_a_union_keeps_only_the_keys_that_the_patch_retains() -> None:
    patch = {"spec": {"volumes": [{"name": "v", "$retainKeys": ["name", "configMap"], "configMap": {"name": "m"}}]}}
    assert strategic(POD, patch)["spec"]["volumes"] == [{"name": "v", "configMap": {"name": "m"}}]


@pytest.mark.parametrize(
    "patch",
    [
        {"spec": {"containers": [{"image": "without a name"}]}},
        {"spec": {"containers": ["not an object"]}},
        {"spec": {"$patch": "explode"}},
        {"metadata": {"$deleteFromPrimitiveList/finalizers": "f/one"}},
        {"spec": {"$setElementOrder/containers": "a"}},
    ],
)
def test_what_is_no_strategic_patch_is_a_bad_request(patch: dict[str, Any]) -> None:
    with pytest.raises(StatusError) as caught:
        strategic(POD, patch)
    assert caught.value.code == 400
