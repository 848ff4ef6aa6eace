"""Protobuf bodies become the objects that Kubernetes means by them, and nothing else becomes anything."""

import base64
import contextlib
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binauthz.cluster import limits
from binauthz.cluster.catalogue import RESOURCES
from binauthz.cluster.client import StatusError
from binauthz.cluster.protobuf.decode import MAGIC, read_protobuf
from binauthz.cluster.protobuf.messages import Repeat, Sort, message_of, messages
from binauthz.cluster.protobuf.wire import write_field, write_varint
from binauthz.cluster.resource import Resource
from binauthz.cluster.reviews import OLD_REVIEWS, REVIEWS
from binauthz.cluster.schema.decode import decode
from binauthz.cluster.schema.definitions import Shape, Type, definitions

_HERE = Path(__file__).parent
_KUBECTL = json.loads((_HERE / "kubectl.json").read_text())
_OBJECTS = [json.loads(line) for line in gzip.decompress((_HERE / "objects.jsonl.gz").read_bytes()).splitlines()]
_SERVED = (*RESOURCES, *REVIEWS, *OLD_REVIEWS)


def _envelope(kind: str, *parts: bytes, version: str = "v1", more: bytes = b"") -> bytes:
    meta = write_field(1, version) + write_field(2, kind)
    return MAGIC + write_field(1, meta) + write_field(2, *parts) + more


def _refused(body: bytes) -> StatusError:
    with pytest.raises(StatusError) as caught:
        read_protobuf(body)
    return caught.value


def _present(value: Any) -> Any:
    """JSON without nulls, which mean absence; as a map's value, bytes that are null are no bytes."""
    if isinstance(value, dict):
        return {key: _present(member) for key, member in value.items() if member is not None}
    return [_present(member) for member in value] if isinstance(value, list) else value


@pytest.mark.parametrize("row", _KUBECTL, ids=lambda row: row["command"])
def test_what_kubectl_1_33_sends_is_the_object_it_means(row: dict[str, Any]) -> None:
    assert read_protobuf(base64.b64decode(row["body"])) == row["object"]


@pytest.mark.parametrize("row", _OBJECTS, ids=lambda row: f"{row['json']['kind']}{row['mode']}")
def test_an_object_in_protobuf_is_the_same_as_in_json(row: dict[str, Any]) -> None:
    expected = row["json"]
    for member, values in expected.items():
        if member in ("data", "binaryData") and isinstance(values, dict):
            expected[member] = {key: value or "" for key, value in values.items()} if row["mode"] < 1 else values
    assert read_protobuf(base64.b64decode(row["pb"])) == _present(expected)


@pytest.mark.parametrize("resource", _SERVED, ids=lambda resource: f"{resource.api_version}.{resource.kind}")
def test_every_served_kind_is_read_and_has_the_members_of_its_schema(resource: Resource) -> None:
    name = message_of(resource.api_version, resource.kind)
    assert name is not None
    kind = definitions().type_of(resource.group, resource.version, resource.kind)
    _compare(name, kind, set())


def _compare(name: str, kind: Type, seen: set[str]) -> None:
    if name in seen or kind.shape is not Shape.STRUCT:
        return
    seen.add(name)
    members = dict(_members(name))
    assert set(members) == set(kind.fields) - {"kind", "apiVersion"} | (set(members) & {"kind", "apiVersion"}), name
    for member, field in members.items():
        below = kind.fields[member].type
        if field.repeat is not Repeat.ONCE:
            assert below.shape is (Shape.LIST if field.repeat is Repeat.LIST else Shape.MAP), (name, member)
            assert below.items is not None
            below = below.items.type
        if field.sort is Sort.MESSAGE:
            _compare(field.message, below, seen)


def _members(name: str) -> list[tuple[str, Any]]:
    found = []
    for field in messages()[name].values():
        found += _members(field.message) if field.inline else [(field.name, field)]
    return found


