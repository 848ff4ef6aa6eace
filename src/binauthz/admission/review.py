"""AdmissionReview v1 on the wire: what is read from a request, and exactly what is answered (SPEC 4.4).

Only the fields that a decision or its record needs are decoded; the object itself stays bytes until ``pod`` reads it.
A review of this version that names a ``uid`` is always answered with an AdmissionReview that carries it; anything
else gets an HTTP error, which an apiserver counts as a failed call (B102). Size is bounded before, depth by the
decoder's own recursion limit.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from binauthz.admission.http import Refused

API_VERSION = "admission.k8s.io/v1"
KIND = "AdmissionReview"
OVER_QUOTA = "over-quota"
_UID_LIMIT = 256
_HEAD_BYTES = 1024
_UID_AT_THE_HEAD = re.compile(rb'"request" ?: ?\{ ?"uid" ?: ?"([A-Za-z0-9-]{1,256})"')


class GroupKind(msgspec.Struct, frozen=True):
    """A group, version and kind."""

    group: str = ""
    version: str = ""
    kind: str = ""

    def __str__(self) -> str:
        return f"{self.group}/{self.version} {self.kind}" if self.group else f"{self.version} {self.kind}"


class GroupResource(msgspec.Struct, frozen=True):
    """A group, version and resource."""

    group: str = ""
    version: str = ""
    resource: str = ""


class UserInfo(msgspec.Struct, frozen=True):
    """Who asked the apiserver."""

    username: str = ""
    groups: tuple[str, ...] | None = None


class Request(msgspec.Struct, frozen=True, rename="camel"):
    """``AdmissionReview.request``; ``object`` and ``old_object`` are JSON documents not yet read."""

    uid: str = ""
    kind: GroupKind = GroupKind()
    resource: GroupResource = GroupResource()
    name: str = ""
    namespace: str = ""
    operation: str = ""
    user_info: UserInfo = UserInfo()
    object: msgspec.Raw = msgspec.Raw(b"null")
    old_object: msgspec.Raw = msgspec.Raw(b"null")
    dry_run: bool | None = None


class _Review(msgspec.Struct, frozen=True, rename="camel"):
    api_version: str = ""
    kind: str = ""
    request: Request | None = None


_DECODER = msgspec.json.Decoder(_Review)
_ENCODER = msgspec.json.Encoder()


class UnreadableError(Exception):
    """A review that whoever made the object could make unreadable, but whose uid is known: it is to be refused."""

    def __init__(self, uid: str, message: str) -> None:
        super().__init__(message)
        self.uid = uid
        self.message = message


def unreadable(head: bytes, refused: Refused) -> UnreadableError | Refused:
    """What to raise for a review that is too large or too deep to be decoded.

    An HTTP error would count as a failed call and admit the Pod wherever failing open is the rule: whoever makes a
    Pod could then choose not to be judged. An apiserver writes the uid first, so the answer can be addressed.
    """
    match = _UID_AT_THE_HEAD.search(head[:_HEAD_BYTES])
    return refused if match is None else UnreadableError(match[1].decode("ascii"), refused.message)


def decode(body: bytes) -> Request:
    """The request of a review; raises Refused where no answer can be addressed, UnreadableError where one can."""
    try:
        review = _DECODER.decode(body)
    except RecursionError:
        raise unreadable(body, Refused(400, "got JSON nested too deeply, expected an AdmissionReview")) from None
    except msgspec.DecodeError as error:
        raise Refused(400, f"got a body that is not an AdmissionReview: {error}") from None
    request = review.request
    if review.api_version != API_VERSION or review.kind != KIND:
        got = f"`{review.api_version[:80]}` `{review.kind[:80]}`"
        raise Refused(400, f"got {got}, expected `{API_VERSION}` `{KIND}`")
    if request is None:
        raise Refused(400, "got an AdmissionReview without `request`, expected a request to answer")
    if not 0 < len(request.uid) <= _UID_LIMIT:
        raise Refused(400, f"got a `request.uid` of {len(request.uid)} characters, expected 1 to {_UID_LIMIT}")
    return request


def allowed(uid: str, audit_annotations: Mapping[str, str]) -> bytes:
    """Admit; the apiserver prefixes the annotations with the webhook's name."""
    response: dict[str, Any] = {"uid": uid, "allowed": True}
    if audit_annotations:
        response["auditAnnotations"] = audit_annotations
    return _envelope(response)


def denied(uid: str, message: str, causes: Sequence[str], audit_annotations: Mapping[str, str]) -> bytes:
    """Refuse with the reason VIOLATES_POLICY and no code: the apiserver makes it 400 (SPEC 4.4, 13.20)."""
    response: dict[str, Any] = {
        "uid": uid,
        "allowed": False,
        "status": {
            "status": "Failure",
            "reason": "VIOLATES_POLICY",
            "message": message,
            "details": {"kind": "Pod", "causes": [{"reason": cause} for cause in causes]},
        },
    }
    if audit_annotations:
        response["auditAnnotations"] = audit_annotations
    return _envelope(response)


def unreviewable(uid: str, message: str) -> bytes:
    """Refuse what cannot be judged as asked; the message says got and expected."""
    status = {"status": "Failure", "reason": "BadRequest", "message": message, "code": 400}
    return _envelope({"uid": uid, "allowed": False, "status": status})


def over_quota(uid: str, message: str) -> bytes:
    """Refuse what was not judged because the cluster asked too often; the annotation puts it into the audit log."""
    status = {"status": "Failure", "reason": "TooManyRequests", "message": message, "code": 429}
    annotations = {OVER_QUOTA: "true"}
    return _envelope({"uid": uid, "allowed": False, "status": status, "auditAnnotations": annotations})


def _envelope(response: Mapping[str, Any]) -> bytes:
    return _ENCODER.encode({"apiVersion": API_VERSION, "kind": KIND, "response": response})
