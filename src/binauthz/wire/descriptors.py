"""Every message, service and route that we speak, from one committed descriptor set (tools/make_descriptors.py).

A private pool keeps these types apart from whatever generated modules a process also imports.
"""

import functools
import gzip
from importlib import resources
from typing import Any

from google.protobuf.descriptor import Descriptor, MethodDescriptor, ServiceDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass


@functools.cache
def _files() -> FileDescriptorSet:
    packed = resources.files(__package__).joinpath("descriptors.binpb.gz").read_bytes()
    return FileDescriptorSet.FromString(gzip.decompress(packed))


@functools.cache
def pool() -> DescriptorPool:
    """The pool that holds every type of the descriptor set."""
    made = DescriptorPool()
    for file in _files().file:
        made.AddSerializedFile(file.SerializeToString())
    return made


def descriptor(full_name: str) -> Descriptor:
    """The descriptor of a message; raises KeyError for a name that the set lacks."""
    found: Descriptor = pool().FindMessageTypeByName(full_name)
    return found


@functools.cache
def message_class(full_name: str) -> type[Message]:
    """The class of a message, such as ``google.cloud.binaryauthorization.v1.Policy``."""
    return GetMessageClass(descriptor(full_name))


@functools.cache
def services() -> tuple[ServiceDescriptor, ...]:
    """Every service, by full name."""
    found = (
        pool().FindServiceByName(f"{file.package}.{service.name}") for file in _files().file for service in file.service
    )
    return tuple(sorted(found, key=lambda service: str(service.full_name)))


@functools.cache
def methods() -> dict[str, MethodDescriptor]:
    """Every unary or streaming method by full name, such as ``grafeas.v1.Grafeas.GetNote``."""
    return {method.full_name: method for service in services() for method in service.methods}


@functools.cache
def _options_class(kind: str) -> type[Message]:
    # The options must be parsed by a class of this pool, or their extensions stay unknown bytes.
    return message_class(f"google.protobuf.{kind}")


def http_rule(method: MethodDescriptor) -> Message:
    """A method's google.api.http annotation; empty when it has none."""
    options: Any = _options_class("MethodOptions").FromString(method.GetOptions().SerializeToString())
    rule: Message = options.Extensions[pool().FindExtensionByName("google.api.http")]
    return rule


def default_host(service: ServiceDescriptor) -> str:
    """The public host of a service, such as ``container.googleapis.com``; empty for shared services."""
    options: Any = _options_class("ServiceOptions").FromString(service.GetOptions().SerializeToString())
    host: str = options.Extensions[pool().FindExtensionByName("google.api.default_host")]
    return host
