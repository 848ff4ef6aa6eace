"""Service Usage and its operations on the wire (SPEC 7.3)."""

from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message

from binauthz.services import enablement, fleet_operations
from binauthz.services.context import Context
from binauthz.services.paging import PageRequest
from binauthz.store.records import Operation
from binauthz.wire.descriptors import message_class, pool

_PACKAGE = "google.api.serviceusage.v1"


def _parsed(full_name: str, document: dict[str, Any]) -> Message:
    message = message_class(full_name)()
    json_format.ParseDict(document, message, descriptor_pool=pool())
    return message


def from_operation(operation: Operation) -> Message:
    """The operation as a message; response and metadata keep their types."""
    document: dict[str, Any] = {"name": operation.name, "done": operation.done}
    if operation.metadata:
        document["metadata"] = dict(operation.metadata)
    if operation.done:
        document["response"] = dict(operation.response)
    return _parsed("google.longrunning.Operation", document)


async def get_service(ctx: Context, request: Any) -> Message:
    """GetService."""
    state = await enablement.get_service(ctx, request.name)
    return _parsed(f"{_PACKAGE}.Service", enablement.service_document(state))


async def list_services(ctx: Context, request: Any) -> Message:
    """ListServices."""
    page = await enablement.list_services(
        ctx, request.parent, PageRequest(size=request.page_size, token=request.page_token), request.filter
    )
    document = {"services": [enablement.service_document(each) for each in page.items]}
    return _parsed(f"{_PACKAGE}.ListServicesResponse", {**document, "nextPageToken": page.next_token})


async def enable_service(ctx: Context, request: Any) -> Message:
    """EnableService."""
    return from_operation(await enablement.enable_service(ctx, request.name))


async def batch_enable_services(ctx: Context, request: Any) -> Message:
    """BatchEnableServices."""
    return from_operation(await enablement.enable_services(ctx, request.parent, tuple(request.service_ids)))


async def get_operation(ctx: Context, request: Any) -> Message:
    """Operations.GetOperation, of services by their unguessable names and of fleets by their projects."""
    of_fleet = request.name.startswith("projects/")
    found = await (fleet_operations if of_fleet else enablement).get_operation(ctx, request.name)
    return from_operation(found)


async def list_operations(ctx: Context, request: Any) -> Message:
    """Operations.ListOperations, of a project's fleet."""
    page = await fleet_operations.list_operations(
        ctx, request.name, PageRequest(size=request.page_size, token=request.page_token), request.filter
    )
    answer: Any = message_class("google.longrunning.ListOperationsResponse")()
    answer.operations.extend(from_operation(each) for each in page.items)
    answer.next_page_token = page.next_token
    result: Message = answer
    return result
