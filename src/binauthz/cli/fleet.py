"""``binauthz fleet``: the settings of a project's fleet, which clusters that join it take from it (SPEC 6.7, 7.2)."""

from typing import Any

import click

from binauthz.cli.clusters import labels_of
from binauthz.cli.output import format_option, show
from binauthz.cli.session import Json, Session, directory_option
from binauthz.cli.verbs import Kind, add_delete, add_describe, add_list, location, outcome

_FLEET = Kind(argument="", full_name=lambda session, _: f"projects/{session.project}/locations/global/fleets/default")
_CONFIG = "defaultClusterConfig.binaryAuthorizationConfig"


@click.group("fleet")
def command() -> None:
    """Set up the project's fleet, of which there is one. Registering a cluster makes it where it is not there."""


add_describe(command, _FLEET, "the project's fleet")
add_delete(command, _FLEET, "It must have no members.", "the project's fleet")
add_list(
    command,
    "List the fleets of the project.",
    location("global"),
    "fleets",
    {
        "NAME": lambda f: f["name"].rpartition("/")[2],
        "DISPLAY_NAME": lambda f: f.get("displayName", ""),
        "UNIQUE_ID": lambda f: f.get("uid", ""),
        "CREATED": lambda f: f.get("createTime", ""),
    },
)


def _settings(function: Any) -> Any:
    for option in (
        click.option("--label", "labels", multiple=True, metavar="KEY=VALUE", help="A label; may be repeated."),
        click.option(
            "--policy-binding",
            "bindings",
            multiple=True,
            metavar="POLICY",
            help="A platform policy for clusters that join, as projects/P/platforms/gke/policies/ID; may be repeated.",
        ),
        click.option(
            "--evaluation-mode",
            "mode",
            type=click.Choice(["DISABLED", "POLICY_BINDINGS"]),
            help="How the Pods of clusters that join are judged, unless their creator says otherwise.",
        ),
        click.option("--display-name", metavar="TEXT", help="The fleet's name for people."),
    ):
        function = option(function)
    return function


def _fleet(
    display_name: str | None, mode: str | None, bindings: tuple[str, ...], labels: tuple[str, ...]
) -> dict[str, Any]:
    """The members that are given, by their path in a mask."""
    if bindings and mode != "POLICY_BINDINGS":
        raise click.ClickException("--policy-binding takes effect with --evaluation-mode POLICY_BINDINGS alone")
    given: dict[str, Any] = {}
    if display_name is not None:
        given["displayName"] = display_name
    if mode is not None:
        given[_CONFIG] = {"evaluationMode": mode, "policyBindings": [{"name": each} for each in bindings]}
    if labels:
        given["labels"] = labels_of(labels)
    return given


def _body(given: dict[str, Any]) -> Json:
    body = {path: value for path, value in given.items() if path != _CONFIG}
    if _CONFIG in given:
        body["defaultClusterConfig"] = {"binaryAuthorizationConfig": given[_CONFIG]}
    return body


@command.command("create")
@_settings
@directory_option
@format_option("yaml")
def create(
    display_name: str | None,
    mode: str | None,
    bindings: tuple[str, ...],
    labels: tuple[str, ...],
    directory: str | None,
    style: str,
) -> None:
    """Create the project's fleet."""
    body = _body(_fleet(display_name, mode, bindings, labels))
    session = Session.open(directory)
    parent, _, _ = _FLEET.full_name(session, "").rpartition("/")
    show(outcome(session.call("POST", f"/v1/{parent}", body)), style)


@command.command("update")
@_settings
@directory_option
@format_option("yaml")
def update(
    display_name: str | None,
    mode: str | None,
    bindings: tuple[str, ...],
    labels: tuple[str, ...],
    directory: str | None,
    style: str,
) -> None:
    """Change what is given: clusters that are in the fleet already keep theirs, labels are replaced together."""
    given = _fleet(display_name, mode, bindings, labels)
    if not given:
        raise click.ClickException("nothing to change: give --display-name, --evaluation-mode or --label")
    session = Session.open(directory)
    path = f"/v1/{_FLEET.full_name(session, '')}"
    show(outcome(session.call("PATCH", path, _body(given), {"updateMask": ",".join(given)})), style)
