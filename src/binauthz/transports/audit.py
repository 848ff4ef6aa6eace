"""Which calls leave an audit entry: all that change something, done or refused, and reads where asked (SPEC 5.4).

The entry of a change is part of the transaction that makes it: neither is ever kept without the other. A refused call,
and one that found nothing to change, leaves its entry afterwards; where that cannot be written, the call fails.
"""

import dataclasses
from collections.abc import Mapping

from google.protobuf.message import Message

from binauthz.base.errors import ApiError
from binauthz.services import audit
from binauthz.services.context import Context
from binauthz.transports.access import access
from binauthz.transports.dispatch import Call, Observation, Observer, unobserved
from binauthz.wire import descriptors
from binauthz.wire.json import to_json

_MAX_REQUEST = 256 * 1024
# What one IAM method covers, by the collection of its resource.
_IAM_SERVICES = {
    "notes": "containeranalysis",
    "occurrences": "containeranalysis",
    "memberships": "gkehub",
    "keyRings": "cloudkms",
    "cryptoKeys": "cloudkms",
}
# What a key's value never enters an entry for: the request's own material, whichever API it belongs to.
_SECRET = ("password", "secret", "privatekey", "clientkey", "plaintext", "wrappedkey", "credential")
_SECRET_KEYS = {"token", "accesstoken", "rsaaeswrappedkey", "additionalauthenticateddata", "data"}
_REDACTED = "[redacted]"


def observer(*, reads: bool = False) -> Observer:
    """The observer that keeps audit entries; ``reads`` keeps them of reads too, in the data access log."""

    def observe(call: Call, context: Context) -> Observation:
        kind = access(call.row)
        if not kind.writes and not (reads and kind.audited):
            return unobserved(call, context)
        audited = audit.AuditedCall(
            service=_service(call),
            method=call.row.full_name,
            permission=call.row.permission or "",
            resource=call.resource,
            log=audit.ACTIVITY if kind.writes and not kind.of_data else audit.DATA_ACCESS,
            request=_document(call.request),
        )
        return _Audited(context, audited)

    return observe


class _Audited:
    """One call under audit: the store that it writes through appends its entry with the first change."""

    def __init__(self, context: Context, call: audit.AuditedCall) -> None:
        self._plain = context
        self._call = call
        self._store = audit.AuditedStore(context, call)
        self.context = dataclasses.replace(context, store=self._store)

    async def settle(self, failure: ApiError | None) -> None:
        """Keep the entry of a call that changed nothing, or that failed, be it after a change."""
        if failure is not None:
            await audit.record(self._plain, dataclasses.replace(self._call, error=failure))
        elif not self._store.recorded:
            await audit.record(self._plain, self._call)


def _document(request: Message) -> dict[str, object]:
    kind = f"type.googleapis.com/{request.DESCRIPTOR.full_name}"
    size = request.ByteSize()
    if size > _MAX_REQUEST:
        return {"@type": kind, "omitted": f"a request of {size} bytes is not kept"}
    document = _without_secrets(to_json(request))
    return {"@type": kind, **(document if isinstance(document, dict) else {})}


def _without_secrets(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _REDACTED if _is_secret(str(key)) else _without_secrets(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_secrets(each) for each in value]
    return value


def _is_secret(key: str) -> bool:
    plain = key.lower().replace("_", "").replace("-", "")
    return plain in _SECRET_KEYS or any(part in plain for part in _SECRET)


def _service(call: Call) -> str:
    """The public host whose API was called; the shared IAM methods belong to the API of their resource."""
    method = call.row.full_name
    host = descriptors.default_host(descriptors.methods()[method].containing_service)
    if host and not method.startswith("google.iam."):
        return host
    if method.startswith("grafeas."):
        return "containeranalysis.googleapis.com"
    collection = call.resource.split("/")[-2:][0]
    return f"{_IAM_SERVICES.get(collection, 'binaryauthorization')}.googleapis.com"
