"""``binauthz services`` (SPEC 7.3)."""

import click

from binauthz.cli.output import format_option, show
from binauthz.cli.session import Session, directory_option, limit_option


@click.group("services")
def command() -> None:
    """List, enable and disable the APIs of the project, as setup scripts expect to."""


@command.command("list")
@click.option("--all", "every", is_flag=True, help="Also those that are not enabled.")
@limit_option
@directory_option
@format_option()
def list_(every: bool, limit: int | None, directory: str | None, style: str) -> None:
    """List the project's enabled APIs."""
    session = Session.open(directory)
    query = {"pageSize": "200", **({} if every else {"filter": "state:ENABLED"})}
    show(
        list(session.pages(f"/v1/projects/{session.project}/services", "services", query, limit=limit)),
        style,
        {
            "NAME": lambda s: s["name"].rpartition("/")[2],
            "TITLE": lambda s: s.get("config", {}).get("title", ""),
            "STATE": lambda s: s.get("state", ""),
        },
    )


@command.command("describe")
@click.argument("service")
@directory_option
@format_option("yaml")
def describe(service: str, directory: str | None, style: str) -> None:
    """Print SERVICE, for example `binaryauthorization.googleapis.com`."""
    session = Session.open(directory)
    show(session.call("GET", f"/v1/projects/{session.project}/services/{service}"), style)


@command.command("enable")
@click.argument("services", nargs=-1, required=True)
@directory_option
@format_option("yaml")
def enable(services: tuple[str, ...], directory: str | None, style: str) -> None:
    """Enable SERVICES and print the operation, which is done at once."""
    session = Session.open(directory)
    parent = f"/v1/projects/{session.project}/services"
    if len(services) == 1:
        show(session.call("POST", f"{parent}/{services[0]}:enable", {}), style)
    else:
        show(session.call("POST", f"{parent}:batchEnable", {"serviceIds": list(services)}), style)


@command.command("disable")
@click.argument("service")
@click.option("--force", is_flag=True, help="Also disable the enabled services that need it.")
@directory_option
@format_option("yaml")
def disable(service: str, force: bool, directory: str | None, style: str) -> None:
    """Disable SERVICE: calls to it are refused from then on. Pods are judged as before."""
    session = Session.open(directory)
    name = f"/v1/projects/{session.project}/services/{service}"
    show(session.call("POST", f"{name}:disable", {"disableDependentServices": force}), style)
