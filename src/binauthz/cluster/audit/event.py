"""One audit.k8s.io/v1 Event at stage ResponseComplete."""

import datetime as dt
import json
from typing import Any

from binauthz.cluster import limits
from binauthz.cluster.audit.policy import Level
from binauthz.cluster.call import Call
from binauthz.cluster.client import Object
from binauthz.cluster.metadata import micro_stamp


def build(call: Call, level: Level, code: int, answer: Object, finished: dt.datetime) -> Object:
    """The event of an answered call. Managed fields are left out: they are long, and evidence of nothing."""
    event: Object = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": level.value,
        "auditID": call.audit_id,
        "stage": "ResponseComplete",
        "requestURI": call.uri[: limits.AUDIT_STRING],
        "verb": call.verb,
        "user": call.user.info(),
        "sourceIPs": [call.source],
        "userAgent": call.agent[: limits.AUDIT_STRING],
        "objectRef": _reference(call, answer),
        "responseStatus": _status(code, answer),
        "requestReceivedTimestamp": micro_stamp(call.received),
        "stageTimestamp": micro_stamp(finished),
        "annotations": dict(call.annotations),
    }
    if call.impersonated is not None:
        event["impersonatedUser"] = call.impersonated.info()
    if level is Level.REQUEST_RESPONSE:
        request = _request(call)
        if request is not None:
            event["requestObject"] = request
        event["responseObject"] = _without_managers(answer)
    return event


def _reference(call: Call, answer: Object) -> Object:
    reference: Object = {"resource": call.resource.plural, "apiVersion": call.resource.version}
    if call.resource.group:
        reference["apiGroup"] = call.resource.group
    if call.namespace or call.resource.key == "namespaces":
        reference["namespace"] = call.namespace or call.name
    body = call.body if isinstance(call.body, dict) else {}
    meta = body.get("metadata") if isinstance(body.get("metadata"), dict) else {}
    name = call.name or ((meta or {}).get("name") if call.verb == "create" else "")
    if isinstance(name, str) and name:
        reference["name"] = name
    if call.subresource:
        reference["subresource"] = call.subresource
    stored = answer.get("metadata")
    if isinstance(stored, dict) and call.verb != "create" and answer.get("kind") == call.resource.kind:
        for key in ("uid", "resourceVersion"):
            if key in stored:
                reference[key] = stored[key]
    return reference


def _status(code: int, answer: Object) -> Object:
    status: Object = {"metadata": {}, "code": code}
    if answer.get("kind") == "Status":
        for key in ("status", "message", "reason", "details"):
            if key in answer:
                status[key] = answer[key]
    return status


def _request(call: Call) -> Any:
    if isinstance(call.body, dict):
        return _without_managers(call.body)
    return call.body


def _without_managers(obj: Object) -> Object:
    meta = obj.get("metadata")
    if not isinstance(meta, dict) or "managedFields" not in meta:
        return obj
    return obj | {"metadata": {key: value for key, value in meta.items() if key != "managedFields"}}


def encode_list(events: list[bytes]) -> bytes:
    """An audit.k8s.io/v1 EventList of events that are encoded already."""
    head = json.dumps({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "metadata": {}})
    return head[:-1].encode() + b',"items":[' + b",".join(events) + b"]}"
