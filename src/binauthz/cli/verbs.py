"""The verbs that every named resource has, and how one is named on the command line."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from binauthz.cli.output import format_option, show
from binauthz.cli.session import Session, directory_option

Completer = Callable[[click.Context, click.Parameter, str], list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of resource: the argument that names one, its full name, and what completes the argument.

    ``argument`` is empty where there is only one in a project.
    """

    argument: str
    full_name: Callable[[Session, str], str]
    completer: Completer | None = None

    def named(self, function: Any) -> Any:
        """Give a command the argument, as its parameter ``name``."""
        if not self.argument:
            return function
        return click.argument("name", metavar=self.argument, shell_complete=self.completer)(function)


def add_describe(group: click.Group, kind: Kind) -> None:
    """Give a group ``describe NAME``."""

    @group.command("describe", help=f"Print {kind.argument}.")
    @kind.named
    @directory_option
    @format_option("yaml")
    def describe(name: str, directory: str | None, style: str) -> None:
        session = Session.open(directory)
        show(session.call("GET", f"/v1/{kind.full_name(session, name)}"), style)


def add_delete(group: click.Group, kind: Kind, consequence: str) -> None:
    """Give a group ``delete NAME``; ``consequence`` says what is different from then on."""

    @group.command("delete", help=f"Delete {kind.argument}. {consequence}")
    @kind.named
    @directory_option
    def delete(name: str, directory: str | None) -> None:
        session = Session.open(directory)
        session.call("DELETE", f"/v1/{kind.full_name(session, name)}")


def in_project(argument: str, collection: str, completer: Completer | None = None) -> Kind:
    """Resources of the project, by id or by full name: ``projects/P/{collection}/ID``."""
    return Kind(
        argument=argument,
        full_name=lambda session, given: full_name(given, session.project, collection),
        completer=completer,
    )


def full_name(given: str, project: str, collection: str) -> str:
    """``projects/P/{collection}/ID`` from an id or a full name."""
    return given if given.startswith("projects/") else f"projects/{project}/{collection}/{given}"
