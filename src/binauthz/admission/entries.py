"""Kubernetes audit events as log entries (SPEC 5.3): what a cluster did, in the words of the Logging API.

Audit annotations become labels, so the documented queries find break-glass, dry-run and failed-open. An entry's
insertId is the event's auditID; the record's name carries a digest of the event besides, because a client may choose
its own Audit-ID and must not be able to hide one request behind another. A re-delivered event has the same name.
"""

import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from binauthz.admission.events import Event, ObjectReference
from binauthz.store.records import LogEntry

ACTIVITY = "cloudaudit.googleapis.com%2Factivity"
UNREADABLE = "binauthz%2Funreadable_audit_events"
WEBHOOK = "imagepolicywebhook.image-policy.k8s.io"
_OURS = f"{WEBHOOK}/"
_FAILED_OPEN = (f"{_OURS}failed-open", "failed-open.validating.webhook.admission.k8s.io/")
_AUDIT_LOG = "type.googleapis.com/google.cloud.audit.AuditLog"

_WRITE_VERBS = frozenset({"create", "update", "patch", "delete", "deletecollection"})
# Noise that real clusters leave out of the activity log: heartbeats, events, and questions asked by POST.
_UNLOGGED_RESOURCES = frozenset({("", "events"), ("events.k8s.io", "events"), ("coordination.k8s.io", "leases")})
_UNLOGGED_GROUPS = frozenset({"authentication.k8s.io", "authorization.k8s.io"})
_SECRET = frozenset({("secrets", ""), ("serviceaccounts", "token")})

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_MAX_TEXT = 4096
_MAX_CLOCK_LEAD = dt.timedelta(hours=1)

_STATUS = {400: 3, 401: 16, 403: 7, 404: 5, 409: 10, 410: 11, 412: 9, 413: 11, 422: 3, 429: 8, 501: 12, 503: 14, 504: 4}


@dataclass(frozen=True, slots=True)
class ClusterIdentity:
    """Which cluster sent an event; from its credential, never from the event (B27)."""

    project: str
    location: str
    cluster: str

    @property
    def name(self) -> str:
        """The resource name."""
        return f"projects/{self.project}/locations/{self.location}/clusters/{self.cluster}"

    @property
    def resource(self) -> dict[str, Any]:
        """The MonitoredResource of every entry about the cluster."""
        return {
            "type": "k8s_cluster",
            "labels": {"project_id": self.project, "location": self.location, "cluster_name": self.cluster},
        }


def is_activity(event: Event) -> bool:
    """Whether the event is a finished write of an object."""
    reference = event.object_ref
    return (
        event.stage == "ResponseComplete"
        and event.verb in _WRITE_VERBS
        and reference is not None
        and reference.api_group not in _UNLOGGED_GROUPS
        and (reference.api_group, reference.resource) not in _UNLOGGED_RESOURCES
    )


def admitted_by_failing_open(event: Event) -> bool:
    """Whether a Pod was written without having been judged (D4)."""
    reference = event.object_ref
    return (
        reference is not None
        and (reference.api_group, reference.resource) == ("", "pods")
        and _code(event) < 300
        and any(key.startswith(_FAILED_OPEN) for key in event.annotations or {})
    )


def is_dry_run(event: Event) -> bool:
    """Whether the request asked for nothing to be written."""
    return "dryRun=" in event.request_uri.partition("?")[2]


def activity_entry(event: Event, cluster: ClusterIdentity, received: dt.datetime) -> LogEntry:
    """The activity entry of one write."""
    reference = event.object_ref or ObjectReference()
    method, original_verb = _method(event, reference)
    resource_name = _resource_name(reference)
    time = moment(event.request_received, received)
    identifier = insert_id(event)
    annotations = dict(event.annotations or {})
    payload: dict[str, Any] = {
        "@type": _AUDIT_LOG,
        "serviceName": "k8s.io",
        "methodName": method,
        "resourceName": resource_name,
        "authenticationInfo": {"principalEmail": (event.impersonated_user or event.user).username},
        "authorizationInfo": [
            {
                "granted": annotations.get("authorization.k8s.io/decision", "allow") == "allow",
                "permission": method,
                "resource": resource_name,
            }
        ],
        "requestMetadata": {
            "callerIp": (event.source_ips or ("",))[0],
            "callerSuppliedUserAgent": event.user_agent[:_MAX_TEXT],
        },
    }
    metadata = {}
    if original_verb:
        metadata["verb"] = original_verb
    if event.impersonated_user is not None:
        metadata["impersonatedBy"] = event.user.username
    if metadata:
        payload["metadata"] = metadata
    if (reference.resource, reference.subresource) not in _SECRET:
        if event.request_object is not None:
            payload["request"] = _typed(event.request_object)
        response = event.response_object or _status_object(event)
        if response is not None:
            payload["response"] = _typed(response)
    payload["status"] = _status(event)
    document: dict[str, Any] = {
        "logName": f"projects/{cluster.project}/logs/{ACTIVITY}",
        "insertId": identifier,
        "timestamp": timestamp(time),
        "receiveTimestamp": timestamp(received),
        "resource": cluster.resource,
        "operation": {"id": identifier, "producer": "k8s.io", "first": True, "last": True},
        "labels": annotations,
        "protoPayload": payload,
    }
    return LogEntry(
        name=f"{document['logName']}/{identifier}.{fingerprint(event, cluster)}",
        log_name=document["logName"],
        timestamp=time,
        severity="DEFAULT",
        document=document,
    )


