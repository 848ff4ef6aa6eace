"""IAM policies of resources: read, replace, and what the caller may do (SPEC 0.1, 1.9).

Which resources take a policy is decided by their name, never by the method that was called (SPEC 1.1).
"""

import base64
import dataclasses
import secrets
from collections.abc import Mapping
from typing import Any

from binauthz.attestation.model import Attestor
from binauthz.base.errors import ApiError, Code, invalid_field
from binauthz.services import projects
from binauthz.services.authorization import INSTALLATION, held
from binauthz.services.context import Context
from binauthz.services.members import canonical_member, is_member
from binauthz.services.names import not_found
from binauthz.services.roles import ROLES
from binauthz.store.interface import Reader, Writer
from binauthz.store.records import Binding, Cluster, CryptoKey, IamPolicy, KeyRing, Membership, Note, Occurrence

_SINGLETONS = {"policy", "continuousValidationConfig"}
_KINDS: Mapping[tuple[str, ...], type[Any]] = {
    ("attestors",): Attestor,
    ("notes",): Note,
    ("occurrences",): Occurrence,
    ("locations", "clusters"): Cluster,
    ("locations", "memberships"): Membership,
    ("locations", "keyRings"): KeyRing,
    ("locations", "keyRings", "cryptoKeys"): CryptoKey,
}
MEMBER_LIMIT = 1500
PERMISSION_LIMIT = 100


async def get_iam_policy(ctx: Context, resource: str) -> IamPolicy:
    """The policy set on a resource, or the untouched one whose etag is ``ACAB``."""

    def body(tx: Reader) -> IamPolicy:
        name = _existing(tx, resource)
        return tx.get(IamPolicy, name) or IamPolicy(name=name)

    return await ctx.store.read(body)


async def set_iam_policy(ctx: Context, resource: str, draft: IamPolicy) -> IamPolicy:
    """Replace the policy of a resource; ABORTED when the etag sent is not the current one, as clients retry on that.

    An absent etag overwrites. Raises INVALID_ARGUMENT for a role or member we do not know, because a binding that
    silently grants nothing is worse than an error.
    """
    bindings = _checked(draft.bindings)
    etag = base64.b64encode(secrets.token_bytes(8)).decode()

    def body(tx: Writer) -> IamPolicy:
        name = _existing(tx, resource)
        current = tx.get(IamPolicy, name) or IamPolicy(name=name)
        if draft.etag and draft.etag != current.etag:
            raise ApiError(
                Code.ABORTED,
                "There were concurrent policy changes. Please retry the whole read-modify-write with exponential "
                "backoff.",
            )
        policy = dataclasses.replace(draft, name=name, bindings=bindings, etag=etag)
        tx.put(policy)
        return policy

    return await ctx.store.write(body)


async def test_iam_permissions(ctx: Context, resource: str, permissions: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the permissions the caller holds; none, and no error, on a missing resource (SPEC 1.1)."""
    if len(permissions) > PERMISSION_LIMIT:
        raise invalid_field("permissions", f"got {len(permissions)} permissions, expected at most {PERMISSION_LIMIT}")
    wildcard = next((each for each in permissions if "*" in each), None)
    if wildcard is not None:
        raise invalid_field("permissions", f"wildcards are not allowed: got `{wildcard[:120]}`")
    if not await ctx.store.read(lambda tx: _exists(tx, projects.canonical(tx, resource))):
        return ()
    return await held(ctx, permissions, resource)


def _existing(tx: Reader, resource: str) -> str:
    name = projects.canonical(tx, resource)
    if not _exists(tx, name):
        raise not_found(resource)
    return name


def _exists(tx: Reader, name: str) -> bool:
    if name == INSTALLATION:
        return True
    if projects.find(tx, name) is None:
        return False
    segments = name.split("/")
    if len(segments) == 2 or (len(segments) == 3 and segments[2] in _SINGLETONS):
        return True
    kind = _KINDS.get(tuple(segments[2::2]))
    return kind is not None and tx.get(kind, name) is not None


def _checked(bindings: tuple[Binding, ...]) -> tuple[Binding, ...]:
    """Bindings with one row per role, in the order given, members in the order given and once."""
    merged: dict[str, dict[str, None]] = {}
    for index, binding in enumerate(bindings):
        if binding.role not in ROLES:
            raise invalid_field(
                f"policy.bindings[{index}].role", f"Role {binding.role[:120]} is not supported for this resource."
            )
        members = merged.setdefault(binding.role, {})
        for member in binding.members:
            members[_member(member, index)] = None
    if sum(len(members) for members in merged.values()) > MEMBER_LIMIT:
        raise invalid_field("policy.bindings", f"expected at most {MEMBER_LIMIT} members")
    return tuple(Binding(role=role, members=tuple(members)) for role, members in merged.items() if members)


def _member(member: str, index: int) -> str:
    if not is_member(member):
        raise invalid_field(
            f"policy.bindings[{index}].members",
            f"got `{member[:120]}`, expected user:, serviceAccount: or group: with an address, domain:, principal://, "
            "allUsers or allAuthenticatedUsers",
        )
    return canonical_member(member)
