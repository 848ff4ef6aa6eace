"""Audit entries for calls of our own API that change something (SPEC 5.4).

Admin writes go to the activity log. Writing occurrences is DATA_WRITE in the service we are compatible with, so those
entries go to the data access log; here it is always on.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from binauthz.base.errors import ApiError, Code
from binauthz.services import projects
from binauthz.services.context import Context
from binauthz.services.logs import stamp
from binauthz.services.names import project_of
from binauthz.store.interface import Reader
from binauthz.store.records import LogEntry

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
        await ctx.store.append_log([_entry(ctx, call, project)])


def _project(tx: Reader, resource: str) -> str:
    found = projects.find(tx, resource) if project_of(resource) else None
    return "" if found is None else found.name


def _entry(ctx: Context, call: AuditedCall, project: str) -> LogEntry:
    now = ctx.clock.now()
    log_name = f"{project}/logs/{call.log}"
    insert_id = uuid.uuid4().hex
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
