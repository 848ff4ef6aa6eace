"""Canonical errors: the one exception type that a door may show to a caller.

Builders with named failures live beside the resource family that raises them (``services/*_errors``); this
module only knows the shape. The canonical codes and their HTTP statuses are those of google.rpc.Code.
"""

import enum
from dataclasses import dataclass


class Code(enum.Enum):
    """A canonical status: its number on gRPC and its HTTP status on REST."""

    INVALID_ARGUMENT = (3, 400)
    DEADLINE_EXCEEDED = (4, 504)
    NOT_FOUND = (5, 404)
    ALREADY_EXISTS = (6, 409)
    PERMISSION_DENIED = (7, 403)
    RESOURCE_EXHAUSTED = (8, 429)
    FAILED_PRECONDITION = (9, 400)
    ABORTED = (10, 409)
    OUT_OF_RANGE = (11, 400)
    UNIMPLEMENTED = (12, 501)
    INTERNAL = (13, 500)
    UNAVAILABLE = (14, 503)
    UNAUTHENTICATED = (16, 401)

    @property
    def number(self) -> int:
        """The google.rpc.Code number."""
        return self.value[0]

    @property
    def http_status(self) -> int:
        """The HTTP status that Google's REST surface pairs with the code."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One member of google.rpc.BadRequest: the path of the field and what is wrong with it."""

    field: str
    description: str


class ApiError(Exception):
    """A failure with a canonical code, fit to be shown to the caller.

    ``violations`` become a google.rpc.BadRequest detail; ``reason`` and ``metadata`` a google.rpc.ErrorInfo;
    ``quota_subject`` a google.rpc.QuotaFailure, and ``retry_seconds`` a google.rpc.RetryInfo.
    """

    def __init__(
        self,
        code: Code,
        message: str,
        *,
        violations: tuple[FieldViolation, ...] = (),
        reason: str = "",
        metadata: dict[str, str] | None = None,
        quota_subject: str = "",
        retry_seconds: float = 0.0,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.violations = violations
        self.reason = reason
        self.metadata = metadata or {}
        self.quota_subject = quota_subject
        self.retry_seconds = retry_seconds


def invalid(message: str, *violations: FieldViolation) -> ApiError:
    """INVALID_ARGUMENT with the fields at fault."""
    return ApiError(Code.INVALID_ARGUMENT, message, violations=violations)


def invalid_field(field: str, description: str) -> ApiError:
    """INVALID_ARGUMENT for one field; the message repeats the violation, as gcloud shows both."""
    return invalid(f"{field}: {description}", FieldViolation(field, description))
