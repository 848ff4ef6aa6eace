"""Grafeas v1 and v1beta1 spell the same notes and occurrences differently; this says what corresponds to what.

Members of the same name correspond; the tables below have those that do not. Enums correspond by the names of their
values, also where one version has an enum and the other text. What has no counterpart is left out: the record keeps
the message of the version that wrote it (ADR-0012).
"""

from collections.abc import Mapping
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from binauthz.wire.descriptors import message_class
from binauthz.wire.fields import set_enum

V1, V1BETA1 = "grafeas.v1", "grafeas.v1beta1"

Paths = tuple[tuple[str, str], ...]
# By the v1beta1 message: its paths, and the paths of the same content in the v1 message.
_DIFFERENT: Mapping[str, Paths] = {
    "Note": (
        ("base_image", "image"),
        ("deployable", "deployment"),
        ("attestation_authority", "attestation"),
    ),
    "Occurrence": (
        ("resource.uri", "resource_uri"),
        ("derived_image.derived_image", "image"),
        ("installation.installation", "package"),
        ("deployment.deployment", "deployment"),
        ("discovered.discovered", "discovery"),
    ),
    "vulnerability.Vulnerability.Detail": (
        ("cpe_uri", "affected_cpe_uri"),
        ("package", "affected_package"),
        ("min_affected_version", "affected_version_start"),
        ("max_affected_version", "affected_version_end"),
        ("fixed_location.cpe_uri", "fixed_cpe_uri"),
        ("fixed_location.package", "fixed_package"),
        ("fixed_location.version", "fixed_version"),
    ),
    "vulnerability.Details": (("cvss_v3", "cvssv3"),),
    "vulnerability.PackageIssue": (
        ("affected_location.cpe_uri", "affected_cpe_uri"),
        ("affected_location.package", "affected_package"),
        ("affected_location.version", "affected_version"),
        ("fixed_location.cpe_uri", "fixed_cpe_uri"),
        ("fixed_location.package", "fixed_package"),
        ("fixed_location.version", "fixed_version"),
    ),
    "InTotoSlsaProvenanceV1": (("_type", "type"),),
    "SbomReferenceIntotoPayload": (("_type", "type"),),
}
# Where a v1beta1 occurrence wraps its details in a message of their own; v1 has them under the second name.
_WRAPPED = {
    "derived_image": "image",
    "installation": "package",
    "deployment": "deployment",
    "discovered": "discovery",
}
# Both versions have details of this name, of different shapes: they are carried by hand.
_APART: Mapping[str, frozenset[str]] = {"Occurrence": frozenset({"attestation"})}
_TEXT, _ENUM = FieldDescriptor.CPPTYPE_STRING, FieldDescriptor.CPPTYPE_ENUM


def to_v1(message: Any) -> Any:
    """The v1 note or occurrence that says what a v1beta1 one does, as far as v1 can."""
    made: Any = message_class(f"{V1}.{message.DESCRIPTOR.name}")()
    _carry(message, made, from_beta=True)
    if message.DESCRIPTOR.name == "Occurrence":
        details = message.WhichOneof("details")
        if details in _WRAPPED:
            getattr(made, _WRAPPED[details]).SetInParent()
        if details == "attestation":
            made.attestation.SetInParent()
            _to_v1_attestation(message.attestation.attestation, made.attestation)
    return made


def to_v1beta1(message: Any) -> Any:
    """The v1beta1 note or occurrence that says what a v1 one does, as far as v1beta1 can."""
    made: Any = message_class(f"{V1BETA1}.{message.DESCRIPTOR.name}")()
    _carry(message, made, from_beta=False)
    if message.DESCRIPTOR.name == "Occurrence" and message.WhichOneof("details") == "attestation":
        generic = made.attestation.attestation.generic_signed_attestation
        set_enum(generic, "content_type", "SIMPLE_SIGNING_JSON")
        generic.serialized_payload = message.attestation.serialized_payload
        for each in message.attestation.signatures:
            generic.signatures.add(signature=each.signature, public_key_id=each.public_key_id)
    return made


