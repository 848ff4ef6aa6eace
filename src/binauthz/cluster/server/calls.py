"""What a request calls for: its verb, its options and its body (Kubernetes API concepts)."""

import datetime as dt
import uuid
from dataclasses import replace

from binauthz.cluster.call import Call, User
from binauthz.cluster.protobuf.decode import MEDIA_TYPE, read_protobuf
from binauthz.cluster.registry import APPLY
from binauthz.cluster.schema.body import read_json, read_object
from binauthz.cluster.server.request import Receive, Request, read_body
from binauthz.cluster.server.routes import Route
from binauthz.cluster.status import bad_request, failure, method_not_allowed, unsupported_body

_TEXTS = frozenset({"", "application/json", "application/yaml"})
_BODIES = _TEXTS | {MEDIA_TYPE}
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch"}


def call_of(request: Request, route: Route, user: User, acting: User | None, now: dt.datetime) -> Call:
    """The call that a request is, without its body.

    Raises:
        StatusError: 405 or 422.
    """
    name, fields = route.name, request.first("fieldSelector")
    verb = _verb(request, route)
    if verb == "watch" and name:
        name, fields = "", f"metadata.name={name}"
    agent = request.header("user-agent")
    return Call(
        user=user,
        impersonated=acting,
        verb=verb,
        resource=route.resource,
        namespace=route.namespace,
        name=name,
        subresource=route.subresource,
        content_type=request.header("content-type").partition(";")[0].strip().lower(),
        dry_run=_dry_run(request.query.get("dryRun", [])),
        manager=(request.first("fieldManager") or agent.partition("/")[0])[:128] or "unknown",
        validation=_validation(request.first("fieldValidation")),
        force=request.flag("force"),
        options={key: values[0] for key, values in request.query.items() if values},
        labels=request.first("labelSelector"),
        fields=fields,
        source=request.source,
        agent=agent,
        uri=request.uri,
        audit_id=str(uuid.uuid4()),
        received=now,
    )


async def with_body(request: Request, call: Call, receive: Receive) -> Call:
    """The call with what its body says.

    Raises:
        StatusError: for a body that is missing, too large, or not of the media type.
    """
    body = await read_body(request, receive)
    if call.verb == "patch":
        decoded = read_object(body) if call.content_type == APPLY else read_json(body)
    elif body:
        if call.content_type not in _BODIES:
            raise unsupported_body()
        decoded = read_protobuf(body) if call.content_type == MEDIA_TYPE else read_object(body)
    elif call.verb in ("create", "update"):
        raise bad_request("the request has no body")
    else:
        decoded = None
    dry_run = call.dry_run
    if call.verb.startswith("delete") and isinstance(decoded, dict) and decoded.get("dryRun"):
        dry_run = _dry_run([str(value) for value in decoded["dryRun"]])
    raw_kept = body if call.content_type in (*_TEXTS, APPLY) and not call.verb.startswith("delete") else b""
    return replace(call, raw=raw_kept, body=decoded, dry_run=dry_run)


def _verb(request: Request, route: Route) -> str:
    everywhere = route.resource.namespaced and not route.namespace
    match request.method:
        case "GET" if request.flag("watch") and not route.subresource:
            return "watch"
        case "GET":
            return "get" if route.name else "list"
        case "POST" if bool(route.name) == bool(route.subresource) and not everywhere:
            return "create"
        case "PUT" | "PATCH" if route.name:
            return _VERBS[request.method]
        case "DELETE" if route.name:
            return "delete"
        case "DELETE" if not everywhere and route.resource.key != "namespaces":
            return "deletecollection"
        case _:
            raise method_not_allowed()


def _dry_run(values: list[str]) -> bool:
    if any(value != "All" for value in values):
        raise failure(422, "Invalid", f'dryRun: Unsupported value: "{values[0][:32]}": supported values: "All"')
    return bool(values)


def _validation(value: str) -> str:
    if value not in ("", "Ignore", "Warn", "Strict"):
        supported = 'supported values: "Ignore", "Strict", "Warn"'
        raise failure(422, "Invalid", f'fieldValidation: Unsupported value: "{value[:32]}": {supported}')
    return value or "Warn"
