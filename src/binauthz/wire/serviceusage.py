"""Service Usage on the wire (SPEC 7.3)."""

from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message

from binauthz.services import enablement
from binauthz.services.context import Context
from binauthz.wire.descriptors import message_class, pool
from binauthz.wire.operations import from_operation
from binauthz.wire.paging import page_of

_PACKAGE = "google.api.serviceusage.v1"


def _parsed(full_name: str, document: dict[str, Any]) -> Message:
    message = message_class(full_name)()
    json_format.ParseDict(document, message, descriptor_pool=pool())
    return message


async def get_service(ctx: Context, request: Any) -> Message:
    """GetService."""
    state = await enablement.get_service(ctx, request.name)
    return _parsed(f"{_PACKAGE}.Service", enablement.service_document(state))


async def list_services(ctx: Context, request: Any) -> Message:
    """ListServices."""
    page = await enablement.list_services(ctx, request.parent, page_of(request), request.filter)
    document = {"services": [enablement.service_document(each) for each in page.items]}
    return _parsed(f"{_PACKAGE}.ListServicesResponse", {**document, "nextPageToken": page.next_token})


async def enable_service(ctx: Context, request: Any) -> Message:
    """EnableService."""
    return from_operation(await enablement.enable_service(ctx, request.name))


async def batch_enable_services(ctx: Context, request: Any) -> Message:
    """BatchEnableServices."""
    return from_operation(await enablement.enable_services(ctx, request.parent, tuple(request.service_ids)))


async def batch_get_services(ctx: Context, request: Any) -> Message:
    """BatchGetServices."""
    found = await enablement.get_services(ctx, request.parent, tuple(request.names))
    document = {"services": [enablement.service_document(each) for each in found]}
    return _parsed(f"{_PACKAGE}.BatchGetServicesResponse", document)


async def disable_service(ctx: Context, request: Any) -> Message:
    """DisableService. Usage is not counted, so a check for it finds none."""
    made = await enablement.disable_service(ctx, request.name, with_dependents=request.disable_dependent_services)
    return from_operation(made)
