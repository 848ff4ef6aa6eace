"""Log entries on the wire (SPEC 5.2, 5.3)."""

import asyncio
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message

from binauthz.base.errors import invalid_field
from binauthz.services import logs
from binauthz.services.context import Context
from binauthz.services.paging import Page, PageRequest
from binauthz.store.records import LogEntry
from binauthz.wire.descriptors import message_class, pool

_PACKAGE = "google.logging.v2"


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
        PageRequest(size=request.page_size, token=request.page_token),
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
    await logs.write_entries(ctx, [to_document(request, entry) for entry in request.entries])
    return message_class(f"{_PACKAGE}.WriteLogEntriesResponse")()
