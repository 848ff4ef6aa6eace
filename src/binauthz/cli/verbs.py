"""The verbs that every named resource has, and how one is named on the command line."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import click

from binauthz.cli.output import format_option, show
from binauthz.cli.session import Json, Session, directory_option, limit_option

Completer = Callable[[click.Context, click.Parameter, str], list[str]]
Columns = Mapping[str, Callable[[Any], object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of resource: the argument that names one, its full name, and what completes the argument.

    ``argument`` is empty where there is only one in a project, and an option where it has a default.
    """

    argument: str
    full_name: Callable[[Session, str], str]
    completer: Completer | None = None
    default: str = ""

    def named(self, function: Any) -> Any:
        """Give a command the argument, as its parameter ``name``."""
        if not self.argument:
            return function
        if self.default:
            return click.option(
                self.argument, "name", default=self.default, show_default=True, metavar="PLACE", help="Where to look."
            )(function)
        return click.argument("name", metavar=self.argument, shell_complete=self.completer)(function)


def add_describe(group: click.Group, kind: Kind, what: str = "") -> None:
    """Give a group ``describe NAME``; ``what`` says what is printed where no argument does."""

    @group.command("describe", help=f"Print {what or kind.argument}.")
    @kind.named
    @directory_option
    @format_option("yaml")
    def describe(directory: str | None, style: str, name: str = "") -> None:
        session = Session.open(directory)
        show(session.call("GET", f"/v1/{kind.full_name(session, name)}"), style)


def add_delete(group: click.Group, kind: Kind, consequence: str, what: str = "") -> None:
    """Give a group ``delete NAME``; ``consequence`` says what is different from then on, or what it takes."""

    @group.command("delete", help=f"Delete {what or kind.argument}. {consequence}")
    @kind.named
    @directory_option
    def delete(directory: str | None, name: str = "") -> None:
        session = Session.open(directory)
        session.call("DELETE", f"/v1/{kind.full_name(session, name)}")


def add_list(group: click.Group, about: str, parent: Kind, collection: str, columns: Columns) -> None:
    """Give a group ``list PARENT``: what ``parent`` holds in a collection, on however many pages."""

    @group.command("list", help=about)
    @parent.named
    @limit_option
    @directory_option
    @format_option()
    def list_(limit: int | None, directory: str | None, style: str, name: str = "") -> None:
        session = Session.open(directory)
        path = f"/v1/{parent.full_name(session, name)}/{collection}"
        show(list(session.pages(path, collection, limit=limit)), style, columns)


def outcome(operation: Json) -> Json:
    """What an operation that is done made, as ``describe`` shows it: without the type that its envelope needs."""
    return {member: value for member, value in operation["response"].items() if member != "@type"}


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


def location(default: str) -> Kind:
    """A location of the project, by ``--location``."""
    return Kind(
        argument="--location",
        full_name=lambda session, given: f"projects/{session.project}/locations/{given}",
        default=default,
    )


def below_location(argument: str, *collections: str, default: str = "", slashes: bool = False) -> Kind:
    """Resources by their ids below the project, as ``[LOCATION/]RING/KEY``, or by full name.

    The location may be left out where there is a ``default``. With ``slashes`` the last id may hold some, which full
    names have percent-encoded.
    """
    labels = ("projects", "locations", *collections)
    words = ("PROJECT", "LOCATION", *argument.rpartition("]")[2].split("/")[-len(collections) :])
    expected = _joined(labels, words)

    def full_name(session: Session, given: str) -> str:
        if given.startswith("projects/"):
            segments = given.split("/")
            if tuple(segments[::2]) == labels and len(segments) == 2 * len(labels) and all(segments):
                return given
        else:
            ids = given.split("/", len(collections)) if slashes else given.split("/")
            if default and len(ids) == len(collections):
                ids = [default, *ids]
            if len(ids) == len(collections) + 1 and all(ids):
                return _joined(labels, (session.project, *(each.replace("/", "%2F") for each in ids)))
        raise click.ClickException(f"got `{given}`, expected {argument} or {expected}")

    return Kind(argument=argument, full_name=full_name)


def _joined(labels: Iterable[str], ids: Iterable[str]) -> str:
    return "/".join(f"{label}/{each}" for label, each in zip(labels, ids, strict=True))