def _to_v1_attestation(attestation: Any, made: Any) -> None:
    """A PGP attestation becomes one signature over no payload."""
    match attestation.WhichOneof("signature"):
        case "generic_signed_attestation":
            generic = attestation.generic_signed_attestation
            made.serialized_payload = generic.serialized_payload
            for each in generic.signatures:
                made.signatures.add(signature=each.signature, public_key_id=each.public_key_id)
        case "pgp_signed_attestation":
            pgp = attestation.pgp_signed_attestation
            made.signatures.add(signature=pgp.signature.encode(), public_key_id=pgp.pgp_key_id)


def _carry(source: Any, target: Any, *, from_beta: bool) -> None:
    """Copy what corresponds from a message to its counterpart."""
    beta = source if from_beta else target
    name = beta.DESCRIPTOR.full_name.removeprefix(V1BETA1 + ".")
    different = _DIFFERENT.get(name, ())
    apart = _APART.get(name, frozenset()).union(path.partition(".")[0] for pair in different for path in pair)
    for field, value in source.ListFields():
        other = target.DESCRIPTOR.fields_by_name.get(field.name)
        if other is not None and field.name not in apart:
            _put(field, value, target, other, from_beta=from_beta)
    for pair in different:
        here, there = pair if from_beta else pair[::-1]
        outer, _, inner = here.rpartition(".")
        holder = source if not outer else getattr(source, outer)
        for field, value in holder.ListFields():
            if field.name == inner:
                outer, _, last = there.rpartition(".")
                around = target if not outer else getattr(target, outer)
                _put(field, value, around, around.DESCRIPTOR.fields_by_name[last], from_beta=from_beta)


def _put(field: FieldDescriptor, value: Any, target: Any, other: FieldDescriptor, *, from_beta: bool) -> None:
    """Set a field to what the value of its counterpart says; nothing where the two cannot be compared."""
    if field.is_repeated != other.is_repeated or (field.message_type is None) != (other.message_type is None):
        return
    if field.message_type is None:
        values = [_scalar(field, each, other) for each in (value if field.is_repeated else [value])]
        if field.is_repeated:
            getattr(target, other.name).extend(each for each in values if each is not None)
        elif values[0] is not None:
            setattr(target, other.name, values[0])
    elif _is_map(field) or _is_map(other):
        _put_map(field, value, getattr(target, other.name), other, from_beta=from_beta)
    elif field.is_repeated:
        for each in value:
            _put_message(each, getattr(target, other.name).add(), from_beta=from_beta)
    else:
        _put_message(value, getattr(target, other.name), from_beta=from_beta)


def _put_message(source: Any, target: Any, *, from_beta: bool) -> None:
    if source.DESCRIPTOR.full_name == target.DESCRIPTOR.full_name:
        target.CopyFrom(source)
        return
    target.SetInParent()
    _carry(source, target, from_beta=from_beta)


def _put_map(field: Any, entries: Any, target: Any, other: Any, *, from_beta: bool) -> None:
    if not (_is_map(field) and _is_map(other)):
        return
    here, there = (each.message_type.fields_by_name["value"] for each in (field, other))
    for key, value in entries.items():
        if here.message_type is not None and there.message_type is not None:
            _put_message(value, target[key], from_beta=from_beta)
        elif here.cpp_type == there.cpp_type:
            target[key] = value


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)


def _scalar(field: Any, value: Any, other: Any) -> Any:
    """The value in the counterpart's type; None where that has no such value."""
    if _ENUM not in (field.cpp_type, other.cpp_type):
        return value if field.type == other.type else None
    if field.cpp_type == _ENUM:
        named = field.enum_type.values_by_number.get(value)
        name = named.name if named is not None else ""
    else:
        name = value if field.cpp_type == _TEXT else ""
    if other.cpp_type == _TEXT:
        return name or None
    found = other.enum_type.values_by_name.get(name) if other.cpp_type == _ENUM else None
    return None if found is None else found.number
