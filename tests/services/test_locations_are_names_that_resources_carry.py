"""Locations, as every API with a location in its names is asked for them."""

from binauthz.base.errors import Code
from binauthz.services import bootstrap, locations
from binauthz.services.paging import PageRequest
from tests.services.conftest import OTHER, PROJECT, World
from tests.services.test_tokens_are_kept_as_hashes import SEED


def test_the_list_shows_global_and_what_holds_something(world: World) -> None:
    page = world.run(locations.list_locations(world.owner, OTHER, PageRequest()))
    assert page.items == [f"{OTHER}/locations/global"]
    world.run(bootstrap.prepare(world.store, world.clock, cluster=SEED))
    page = world.run(locations.list_locations(world.owner, PROJECT, PageRequest()))
    assert page.items == [f"{PROJECT}/locations/global", f"{PROJECT}/locations/us-central1-a"]


def test_locations_are_walked_in_pages(world: World) -> None:
    world.run(bootstrap.prepare(world.store, world.clock, cluster=SEED))
    first = world.run(locations.list_locations(world.owner, PROJECT, PageRequest(size=1)))
    second = world.run(locations.list_locations(world.owner, PROJECT, PageRequest(size=1, token=first.next_token)))
    assert [*first.items, *second.items] == [f"{PROJECT}/locations/global", f"{PROJECT}/locations/us-central1-a"]
    assert second.next_token == ""
    other = locations.list_locations(world.owner, OTHER, PageRequest(token=first.next_token))
    world.refused(other, Code.INVALID_ARGUMENT, "pageToken")


def test_any_well_formed_location_exists_in_a_project_that_does(world: World) -> None:
    by_number = "projects/123456789012/locations/europe-west1"
    assert world.run(locations.get_location(world.owner, by_number)) == f"{PROJECT}/locations/europe-west1"
    world.refused(locations.get_location(world.owner, "projects/absent/locations/us"), Code.NOT_FOUND)
    for location in ("-", "US", "..", ""):
        world.refused(
            locations.get_location(world.owner, f"{PROJECT}/locations/{location}"), Code.INVALID_ARGUMENT, "name"
        )
    world.refused(locations.list_locations(world.owner, f"{PROJECT}/x", PageRequest()), Code.INVALID_ARGUMENT, "name")
