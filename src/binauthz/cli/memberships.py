"""``binauthz memberships``."""

import base64

import click

from binauthz.cli import kubeconfig
from binauthz.cli.output import format_option, show
from binauthz.cli.session import Session, directory_option


@click.group("memberships")
def command() -> None:
    """List fleet memberships and get credentials for them."""


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


@command.command("get-credentials")
@click.argument("membership")
@click.option("--location", required=True, help="Where the membership is, for example `global`.")
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
