"""The AdmissionReview that is sent, and what its answer means.

Pure: bytes and objects in, a verdict or a reason out.
"""

import uuid
from dataclasses import dataclass, field
from typing import Any

from binauthz.cluster import subresources
from binauthz.cluster.admission.hooks import Hook, Operation
from binauthz.cluster.call import Call
from binauthz.cluster.client import Object, StatusError
from binauthz.cluster.schema.body import read_json

_OPTIONS = {
    ("CREATE", "create"): "CreateOptions",
    ("CREATE", "patch"): "PatchOptions",
    ("UPDATE", "update"): "UpdateOptions",
    ("UPDATE", "patch"): "PatchOptions",
}
_ANNOTATION_BYTES = 256 * 1024
_WARNINGS = 32
_WARNING_CHARACTERS = 1024


class AnswerError(Exception):
    """The webhook answered something that is no verdict on this request; the text says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A webhook's answer; ``refusal`` is the Status to send when it refuses."""

    refusal: Object | None = None
    annotations: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def request(call: Call, operation: Operation, new: Object | None, old: Object | None, name: str) -> Object:
    """The AdmissionReview of a call."""
    resource = call.resource
    view = subresources.view(resource, call.subresource if call.subresource in subresources.VIEWS else "")
    kind = {"group": view.group, "version": view.version, "kind": view.kind}
    asked = {"group": resource.group, "version": resource.version, "resource": resource.plural}
    body: Object = {
        "uid": str(uuid.uuid4()),
        "kind": kind,
        "resource": asked,
        "requestKind": kind,
        "requestResource": asked,
        "operation": operation.value,
        "userInfo": call.actor.info(),
        "object": None if new is None else view.show(new),
        "oldObject": None if old is None else view.show(old),
        "dryRun": call.dry_run,
        "options": _options(call, operation),
    }
    if call.subresource:
        body["subResource"] = body["requestSubResource"] = call.subresource
    if name:
        body["name"] = name
    if call.namespace or resource.key == "namespaces":
        body["namespace"] = call.namespace or name
    return {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": body}


def _options(call: Call, operation: Operation) -> Object:
    kind = _OPTIONS.get(
        (operation.value, call.verb), "DeleteOptions" if operation is Operation.DELETE else "UpdateOptions"
    )
    options: Object = {"kind": kind, "apiVersion": "meta.k8s.io/v1"}
    if call.dry_run:
        options["dryRun"] = ["All"]
    if operation is not Operation.DELETE:
        options |= {"fieldManager": call.manager, "fieldValidation": call.validation}
    return options


def judge(hook: Hook, uid: str, answer: bytes) -> Verdict:
    """The verdict in an answer.

    Raises:
        AnswerError: it is not an AdmissionReview that answers this very request.
    """
    try:
        review: Any = read_json(answer)
    except StatusError as error:
        raise AnswerError(f"couldn't get version/kind; {error.message}") from None
    if not isinstance(review, dict):
        raise AnswerError("expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview")
    version, kind = review.get("apiVersion"), review.get("kind")
    if (version, kind) != ("admission.k8s.io/v1", "AdmissionReview"):
        got = f"{str(version)[:64]}, Kind={str(kind)[:64]}"
        raise AnswerError(f"expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got {got}")
    response = review.get("response")
    if not isinstance(response, dict):
        raise AnswerError("webhook response was absent")
    if response.get("uid") != uid:
        raise AnswerError(f'expected response.uid="{uid}", got "{str(response.get("uid") or "")[:64]}"')
    if response.get("patch") is not None or response.get("patchType") is not None:
        raise AnswerError("validating webhook may not return response.patch")
    allowed = response.get("allowed", False)
    if not isinstance(allowed, bool):
        raise AnswerError("response.allowed is not a boolean")
    return Verdict(
        refusal=None if allowed else _refusal(hook.name, response.get("status")),
        annotations=_annotations(hook.name, response.get("auditAnnotations")),
        warnings=_warnings(response.get("warnings")),
    )


def _annotations(name: str, given: Any) -> dict[str, str]:
    if given is None:
        return {}
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise AnswerError("response.auditAnnotations is not a map of strings")
    if sum(len(key) + len(value) for key, value in given.items()) > _ANNOTATION_BYTES:
        raise AnswerError("response.auditAnnotations is too large")
    return {f"{name}/{key}": value for key, value in given.items()}


def _warnings(given: Any) -> tuple[str, ...]:
    if not isinstance(given, list):
        return ()
    return tuple(one[:_WARNING_CHARACTERS] for one in given[:_WARNINGS] if isinstance(one, str))


def _refusal(name: str, given: Any) -> Object:
    """The Status of a refusal, built as kube-apiserver's ``ToStatusErr`` does (SPEC 4.4): a code under 400 becomes 400,
    the message gets its prefix, reason and details stay."""
    if given is not None and not isinstance(given, dict):
        raise AnswerError("response.status is not an object")
    given = given or {}
    prefix = f'admission webhook "{name}" denied the request'
    message, reason = given.get("message") or "", given.get("reason") or ""
    code, details = given.get("code") or 0, given.get("details")
    if not isinstance(message, str) or not isinstance(reason, str) or not isinstance(code, int):
        raise AnswerError("response.status has a member of the wrong type")
    said = f"{prefix}: {message or reason}" if message or reason else f"{prefix} without explanation"
    status: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": said}
    if reason:
        status["reason"] = reason
    if isinstance(details, dict):
        status["details"] = details
    status["code"] = code if 400 <= code < 600 else 400
    return status
