"""``binauthz occurrences`` (SPEC 3.2, 3.4)."""

import click

from binauthz.cli.documents import read_document
from binauthz.cli.output import format_option, show
from binauthz.cli.session import Session, directory_option, limit_option
from binauthz.cli.verbs import add_delete, add_describe, full_name, in_project

_file = click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))


@click.group("occurrences")
def command() -> None:
    """Manage occurrences of every kind; attestations have verbs of their own."""


_OCCURRENCE = in_project("OCCURRENCE", "occurrences")
add_describe(command, _OCCURRENCE)
add_delete(command, _OCCURRENCE, "The very next Pod is judged without it.")


@command.command("create")
@_file
@directory_option
@format_option("yaml")
def create(file: str, directory: str | None, style: str) -> None:
    """Create the occurrence in FILE (YAML or JSON; `-` is stdin); it names its note and its resource."""
    document = read_document(file)
    session = Session.open(directory)
    show(session.call("POST", f"/v1/projects/{session.project}/occurrences", document), style)


@command.command("list")
@click.option(
    "--filter", "filter_", default="", help='For example `kind="ATTESTATION" AND has_suffix(resourceUrl, "...")`.'
)
@limit_option
@directory_option
@format_option()
def list_(filter_: str, limit: int | None, directory: str | None, style: str) -> None:
    """List the project's occurrences."""
    session = Session.open(directory)
    show_occurrences(session, f"projects/{session.project}", filter_, limit, style)


@command.command("update")
@click.argument("occurrence")
@_file
@click.option("--update-mask", metavar="FIELDS", help="Members to change, comma-separated (default: those in FILE).")
@directory_option
@format_option("yaml")
def update(occurrence: str, file: str, update_mask: str | None, directory: str | None, style: str) -> None:
    """Change members of OCCURRENCE as FILE says (YAML or JSON; `-` is stdin)."""
    document = read_document(file)
    session = Session.open(directory)
    query = {"updateMask": update_mask or ",".join(document)}
    path = f"/v1/{full_name(occurrence, session.project, 'occurrences')}"
    show(session.call("PATCH", path, document, query), style)


@command.command("note")
@click.argument("occurrence")
@directory_option
@format_option("yaml")
def note(occurrence: str, directory: str | None, style: str) -> None:
    """Print the note that OCCURRENCE hangs off."""
    session = Session.open(directory)
    show(session.call("GET", f"/v1/{full_name(occurrence, session.project, 'occurrences')}/notes"), style)


@command.command("vulnerability-summary")
@click.option("--filter", "filter_", default="", help="Only occurrences that match, for example by resourceUrl.")
@directory_option
@format_option()
def vulnerability_summary(filter_: str, directory: str | None, style: str) -> None:
    """Count the project's vulnerabilities by resource and severity."""
    session = Session.open(directory)
    query = {"filter": filter_} if filter_ else None
    answer = session.call("GET", f"/v1/projects/{session.project}/occurrences:vulnerabilitySummary", query=query)
    show(
        answer if style != "table" else answer.get("counts", []),
        style,
        {
            "RESOURCE": lambda c: c.get("resource", {}).get("uri", "") or c.get("resourceUri", ""),
            "SEVERITY": lambda c: c.get("severity", ""),
            "FIXABLE": lambda c: c.get("fixableCount", "0"),
            "TOTAL": lambda c: c.get("totalCount", "0"),
        },
    )


def show_occurrences(session: Session, parent: str, filter_: str, limit: int | None, style: str) -> None:
    """Print the occurrences of a project or a note."""
    query = {"pageSize": "1000", **({"filter": filter_} if filter_ else {})}
    show(
        list(session.pages(f"/v1/{parent}/occurrences", "occurrences", query, limit=limit)),
        style,
        {
            "NAME": lambda o: o["name"],
            "KIND": lambda o: o.get("kind", ""),
            "RESOURCE": lambda o: o.get("resourceUri", ""),
            "NOTE": lambda o: o.get("noteName", ""),
            "CREATED": lambda o: o.get("createTime", ""),
        },
    )
