"""Edit a set of file descriptors: find, add, rename, strip and prune."""

import re
import zlib
from collections.abc import Callable, Iterable, Iterator

from google.api import annotations_pb2, client_pb2, field_behavior_pb2, http_pb2
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
    ServiceDescriptorProto,
)

Field = FieldDescriptorProto

WELL_KNOWN = {
    "google.protobuf.Any": "google/protobuf/any.proto",
    "google.protobuf.Duration": "google/protobuf/duration.proto",
    "google.protobuf.Empty": "google/protobuf/empty.proto",
    "google.protobuf.FieldMask": "google/protobuf/field_mask.proto",
    "google.protobuf.Struct": "google/protobuf/struct.proto",
    "google.protobuf.Timestamp": "google/protobuf/timestamp.proto",
    "google.protobuf.Value": "google/protobuf/struct.proto",
}


def snake(name: str) -> str:
    """The proto name of a JSON member."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: "_" + match[1], name).lower()


def camel(name: str) -> str:
    """The JSON name that protoc derives from a proto name."""
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def stable_number(name: str) -> int:
    """A field number for a field that only the discovery documents name: stays the same when neighbours appear."""
    return 100_000 + zlib.crc32(name.encode()) % 900_000


def file_of(files: FileDescriptorSet, name: str) -> FileDescriptorProto:
    """The file of that path."""
    return next(file for file in files.file if file.name == name)


def message_of(file: FileDescriptorProto, name: str) -> DescriptorProto:
    """The top-level message of that name."""
    return next(message for message in file.message_type if message.name == name)


def all_messages(messages: Iterable[DescriptorProto], prefix: str) -> Iterator[tuple[str, DescriptorProto]]:
    """Every message with its full name, nested ones included."""
    for message in messages:
        name = f"{prefix}.{message.name}"
        yield name, message
        yield from all_messages(message.nested_type, name)


def add_import(file: FileDescriptorProto, path: str) -> None:
    """Import ``path`` unless the file does so already."""
    if path not in file.dependency and path != file.name:
        file.dependency.append(path)


def add_method(
    service: ServiceDescriptorProto, name: str, request: str, response: str, rule: http_pb2.HttpRule
) -> MethodDescriptorProto:
    """Add a unary method; types are full names."""
    method = service.method.add(name=name, input_type=f".{request}", output_type=f".{response}")
    method.options.Extensions[annotations_pb2.http].CopyFrom(rule)
    return method


def rule(verb: str, path: str, body: str = "") -> http_pb2.HttpRule:
    """An HTTP rule."""
    made = http_pb2.HttpRule(body=body)
    setattr(made, verb.lower(), path)
    return made


def clone(source: FileDescriptorProto, replacements: Iterable[tuple[str, str]]) -> FileDescriptorProto:
    """A copy of a file with names replaced everywhere they occur: packages, types, services, routes and imports."""
    text = FileDescriptorProto()
    text.CopyFrom(source)

    def renamed(value: str) -> str:
        for old, new in replacements:
            value = value.replace(old, new)
        return value

    text.name, text.package = renamed(text.name), renamed(text.package)
    for index, path in enumerate(text.dependency):
        text.dependency[index] = renamed(path)
    for _, message in all_messages(text.message_type, text.package):
        for field in message.field:
            if field.type_name:
                field.type_name = renamed(field.type_name)
    for service in text.service:
        service.name = renamed(service.name)
        for method in service.method:
            method.input_type, method.output_type = renamed(method.input_type), renamed(method.output_type)
            http = method.options.Extensions[annotations_pb2.http]
            for binding in (http, *http.additional_bindings):
                pattern = binding.WhichOneof("pattern")
                if pattern and pattern != "custom":
                    setattr(binding, pattern, renamed(getattr(binding, pattern)))
    return text


def keep_methods(service: ServiceDescriptorProto, wanted: Callable[[str], bool]) -> None:
    """Drop the methods that are not wanted."""
    kept = [method for method in service.method if wanted(method.name)]
    del service.method[:]
    service.method.extend(kept)


def strip(files: FileDescriptorSet) -> None:
    """Drop what neither transport reads: every option but routes, hosts and field behaviour; derived JSON names."""
    for file in files.file:
        if file.name == "google/protobuf/descriptor.proto":
            continue
        file.ClearField("options")
        for enum in file.enum_type:
            _strip_enum(enum)
        for _, message in all_messages(file.message_type, file.package):
            _strip_message(message)
        for field in file.extension:
            _strip_field(field)
        for service in file.service:
            host = service.options.Extensions[client_pb2.default_host]
            service.ClearField("options")
            if host:
                service.options.Extensions[client_pb2.default_host] = host
            for method in service.method:
                http = http_pb2.HttpRule()
                http.CopyFrom(method.options.Extensions[annotations_pb2.http])
                method.ClearField("options")
                if http.ByteSize():
                    method.options.Extensions[annotations_pb2.http].CopyFrom(http)


def _strip_message(message: DescriptorProto) -> None:
    is_map = message.options.map_entry
    message.ClearField("options")
    if is_map:
        message.options.map_entry = True
    message.ClearField("reserved_range")
    message.ClearField("reserved_name")
    for field in message.field:
        _strip_field(field)
    for enum in message.enum_type:
        _strip_enum(enum)


def _strip_field(field: FieldDescriptorProto) -> None:
    behaviours = list(field.options.Extensions[field_behavior_pb2.field_behavior])
    packed = field.options.packed if field.options.HasField("packed") else None
    field.ClearField("options")
    if behaviours:
        field.options.Extensions[field_behavior_pb2.field_behavior].extend(behaviours)
    if packed is not None:
        field.options.packed = packed
    if field.json_name == camel(field.name):
        field.ClearField("json_name")


def _strip_enum(enum: EnumDescriptorProto) -> None:
    aliases = enum.options.allow_alias
    enum.ClearField("options")
    if aliases:
        enum.options.allow_alias = True
    enum.ClearField("reserved_range")
    enum.ClearField("reserved_name")
    for value in enum.value:
        value.ClearField("options")


def prune(files: FileDescriptorSet, also: Callable[[str], bool]) -> FileDescriptorSet:
    """Keep only what the methods, and the top-level messages that ``also`` names, can reach."""
    owner: dict[str, tuple[str, DescriptorProto | None]] = {}
    for file in files.file:
        for message in file.message_type:
            owner[f".{file.package}.{message.name}"] = (file.name, message)
        for enum in file.enum_type:
            owner[f".{file.package}.{enum.name}"] = (file.name, None)
    reached: set[str] = set()

    def top_level(name: str) -> str:
        while name not in owner:
            name = name.rpartition(".")[0]
        return name

    def visit(names: Iterable[str]) -> None:
        pending = list(names)
        while pending:
            name = top_level(pending.pop())
            if name in reached:
                continue
            reached.add(name)
            message = owner[name][1]
            if message is not None:
                inner = all_messages([message], "")
                pending.extend(field.type_name for _, each in inner for field in each.field if field.type_name)

    visit(name for name in owner if also(name[1:]))
    for file in files.file:
        visit(field.extendee for field in file.extension)
        visit(field.type_name for field in file.extension if field.type_name)
        for service in file.service:
            visit(kind for method in service.method for kind in (method.input_type, method.output_type))
    kept = FileDescriptorSet()
    for file in files.file:
        copy = FileDescriptorProto()
        copy.CopyFrom(file)
        _keep_reached(copy, reached)
        if copy.message_type or copy.enum_type or copy.service or copy.extension:
            kept.file.append(copy)
    _rewrite_imports(kept, {name: path for name, (path, _) in owner.items()}, top_level)
    return kept


def _keep_reached(file: FileDescriptorProto, reached: set[str]) -> None:
    messages = [message for message in file.message_type if f".{file.package}.{message.name}" in reached]
    enums = [enum for enum in file.enum_type if f".{file.package}.{enum.name}" in reached]
    del file.message_type[:]
    del file.enum_type[:]
    file.message_type.extend(messages)
    file.enum_type.extend(enums)


def _rewrite_imports(files: FileDescriptorSet, home: dict[str, str], top_level: Callable[[str], str]) -> None:
    for file in files.file:
        used = {
            field.type_name
            for _, message in all_messages(file.message_type, file.package)
            for field in message.field
            if field.type_name
        }
        used |= {name for field in file.extension for name in (field.extendee, field.type_name) if name}
        for service in file.service:
            used |= {kind for method in service.method for kind in (method.input_type, method.output_type)}
        paths = {home[top_level(name)] for name in used} - {file.name}
        behaviours = any(
            field.options.Extensions[field_behavior_pb2.field_behavior]
            for _, message in all_messages(file.message_type, file.package)
            for field in message.field
        )
        if behaviours:
            paths.add("google/api/field_behavior.proto")
        if file.service:
            paths |= {"google/api/annotations.proto", "google/api/client.proto"}
        del file.dependency[:]
        del file.public_dependency[:]
        del file.weak_dependency[:]
        file.dependency.extend(sorted(paths))


def in_dependency_order(files: FileDescriptorSet) -> FileDescriptorSet:
    """Sort the files so that each follows its imports; ties go by name, so the outcome is deterministic."""
    by_name = {file.name: file for file in files.file}
    ordered: dict[str, FileDescriptorProto] = {}

    def place(name: str) -> None:
        if name in ordered:
            return
        for dependency in sorted(by_name[name].dependency):
            place(dependency)
        ordered[name] = by_name[name]

    for name in sorted(by_name):
        place(name)
    return FileDescriptorSet(file=ordered.values())
