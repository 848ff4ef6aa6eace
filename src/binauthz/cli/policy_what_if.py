"""``binauthz policy what-if``: what a proposed policy would decide otherwise; the server decides both times."""

import sys
from collections.abc import Iterator
from typing import Any

import click

from binauthz.cli.documents import read_document, read_text
from binauthz.cli.evaluate import ask, subject_options
from binauthz.cli.output import format_option, show
from binauthz.cli.session import Session, directory_option

_NOTHING: dict[str, Any] = {}
_TOLD = {"CONFORMANT", "NON_CONFORMANT"}


@click.command("what-if")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--image", "images", multiple=True, metavar="REF", help="An image; repeat for several.")
@click.option(
    "-f",
    "--filename",
    "manifests",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    help="A manifest; repeat for several.",
)
@click.option("--only-changes", is_flag=True, help="Leave out what stays as it is.")
@subject_options
@directory_option
@format_option()
def command(
    file: str,
    images: tuple[str, ...],
    manifests: tuple[str, ...],
    only_changes: bool,
    cluster: str,
    namespace: str,
    service_account: str,
    directory: str | None,
    style: str,
) -> None:
    """Ask what would be admitted under the policy in FILE that is refused now, and the other way round.

    Each image and each object is judged twice, by the stored policy and by FILE. Nothing is changed or logged.

    \b
    Exit codes: 0 nothing changes, 2 something does, 3 something could not be told, 1 an error.
    """
    if not images and not manifests:
        raise click.ClickException("give --image or --filename, once or more")
    draft = read_document(file)
    session = Session.open(directory)
    where = {"cluster": cluster, "namespace": namespace, "serviceAccount": service_account}
    rows = []
    unknown = False
    questions: list[dict[str, Any]] = [{"images": [image]} for image in images]
    questions += [{"manifest": read_text(name)} for name in manifests]
    for question in questions:
        now = ask(session, {**where, **question})
        then = ask(session, {**where, **question, "policy": draft})
        unknown = unknown or any(answer.get("verdict") not in _TOLD for answer in (now, then))
        unknown = unknown or len(now.get("results", [])) != len(then.get("results", []))
        rows += list(_compared(now, then))
    changed = [row for row in rows if row["change"] != "same"]
    show(
        changed if only_changes else rows,
        style,
        {
            "OBJECT": lambda r: r["object"],
            "IMAGE": lambda r: r["image"] or "-",
            "NOW": lambda r: r["now"],
            "PROPOSED": lambda r: r["proposed"],
            "CHANGE": lambda r: r["change"],
            "WHY": lambda r: r["why"],
        },
    )
    unknown = unknown or any("ERROR" in (row["now"], row["proposed"]) for row in rows)
    sys.exit(3 if unknown else 2 if changed else 0)


def _compared(now: dict[str, Any], then: dict[str, Any]) -> Iterator[dict[str, str]]:
    """One row for each image of each object; an object without images is a row itself."""
    for before, after in zip(now.get("results", []), then.get("results", []), strict=False):
        shown = f"{before.get('kind', '')} {before.get('podName', '')}".strip()
        if not before.get("images") and not after.get("images"):
            yield _row(shown, "", before, after, str(after.get("message", "")))
            continue
        old = {each["image"]: each for each in before.get("images", [])}
        new = {each["image"]: each for each in after.get("images", [])}
        for image in {**old, **new}:
            one, other = old.get(image, _NOTHING), new.get(image, _NOTHING)
            yield _row(shown, image, one, other, str(other.get("explanation", "")))


def _row(shown: str, image: str, before: dict[str, Any], after: dict[str, Any], why: str) -> dict[str, str]:
    now, proposed = str(before.get("verdict", "ERROR")), str(after.get("verdict", "ERROR"))
    if now == proposed:
        change = "same"
    elif proposed == "CONFORMANT":
        change = "newly admitted"
    elif proposed == "NON_CONFORMANT":
        change = "newly refused"
    else:
        change = "cannot tell"
    return {"object": shown, "image": image, "now": now, "proposed": proposed, "change": change, "why": why}