def test_every_message_named_in_a_table_is_in_a_table_and_none_contains_itself() -> None:
    def walk(name: str, above: tuple[str, ...]) -> int:
        assert name not in above
        below = [field.message for field in messages()[name].values() if field.message]
        return 1 + max((walk(one, (*above, name)) for one in dict.fromkeys(below)), default=0)

    assert max(walk(name, ()) for name in messages()) < limits.JSON_DEPTH / 2


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "does not begin"),
        (b"{}", "does not begin"),
        (MAGIC + b"\x0a", "unexpected EOF"),
        (MAGIC + b"\x0a\x05a", "unexpected EOF"),
        (MAGIC + b"\x0b", "illegal wireType 3"),
        (MAGIC + b"\x09" + bytes(8), "wrong wireType = 1"),
        (MAGIC + b"\x02\x00", "illegal tag 0"),
        (MAGIC + b"\xff" * 11, "integer overflow"),
        (MAGIC + write_field(9, b""), "unknown field 9 of runtime.Unknown"),
        (_envelope("Pod", write_field(77, b"")), "unknown field 77 of Pod;"),
        (_envelope("Pod", write_field(2, write_field(1000, b"x"))), "unknown field 1000 of PodSpec;"),
        (_envelope("Pod", write_field(1, b""), write_field(1, b"")), "Pod.metadata occurs twice"),
        (_envelope("Pod", write_field(1, write_field(1, b"\xff"))), "ObjectMeta.name is not valid UTF-8"),
        (_envelope("Pod", write_varint(1 << 3) + write_varint(1)), "wrong wireType = 0 for Pod.metadata"),
        (_envelope("Pod", write_field(1, write_field(7, b"x"))), "wrong wireType = 2 for ObjectMeta.generation"),
        (_envelope("Pod", write_field(1, write_field(8, b"\x08" + b"\xff" * 8 + b"\x7f"))), "is not a time"),
        (_envelope("ConfigMap", write_field(2, b"") * 2), "key '' twice in ConfigMap.data"),
        (_envelope("ControllerRevision", write_field(2, write_field(1, b"{")), version="apps/v1"), "json parse error"),
        (_envelope("ConfigMap", write_field(1, write_field(14, b"") * 100_001)), "more than 100000 fields"),
    ],
)
def test_B101_a_malformed_body_is_a_bad_request_that_says_why(body: bytes, said: str) -> None:
    error = _refused(body)
    assert (error.code, error.reason) == (400, "BadRequest")
    assert said in error.message


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (_envelope("Ingress", version="networking.k8s.io/v1"), 'no kind "Ingress" in version "networking.k8s.io/v1"'),
        (_envelope("Pod", version="v2"), 'no kind "Pod" in version "v2"'),
        (_envelope("PodSpec"), 'no kind "PodSpec"'),
        (MAGIC, 'no kind ""'),
        (_envelope("Pod", more=write_field(3, "gzip")), "encoded object"),
        (_envelope("Pod", more=write_field(4, "application/json")), "only protobuf"),
    ],
)
def test_a_kind_or_content_that_is_not_read_is_named_as_unsupported(body: bytes, said: str) -> None:
    error = _refused(body)
    assert (error.code, error.reason) == (415, "UnsupportedMediaType")
    assert said in error.message


def test_options_of_a_deletion_belong_to_every_group() -> None:
    options = write_varint(1 << 3) + write_varint(0) + write_field(4, "Background")
    for version in ("v1", "apps/v1", "meta.k8s.io/v1"):
        read = read_protobuf(_envelope("DeleteOptions", options, version=version))
        assert read == {
            "kind": "DeleteOptions",
            "apiVersion": version,
            "gracePeriodSeconds": 0,
            "propagationPolicy": "Background",
        }


def test_packed_numbers_are_read_like_single_ones() -> None:
    def pod(groups: bytes) -> bytes:
        return _envelope("Pod", write_field(2, write_field(14, groups)))

    packed = pod(write_field(4, write_varint(5) + write_varint((1 << 64) - 1)))
    single = pod(b"\x20\x05\x20" + write_varint((1 << 64) - 1))
    assert read_protobuf(packed) == read_protobuf(single)
    assert read_protobuf(packed)["spec"]["securityContext"]["supplementalGroups"] == [5, -1]


_BODIES = [base64.b64decode(row["pb"]) for row in _OBJECTS if row["mode"] == 1]


def _object_or_status(body: bytes) -> None:
    with contextlib.suppress(StatusError):
        read = read_protobuf(body)
        group, _, version = read["apiVersion"].rpartition("/")
        decode(definitions().type_of(group, version, read["kind"]), read)


@given(st.binary(max_size=200), st.booleans())
def test_B101_any_bytes_are_an_object_or_a_status(body: bytes, magic: bool) -> None:
    _object_or_status(MAGIC + body if magic else body)


@given(st.sampled_from(_SERVED), st.binary(max_size=100))
def test_B101_any_bytes_of_any_kind_are_an_object_or_a_status(resource: Resource, raw: bytes) -> None:
    _object_or_status(_envelope(resource.kind, raw, version=resource.api_version))


@given(st.data())
def test_B101_a_damaged_object_is_an_object_or_a_status(data: st.DataObject) -> None:
    body = bytearray(data.draw(st.sampled_from(_BODIES)))
    for _ in range(data.draw(st.integers(1, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    _object_or_status(bytes(body[: data.draw(st.integers(0, len(body)))]))
