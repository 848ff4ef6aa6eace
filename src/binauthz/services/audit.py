"""Audit entries for calls of our own API that change something (SPEC 5.4).

The entry of a change is appended in the transaction that makes the change, so a crash loses both or neither. Admin
writes go to the activity log. Writing occurrences is DATA_WRITE in the service we are compatible with, so those
entries go to the data access log; here it is always on.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from binauthz.base.errors import ApiError, Code
from binauthz.services import operations, projects
from binauthz.services.context import Context
from binauthz.services.logs import stamp
from binauthz.services.names import project_of
from binauthz.store.interface import Reader, Writer
from binauthz.store.records import LogEntry

R = TypeVar("R")

ACTIVITY = "cloudaudit.googleapis.com%2Factivity"
DATA_ACCESS = "cloudaudit.googleapis.com%2Fdata_access"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedCall:
    """One call as it is logged: ``method`` is the full gRPC name, the request is in JSON form."""

    service: str
    method: str
    permission: str
    resource: str
    log: str
    request: Mapping[str, Any]
    error: ApiError | None = None


async def record(ctx: Context, call: AuditedCall) -> None:
    """Append the entry of a call to the log of the resource's project; a call about no known project leaves none."""
    project = await ctx.store.read(lambda tx: _project(tx, call.resource))
    if project:
        await ctx.store.append_log([_entry(ctx, call, project, uuid.uuid4().hex)])


class AuditedStore:
    """The store as one call writes to it: the call's entry is appended by each of its transactions, and being the same
    entry each time it is kept once, with the first change that is.

    A transaction whose entry cannot be appended is undone.
    """

    def __init__(self, ctx: Context, call: AuditedCall) -> None:
        self._ctx = ctx
        self._call = call
        self._insert_id = uuid.uuid4().hex
        self.recorded = False

    async def write(self, body: Callable[[Writer], R]) -> R:
        """Run a write transaction that ends with the call's entry."""

        def audited(tx: Writer) -> R:
            # Before the change, which may remove what says whose the resource is.
            project = _project(tx, self._call.resource)
            result = body(tx)
            if project:
                tx.append_log([_entry(self._ctx, self._call, project, self._insert_id)])
            return result

        result = await self._ctx.store.write(audited)
        self.recorded = True
        return result

    async def read(self, body: Callable[[Reader], R]) -> R:
        """As the store does."""
        return await self._ctx.store.read(body)

    async def revision(self) -> int:
        """As the store does."""
        return await self._ctx.store.revision()

    async def append_log(self, entries: Sequence[LogEntry]) -> None:
        """As the store does: what a call appends to a log is not a change."""
        await self._ctx.store.append_log(entries)

    async def purge_logs(self, before: dt.datetime) -> int:
        """As the store does."""
        return await self._ctx.store.purge_logs(before)

    async def close(self) -> None:
        """Not for a call to do."""
        raise RuntimeError("a call cannot close the store")


def _project(tx: Reader, resource: str) -> str:
    owner = project_of(resource) or operations.owner(tx, resource)
    found = projects.find(tx, owner) if owner else None
    return "" if found is None else found.name


def _entry(ctx: Context, call: AuditedCall, project: str, insert_id: str) -> LogEntry:
    now = ctx.clock.now()
    log_name = f"{project}/logs/{call.log}"
    granted = call.error is None or call.error.code is not Code.PERMISSION_DENIED
    authorization: dict[str, Any] = {"granted": granted, "resource": call.resource}
    if call.permission:
        authorization["permission"] = call.permission
    status = {} if call.error is None else {"code": call.error.code.number, "message": call.error.message}
    payload = {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "serviceName": call.service,
        "methodName": call.method,
        "resourceName": call.resource,
        "authenticationInfo": {"principalEmail": ctx.caller.principal.partition(":")[2] or ctx.caller.principal},
        "authorizationInfo": [authorization],
        "requestMetadata": {"callerIp": ctx.caller.ip, "callerSuppliedUserAgent": ctx.caller.user_agent[:512]},
        "request": dict(call.request),
        "status": status,
    }
    severity = "NOTICE" if call.error is None else "ERROR"
    document = {
        "logName": log_name,
        "insertId": insert_id,
        "timestamp": stamp(now),
        "receiveTimestamp": stamp(now),
        "severity": severity,
        "resource": {
            "type": "audited_resource",
            "labels": {
                "project_id": project.removeprefix("projects/"),
                "service": call.service,
                "method": call.method,
            },
        },
        "protoPayload": payload,
    }
    return LogEntry(
        name=f"{log_name}/{insert_id}", log_name=log_name, timestamp=now, severity=severity, document=document
    )
