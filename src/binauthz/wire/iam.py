"""IAM on the wire: the etag is base64 in JSON, so an untouched resource reads `{"etag": "ACAB"}` (SPEC 1.9)."""

import base64
from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message

from binauthz.base.errors import invalid_field
from binauthz.services import iam
from binauthz.services.authorization import authorize
from binauthz.services.context import Context
from binauthz.store.records import Binding, IamPolicy
from binauthz.wire.descriptors import message_class

_FAMILIES = {
    "attestors": "binaryauthorization.attestors",
    "policy": "binaryauthorization.policy",
    "continuousValidationConfig": "binaryauthorization.continuousValidationConfig",
    "notes": "containeranalysis.notes",
    "occurrences": "containeranalysis.occurrences",
    "memberships": "gkehub.memberships",
    "keyRings": "cloudkms.keyRings",
    "cryptoKeys": "cloudkms.cryptoKeys",
}
_VERSION_LIMIT = 3


def _permission(resource: str, verb: str) -> str:
    """The permission that the resource's own family asks for, whichever method was called (SPEC 1.1)."""
    segments = resource.split("/")
    if len(segments) == 2 and segments[0] == "projects":
        return f"resourcemanager.projects.{verb}"
    # A singleton is its own collection.
    collection = segments[-1] if len(segments) == 3 else segments[-2] if len(segments) in {4, 6, 8} else ""
    if segments[0] != "projects" or collection not in _FAMILIES:
        raise invalid_field("resource", f"got `{resource[:120]}`, expected a resource that takes an IAM policy")
    return f"{_FAMILIES[collection]}.{verb}"


def to_iam_policy(message: Any) -> IamPolicy:
    """The policy that a caller sent; what would silently not take effect is refused."""
    for index, binding in enumerate(message.bindings):
        if binding.HasField("condition"):
            raise invalid_field(f"policy.bindings[{index}].condition", "conditional bindings are not supported")
    if message.audit_configs:
        raise invalid_field("policy.auditConfigs", "audit configurations are not supported: admin writes are logged")
    if not 0 <= message.version <= _VERSION_LIMIT:
        raise invalid_field("policy.version", f"got {message.version}, expected 0 to {_VERSION_LIMIT}")
    return IamPolicy(
        name="",
        bindings=tuple(Binding(role=each.role, members=tuple(each.members)) for each in message.bindings),
        etag=base64.b64encode(message.etag).decode(),
    )


def from_iam_policy(policy: IamPolicy) -> Message:
    """The policy as a message."""
    message: Any = message_class("google.iam.v1.Policy")()
    message.etag = base64.b64decode(policy.etag)
    if policy.bindings:
        message.version = policy.version
    for binding in policy.bindings:
        message.bindings.add(role=binding.role, members=binding.members)
    result: Message = message
    return result


def _itself(resource: str) -> str:
    return resource


def project_name(resource: str) -> str:
    """The project that a Resource Manager route names by its bare id."""
    return resource if resource.startswith("projects/") else f"projects/{resource}"


class IamHandlers:
    """The three IAM methods; ``name`` turns what the route carries into a resource name."""

    def __init__(self, name: Callable[[str], str]) -> None:
        self._name = name

    async def get(self, ctx: Context, request: Any) -> Message:
        """GetIamPolicy."""
        resource = self._name(request.resource)
        await authorize(ctx, _permission(resource, "getIamPolicy"), resource)
        return from_iam_policy(await iam.get_iam_policy(ctx, resource))

    async def set(self, ctx: Context, request: Any) -> Message:
        """SetIamPolicy."""
        resource = self._name(request.resource)
        await authorize(ctx, _permission(resource, "setIamPolicy"), resource)
        return from_iam_policy(await iam.set_iam_policy(ctx, resource, to_iam_policy(request.policy)))

    async def test(self, ctx: Context, request: Any) -> Message:
        """TestIamPermissions, which needs no permission itself."""
        held = await iam.test_iam_permissions(ctx, self._name(request.resource), tuple(request.permissions))
        message: Any = message_class("google.iam.v1.TestIamPermissionsResponse")()
        message.permissions.extend(held)
        result: Message = message
        return result


BY_NAME = IamHandlers(_itself)
BY_PROJECT_ID = IamHandlers(project_name)
