"""``binauthz logs``."""

import datetime as dt
import json
from urllib.parse import quote

import click

from binauthz.cli.durations import duration
from binauthz.cli.output import format_option, show
from binauthz.cli.session import Session, directory_option, limit_option

_PAGE = 1000

NAMED_QUERIES = {
    "blocked": 'protoPayload.response.status="Failure" (protoPayload.response.reason="VIOLATES_POLICY" OR '
    'protoPayload.response.reason="Forbidden")',
    "break-glass": '"image-policy.k8s.io/break-glass"',
    "dry-run": 'labels."imagepolicywebhook.image-policy.k8s.io/dry-run"="true"',
    "failed-open": '("image-policy.k8s.io/failed-open" OR "imagepolicywebhook.image-policy.k8s.io/failed-open" OR '
    '"failed-open.validating.webhook.admission.k8s.io")',
}
_SEVERITIES = ["DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY"]
_PODS = (
    'resource.type="k8s_cluster" logName:"cloudaudit.googleapis.com%2Factivity" '
    '(protoPayload.methodName="io.k8s.core.v1.pods.create" OR protoPayload.methodName="io.k8s.core.v1.pods.update") '
)


@click.group("logs")
def command() -> None:
    """Read the audit log, and keep logs of one's own."""


@command.command("read")
@click.argument("filter_", metavar="[FILTER]", default="")
@click.option("--only", type=click.Choice(list(NAMED_QUERIES)), help="One of the four documented queries.")
@click.option("--freshness", default="1d", show_default=True, help="How far back: a number and s, m, h, d or w.")
@click.option("--order", type=click.Choice(["asc", "desc"]), default="desc", show_default=True)
@click.option("--limit", default=1000, show_default=True, type=click.IntRange(1, 1_000_000))
@directory_option
@format_option()
def read(
    filter_: str, only: str | None, freshness: str, order: str, limit: int, directory: str | None, style: str
) -> None:
    """Print log entries that match FILTER, a Logging query as `gcloud logging read` takes it."""
    since = dt.datetime.now(dt.UTC) - duration("--freshness", freshness)
    query = " AND ".join(f"({part})" for part in (filter_, _PODS + NAMED_QUERIES[only] if only else "") if part)
    bound = f'timestamp>="{since.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}"'
    session = Session.open(directory)
    body = {
        "resourceNames": [f"projects/{session.project}"],
        "filter": f"{bound} AND {query}" if query else bound,
        "orderBy": f"timestamp {order}",
    }
    entries: list[dict[str, object]] = []
    while len(entries) < limit:
        answer = session.call("POST", "/v2/entries:list", {**body, "pageSize": min(_PAGE, limit - len(entries))})
        entries += answer.get("entries", [])
        if not (token := answer.get("nextPageToken")):
            break
        body["pageToken"] = token
    show(entries[:limit], style, {"TIME": _time, "WHAT": _what, "WHO": _who, "RESOURCE": _resource, "WHY": _why})


@command.command("write")
@click.argument("log")
@click.argument("message")
@click.option("--severity", type=click.Choice(_SEVERITIES), default="DEFAULT", show_default=True)
@click.option("--json", "is_json", is_flag=True, help="MESSAGE is a JSON object, and becomes the jsonPayload.")
@directory_option
def write(log: str, message: str, severity: str, is_json: bool, directory: str | None) -> None:
    """Write one entry with MESSAGE to LOG of the project, as `gcloud logging write` does."""
    payload: dict[str, object] = {"textPayload": message}
    if is_json:
        try:
            given = json.loads(message)
        except (ValueError, RecursionError):
            given = None
        if not isinstance(given, dict):
            raise click.ClickException("got a MESSAGE that is no JSON object, expected one with --json")
        payload = {"jsonPayload": given}
    session = Session.open(directory)
    entry = {
        "logName": f"projects/{session.project}/logs/{quote(log, safe='')}",
        "resource": {"type": "global"},
        "severity": severity,
        **payload,
    }
    session.call("POST", "/v2/entries:write", {"entries": [entry]})


@command.command("list")
@limit_option
@directory_option
@format_option()
def list_(limit: int | None, directory: str | None, style: str) -> None:
    """List the project's logs that hold entries."""
    session = Session.open(directory)
    names = list(session.pages(f"/v2/projects/{session.project}/logs", "logNames", {"pageSize": "1000"}, limit=limit))
    show(names, style, {"NAME": str})


@command.command("delete")
@click.argument("log")
@directory_option
def delete(log: str, directory: str | None) -> None:
    """Delete every entry of LOG. Audit logs cannot be deleted."""
    session = Session.open(directory)
    session.send("DELETE", f"/v2/projects/{session.project}/logs/{quote(log, safe='')}", None)


def _time(entry: dict[str, object]) -> str:
    return str(entry.get("timestamp", ""))[:23]


def _payload(entry: dict[str, object]) -> dict[str, object]:
    payload = entry.get("protoPayload") or entry.get("jsonPayload") or {}
    return payload if isinstance(payload, dict) else {}


def _what(entry: dict[str, object]) -> str:
    payload = _payload(entry)
    if "podEvent" in payload:
        return "second judgement"
    return str(payload.get("methodName", entry.get("logName", ""))).rpartition("io.k8s.")[2]


def _who(entry: dict[str, object]) -> str:
    info = _payload(entry).get("authenticationInfo")
    return str(info.get("principalEmail", "")) if isinstance(info, dict) else ""


def _resource(entry: dict[str, object]) -> str:
    payload = _payload(entry)
    event = payload.get("podEvent")
    if isinstance(event, dict):
        return f"{event.get('podNamespace', '')}/{event.get('pod', '')}"
    return str(payload.get("resourceName", ""))


def _why(entry: dict[str, object]) -> str:
    labels = entry.get("labels")
    marks = []
    if isinstance(labels, dict):
        marks = [
            key.rpartition("/")[2] if "failed-open.validating" not in key else "failed-open"
            for key in labels
            if "image-policy.k8s.io/" in key or "failed-open.validating" in key
        ]
    response = _payload(entry).get("response")
    reason = str(response.get("reason", "")) if isinstance(response, dict) else ""
    return ", ".join([*([reason] if reason else []), *sorted(set(marks) - {"overridden-verification-result"})])
