"""Issuing, listing and revoking bearer tokens, by whoever holds the installation's directory.

It works on the store itself, whether or not the server runs; what it changes counts for the next call, and leaves an
entry in the same transaction as calls of the API do.
"""

import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from binauthz.app.configuration import load
from binauthz.app.home import Home, NotRunning
from binauthz.base.clock import SystemClock
from binauthz.base.errors import invalid_field
from binauthz.services import audit, tokens
from binauthz.services.context import Caller, Context
from binauthz.services.members import canonical_member, is_member
from binauthz.store import open_store
from binauthz.store.interface import Writer
from binauthz.store.records import Token

OPERATOR = "system:binauthz:operator"
MAX_LIFETIME = dt.timedelta(days=366)
_HOLDERS = ("user:", "serviceAccount:", "principal://")


async def create(home: Home, holder: str, lifetime: dt.timedelta, groups: Sequence[str] = ()) -> str:
    """A new token; raises ApiError for a holder or a lifetime that is none."""
    if not (holder.startswith(_HOLDERS) and is_member(holder)):
        raise invalid_field("principal", f"got `{holder[:120]}`, expected user:, serviceAccount: or principal://")
    if not dt.timedelta(0) < lifetime <= MAX_LIFETIME:
        raise invalid_field("lifetime", f"expected more than nothing and at most {MAX_LIFETIME.days} days")
    principal = canonical_member(holder)
    asked = {"principal": principal, "groups": list(groups), "lifetimeSeconds": int(lifetime.total_seconds())}
    async with _desk(home, "Create", asked) as ctx:
        return await tokens.issue(ctx.store, ctx.clock, principal, lifetime=lifetime, groups=tuple(groups))


async def unexpired(home: Home) -> Sequence[Token]:
    """Every token that still counts."""
    async with _desk(home, "List", {}) as ctx:
        now = ctx.clock.now()
        found = await ctx.store.read(lambda tx: tx.list(Token, ""))
        return [each for each in found if each.expire_time is None or each.expire_time > now]


async def revoke(home: Home, token_id: str) -> Token | None:
    """Forget the one token whose id begins so; None when none does, or several."""
    async with _desk(home, "Revoke", {"id": token_id}) as ctx:

        def body(tx: Writer) -> Token | None:
            found = [each for each in tx.list(Token, "") if each.name.startswith(token_id)]
            if len(found) != 1:
                return None
            tx.delete(Token, found[0].name)
            return found[0]

        return await ctx.store.write(body)


@asynccontextmanager
async def _desk(home: Home, verb: str, request: Mapping[str, Any]) -> AsyncIterator[Context]:
    """The store of the installation, written to under audit; raises NotRunning where there is no installation."""
    file = home.control / "config.json"
    if not file.exists():
        raise NotRunning(f"`{home.directory}` holds no installation: start one with `binauthz up` or `binauthz serve`")
    configuration = load(file)
    project = f"projects/{configuration.project}"
    call = audit.AuditedCall(
        service="binauthz",
        method=f"binauthz.Tokens.{verb}",
        permission="",
        resource=project,
        log=audit.ACTIVITY,
        request=request,
    )
    store = open_store(configuration.store)
    try:
        plain = Context(caller=Caller(principal=OPERATOR), clock=SystemClock(), store=store)
        yield Context(caller=plain.caller, clock=plain.clock, store=audit.AuditedStore(plain, call))
    finally:
        await store.close()
