"""What only the discovery documents say: messages and fields missing from the .proto files, and query parameters."""

import re
from collections.abc import Iterator
from typing import Any

from google.api import annotations_pb2
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto, FileDescriptorSet

from tools.descriptor_edit import (
    WELL_KNOWN,
    Field,
    add_import,
    all_messages,
    camel,
    file_of,
    snake,
    stable_number,
)

_SCALARS = {
    ("boolean", ""): Field.TYPE_BOOL,
    ("integer", "int32"): Field.TYPE_INT32,
    ("integer", "uint32"): Field.TYPE_UINT32,
    ("number", "double"): Field.TYPE_DOUBLE,
    ("number", "float"): Field.TYPE_FLOAT,
    ("string", ""): Field.TYPE_STRING,
    ("string", "byte"): Field.TYPE_BYTES,
    ("string", "int64"): Field.TYPE_INT64,
    ("string", "uint64"): Field.TYPE_UINT64,
}
_FORMATS = {
    "google-datetime": "google.protobuf.Timestamp",
    "google-duration": "google.protobuf.Duration",
    "google-fieldmask": "google.protobuf.FieldMask",
}
_SHARED = {
    "Date": ("google.type.Date", "google/type/date.proto"),
    "Empty": ("google.protobuf.Empty", "google/protobuf/empty.proto"),
    "Expr": ("google.type.Expr", "google/type/expr.proto"),
    "GoogleRpcStatus": ("google.rpc.Status", "google/rpc/status.proto"),
    "Status": ("google.rpc.Status", "google/rpc/status.proto"),
    "TimeOfDay": ("google.type.TimeOfDay", "google/type/timeofday.proto"),
}


class Overlay:
    """Adds a discovery document's messages and fields to one package's file."""

    def __init__(
        self, files: FileDescriptorSet, document: dict[str, Any], file: str, packages: tuple[str, ...]
    ) -> None:
        self.schemas: dict[str, dict[str, Any]] = document["schemas"]
        self.home = file_of(files, file)
        self.known: dict[str, tuple[str, FileDescriptorProto]] = {}
        for each in files.file:
            if each.package in packages:
                for name, _ in all_messages(each.message_type, each.package):
                    self.known.setdefault(name.rpartition(".")[2], (name, each))

    def require(self, schema: str) -> str:
        """The full name of the message for a schema, made if the package lacks it."""
        if schema in self.known:
            return self.known[schema][0]
        if schema in _SHARED:
            return _SHARED[schema][0]
        name = f"{self.home.package}.{schema}"
        self.known[schema] = (name, self.home)
        message = DescriptorProto(name=schema)
        for member, definition in sorted(self.schemas[schema].get("properties", {}).items()):
            self.add_field(message, name, self.home, member, definition)
        self.home.message_type.append(message)
        return name

    def add_missing_fields(self, files: FileDescriptorSet) -> None:
        """Give every message the fields that its schema has and it lacks."""
        for file in files.file:
            for name, message in list(all_messages(file.message_type, file.package)):
                schema = name.rpartition(".")[2]
                if schema not in self.schemas or self.known.get(schema, ("",))[0] != name:
                    continue
                present = {field.json_name or camel(field.name) for field in message.field}
                for member, definition in sorted(self.schemas[schema].get("properties", {}).items()):
                    if member not in present:
                        self.add_field(message, name, file, member, definition)

    def add_missing_values(self, files: FileDescriptorSet) -> None:
        """Give every enum the values that a schema's member has and it lacks, numbered on in the schema's order."""
        enums = {
            f".{full}": enum
            for file in files.file
            for scope, kinds in (
                (file.package, file.enum_type),
                *((name, message.enum_type) for name, message in all_messages(file.message_type, file.package)),
            )
            for enum in kinds
            for full in [f"{scope}.{enum.name}"]
        }
        for schema, (name, file) in self.known.items():
            messages = dict(all_messages(file.message_type, file.package))
            members = self.schemas.get(schema, {}).get("properties", {})
            for field in messages[name].field:
                definition = members.get(field.json_name or camel(field.name), {})
                wanted = definition.get("items", definition).get("enum", [])
                if field.type != Field.TYPE_ENUM or not wanted:
                    continue
                enum = enums[field.type_name]
                present = {value.name for value in enum.value}
                for value in wanted:
                    if value not in present:
                        enum.value.add(name=value, number=max(each.number for each in enum.value) + 1)

    def add_field(
        self, message: DescriptorProto, full: str, file: FileDescriptorProto, member: str, definition: dict[str, Any]
    ) -> None:
        """Add one member of a schema as a field."""
        field = message.field.add(name=snake(member), json_name=member, number=stable_number(member))
        field.label = Field.LABEL_REPEATED if definition.get("type") == "array" else Field.LABEL_OPTIONAL
        inner = definition["items"] if definition.get("type") == "array" else definition
        values = inner.get("additionalProperties")
        if inner.get("type") == "object" and values is not None and values.get("type") != "any":
            entry = message.nested_type.add(name=member[:1].upper() + member[1:] + "Entry")
            entry.options.map_entry = True
            entry.field.add(name="key", number=1, type=Field.TYPE_STRING, label=Field.LABEL_OPTIONAL)
            value = entry.field.add(name="value", number=2, label=Field.LABEL_OPTIONAL)
            self._type(value, entry, f"{full}.{entry.name}", file, member, values)
            field.label, field.type, field.type_name = Field.LABEL_REPEATED, Field.TYPE_MESSAGE, f".{full}.{entry.name}"
            return
        self._type(field, message, full, file, member, inner)

    def _type(
        self,
        field: Field,
        message: DescriptorProto,
        full: str,
        file: FileDescriptorProto,
        member: str,
        definition: dict[str, Any],
    ) -> None:
        kind, format_ = definition.get("type", ""), definition.get("format", "")
        if "enum" in definition:
            field.type, field.type_name = Field.TYPE_ENUM, _enum(message, full, member, definition["enum"])
            return
        if (kind, format_) in _SCALARS:
            field.type = _SCALARS[kind, format_]
            return
        if "$ref" in definition:
            schema = definition["$ref"]
            target = self.require(schema)
            add_import(file, _SHARED[schema][1] if schema not in self.known else self.known[schema][1].name)
        elif kind == "any":
            target = "google.protobuf.Value"
        elif kind == "object":
            target = "google.protobuf.Struct"
        else:
            target = _FORMATS[format_]
        if target in WELL_KNOWN:
            add_import(file, WELL_KNOWN[target])
        field.type, field.type_name = Field.TYPE_MESSAGE, f".{target}"


