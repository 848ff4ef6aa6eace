"""Failures in Kubernetes' own words: clients print these sentences and branch on these reasons."""

from typing import Any

from binauthz.cluster.client import Object, StatusError
from binauthz.cluster.resource import Resource

_CAUSES = (
    ("Required value", "FieldValueRequired"),
    ("Invalid value", "FieldValueInvalid"),
    ("Duplicate value", "FieldValueDuplicate"),
    ("Forbidden", "FieldValueForbidden"),
    ("Unsupported value", "FieldValueNotSupported"),
    ("Not found", "FieldValueNotFound"),
    ("Too long", "FieldValueTooLong"),
    ("Too many", "FieldValueTooMany"),
)
_BODY_KINDS = "application/json, application/yaml, application/vnd.kubernetes.protobuf"


def failure(code: int, reason: str, message: str, details: Object | None = None) -> StatusError:
    """A metav1.Status of a failed request."""
    status: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message}
    if reason:
        status["reason"] = reason
    if details:
        status["details"] = details
    status["code"] = code
    return StatusError(status)


def success(details: Object) -> Object:
    """A metav1.Status of a request that has nothing else to answer."""
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def qualified(resource: Resource) -> str:
    """``pods`` or ``deployments.apps``."""
    return f"{resource.plural}.{resource.group}" if resource.group else resource.plural


def qualified_kind(resource: Resource) -> str:
    """``Pod`` or ``Deployment.apps``."""
    return f"{resource.kind}.{resource.group}" if resource.group else resource.kind


def details(resource: Resource, name: str, **more: Any) -> Object:
    """StatusDetails that name one object."""
    found: Object = {}
    if name:
        found["name"] = name
    if resource.group:
        found["group"] = resource.group
    return found | {"kind": resource.plural} | more


def not_found(resource: Resource, name: str) -> StatusError:
    """There is no such object."""
    return failure(404, "NotFound", f'{qualified(resource)} "{name}" not found', details(resource, name))


def no_such_path() -> StatusError:
    """No resource is served there."""
    return failure(404, "NotFound", "the server could not find the requested resource")


def already_exists(resource: Resource, name: str) -> StatusError:
    """A create found the name taken."""
    return failure(409, "AlreadyExists", f'{qualified(resource)} "{name}" already exists', details(resource, name))


def conflict(resource: Resource, name: str, why: str) -> StatusError:
    """The stored object is not the one the client had in mind."""
    message = f'Operation cannot be fulfilled on {qualified(resource)} "{name}": {why}'
    return failure(409, "Conflict", message, details(resource, name))


def modified(resource: Resource, name: str) -> StatusError:
    """Optimistic concurrency failed."""
    why = "the object has been modified; please apply your changes to the latest version and try again"
    return conflict(resource, name, why)


def forbidden(resource: Resource, name: str, why: str, **more: Any) -> StatusError:
    """The request is understood and refused."""
    subject = f'{qualified(resource)} "{name}"' if name else qualified(resource)
    return failure(403, "Forbidden", f"{subject} is forbidden: {why}", details(resource, name, **more))


def bad_request(message: str) -> StatusError:
    """The request cannot be understood."""
    return failure(400, "BadRequest", message)


def invalid(resource: Resource, name: str, violations: list[tuple[str, str]]) -> StatusError:
    """The object breaks the rules of its kind; every violation is told once."""
    sentences = list(dict.fromkeys(f"{path}: {detail}" for path, detail in violations))
    causes = [
        {"reason": _cause(detail), "message": detail, "field": path} for path, detail in dict.fromkeys(violations)
    ]
    said = sentences[0] if len(sentences) == 1 else f"[{', '.join(sentences)}]"
    info: Object = {"name": name} if name else {}
    if resource.group:
        info["group"] = resource.group
    info |= {"kind": resource.kind, "causes": causes}
    return failure(422, "Invalid", f'{qualified_kind(resource)} "{name}" is invalid: {said}', info)


def _cause(detail: str) -> str:
    return next((cause for prefix, cause in _CAUSES if detail.startswith(prefix)), "FieldValueInvalid")


def unauthorized() -> StatusError:
    """No credential, or one we did not issue."""
    return failure(401, "Unauthorized", "Unauthorized")


def method_not_allowed() -> StatusError:
    """The resource is there, the verb is not."""
    return failure(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")


def too_large(limit: int) -> StatusError:
    """The body is over the limit."""
    return failure(413, "RequestEntityTooLarge", f"Request entity too large: limit is {limit}")


def unsupported_body(accepted: str = _BODY_KINDS) -> StatusError:
    """The content type is not one we read."""
    message = "the body of the request was in an unknown format - accepted media types include: " + accepted
    return failure(415, "UnsupportedMediaType", message)


def not_acceptable() -> StatusError:
    """The client accepts nothing that we write."""
    return failure(406, "NotAcceptable", "only the following media types are accepted: application/json")


def too_many(message: str, seconds: int = 1) -> StatusError:
    """The bound on work under way is reached; come back."""
    return failure(429, "TooManyRequests", message, {"retryAfterSeconds": seconds})


def expired(message: str) -> StatusError:
    """The version asked for is no longer remembered: the client lists again."""
    return failure(410, "Expired", message)


def internal(message: str) -> StatusError:
    """Something broke on the way that the client cannot mend."""
    return failure(500, "InternalError", f"Internal error occurred: {message}", {"causes": [{"message": message}]})


def unavailable(message: str) -> StatusError:
    """Not now."""
    return failure(503, "ServiceUnavailable", message, {"retryAfterSeconds": 1})
