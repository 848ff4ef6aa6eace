"""``binauthz evaluate``."""

import sys

import click

from binauthz.cli.documents import read_document, read_text
from binauthz.cli.output import format_option, show
from binauthz.cli.session import Session, directory_option

_EXIT = {"CONFORMANT": 0, "NON_CONFORMANT": 2}


@click.command("evaluate")
@click.option("--image", "images", multiple=True, metavar="REF", help="An image; repeat for several in one Pod.")
@click.option(
    "-f", "--filename", type=click.Path(exists=True, dir_okay=False, allow_dash=True), help="A manifest; `-` is stdin."
)
@click.option("--cluster", metavar="LOCATION.CLUSTER", default="", help="Judge as this cluster would.")
@click.option(
    "--policy",
    type=click.Path(exists=True, dir_okay=False),
    help="Judge by the policy in this file, not the stored one.",
)
@click.option("--namespace", default="default", show_default=True)
@click.option("--service-account", default="default", show_default=True)
@directory_option
@format_option()
def command(
    images: tuple[str, ...],
    filename: str | None,
    cluster: str,
    policy: str | None,
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
    body: dict[str, object] = {"cluster": cluster, "namespace": namespace, "serviceAccount": service_account}
    if filename:
        body["manifest"] = read_text(filename)
    else:
        body["images"] = list(images)
    if policy:
        body["policy"] = read_document(policy)
    answer = session.call("POST", f"/binauthz/v1/projects/{session.project}:evaluate", body)
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
    sys.exit(_EXIT.get(answer.get("verdict", ""), 3))
