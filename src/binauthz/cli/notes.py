"""``binauthz notes`` (SPEC 3.3)."""

import click

from binauthz.cli import complete
from binauthz.cli.documents import read_document
from binauthz.cli.iam import add_iam_verbs
from binauthz.cli.occurrences import show_occurrences
from binauthz.cli.output import format_option, show
from binauthz.cli.session import Session, directory_option, limit_option
from binauthz.cli.verbs import add_delete, add_describe, full_name, in_project


@click.group("notes")
def command() -> None:
    """Manage notes, which attestations and other findings hang off."""


_NOTE = in_project("NOTE", "notes", complete.notes)
add_describe(command, _NOTE)
add_delete(command, _NOTE, "Attestors over it are not satisfied from then on.")
add_iam_verbs(command, _NOTE, reads_by="POST")


@command.command("create")
@click.argument("note", shell_complete=complete.notes)
@click.option("--hint", metavar="TEXT", help="Create an attestation authority's note with this human-readable name.")
@click.option("--file", type=click.Path(exists=True, dir_okay=False, allow_dash=True), help="Or the note in this file.")
@directory_option
@format_option("yaml")
def create(note: str, hint: str | None, file: str | None, directory: str | None, style: str) -> None:
    """Create NOTE: for attestations, or of any kind from a file."""
    if (hint is None) == (file is None):
        raise click.ClickException("give --hint or --file, and not both")
    body = read_document(file) if file else {"attestation": {"hint": {"humanReadableName": hint}}}
    session = Session.open(directory)
    project, _, note_id = full_name(note, session.project, "notes").partition("/notes/")
    show(session.call("POST", f"/v1/{project}/notes", body, {"noteId": note_id}), style)


@command.command("list")
@click.option("--filter", "filter_", default="", help='A filter, for example `kind="ATTESTATION"`.')
@limit_option
@directory_option
@format_option()
def list_(filter_: str, limit: int | None, directory: str | None, style: str) -> None:
    """List the project's notes."""
    session = Session.open(directory)
    query = {"pageSize": "1000", **({"filter": filter_} if filter_ else {})}
    show(
        list(session.pages(f"/v1/projects/{session.project}/notes", "notes", query, limit=limit)),
        style,
        {
            "NAME": lambda n: n["name"].rpartition("/")[2],
            "KIND": lambda n: n.get("kind", ""),
            "DESCRIPTION": lambda n: n.get("shortDescription", ""),
            "CREATED": lambda n: n.get("createTime", ""),
        },
    )


@command.command("update")
@click.argument("note", shell_complete=complete.notes)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--update-mask", metavar="FIELDS", help="Members to change, comma-separated (default: those in FILE).")
@directory_option
@format_option("yaml")
def update(note: str, file: str, update_mask: str | None, directory: str | None, style: str) -> None:
    """Change members of NOTE as FILE says (YAML or JSON; `-` is stdin)."""
    document = read_document(file)
    session = Session.open(directory)
    query = {"updateMask": update_mask or ",".join(document)}
    show(session.call("PATCH", f"/v1/{full_name(note, session.project, 'notes')}", document, query), style)


@command.command("list-occurrences")
@click.argument("note", shell_complete=complete.notes)
@click.option("--filter", "filter_", default="", help="A filter, as `binauthz occurrences list` takes it.")
@limit_option
@directory_option
@format_option()
def list_occurrences(note: str, filter_: str, limit: int | None, directory: str | None, style: str) -> None:
    """List the occurrences that hang off NOTE, whichever project they are in."""
    session = Session.open(directory)
    show_occurrences(session, full_name(note, session.project, "notes"), filter_, limit, style)
