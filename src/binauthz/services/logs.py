"""Reading and writing the log (SPEC 5.2): entries of the projects that the caller may read, and of no other."""

import datetime as dt
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import msgspec

from binauthz.base import names
from binauthz.base.errors import ApiError, Code, invalid_field
from binauthz.services import projects
from binauthz.services.authorization import demand
from binauthz.services.context import Context
from binauthz.services.names import project_of
from binauthz.services.paging import Page, PageRequest, window
from binauthz.store.interface import FilterError, Reader
from binauthz.store.records import LogEntry

PAGE_DEFAULT = 50
PAGE_MAXIMUM = 1000
FILTER_LIMIT = 20_000
RESOURCES_PER_REQUEST = 100
ENTRIES_PER_WRITE = 1000
_ORDERS = {"": False, "timestamp": False, "timestamp asc": False, "timestamp desc": True}
_AUDIT_LOGS = ("cloudaudit.googleapis.com", "externalaudit.googleapis.com", "binaryauthorization.googleapis.com")
_LOG_ID = re.compile(r"[A-Za-z0-9_.%-]{1,512}")
_READ, _WRITE = "logging.logEntries.list", "logging.logEntries.create"
_VIEW = names.NameTemplate("projects/{project}/locations/{location}/buckets/_Default/views/_AllLogs")


async def list_entries(
    ctx: Context, resource_names: Sequence[str], request: PageRequest, *, filter: str = "", order_by: str = ""
) -> Page[LogEntry]:
    """A page of entries of the named projects, oldest first unless ``timestamp desc`` is asked for.

    Raises PERMISSION_DENIED where the caller may not read one of the projects, INVALID_ARGUMENT for a query outside
    the grammar.
    """
    if not 0 < len(resource_names) <= RESOURCES_PER_REQUEST:
        raise invalid_field(
            "resourceNames", f"got {len(resource_names)} resource names, expected 1 to {RESOURCES_PER_REQUEST}"
        )
    parents = [_project(name) for name in resource_names]
    order = " ".join(order_by[:64].split())
    if order not in _ORDERS:
        raise invalid_field("orderBy", f'got `{order_by[:64]}`, expected "timestamp asc" or "timestamp desc"')
    if len(filter) > FILTER_LIMIT:
        raise invalid_field("filter", f"got {len(filter)} characters, expected at most {FILTER_LIMIT}")

    def body(tx: Reader) -> Page[LogEntry]:
        for parent in parents:
            demand(tx, ctx.caller, _READ, parent)
        readable = sorted({projects.require(tx, parent).name for parent in parents})
        where = window(request, "entries", filter, order, *readable, default=PAGE_DEFAULT, maximum=PAGE_MAXIMUM)
        return where.gather(
            lambda after, limit: tx.log_entries(
                projects=readable, filter=filter, descending=_ORDERS[order], after=after, limit=limit
            ),
            name=lambda each: each.name,
            weight=lambda each: len(msgspec.json.encode(each.document)),
        )

    try:
        return await ctx.store.read(body)
    except FilterError as cause:
        raise invalid_field("filter", str(cause)) from cause


def _project(name: str) -> str:
    if names.PROJECT.match(name) is None and _VIEW.match(name) is None:
        raise invalid_field("resourceNames", f"got `{name[:120]}`, expected projects/PROJECT_ID")
    return project_of(name)


async def write_entries(ctx: Context, entries: Sequence[Mapping[str, Any]]) -> None:
    """Append entries in the API's JSON form, each with its ``logName``; gaps such as the time are filled in."""
    if not 0 < len(entries) <= ENTRIES_PER_WRITE:
        raise invalid_field("entries", f"got {len(entries)} entries, expected 1 to {ENTRIES_PER_WRITE}")
    now = ctx.clock.now()
    records = [_record(entry, now, f"entries[{index}]") for index, entry in enumerate(entries)]

    def body(tx: Reader) -> None:
        for parent in {project_of(record.log_name) for record in records}:
            demand(tx, ctx.caller, _WRITE, parent)
            projects.require(tx, parent)

    await ctx.store.read(body)
    await ctx.store.append_log(records)


def _record(entry: Mapping[str, Any], now: dt.datetime, field: str) -> LogEntry:
    log_name = str(entry.get("logName", ""))
    collection, _, log_id = log_name.partition("/logs/")
    if names.PROJECT.match(collection) is None or not _LOG_ID.fullmatch(log_id[:513]):
        raise invalid_field(f"{field}.logName", f"got `{log_name[:120]}`, expected projects/PROJECT_ID/logs/LOG_ID")
    if project_of(log_name).removeprefix("projects/").isdigit():
        raise invalid_field(f"{field}.logName", f"got the project number in `{log_name[:120]}`, expected the id")
    if _is_ours(log_id):
        raise ApiError(Code.PERMISSION_DENIED, f"audit logs cannot be written to: got `{log_name[:120]}`")
    insert_id = str(entry.get("insertId") or uuid.uuid4().hex)[:256]
    timestamp = _time(entry["timestamp"], f"{field}.timestamp") if "timestamp" in entry else now
    document = {
        **entry,
        "logName": log_name,
        "insertId": insert_id,
        "timestamp": stamp(timestamp),
        "receiveTimestamp": stamp(now),
    }
    return LogEntry(
        name=f"{log_name}/{insert_id}",
        log_name=log_name,
        timestamp=timestamp,
        severity=str(entry.get("severity", "DEFAULT")),
        document=document,
    )


def _is_ours(log_id: str) -> bool:
    """Whether queries for the logs that only we write would find this one: they match parts of names, in any case."""
    spelled = unquote(log_id).lower()
    return any(host in spelled for host in _AUDIT_LOGS)


def _time(text: Any, field: str) -> dt.datetime:
    try:
        return dt.datetime.fromisoformat(str(text)).astimezone(dt.UTC)
    except (ValueError, OverflowError) as cause:
        raise invalid_field(field, f"got `{str(text)[:64]}`, expected an RFC 3339 time") from cause


def stamp(moment: dt.datetime) -> str:
    """A moment as the API writes it: RFC 3339, UTC, microseconds."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
