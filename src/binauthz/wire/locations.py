"""Locations on the wire, the same for every API (google.cloud.location)."""

from typing import Any

from google.protobuf.message import Message

from binauthz.services import locations
from binauthz.services.context import Context
from binauthz.wire.descriptors import message_class
from binauthz.wire.paging import page_of

_PACKAGE = "google.cloud.location"


def from_location(name: str) -> Message:
    """The location as a message; it has no other name than its id."""
    location_id = name.rpartition("/")[2]
    return message_class(f"{_PACKAGE}.Location")(name=name, location_id=location_id, display_name=location_id)


async def get_location(ctx: Context, request: Any) -> Message:
    """GetLocation."""
    return from_location(await locations.get_location(ctx, request.name))


async def list_locations(ctx: Context, request: Any) -> Message:
    """ListLocations."""
    asked = page_of(request)
    page = await locations.list_locations(ctx, request.name, asked)
    answer: Any = message_class(f"{_PACKAGE}.ListLocationsResponse")()
    answer.locations.extend(from_location(each) for each in page.items)
    answer.next_page_token = page.next_token
    result: Message = answer
    return result
