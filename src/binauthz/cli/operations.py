"""``binauthz operations``: what was begun on clusters, and how far it is (SPEC 7.1)."""

import click

from binauthz.cli.output import format_option, show
from binauthz.cli.session import Session, directory_option
from binauthz.cli.verbs import add_describe, add_list, below_location, location

_OPERATION = below_location("LOCATION/OPERATION", "operations")


@click.group("operations")
def command() -> None:
    """List, look at and cancel operations on clusters. Verbs wait for theirs, save with `--async`."""


add_list(
    command,
    "List the operations on the project's clusters, of which the last 200 are kept.",
    location("-"),
    "operations",
    {
        "NAME": lambda o: f"{o.get('location', '')}/{o['name']}",
        "TYPE": lambda o: o.get("operationType", ""),
        "TARGET": lambda o: o.get("targetLink", "").rpartition("/")[2],
        "STATUS": lambda o: o.get("status", ""),
        "STARTED": lambda o: o.get("startTime", ""),
        "ENDED": lambda o: o.get("endTime", ""),
        "ERROR": lambda o: o.get("error", {}).get("message", ""),
    },
)
add_describe(command, _OPERATION)


@command.command("cancel")
@_OPERATION.named
@directory_option
@format_option("yaml")
def cancel(name: str, directory: str | None, style: str) -> None:
    """Call off the creation of a cluster, and print the operation; no other operation can be called off."""
    session = Session.open(directory)
    path = f"/v1/{_OPERATION.full_name(session, name)}"
    session.call("POST", f"{path}:cancel", {})
    show(session.call("GET", path), style)
