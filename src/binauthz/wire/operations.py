"""Long-running operations on the wire (google.longrunning)."""

from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message

from binauthz.services import fleet_operations, operations
from binauthz.services.context import Context
from binauthz.store.records import Operation
from binauthz.wire.descriptors import message_class, pool
from binauthz.wire.paging import page_of


def from_operation(operation: Operation) -> Message:
    """The operation as a message; response and metadata keep their types."""
    document: dict[str, Any] = {"name": operation.name, "done": operation.done}
    if operation.metadata:
        document["metadata"] = dict(operation.metadata)
    if operation.done:
        document["response"] = dict(operation.response)
    message = message_class("google.longrunning.Operation")()
    json_format.ParseDict(document, message, descriptor_pool=pool())
    return message


async def get_operation(ctx: Context, request: Any) -> Message:
    """GetOperation."""
    return from_operation(await operations.get_operation(ctx, request.name))


async def list_operations(ctx: Context, request: Any) -> Message:
    """ListOperations, of a project's fleet."""
    page = await fleet_operations.list_operations(ctx, request.name, page_of(request), request.filter)
    answer: Any = message_class("google.longrunning.ListOperationsResponse")()
    answer.operations.extend(from_operation(each) for each in page.items)
    answer.next_page_token = page.next_token
    result: Message = answer
    return result


async def delete_operation(ctx: Context, request: Any) -> Message:
    """DeleteOperation."""
    await operations.delete_operation(ctx, request.name)
    return message_class("google.protobuf.Empty")()


async def cancel_operation(ctx: Context, request: Any) -> Message:
    """CancelOperation."""
    await operations.cancel_operation(ctx, request.name)
    return message_class("google.protobuf.Empty")()
