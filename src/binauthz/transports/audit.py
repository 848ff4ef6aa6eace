"""Which calls leave an audit entry: every one that changes something, done or refused (SPEC 5.4)."""

from collections.abc import Callable

from google.protobuf.message import Message

from binauthz.base.errors import ApiError
from binauthz.services import audit
from binauthz.services.context import Caller, Context
from binauthz.transports.dispatch import Observer, Outcome
from binauthz.wire import descriptors
from binauthz.wire.json import to_json

_CHANGING = ("Create", "BatchCreate", "Update", "Replace", "Delete", "Set", "Enable", "BatchEnable", "Disable")
_MAX_REQUEST = 256 * 1024
_DATA = ("Occurrence", "Occurrences")
# What one IAM method covers, by the collection of its resource.
_IAM_SERVICES = {"notes": "containeranalysis", "occurrences": "containeranalysis", "memberships": "gkehub"}


def observer(context: Callable[[Caller], Context]) -> Observer:
    """The observer that writes audit entries; a call whose entry cannot be written does not succeed."""

    async def observe(outcome: Outcome, request: Message) -> None:
        method = outcome.method.rpartition(".")[2]
        if not method.startswith(_CHANGING):
            return
        error = None if outcome.code is None else ApiError(outcome.code, outcome.message)
        call = audit.AuditedCall(
            service=_service(outcome),
            method=outcome.method,
            permission=outcome.permission or "",
            resource=outcome.resource,
            log=audit.DATA_ACCESS if method.endswith(_DATA) else audit.ACTIVITY,
            request=_document(request),
            error=error,
        )
        await audit.record(context(outcome.caller), call)

    return observe


def _document(request: Message) -> dict[str, object]:
    size = request.ByteSize()
    if size > _MAX_REQUEST:
        kind = f"type.googleapis.com/{request.DESCRIPTOR.full_name}"
        return {"@type": kind, "omitted": f"a request of {size} bytes is not kept"}
    document = to_json(request)
    body = document if isinstance(document, dict) else {}
    return {"@type": f"type.googleapis.com/{request.DESCRIPTOR.full_name}", **body}


def _service(outcome: Outcome) -> str:
    """The public host whose API was called; the shared IAM methods belong to the API of their resource."""
    host = descriptors.default_host(descriptors.methods()[outcome.method].containing_service)
    if host and not outcome.method.startswith("google.iam."):
        return host
    if outcome.method.startswith("grafeas."):
        return "containeranalysis.googleapis.com"
    collection = outcome.resource.split("/")[-2:][0]
    return f"{_IAM_SERVICES.get(collection, 'binaryauthorization')}.googleapis.com"
