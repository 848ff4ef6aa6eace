"""Hypothesis strategies for any message of the descriptor set."""

from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from hypothesis import strategies as st

from binauthz.wire import descriptors

Strategy = st.SearchStrategy[Any]

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_NAME = st.from_regex(r"[a-z]{1,6}(_[a-z]{1,6}){0,2}", fullmatch=True)
_BY_TYPE: dict[int, Strategy] = {
    FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
    FieldDescriptor.CPPTYPE_DOUBLE: st.floats(allow_nan=False),
    FieldDescriptor.CPPTYPE_FLOAT: st.floats(allow_nan=False, width=32),
    FieldDescriptor.CPPTYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: st.integers(0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: st.integers(0, 2**64 - 1),
}
_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)


def method_messages() -> list[str]:
    """Every request and response message, by full name."""
    found = {
        kind.full_name for method in descriptors.methods().values() for kind in (method.input_type, method.output_type)
    }
    return sorted(found)


def _scalar(field: FieldDescriptor) -> Strategy:
    if field.type == FieldDescriptor.TYPE_BYTES:
        return st.binary(max_size=8)
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return _TEXT
    if field.cpp_type == FieldDescriptor.CPPTYPE_ENUM:
        return st.sampled_from([value.number for value in field.enum_type.values])
    return _BY_TYPE[field.cpp_type]


@st.composite
def messages(draw: st.DrawFn, full_name: str, depth: int = 3) -> Message:
    """A message of that type with a few fields set."""
    made = descriptors.message_class(full_name)()
    _fill(draw, made, depth)
    return made


def _fill(draw: st.DrawFn, made: Any, depth: int) -> None:
    kind: Descriptor = made.DESCRIPTOR
    match kind.full_name:
        case "google.protobuf.Timestamp":
            made.seconds, made.nanos = draw(st.integers(-62135596800, 253402300799)), draw(st.integers(0, 999_999_999))
        case "google.protobuf.Duration":
            sign = draw(st.sampled_from([-1, 1]))
            made.seconds = sign * draw(st.integers(0, 315_576_000_000))
            made.nanos = sign * draw(st.integers(0, 999_999_999))
        case "google.protobuf.FieldMask":
            made.paths.extend(draw(st.lists(_NAME, max_size=3)))
        case "google.protobuf.Any":
            inner = draw(st.sampled_from(["google.rpc.Status", "google.protobuf.StringValue", "grafeas.v1.Jwt"]))
            made.Pack(draw(messages(inner, 0)))
        case "google.protobuf.Struct":
            made.update(draw(st.dictionaries(_TEXT, _JSON, max_size=3)))
        case "google.protobuf.Value":
            _value(made, draw(_JSON))
        case "google.protobuf.ListValue":
            made.extend(draw(st.lists(_JSON, max_size=3)))
        case _:
            _fields(draw, made, kind, depth)


def _value(made: Any, value: Any) -> None:
    match value:
        case None:
            made.null_value = 0
        case bool():
            made.bool_value = value
        case float():
            made.number_value = value
        case str():
            made.string_value = value
        case list():
            made.list_value.SetInParent()
            made.list_value.extend(value)
        case dict():
            made.struct_value.SetInParent()
            made.struct_value.update(value)


def _fields(draw: st.DrawFn, made: Any, kind: Descriptor, depth: int) -> None:
    choices = [field for field in kind.fields if depth > 0 or field.message_type is None]
    if not choices:
        return
    taken: set[str] = set()
    for field in draw(st.lists(st.sampled_from(choices), max_size=4, unique_by=lambda each: each.name)):
        if field.containing_oneof is not None:
            if field.containing_oneof.name in taken:
                continue
            taken.add(field.containing_oneof.name)
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            _map(draw, getattr(made, field.name), field, depth)
        elif field.message_type is not None:
            if field.is_repeated:
                for _ in range(draw(st.integers(0, 2))):
                    _fill(draw, getattr(made, field.name).add(), depth - 1)
            else:
                child = getattr(made, field.name)
                child.SetInParent()
                _fill(draw, child, depth - 1)
        elif field.is_repeated:
            getattr(made, field.name).extend(draw(st.lists(_scalar(field), max_size=3)))
        else:
            setattr(made, field.name, draw(_scalar(field)))


def _map(draw: st.DrawFn, container: Any, field: FieldDescriptor, depth: int) -> None:
    entry = field.message_type.fields_by_name
    for key in draw(st.lists(_scalar(entry["key"]), max_size=2)):
        if entry["value"].message_type is not None:
            _fill(draw, container[key], depth - 1)
        else:
            container[key] = draw(_scalar(entry["value"]))
