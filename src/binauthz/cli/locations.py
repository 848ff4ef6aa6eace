"""``binauthz locations``."""

import click

from binauthz.cli.verbs import Kind, add_describe, add_list

_PROJECT = Kind(argument="", full_name=lambda session, _: f"projects/{session.project}")
_LOCATION = Kind(argument="LOCATION", full_name=lambda session, given: f"projects/{session.project}/locations/{given}")


@click.group("locations")
def command() -> None:
    """List the locations where the project has something. Nothing runs in one: they are part of names."""


add_list(
    command,
    "List the project's locations: `global`, and where there is a cluster, membership, key ring or repository.",
    _PROJECT,
    "locations",
    {"LOCATION": lambda each: each["locationId"], "NAME": lambda each: each["name"]},
)
add_describe(command, _LOCATION)
