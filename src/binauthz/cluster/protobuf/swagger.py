"""The OpenAPI v2 document in protobuf, which kubectl 1.27 and 1.28 fetch before they write anything.

They look for one thing in it: that PATCH of a kind takes ``fieldValidation`` and ``dryRun``. So it has the paths and
no definitions: those are in the JSON documents. Numbers are those of gnostic's OpenAPIv2 messages.
"""

from collections.abc import Iterable, Iterator

from binauthz.cluster.protobuf.wire import write_field
from binauthz.cluster.resource import Resource
from binauthz.cluster.schema.definitions import RELEASE

ASKED_TYPE = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
"""What clients ask for; ``@`` makes it no media type, so the answer calls it something else."""

MEDIA_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_PARAMETERS = ("dryRun", "fieldManager", "fieldValidation", "force")
_EXTENSION = "x-kubernetes-group-version-kind"


def swagger(resources: Iterable[Resource]) -> bytes:
    """The document of these resources."""
    info = write_field(1, "Kubernetes") + write_field(2, f"v{RELEASE}+binauthz")
    paths = b"".join(write_field(2, _named(_path(resource), _item(resource))) for resource in resources)
    return write_field(1, "2.0") + write_field(2, info) + write_field(8, paths)


def _path(resource: Resource) -> str:
    root = f"/apis/{resource.group}" if resource.group else "/api"
    space = "/namespaces/{namespace}" if resource.namespaced else ""
    return f"{root}/{resource.version}{space}/{resource.plural}/{{name}}"


def _item(resource: Resource) -> bytes:
    """A PathItem whose only operation is PATCH."""
    return write_field(8, *_operation(resource))


def _operation(resource: Resource) -> Iterator[bytes]:
    for name in _PARAMETERS:
        query = write_field(2, "query") + write_field(4, name) + write_field(6, "string")
        yield write_field(8, write_field(1, write_field(2, write_field(3, query))))
    yield write_field(9)
    yaml = f'group: "{resource.group}"\nkind: {resource.kind}\nversion: {resource.version}\n'
    yield write_field(13, _named(_EXTENSION, write_field(2, yaml)))


def _named(name: str, value: bytes) -> bytes:
    return write_field(1, name) + write_field(2, value)
