"""``binauthz policy diff``: what two policies say otherwise, whatever their order and spelling."""

import sys
from typing import TYPE_CHECKING

import click

from binauthz.cli.drafts import parsed, read_policy
from binauthz.cli.output import format_option, show
from binauthz.cli.session import Session, directory_option

if TYPE_CHECKING:
    from binauthz.policy.compare import Difference
    from binauthz.policy.model import Policy


@click.command("diff")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option(
    "--against",
    default="server",
    show_default=True,
    metavar="FILE|server",
    help="What FILE would replace: another file, or the policy that the server has.",
)
@directory_option
@format_option()
def command(file: str, against: str, directory: str | None, style: str) -> None:
    """Show what importing FILE (YAML or JSON; `-` is stdin) would change.

    Order is no difference, nor is writing something twice, and neither are etag and update time.

    \b
    Exit codes: 0 the same, 2 different, 1 an error.
    """
    after = read_policy(file)
    before = stored_policy(Session.open(directory)) if against == "server" else read_policy(against)
    found = compared(before, after)
    show_differences(found, style)
    sys.exit(2 if found else 0)


def stored_policy(session: Session) -> "Policy":
    """The policy that the server has."""
    return parsed(session.call("GET", f"/v1/projects/{session.project}/policy"))


def compared(before: "Policy", after: "Policy") -> "tuple[Difference, ...]":
    """What the second policy says otherwise than the first."""
    from binauthz.policy.compare import differences  # noqa: PLC0415 - start-up time

    return differences(before, after)


def show_differences(found: "tuple[Difference, ...]", style: str) -> None:
    """Print differences; a table of none says nothing but its header."""
    show(
        [{"change": d.change.value, "field": d.field, "before": d.before, "after": d.after} for d in found],
        style,
        {
            "CHANGE": lambda d: d["change"],
            "FIELD": lambda d: d["field"],
            "BEFORE": lambda d: d["before"] or "-",
            "AFTER": lambda d: d["after"] or "-",
        },
    )
