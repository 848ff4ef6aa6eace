"""audit.k8s.io/v1 events on the wire, as far as a log entry needs them."""

import json
from typing import Any

import msgspec

from binauthz.admission.http import Refused

API_VERSION = "audit.k8s.io/v1"
MAX_EVENTS = 20_000


class User(msgspec.Struct, frozen=True):
    """Who made a request, or whom it impersonated."""

    username: str = ""
    groups: tuple[str, ...] | None = None


class ObjectReference(msgspec.Struct, frozen=True, rename="camel"):
    """What a request was about."""

    resource: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""
    api_group: str = ""
    api_version: str = ""
    subresource: str = ""


class ResponseStatus(msgspec.Struct, frozen=True):
    """How a request was answered."""

    status: str = ""
    message: str = ""
    reason: str = ""
    code: int = 0
    details: dict[str, Any] | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One audit event."""

    audit_id: str = msgspec.field(name="auditID", default="")
    stage: str = ""
    request_uri: str = msgspec.field(name="requestURI", default="")
    verb: str = ""
    user: User = User()
    impersonated_user: User | None = msgspec.field(name="impersonatedUser", default=None)
    source_ips: tuple[str, ...] | None = msgspec.field(name="sourceIPs", default=None)
    user_agent: str = msgspec.field(name="userAgent", default="")
    object_ref: ObjectReference | None = msgspec.field(name="objectRef", default=None)
    response_status: ResponseStatus | None = msgspec.field(name="responseStatus", default=None)
    request_object: dict[str, Any] | None = msgspec.field(name="requestObject", default=None)
    response_object: dict[str, Any] | None = msgspec.field(name="responseObject", default=None)
    request_received: str = msgspec.field(name="requestReceivedTimestamp", default="")
    stage_time: str = msgspec.field(name="stageTimestamp", default="")
    annotations: dict[str, str] | None = None


class _EventList(msgspec.Struct, frozen=True, rename="camel"):
    api_version: str = ""
    kind: str = ""
    items: tuple[msgspec.Raw, ...] | None = None


_LIST = msgspec.json.Decoder(_EventList)
_EVENT = msgspec.json.Decoder(Event)


def decode_list(body: bytes) -> tuple[msgspec.Raw, ...]:
    """The events of an EventList, each still bytes, so that one that cannot be read does not cost the others.

    Raises Refused for anything that is not an EventList.
    """
    try:
        events = _decode(body)
    except RecursionError:
        raise Refused(400, "got JSON nested too deeply, expected an EventList") from None
    except msgspec.DecodeError as error:
        raise Refused(400, f"got a body that is not an EventList: {error}") from None
    if events.api_version != API_VERSION or events.kind != "EventList":
        got = f"`{events.api_version[:80]}` `{events.kind[:80]}`"
        raise Refused(400, f"got {got}, expected `{API_VERSION}` `EventList`")
    items = events.items or ()
    if len(items) > MAX_EVENTS:
        raise Refused(413, f"got {len(items)} events, expected at most {MAX_EVENTS}")
    return items


def _decode(body: bytes) -> _EventList:
    """The list; half of a surrogate pair in some name is replaced, for it must not hold up every event behind it."""
    try:
        return _LIST.decode(body)
    except msgspec.DecodeError:
        try:
            document = json.loads(body)
        except ValueError:
            document = None
        if document is None:
            raise
    return _LIST.decode(json.dumps(document, ensure_ascii=False).encode("utf-8", "replace"))


def decode_event(document: msgspec.Raw) -> Event:
    """One event; raises ValueError for what is not one."""
    try:
        return _EVENT.decode(document)
    except RecursionError:
        raise ValueError("nested too deeply") from None
