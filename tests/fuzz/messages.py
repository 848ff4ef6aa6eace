"""Fill any message from its descriptor, with fields that use cases look into more often than chance would."""

import json
import random
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from binauthz.base.errors import ApiError
from binauthz.wire import descriptors
from binauthz.wire.json import decode
from tests.fuzz import vocabulary
from tests.fuzz.mutation import mutated
from tests.fuzz.samples import SAMPLES

_INTEGERS = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}
_FLOATS = [0.0, -0.0, 1.5, -1e9, 1e38, 1e-40]


def message(rng: random.Random, full_name: str, depth: int = 4) -> Message:
    """A message of that type."""
    made = descriptors.message_class(full_name)()
    fill(rng, made, depth)
    return made


def sober_message(rng: random.Random, full_name: str) -> Message:
    """A message of that type with samples where there are some, a fresh id where one is asked for, and no more."""
    made: Any = descriptors.message_class(full_name)()
    for field in made.DESCRIPTOR.fields:
        known = field.message_type is not None and field.message_type.full_name in SAMPLES
        if known and not field.is_repeated:
            _from_sample(rng, getattr(made, field.name), mutations=0)
        elif known:
            _from_sample(rng, getattr(made, field.name).add(), mutations=0)
        elif field.cpp_type == FieldDescriptor.CPPTYPE_STRING and field.name.endswith("_id"):
            setattr(made, field.name, vocabulary.fresh(rng))
        elif field.name == "update_mask":
            made.update_mask.paths.append(rng.choice(["description", "short_description", "labels", "state"]))
        elif field.name in {"permissions", "service_ids", "resource_names"}:
            getattr(made, field.name).extend(vocabulary.sober(rng, field.name))
    result: Message = made
    return result


def fill(rng: random.Random, made: Any, depth: int) -> None:
    """Set some of a message's fields."""
    kind = made.DESCRIPTOR
    if kind.full_name in SAMPLES and rng.random() < 0.7 and _from_sample(rng, made):
        return
    match kind.full_name:
        case "google.protobuf.Timestamp":
            made.seconds = rng.choice([0, 1, 1_800_000_000, -62135596800, 253402300799])
            made.nanos = rng.choice([0, 1, 123_456_000, 999_999_999])
        case "google.protobuf.Duration":
            made.seconds = rng.choice([0, 1, 86_400, 315_576_000_000])
        case "google.protobuf.FieldMask":
            made.paths.extend(rng.choice(vocabulary.MASKS).split(","))
        case "google.protobuf.Struct":
            made.update({rng.choice(vocabulary.ODD): rng.choice([1, None, True, "x", [1, {"a": []}], {"b": {}}])})
        case "google.protobuf.Value":
            made.string_value = rng.choice(vocabulary.ODD)
        case "google.protobuf.Any":
            made.Pack(descriptors.message_class("google.rpc.Status")(message=rng.choice(vocabulary.ODD)))
        case _:
            _fields(rng, made, depth)


def _from_sample(rng: random.Random, made: Any, mutations: int | None = None) -> bool:
    sample = rng.choice(SAMPLES[made.DESCRIPTOR.full_name])
    for _ in range(rng.choice([0, 0, 1, 2]) if mutations is None else mutations):
        sample = mutated(rng, sample)
    draft = type(made)()
    try:
        decode(json.dumps(sample).encode(), draft)
    except ApiError:
        # A mutation that this message cannot say.
        return False
    made.CopyFrom(draft)
    return True


def _fields(rng: random.Random, made: Any, depth: int) -> None:
    taken: set[str] = set()
    for field in made.DESCRIPTOR.fields:
        group = field.containing_oneof.name if field.containing_oneof is not None else ""
        chance = 0.6 if field.message_type is None else (0.5 if depth > 3 else 0.15)
        if (group in taken and group) or rng.random() > chance or (field.message_type is not None and depth <= 0):
            continue
        taken.add(group)
        _field(rng, made, field, depth)


def _field(rng: random.Random, made: Any, field: FieldDescriptor, depth: int) -> None:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        entry = field.message_type.fields_by_name
        for _ in range(rng.choice([0, 1, 2])):
            key = scalar(rng, entry["key"])
            if entry["value"].message_type is not None:
                fill(rng, getattr(made, field.name)[key], depth - 1)
            else:
                getattr(made, field.name)[key] = scalar(rng, entry["value"])
    elif field.message_type is not None and field.is_repeated:
        for _ in range(rng.choice([0, 1, 2])):
            fill(rng, getattr(made, field.name).add(), depth - 1)
    elif field.message_type is not None:
        child = getattr(made, field.name)
        child.SetInParent()
        fill(rng, child, depth - 1)
    elif field.is_repeated:
        getattr(made, field.name).extend(scalar(rng, field) for _ in range(rng.choice([0, 1, 2, 3])))
    else:
        setattr(made, field.name, scalar(rng, field))


def scalar(rng: random.Random, field: FieldDescriptor) -> Any:
    """A value of a field that holds no message."""
    if field.type == FieldDescriptor.TYPE_BYTES:
        return rng.choice([b"", b"\0", b"{}", rng.randbytes(32), rng.randbytes(64), b"x" * 5000])
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_STRING:
            return vocabulary.text(rng, field.name)
        case FieldDescriptor.CPPTYPE_BOOL:
            return rng.random() < 0.5
        case FieldDescriptor.CPPTYPE_ENUM:
            return rng.choice([value.number for value in field.enum_type.values])
        case FieldDescriptor.CPPTYPE_DOUBLE | FieldDescriptor.CPPTYPE_FLOAT:
            return rng.choice(_FLOATS)
        case kind:
            low, high = _INTEGERS[kind]
            return min(max(rng.choice(vocabulary.NUMBERS), low), high)
