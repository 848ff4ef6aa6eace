"""JSON patch (RFC 6902), merge patch (RFC 7386) and strategic merge patch."""

import copy
from typing import Any

import pytest

from binauthz.cluster import limits
from binauthz.cluster.client import StatusError
from binauthz.cluster.patching.json_patch import apply_json_patch, apply_merge_patch
from binauthz.cluster.patching.strategic import apply_strategic_patch
from binauthz.cluster.schema.definitions import definitions

POD = definitions().type_of("", "v1", "Pod")
DEPLOYMENT = definitions().type_of("apps", "v1", "Deployment")


@pytest.mark.parametrize(
    ("target", "operations", "expected"),
    [
        ({"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "qux"}], {"foo": "bar", "baz": "qux"}),
        ({"foo": ["a", "c"]}, [{"op": "add", "path": "/foo/1", "value": "b"}], {"foo": ["a", "b", "c"]}),
        ({"foo": ["a"]}, [{"op": "add", "path": "/foo/-", "value": ["b"]}], {"foo": ["a", ["b"]]}),
        ({"foo": 1, "bar": 2}, [{"op": "remove", "path": "/foo"}], {"bar": 2}),
        ({"foo": ["a", "b", "c"]}, [{"op": "remove", "path": "/foo/1"}], {"foo": ["a", "c"]}),
        ({"foo": 1}, [{"op": "replace", "path": "/foo", "value": None}], {"foo": None}),
        ({"foo": 1}, [{"op": "replace", "path": "", "value": {"new": 1}}], {"new": 1}),
        ({"a": {"x": 1}, "b": {}}, [{"op": "move", "from": "/a/x", "path": "/b/y"}], {"a": {}, "b": {"y": 1}}),
        ({"foo": [1, 2, 3]}, [{"op": "move", "from": "/foo/0", "path": "/foo/2"}], {"foo": [2, 3, 1]}),
        ({"a": {"x": 1}}, [{"op": "copy", "from": "/a", "path": "/b"}], {"a": {"x": 1}, "b": {"x": 1}}),
        ({"~/": 1}, [{"op": "test", "path": "/~0~1", "value": 1}], {"~/": 1}),
        ({"~1": 1}, [{"op": "remove", "path": "/~01"}], {}),
        ({"": 1}, [{"op": "replace", "path": "/", "value": 2}], {"": 2}),
    ],
)
def test_json_patches_apply_as_rfc_6902_says(target: Any, operations: Any, expected: Any) -> None:
    assert apply_json_patch(target, operations) == expected


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "add", "path": "/foo/4", "value": 1},
        {"op": "add", "path": "/foo/01", "value": 1},
        {"op": "add", "path": "/foo/-1", "value": 1},
        {"op": "add", "path": "/none/below", "value": 1},
        {"op": "add", "path": "/one/below", "value": 1},
        {"op": "add", "path": "/x"},
        {"op": "add", "path": "no-slash", "value": 1},
        {"op": "add", "value": 1},
        {"op": "remove", "path": "/none"},
        {"op": "remove", "path": "/foo/-"},
        {"op": "remove", "path": ""},
        {"op": "replace", "path": "/none", "value": 1},
        {"op": "replace", "path": "/foo/3", "value": 1},
        {"op": "test", "path": "/one", "value": 2},
        {"op": "test", "path": "/one", "value": True},
        {"op": "move", "from": "/deep", "path": "/deep/er"},
        {"op": "move", "from": "/none", "path": "/x"},
        {"op": "copy", "from": "/none", "path": "/x"},
        {"op": "copy", "path": "/x"},
        {"op": "unknown", "path": "/one"},
        {"path": "/one"},
    ],
)
def test_json_patches_that_do_not_apply_are_422(operation: Any) -> None:
    with pytest.raises(StatusError) as caught:
        apply_json_patch({"foo": [1, 2, 3], "one": 1, "deep": {"er": {}}}, [operation])
    assert (caught.value.code, caught.value.reason) == (422, "Invalid")


