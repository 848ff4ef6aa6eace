"""``binauthz attestors``."""

import click

from binauthz.cli import complete, public_keys
from binauthz.cli.iam import add_iam_verbs
from binauthz.cli.output import format_option, show
from binauthz.cli.session import ServerError, Session, directory_option, limit_option
from binauthz.cli.verbs import add_delete, add_describe, full_name, in_project


@click.group("attestors")
def command() -> None:
    """Manage attestors, their notes and public keys."""


command.add_command(public_keys.command)
command.add_command(public_keys.add, "add-key")
command.add_command(public_keys.remove, "remove-key")
_ATTESTOR = in_project("ATTESTOR", "attestors", complete.attestors)
add_describe(command, _ATTESTOR)
add_delete(command, _ATTESTOR, "A policy that requires it refuses from then on.")
add_iam_verbs(command, _ATTESTOR)


@command.command("create")
@click.argument("attestor")
@click.option("--note", metavar="NOTE", help="The note attestations hang off (default: the attestor's id).")
@click.option("--description", default="", help="Free text.")
@directory_option
@format_option("yaml")
def create(attestor: str, note: str | None, description: str, directory: str | None, style: str) -> None:
    """Create ATTESTOR, and its note when there is none."""
    session = Session.open(directory)
    note_name = full_name(note or attestor, session.project, "notes")
    project, _, note_id = note_name.partition("/notes/")
    body = {"name": note_name, "attestation": {"hint": {"humanReadableName": attestor}}}
    try:
        session.call("POST", f"/v1/{project}/notes", body, {"noteId": note_id})
    except ServerError as error:
        if error.status != "ALREADY_EXISTS":
            raise
    made = session.call(
        "POST",
        f"/v1/projects/{session.project}/attestors",
        {
            "name": full_name(attestor, session.project, "attestors"),
            "description": description,
            "userOwnedGrafeasNote": {"noteReference": note_name},
        },
        {"attestorId": attestor},
    )
    show(made, style)


@command.command("list")
@limit_option
@directory_option
@format_option()
def list_(limit: int | None, directory: str | None, style: str) -> None:
    """List the project's attestors."""
    session = Session.open(directory)
    found = list(session.pages(f"/v1/projects/{session.project}/attestors", "attestors", limit=limit))
    show(
        found,
        style,
        {
            "NAME": lambda a: a["name"].rpartition("/")[2],
            "NOTE": lambda a: a["userOwnedGrafeasNote"]["noteReference"],
            "NUM_PUBLIC_KEYS": lambda a: len(a["userOwnedGrafeasNote"].get("publicKeys", [])),
        },
    )


@command.command("update")
@click.argument("attestor", shell_complete=complete.attestors)
@click.option("--description", required=True, help="Free text; empty clears it.")
@directory_option
@format_option("yaml")
def update(attestor: str, description: str, directory: str | None, style: str) -> None:
    """Change the description of ATTESTOR, the one member besides its keys that may change."""
    session = Session.open(directory)
    path = f"/v1/{full_name(attestor, session.project, 'attestors')}"
    show(session.call("PUT", path, {**session.call("GET", path), "description": description}), style)