def unreadable_entry(document: bytes, problem: str, cluster: ClusterIdentity, received: dt.datetime) -> LogEntry:
    """An event that could not be read is an entry too: nothing that a cluster reports is dropped in silence."""
    log_name = f"projects/{cluster.project}/logs/{UNREADABLE}"
    identifier = hashlib.sha256(cluster.name.encode() + b"\n" + document).hexdigest()[:32]
    message = f"an audit event of {len(document)} bytes could not be read: {problem[:_MAX_TEXT]}"
    return LogEntry(
        name=f"{log_name}/{identifier}",
        log_name=log_name,
        timestamp=received,
        severity="WARNING",
        document={
            "logName": log_name,
            "insertId": identifier,
            "timestamp": timestamp(received),
            "receiveTimestamp": timestamp(received),
            "severity": "WARNING",
            "resource": cluster.resource,
            "jsonPayload": {"message": message},
        },
    )


def fingerprint(event: Event, cluster: ClusterIdentity) -> str:
    """What tells two events apart that carry the same auditID, and is the same when one is delivered again."""
    parts = (
        cluster.name,
        event.audit_id,
        event.request_received,
        event.stage_time,
        event.verb,
        event.request_uri,
        event.user.username,
        str(_code(event)),
    )
    # Every part is preceded by its length, so that no two lists of parts read as the same bytes.
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(raw) + raw)
    return digest.hexdigest()[:16]


def timestamp(moment: dt.datetime) -> str:
    """RFC 3339 in UTC with microseconds, as Logging prints it."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str, received: dt.datetime) -> dt.datetime:
    """The time that an event names; the time of its arrival when it names none, or one in the future."""
    try:
        time = dt.datetime.fromisoformat(text) if 0 < len(text) <= 40 else received
    except ValueError:
        return received
    if time.tzinfo is None or time > received + _MAX_CLOCK_LEAD:
        return received
    return time.astimezone(dt.UTC)


def insert_id(event: Event) -> str:
    """The event's auditID, or a digest of one that could not stand in a name."""
    if _ID.fullmatch(event.audit_id):
        return event.audit_id
    return hashlib.sha256(event.audit_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _code(event: Event) -> int:
    return event.response_status.code if event.response_status is not None else 0


def _decided_here(event: Event) -> bool:
    """Whether the event bears a decision of this service, or the mark of its absence."""
    status = event.response_status
    if status is not None and (status.reason == "VIOLATES_POLICY" or WEBHOOK in status.message):
        return True
    return any(key.startswith(_OURS) or key.startswith(_FAILED_OPEN) for key in event.annotations or {})


def _method(event: Event, reference: ObjectReference) -> tuple[str, str]:
    """The methodName; and the verb and subresource as sent, where the name does not say them.

    A judged Pod is created or updated, whatever the verb: the documented queries know only ``pods.create`` and
    ``pods.update`` (SPEC 4.1), and a refusal of a patch must be found by them. Other writes keep their verb.
    """
    group = reference.api_group
    labels = [label for label in reversed(group.removesuffix(".k8s.io").split(".")) if label] if group else ["core"]
    if group.endswith(".k8s.io") or "." not in group:
        labels = ["io", "k8s", *labels]
    version = reference.api_version or "v1"
    if group == "" and reference.resource == "pods" and _decided_here(event):
        verb = "create" if event.verb == "create" and not reference.subresource else "update"
        sent = event.verb if not reference.subresource else f"{event.verb} {reference.subresource}"
        return ".".join((*labels, version, "pods", verb)), "" if sent == verb else sent
    path = [reference.resource, reference.subresource] if reference.subresource else [reference.resource]
    return ".".join((*labels, version, *path, event.verb)), ""


def _resource_name(reference: ObjectReference) -> str:
    parts = [reference.api_group or "core", reference.api_version or "v1"]
    if reference.namespace and reference.resource != "namespaces":
        parts += ["namespaces", reference.namespace]
    parts.append(reference.resource)
    if reference.name:
        parts.append(reference.name)
        if reference.subresource:
            parts.append(reference.subresource)
    return "/".join(parts)


def _typed(document: Mapping[str, Any]) -> dict[str, Any]:
    """An object with the ``@type`` that Logging gives it."""
    version, kind = document.get("apiVersion"), document.get("kind")
    if not isinstance(version, str) or not isinstance(kind, str):
        return dict(document)
    group, _, version = version.rpartition("/")
    host = "core.k8s.io" if not group else group if "." in group else f"{group}.k8s.io"
    return {"@type": f"{host}/{version}.{kind}", **document}


def _status_object(event: Event) -> dict[str, Any] | None:
    """The Status a failed request was answered with, where the event does not carry it as an object."""
    status = event.response_status
    if status is None or status.status != "Failure":
        return None
    document: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Status",
        "metadata": {},
        "status": status.status,
        "code": status.code,
        "reason": status.reason,
        "message": status.message,
    }
    if status.details is not None:
        document["details"] = status.details
    return document


def _status(event: Event) -> dict[str, Any]:
    """google.rpc.Status of the answer: 400 is 3, not 7 (SPEC 13.20)."""
    status = event.response_status
    if status is None or status.code < 400:
        return {"code": 0}
    fallback = 13 if status.code >= 500 else 9
    number = _STATUS.get(status.code, fallback)
    if status.reason == "AlreadyExists":
        number = 6
    message = status.message
    if not message and event.response_object is not None:
        said = event.response_object.get("message")
        message = said if isinstance(said, str) else ""
    return {"code": number, "message": message}