def test_a_document_that_is_no_json_patch_is_400() -> None:
    for document in ({}, "x", None, [1]):
        with pytest.raises(StatusError) as caught:
            apply_json_patch({}, document)
        assert caught.value.code == 400


def test_B101_operations_and_copies_are_bounded() -> None:
    with pytest.raises(StatusError) as caught:
        apply_json_patch({}, [{"op": "add", "path": "/a", "value": 1}] * (limits.PATCH_OPERATIONS + 1))
    assert caught.value.code == 413
    doubling = [{"op": "copy", "from": "/a", "path": "/a/-"}] * 64
    with pytest.raises(StatusError) as caught:
        apply_json_patch({"a": ["x" * 1000]}, doubling)
    assert caught.value.code == 413


@pytest.mark.parametrize(
    ("target", "patch", "expected"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patches_apply_as_the_table_of_rfc_7386_says(target: Any, patch: Any, expected: Any) -> None:
    before = copy.deepcopy(target)
    assert apply_merge_patch(target, patch) == expected
    assert target == before


def containers(*pairs: tuple[str, str]) -> Any:
    return {"spec": {"containers": [{"name": name, "image": image} for name, image in pairs]}}


def patched(target: Any, **spec: Any) -> Any:
    return apply_strategic_patch(POD, target, {"spec": spec})["spec"]


def test_strategic_lists_merge_by_their_key() -> None:
    target = containers(("a", "1"), ("b", "1"))
    change = [{"name": "b", "image": "2"}, {"name": "c", "image": "3"}]
    assert patched(target, containers=change) == containers(("a", "1"), ("b", "2"), ("c", "3"))["spec"]
    assert target == containers(("a", "1"), ("b", "1"))


def test_strategic_directives_delete_and_replace() -> None:
    target = containers(("a", "1"), ("b", "1"))
    assert patched(target, containers=[{"name": "a", "$patch": "delete"}]) == containers(("b", "1"))["spec"]
    replaced = patched(target, containers=[{"name": "x", "image": "9"}, {"$patch": "replace"}])
    assert replaced == containers(("x", "9"))["spec"]
    labelled = {"metadata": {"labels": {"a": "1", "b": "2"}}}
    only = apply_strategic_patch(POD, labelled, {"metadata": {"labels": {"$patch": "replace", "c": "3"}}})
    assert only == {"metadata": {"labels": {"c": "3"}}}
    gone = apply_strategic_patch(POD, labelled, {"metadata": {"labels": {"$patch": "delete"}}})
    assert gone == {"metadata": {}}


def test_strategic_null_removes_and_absent_keys_and_unknown_directives_are_400() -> None:
    assert apply_strategic_patch(
        POD, {"metadata": {"labels": {"a": "1", "b": "2"}}}, {"metadata": {"labels": {"a": None}}}
    ) == {"metadata": {"labels": {"b": "2"}}}
    for wrong in ([{"image": "1"}], ["text"], [{"name": "a", "$patch": "explode"}]):
        with pytest.raises(StatusError) as caught:
            patched(containers(("a", "1")), containers=wrong)
        assert caught.value.code == 400


def test_strategic_primitive_lists_order_and_retained_keys() -> None:
    target = {"metadata": {"finalizers": ["a", "b"]}}
    assert apply_strategic_patch(POD, target, {"metadata": {"finalizers": ["b", "c"]}}) == {
        "metadata": {"finalizers": ["a", "b", "c"]}
    }
    gone = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}}
    assert apply_strategic_patch(POD, target, gone) == {"metadata": {"finalizers": ["b"]}}
    order = {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}
    assert patched(containers(("a", "1"), ("b", "1")), **order) == containers(("b", "1"), ("a", "1"))["spec"]
    rolling = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    recreate = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert apply_strategic_patch(DEPLOYMENT, rolling, recreate) == {"spec": {"strategy": {"type": "Recreate"}}}
