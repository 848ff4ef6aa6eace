"""Projects: every other resource lives in one, and an unknown project is an error of the caller's."""

from typing import TypeVar

from binauthz.base import names
from binauthz.base.errors import ApiError, Code
from binauthz.services.names import not_found, project_of
from binauthz.store.interface import Reader
from binauthz.store.records import Project

T = TypeVar("T")


def unknown_project(name: str) -> ApiError:
    """NOT_FOUND for a project that the store does not hold."""
    return ApiError(Code.NOT_FOUND, f"Project '{name.removeprefix('projects/')}' was not found")


def find(tx: Reader, name: str) -> Project | None:
    """The project that a resource name lies in, by id or by number."""
    project = project_of(name)
    if not project.removeprefix("projects/").isdigit():
        return tx.get(Project, project)
    number = project.removeprefix("projects/")
    return next((each for each in tx.list(Project, "") if str(each.number) == number), None)


def require(tx: Reader, name: str) -> Project:
    """The project that a resource name lies in; raises NOT_FOUND."""
    project = find(tx, name)
    if project is None:
        raise unknown_project(project_of(name) or name)
    return project


def require_parent(tx: Reader, parent: str) -> Project:
    """The project that is the parent of a collection; INVALID_ARGUMENT unless the name is a project's."""
    names.PROJECT.parse(parent, "parent")
    return require(tx, parent)


def existing(tx: Reader, kind: type[T], template: names.NameTemplate, name: str, field: str = "name") -> T:
    """The record of a name that lies in a project; NOT_FOUND for either, INVALID_ARGUMENT for a name of another
    form."""
    template.parse(name, field)
    project = require(tx, name)
    found = tx.get(kind, project.name + name.removeprefix(project_of(name)))
    if found is None:
        raise not_found(name)
    return found


def canonical(tx: Reader, name: str) -> str:
    """The name with the project by id; unchanged when the project is unknown or there is none."""
    given = project_of(name)
    if not given.removeprefix("projects/").isdigit():
        return name
    project = find(tx, given)
    return name if project is None else project.name + name.removeprefix(given)
