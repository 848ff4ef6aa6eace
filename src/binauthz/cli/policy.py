"""``binauthz policy``."""

import click

from binauthz.cli import policy_lint
from binauthz.cli.documents import read_document
from binauthz.cli.output import show
from binauthz.cli.session import Session, directory_option


@click.group("policy")
def command() -> None:
    """Export, import and check the project's policy."""


command.add_command(policy_lint.command)


@command.command("export")
@directory_option
@click.option("--format", "style", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True)
def export(directory: str | None, style: str) -> None:
    """Print the policy, as `gcloud container binauthz policy export` does."""
    session = Session.open(directory)
    show(session.call("GET", f"/v1/projects/{session.project}/policy"), style)


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@directory_option
@click.option("--format", "style", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True)
def import_(file: str, directory: str | None, style: str) -> None:
    """Replace the policy by FILE (YAML or JSON; `-` is stdin). Members that the file omits are cleared."""
    session = Session.open(directory)
    name = f"projects/{session.project}/policy"
    document = {**read_document(file), "name": name}
    show(session.call("PUT", f"/v1/{name}", document), style)
