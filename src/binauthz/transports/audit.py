"""Which calls leave an audit entry: all that change something, done or refused, and reads where asked (SPEC 5.4).

The entry of a change is part of the transaction that makes it: neither is ever kept without the other. A refused call,
and one that found nothing to change, leaves its entry afterwards; where that cannot be written, the call fails.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from google.protobuf.message import Message

from binauthz.base.errors import ApiError
from binauthz.base.limits import MAX_AUDITED_REQUEST_BYTES
from binauthz.services import audit
from binauthz.services.context import Context
from binauthz.transports.access import access_by
from binauthz.transports.dispatch import Call, Observation, Observer, unobserved
from binauthz.wire import descriptors
from binauthz.wire.json import to_json
from binauthz.wire.platform_results import images_of

# The environment of a Pod may hold secrets under any name; what is judged and attested are its images.
_EVALUATION = "google.cloud.binaryauthorization.v1.EvaluateGkePolicyRequest"
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
        kind = access_by(call.row, call.request)
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
    if size > MAX_AUDITED_REQUEST_BYTES:
        return {"@type": kind, "omitted": f"a request of {size} bytes is not kept"}
    if request.DESCRIPTOR.full_name == _EVALUATION:
        request, images = _without_pods(request)
        return {"@type": kind, **to_json(request), "images": images}
    document = _without_secrets(to_json(request))
    return {"@type": kind, **(document if isinstance(document, dict) else {})}


def _without_pods(request: Any) -> tuple[Message, list[str]]:
    """The request without the object that it is about, and that object's images; none of one that is refused."""
    kept: Any = type(request)()
    kept.CopyFrom(request)
    kept.ClearField("resource")
    return kept, images_of(request.resource)


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
    """The public host whose API was called; the shared methods of IAM and of operations belong to the API of their
    resource."""
    method = call.row.full_name
    host = descriptors.default_host(descriptors.methods()[method].containing_service)
    if method.startswith("google.longrunning."):
        return f"{'gkehub' if call.resource.startswith('projects/') else 'serviceusage'}.googleapis.com"
    if host and not method.startswith("google.iam."):
        return host
    if method.startswith("grafeas."):
        return "containeranalysis.googleapis.com"
    collection = call.resource.split("/")[-2:][0]
    return f"{_IAM_SERVICES.get(collection, 'binaryauthorization')}.googleapis.com"