def _enum(message: DescriptorProto, full: str, member: str, values: list[str]) -> str:
    """The type of an enum member, shared with an equal one beside it."""
    taken: set[str] = set()
    for other in message.enum_type:
        names = [value.name for value in other.value]
        if names == values:
            return f".{full}.{other.name}"
        taken.update(names)
    name = member[:1].upper() + member[1:]
    scope = message
    if taken.intersection(values):
        # The values of a message's enums share one scope, so an overlapping enum gets a scope of its own.
        scope = message.nested_type.add(name=name + "Scope")
        full += "." + scope.name
    enum = scope.enum_type.add(name=name)
    for number, value in enumerate(values):
        enum.value.add(name=value, number=number)
    return f".{full}.{enum.name}"


def methods(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every method of a discovery document."""
    yield from document.get("methods", {}).values()
    for _, resource in sorted(document.get("resources", {}).items()):
        yield from methods(resource)


def template(method: dict[str, Any]) -> str:
    """A method's path with stars for its variables: ``/v1/projects/*/policy:getIamPolicy``."""
    return "/" + re.sub(r"\{[^}]*\}", "*", method.get("flatPath", method["path"]))


def add_missing_parameters(files: FileDescriptorSet, document: dict[str, Any]) -> None:
    """Give request messages the query parameters that only the discovery document names."""
    routes: dict[tuple[str, str], str] = {}
    for file in files.file:
        for service in file.service:
            for method in service.method:
                http = method.options.Extensions[annotations_pb2.http]
                for binding in (http, *http.additional_bindings):
                    verb = binding.WhichOneof("pattern")
                    if verb and verb != "custom":
                        routes[verb, _starred(getattr(binding, verb))] = method.input_type
    messages = {
        f".{name}": message for file in files.file for name, message in all_messages(file.message_type, file.package)
    }
    overlay_scalars = {"boolean", "integer", "string"}
    for method in methods(document):
        request = routes.get((method["httpMethod"].lower(), template(method)))
        if request is None:
            continue
        message = messages[request]
        present = {field.json_name or camel(field.name) for field in message.field}
        for name, definition in sorted(method["parameters"].items()):
            plain = definition["type"] in overlay_scalars and "enum" not in definition and "." not in name
            if definition["location"] != "query" or name in present or not plain:
                continue
            kind = _SCALARS.get((definition["type"], definition.get("format", "")))
            if kind is None:
                continue
            label = Field.LABEL_REPEATED if definition.get("repeated") else Field.LABEL_OPTIONAL
            message.field.add(name=snake(name), json_name=name, number=stable_number(name), type=kind, label=label)
            present.add(name)


def _starred(path: str) -> str:
    path = re.sub(r"\{[^={}]*=([^{}]*)\}", lambda match: match[1], path)
    return re.sub(r"\{[^{}]*\}", "*", path)
