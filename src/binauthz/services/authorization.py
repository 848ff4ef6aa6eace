"""Who may call (D10): IAM policies on a resource, its project and the installation decide; nothing is open by default.

A right on the installation (``organizations/local``) is a right on every project, also on one that does not exist
yet: its holder is told NOT_FOUND, everyone else the same PERMISSION_DENIED as for a project they may not see.
"""

from collections.abc import Iterable

from binauthz.base.errors import ApiError, Code
from binauthz.services import enablement, projects
from binauthz.services.context import Caller, Context
from binauthz.services.names import project_of
from binauthz.services.roles import granting
from binauthz.store.interface import Reader
from binauthz.store.records import IamPolicy

INSTALLATION = "organizations/local"
_DEEPEST = 12
_HOSTS = {"resourcemanager": "cloudresourcemanager"}


def _host(permission: str) -> str:
    """The API that a permission belongs to."""
    service = permission.partition(".")[0]
    return f"{_HOSTS.get(service, service)}.googleapis.com"


def denied(permission: str, resource: str) -> ApiError:
    """PERMISSION_DENIED in Google's words, the same whether or not the resource exists."""
    host = _host(permission)
    return ApiError(
        Code.PERMISSION_DENIED,
        f"Permission '{permission}' denied on resource '//{host}/{resource}' (or it may not exist).",
        reason="IAM_PERMISSION_DENIED",
        metadata={"permission": permission, "resource": resource},
    )


def _members(caller: Caller) -> frozenset[str]:
    """What a binding may call the caller. A domain holds people only, since an account may have any address."""
    kind, _, address = caller.principal.partition(":")
    domain = address.rpartition("@")[2] if kind == "user" and "@" in address else ""
    return frozenset(
        {caller.principal, "allUsers", "allAuthenticatedUsers"}
        | {f"group:{group}" for group in caller.groups}
        | ({f"domain:{domain}"} if domain else set())
    )


def _chain(resource: str) -> Iterable[str]:
    """The resource and what it lies in, up to the installation: a right on each is a right on the resource."""
    yield resource
    segments = resource.split("/", _DEEPEST + 1)
    if len(segments) <= _DEEPEST:
        for length in range((len(segments) - 1) // 2 * 2, 3, -2):
            yield "/".join(segments[:length])
    yield project_of(resource)
    yield INSTALLATION


def _roles_on(tx: Reader, caller: Caller, resource: str) -> Iterable[str]:
    members = _members(caller)
    for name in dict.fromkeys(_chain(resource)):
        policy = tx.get(IamPolicy, name) if name else None
        if policy is not None:
            for binding in policy.bindings:
                if members.intersection(binding.members):
                    yield binding.role


def permits(tx: Reader, caller: Caller, permission: str, resource: str) -> bool:
    """Whether the caller holds the permission on the resource, its project or the installation."""
    return granting(permission, _roles_on(tx, caller, projects.canonical(tx, resource)))


def demand(tx: Reader, caller: Caller, permission: str, resource: str) -> None:
    """Raise PERMISSION_DENIED unless the caller holds the permission; for use inside a transaction."""
    if not permits(tx, caller, permission, resource):
        raise denied(permission, resource)


async def authorize(ctx: Context, permission: str, resource: str) -> None:
    """Raise PERMISSION_DENIED unless the caller holds the permission on the resource, and SERVICE_DISABLED, to those
    who do, where its project has disabled the API."""

    def body(tx: Reader) -> None:
        demand(tx, ctx.caller, permission, resource)
        enablement.demand_not_disabled(tx, _host(permission), resource)

    await ctx.store.read(body)


async def held(ctx: Context, permissions: Iterable[str], resource: str) -> tuple[str, ...]:
    """Those of the permissions that the caller holds on the resource, in the order asked."""
    asked = tuple(permissions)

    def body(tx: Reader) -> tuple[str, ...]:
        roles = tuple(_roles_on(tx, ctx.caller, projects.canonical(tx, resource)))
        return tuple(each for each in asked if granting(each, roles))

    return await ctx.store.read(body)
