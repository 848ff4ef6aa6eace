"""``binauthz evaluate``."""

import sys
from typing import Any

import click

from binauthz.cli import complete
from binauthz.cli.documents import read_document, read_text
from binauthz.cli.output import format_option, show
from binauthz.cli.session import Session, directory_option

_EXIT = {"CONFORMANT": 0, "NON_CONFORMANT": 2}


def subject_options(function: Any) -> Any:
    """Where the Pod would run: what chooses the rule that judges it (SPEC 1.3)."""
    for option in (
        click.option("--service-account", default="default", show_default=True),
        click.option("--namespace", default="default", show_default=True),
        click.option(
            "--cluster",
            metavar="LOCATION.CLUSTER",
            default="",
            help="Judge as this cluster would.",
            shell_complete=complete.clusters,
        ),
    ):
        function = option(function)
    return function


def ask(session: Session, question: dict[str, Any]) -> dict[str, Any]:
    """The server's answer to one question."""
    return session.call("POST", f"/binauthz/v1/projects/{session.project}:evaluate", question)


def exit_code(verdict: object) -> int:
    """0 conforms, 2 does not, 3 for everything that is no answer."""
    return _EXIT.get(str(verdict), 3)


@click.command("evaluate")
@click.option("--image", "images", multiple=True, metavar="REF", help="An image; repeat for several in one Pod.")
@click.option(
    "-f", "--filename", type=click.Path(exists=True, dir_okay=False, allow_dash=True), help="A manifest; `-` is stdin."
)
@click.option(
    "--policy",
    type=click.Path(exists=True, dir_okay=False),
    help="Judge by the policy in this file, not the stored one.",
)
@subject_options
@directory_option
@format_option()
def command(
    images: tuple[str, ...],
    filename: str | None,
    policy: str | None,
    cluster: str,
    namespace: str,
    service_account: str,
    directory: str | None,
    style: str,
) -> None:
    """Ask whether images, or the Pods of a manifest, would be admitted now. Nothing is created and nothing is logged.

    \b
    Exit codes: 0 conforms, 2 does not (even where a dry run or break-glass would admit it), 3 could not tell,
    1 an error.
    """
    if bool(images) == bool(filename):
        raise click.ClickException("give --image (once or more) or --filename, and not both")
    session = Session.open(directory)
    body: dict[str, Any] = {"cluster": cluster, "namespace": namespace, "serviceAccount": service_account}
    if filename:
        body["manifest"] = read_text(filename)
    else:
        body["images"] = list(images)
    if policy:
        body["policy"] = read_document(policy)
    answer = ask(session, body)
    show(
        answer if style != "table" else answer.get("results", []),
        style,
        {
            "POD": lambda r: r.get("podName", "") or "-",
            "NAMESPACE": lambda r: r.get("namespace", ""),
            "VERDICT": lambda r: r.get("verdict", ""),
            "ADMITTED": lambda r: "yes" if r.get("admitted") else "no",
            "WHY": lambda r: r.get("message", ""),
        },
    )
    sys.exit(exit_code(answer.get("verdict", "")))
