"""Log entries on the wire (SPEC 5.2, 5.3)."""

import asyncio
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message

from binauthz.base.errors import invalid_field
from binauthz.services import log_writing, logs
from binauthz.services.context import Context
from binauthz.services.paging import Page
from binauthz.store.records import LogEntry
from binauthz.wire.descriptors import message_class, pool
from binauthz.wire.paging import page_of

_PACKAGE = "google.logging.v2"
_PROJECT = ("project_id", "The project that the entry belongs to.")
_MONITORED = (
    ("global", "Global", (_PROJECT,)),
    (
        "audited_resource",
        "Audited Resource",
        (_PROJECT, ("service", "The API that was called."), ("method", "The method that was called.")),
    ),
    (
        "k8s_cluster",
        "Kubernetes Cluster",
        (_PROJECT, ("location", "Where the cluster is."), ("cluster_name", "The cluster's name.")),
    ),
)


def from_entry(entry: LogEntry) -> Message:
    """The stored entry as a message; members that the API does not have are left out."""
    message = message_class(f"{_PACKAGE}.LogEntry")()
    json_format.ParseDict(dict(entry.document), message, ignore_unknown_fields=True, descriptor_pool=pool())
    return message


def to_document(request: Any, entry: Any) -> dict[str, Any]:
    """An entry to be written, with what the request says for all of its entries."""
    try:
        document: dict[str, Any] = json_format.MessageToDict(entry, descriptor_pool=pool())
    except (TypeError, ValueError, json_format.Error) as cause:
        raise invalid_field("entries.protoPayload", "got a payload of a type that is not known here") from cause
    document.setdefault("logName", request.log_name)
    if "resource" not in document and request.HasField("resource"):
        document["resource"] = json_format.MessageToDict(request.resource, descriptor_pool=pool())
    if request.labels:
        document["labels"] = {**request.labels, **document.get("labels", {})}
    return document


async def list_log_entries(ctx: Context, request: Any) -> Message:
    """ListLogEntries."""
    page = await logs.list_entries(
        ctx,
        tuple(request.resource_names),
        page_of(request),
        filter=request.filter,
        order_by=request.order_by,
    )
    # Whole Pods become messages field by field: a second's work for a full page, which must not hold up reviews.
    return await asyncio.to_thread(_answer, page)


def _answer(page: Page[LogEntry]) -> Message:
    answer: Any = message_class(f"{_PACKAGE}.ListLogEntriesResponse")()
    answer.entries.extend(from_entry(each) for each in page.items)
    answer.next_page_token = page.next_token
    result: Message = answer
    return result


async def write_log_entries(ctx: Context, request: Any) -> Message:
    """WriteLogEntries."""
    entries = [to_document(request, entry) for entry in request.entries]
    await log_writing.write_entries(ctx, entries, partial=request.partial_success, dry_run=request.dry_run)
    return message_class(f"{_PACKAGE}.WriteLogEntriesResponse")()


async def list_logs(ctx: Context, request: Any) -> Message:
    """ListLogs: of the parent or, where they are given, of the resources."""
    asked = tuple(request.resource_names) or (request.parent,)
    page = await logs.list_logs(ctx, asked, page_of(request))
    names, token = list(page.items), page.next_token
    return message_class(f"{_PACKAGE}.ListLogsResponse")(log_names=names, next_page_token=token)


async def delete_log(ctx: Context, request: Any) -> Message:
    """DeleteLog."""
    await logs.delete_log(ctx, request.log_name)
    return message_class("google.protobuf.Empty")()


async def list_monitored_resource_descriptors(ctx: Context, request: Any) -> Message:
    """ListMonitoredResourceDescriptors: what the entries that we write are about; all on one page."""
    del ctx, request
    answer: Any = message_class(f"{_PACKAGE}.ListMonitoredResourceDescriptorsResponse")()
    for kind, title, labels in _MONITORED:
        made = answer.resource_descriptors.add(
            type=kind, display_name=title, name=f"monitoredResourceDescriptors/{kind}"
        )
        for key, description in labels:
            made.labels.add(key=key, description=description)
    result: Message = answer
    return result
