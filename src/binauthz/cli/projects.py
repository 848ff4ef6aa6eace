"""``binauthz projects``."""

import click

from binauthz.cli.iam import add_iam_verbs
from binauthz.cli.output import format_option, show
from binauthz.cli.session import Session, directory_option, limit_option
from binauthz.cli.verbs import Kind


@click.group("projects")
def command() -> None:
    """List projects, and say who may do what in one."""


add_iam_verbs(command, Kind(argument="PROJECT", full_name=lambda _, given: f"projects/{given}"), reads_by="POST")


@command.command("list")
@limit_option
@directory_option
@format_option()
def list_(limit: int | None, directory: str | None, style: str) -> None:
    """List the projects that the caller may see."""
    session = Session.open(directory)
    show(
        list(session.pages("/v1/projects", "projects", limit=limit)),
        style,
        {
            "PROJECT_ID": lambda p: p["projectId"],
            "NAME": lambda p: p.get("name", ""),
            "PROJECT_NUMBER": lambda p: p.get("projectNumber", ""),
        },
    )


@command.command("describe")
@click.argument("project")
@directory_option
@format_option("yaml")
def describe(project: str, directory: str | None, style: str) -> None:
    """Print PROJECT."""
    show(Session.open(directory).call("GET", f"/v1/projects/{project}"), style)
