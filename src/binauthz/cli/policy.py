"""``binauthz policy``."""

import click

from binauthz.cli import policy_diff, policy_lint, policy_what_if
from binauthz.cli.documents import read_document
from binauthz.cli.drafts import valid
from binauthz.cli.iam import add_iam_verbs
from binauthz.cli.output import format_option, show
from binauthz.cli.session import Session, directory_option
from binauthz.cli.verbs import Kind

_style = click.option("--format", "style", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True)


@click.group("policy")
def command() -> None:
    """Export, import, check and compare the project's policy."""


for verb in (policy_lint, policy_diff, policy_what_if):
    command.add_command(verb.command)
add_iam_verbs(command, Kind(argument="", full_name=lambda session, _: f"projects/{session.project}/policy"))


@command.command("export")
@directory_option
@_style
def export(directory: str | None, style: str) -> None:
    """Print the policy, as `gcloud container binauthz policy export` does."""
    session = Session.open(directory)
    show(session.call("GET", f"/v1/projects/{session.project}/policy"), style)


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--dry-run", is_flag=True, help="Check FILE, print what it would change, and change nothing.")
@directory_option
@format_option("yaml")
def import_(file: str, dry_run: bool, directory: str | None, style: str) -> None:
    """Replace the policy by FILE (YAML or JSON; `-` is stdin). Members that the file omits are cleared."""
    document = read_document(file)
    session = Session.open(directory)
    if dry_run:
        found = policy_diff.compared(policy_diff.stored_policy(session), valid(document, f"`{file}`"))
        policy_diff.show_differences(found, style)
        return
    name = f"projects/{session.project}/policy"
    show(session.call("PUT", f"/v1/{name}", {**document, "name": name}), style)


@command.command("export-system-policy")
@click.option("--location", default="global", show_default=True, help="A region, or `global`.")
@directory_option
@_style
def export_system_policy(location: str, directory: str | None, style: str) -> None:
    """Print the system policy, whose images are exempt where `globalPolicyEvaluationMode` is ENABLE."""
    show(Session.open(directory).call("GET", f"/v1/locations/{location}/policy"), style)
