"""Reading the log (SPEC 5.2): entries of the projects that the caller may read, and of no other; and forgetting a log.

The logs that only we write are evidence. Nobody deletes those; they go by age (``binauthz.app.retention``).
"""

import datetime as dt
import re
from collections.abc import Sequence
from urllib.parse import unquote

import msgspec

from binauthz.base import names
from binauthz.base.errors import ApiError, Code, invalid_field
from binauthz.services import projects
from binauthz.services.authorization import demand
from binauthz.services.context import Context
from binauthz.services.names import not_found, project_of
from binauthz.services.paging import Page, PageRequest, window
from binauthz.store.interface import FilterError, Reader, Writer
from binauthz.store.records import LogEntry

PAGE_DEFAULT = 50
PAGE_MAXIMUM = 1000
FILTER_LIMIT = 20_000
RESOURCES_PER_REQUEST = 100
_ORDERS = {"": False, "timestamp": False, "timestamp asc": False, "timestamp desc": True}
_AUDIT_LOGS = ("cloudaudit.googleapis.com", "externalaudit.googleapis.com", "binaryauthorization.googleapis.com")
_LOG_ID = re.compile(r"[A-Za-z0-9_.%-]{1,512}")
_READ, _LIST_LOGS = "logging.logEntries.list", "logging.logs.list"
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


async def list_logs(ctx: Context, resource_names: Sequence[str], request: PageRequest) -> Page[str]:
    """A page of the names of the logs that hold entries, project by project."""
    if not 0 < len(resource_names) <= RESOURCES_PER_REQUEST:
        raise invalid_field(
            "resourceNames", f"got {len(resource_names)} resource names, expected 1 to {RESOURCES_PER_REQUEST}"
        )
    parents = [_project(name) for name in resource_names]

    def body(tx: Reader) -> Page[str]:
        for parent in parents:
            demand(tx, ctx.caller, _LIST_LOGS, parent)
        readable = sorted({projects.require(tx, parent).name for parent in parents})
        where = window(request, "logs", *readable, default=PAGE_DEFAULT, maximum=PAGE_MAXIMUM)
        last = project_of(where.after)
        found: list[str] = []
        for project in readable:
            if project < last or len(found) > where.size:
                continue
            after = where.after if project == last else ""
            found += tx.logs(project, after=after, limit=where.size + 1 - len(found))
        return where.page(found, str)

    return await ctx.store.read(body)


async def delete_log(ctx: Context, log_name: str) -> None:
    """Remove every entry of a log. Raises NOT_FOUND for a log without entries, PERMISSION_DENIED for audit logs."""
    parse_log_name(log_name, "logName")

    def some(tx: Writer) -> int:
        project = projects.require(tx, log_name)
        return tx.delete_some_of_log(project.name + log_name.removeprefix(project_of(log_name)))

    def first(tx: Writer) -> None:
        if not some(tx):
            raise not_found(log_name)

    await ctx.store.write(first)
    while await ctx.store.write(some):
        pass


def parse_log_name(log_name: str, field: str) -> None:
    """Refuse what is no log of a project, and what is a log that only we write."""
    collection, _, log_id = log_name.partition("/logs/")
    if names.PROJECT.match(collection) is None or not _LOG_ID.fullmatch(log_id[:513]):
        raise invalid_field(field, f"got `{log_name[:120]}`, expected projects/PROJECT_ID/logs/LOG_ID")
    if _is_ours(log_id):
        raise ApiError(Code.PERMISSION_DENIED, f"audit logs cannot be written to or deleted: got `{log_name[:120]}`")


def _is_ours(log_id: str) -> bool:
    """Whether queries for the logs that only we write would find this one: they match parts of names, in any case."""
    spelled = unquote(log_id).lower()
    return any(host in spelled for host in _AUDIT_LOGS)


def stamp(moment: dt.datetime) -> str:
    """A moment as the API writes it: RFC 3339, UTC, microseconds."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
