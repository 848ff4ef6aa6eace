"""One error, two renderings: Google's JSON shape for REST, google.rpc.Status for gRPC, both from the same message."""

import math
from typing import Any

import msgspec
from google.protobuf.message import Message

from binauthz.base.errors import ApiError, Code
from binauthz.wire.descriptors import message_class
from binauthz.wire.json import to_json

# Clients refuse response metadata past 8 KiB, and would show that instead of the error.
_MAX_METADATA = 6000
_MAX_MESSAGE = 16_000


class HttpError(ApiError):
    """An error whose HTTP status is not the one that its canonical code has, such as 405 or 413."""

    def __init__(self, status: int, error: ApiError, *, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        super().__init__(error.code, error.message, violations=error.violations, reason=error.reason)
        self.status = status
        self.headers = headers


def too_large(limit: int) -> HttpError:
    """413, as the whole connection is given up: the rest of the body is never read."""
    message = f"Request payload size exceeds the limit: {limit} bytes."
    return HttpError(413, ApiError(Code.INVALID_ARGUMENT, message), headers=((b"connection", b"close"),))


def status_message(error: ApiError) -> Message:
    """The google.rpc.Status of an error, with its details."""
    status: Any = message_class("google.rpc.Status")()
    status.code, status.message = error.code.number, error.message[:_MAX_MESSAGE]
    if error.violations:
        bad_request: Any = message_class("google.rpc.BadRequest")()
        for violation in error.violations:
            bad_request.field_violations.add(
                field=violation.field[:1000], description=violation.description[:_MAX_MESSAGE]
            )
        status.details.add().Pack(bad_request)
    if error.quota_subject:
        failure: Any = message_class("google.rpc.QuotaFailure")()
        failure.violations.add(subject=error.quota_subject, description=error.message[:_MAX_MESSAGE])
        status.details.add().Pack(failure)
    if error.retry_seconds:
        retry: Any = message_class("google.rpc.RetryInfo")()
        retry.retry_delay.FromNanoseconds(math.ceil(error.retry_seconds * 1e9))
        status.details.add().Pack(retry)
    if error.reason:
        domain = "iam.googleapis.com" if error.reason.startswith("IAM_") else "googleapis.com"
        info = message_class("google.rpc.ErrorInfo")(reason=error.reason, domain=domain, metadata=error.metadata)
        status.details.add().Pack(info)
    made: Message = status
    return made


def rest_error(error: ApiError) -> tuple[int, tuple[tuple[bytes, bytes], ...], bytes]:
    """HTTP status, extra headers and body of an error."""
    http_status = error.code.http_status
    headers: tuple[tuple[bytes, bytes], ...] = ()
    if isinstance(error, HttpError):
        http_status, headers = error.status, error.headers
    elif error.code is Code.UNAUTHENTICATED:
        headers = ((b"www-authenticate", b'Bearer realm="binauthz", error="invalid_token"'),)
    elif error.retry_seconds:
        headers = ((b"retry-after", str(math.ceil(error.retry_seconds)).encode()),)
    document = to_json(status_message(error))
    body = {"code": http_status, "message": document.get("message", ""), "status": error.code.name}
    if "details" in document:
        body["details"] = document["details"]
    return http_status, headers, msgspec.json.format(msgspec.json.encode({"error": body}), indent=2) + b"\n"


def grpc_error(error: ApiError) -> tuple[int, str, tuple[tuple[str, bytes], ...]]:
    """gRPC status number, message, and trailing metadata with the details."""
    status: Any = status_message(error)
    text: str = status.message
    if status.ByteSize() > _MAX_METADATA:
        status.ClearField("details")
        text = status.message = text.encode()[: _MAX_METADATA // 2].decode(errors="ignore")
    details = (("grpc-status-details-bin", status.SerializeToString()),) if status.details else ()
    return error.code.number, text, details
