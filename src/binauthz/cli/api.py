"""``binauthz api``: any served method by its HTTP method and path, for what has no verb of its own."""

from typing import Any

import click

from binauthz.cli.documents import read_document
from binauthz.cli.output import format_option, show
from binauthz.cli.session import Session, directory_option

CATALOGUE = "/binauthz/v1/methods"
_ALLOWED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@/%?")


@click.group("api")
def command() -> None:
    """Call any served method, and list them.

    \b
    For example:
      binauthz api list --service grafeas.v1.Grafeas
      binauthz api get /v1/projects/demo-project/policy
      binauthz api post '/v1/projects/demo-project/notes?noteId=build' --data note.yaml
    """


@command.command("list")
@click.option("--service", default="", metavar="TEXT", help="Only services whose name contains this.")
@directory_option
@format_option()
def list_(service: str, directory: str | None, style: str) -> None:
    """List the methods that the server serves, with their routes."""
    found = Session.open(directory).call("GET", CATALOGUE).get("methods", [])
    methods = [each for each in found if service in each["service"]]
    rows = [(each, route) for each in methods for route in each.get("routes", [{}])]
    show(
        methods if style != "table" else rows,
        style,
        {
            "SERVICE": lambda r: r[0]["service"],
            "METHOD": lambda r: r[0]["method"],
            "VERB": lambda r: r[1].get("verb", "-"),
            "PATH": lambda r: r[1].get("path", "gRPC only"),
        },
    )


def _add(verb: str, *, sends: bool) -> None:
    @command.command(verb, help=f"{verb.upper()} PATH, percent-encoded, with its query, and print the JSON answer.")
    @click.argument("path")
    @directory_option
    @format_option("json")
    def call(path: str, directory: str | None, style: str, data: str | None = None) -> None:
        body = read_document(data) if data else {} if sends else None
        show(_send(Session.open(directory), verb.upper(), path, body), style)

    if sends:
        option = click.option(
            "--data",
            type=click.Path(exists=True, dir_okay=False, allow_dash=True),
            metavar="FILE",
            help="The body, YAML or JSON; `-` is stdin (default: an empty object).",
        )
        option(call)


for _verb, _sends in (("get", False), ("post", True), ("put", True), ("patch", True), ("delete", False)):
    _add(_verb, sends=_sends)


def _send(session: Session, verb: str, target: str, body: dict[str, Any] | None) -> dict[str, Any]:
    if not _ALLOWED.issuperset(target):
        raise click.ClickException(f"got `{target}`, expected it percent-encoded, for example `/v1/projects/p/policy`")
    return session.send(verb, f"/{target.removeprefix('/')}", body)
