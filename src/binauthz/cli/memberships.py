"""``binauthz memberships`` (SPEC 7.2)."""

import base64
from typing import Any

import click

from binauthz.cli import kubeconfig
from binauthz.cli.clusters import labels_of
from binauthz.cli.output import format_option, show
from binauthz.cli.session import Json, Session, directory_option
from binauthz.cli.verbs import outcome


@click.group("memberships")
def command() -> None:
    """Register clusters with the fleet, list its memberships, and get credentials for them."""


def _location(function: Any) -> Any:
    return click.option("--location", required=True, help="Where the membership is, for example `global`.")(function)


def _labels(function: Any) -> Any:
    return click.option("--label", "labels", multiple=True, metavar="KEY=VALUE", help="A label; may be repeated.")(
        function
    )


def _path(session: Session, location: str, membership: str) -> str:
    return f"/v1/projects/{session.project}/locations/{location}/memberships/{membership}"


@command.command("list")
@directory_option
@format_option()
def list_(directory: str | None, style: str) -> None:
    """List the fleet's memberships."""
    session = Session.open(directory)
    found = list(session.pages(f"/v1/projects/{session.project}/locations/-/memberships", "resources"))
    show(
        found,
        style,
        {
            "NAME": lambda m: m["name"].rpartition("/")[2],
            "LOCATION": lambda m: m["name"].split("/")[3],
            "STATE": lambda m: m.get("state", {}).get("code", ""),
            "UNIQUE_ID": lambda m: m.get("uniqueId", ""),
        },
    )


@command.command("describe")
@click.argument("membership")
@_location
@directory_option
@format_option("yaml")
def describe(membership: str, location: str, directory: str | None, style: str) -> None:
    """Print MEMBERSHIP."""
    session = Session.open(directory)
    show(session.call("GET", _path(session, location, membership)), style)


@command.command("create")
@click.argument("membership")
@_location
@click.option("--cluster", required=True, metavar="PLACE/NAME", help="The cluster, for example us-central1-a/c1.")
@_labels
@directory_option
@format_option("yaml")
def create(
    membership: str, location: str, cluster: str, labels: tuple[str, ...], directory: str | None, style: str
) -> None:
    """Register a cluster of the project with its fleet, as MEMBERSHIP."""
    session = Session.open(directory)
    place, _, name = cluster.partition("/")
    link = f"//container.googleapis.com/projects/{session.project}/locations/{place}/clusters/{name}"
    body: Json = {"endpoint": {"gkeCluster": {"resourceLink": link}}}
    if labels:
        body["labels"] = labels_of(labels)
    parent, _, _ = _path(session, location, membership).rpartition("/")
    show(outcome(session.call("POST", parent, body, {"membershipId": membership})), style)


@command.command("update")
@click.argument("membership")
@_location
@_labels
@directory_option
@format_option("yaml")
def update(membership: str, location: str, labels: tuple[str, ...], directory: str | None, style: str) -> None:
    """Replace the labels of MEMBERSHIP."""
    session = Session.open(directory)
    body: Json = {"labels": labels_of(labels)}
    answer = session.call("PATCH", _path(session, location, membership), body, {"updateMask": "labels"})
    show(outcome(answer), style)


@command.command("delete")
@click.argument("membership")
@_location
@directory_option
def delete(membership: str, location: str, directory: str | None) -> None:
    """Take MEMBERSHIP out of the fleet; its cluster lives on."""
    session = Session.open(directory)
    session.call("DELETE", _path(session, location, membership))


@command.command("get-credentials")
@click.argument("membership")
@_location
@directory_option
def get_credentials(membership: str, location: str, directory: str | None) -> None:
    """Write a kubeconfig context that reaches MEMBERSHIP through the Connect Gateway, and select it."""
    import yaml  # noqa: PLC0415 - start-up time

    session = Session.open(directory)
    number = session.call("GET", f"/v1/projects/{session.project}")["projectNumber"]
    answer = session.call(
        "GET", f"/v1/projects/{number}/locations/{location}/memberships/{membership}:generateCredentials"
    )
    config = yaml.safe_load(base64.b64decode(answer["kubeconfig"]))
    file = kubeconfig.merge(
        name=config["contexts"][0]["name"], cluster=config["clusters"][0]["cluster"], token_file=session.token_file
    )
    click.echo(f"context `{config['contexts'][0]['name']}` written to {file}", err=True)
