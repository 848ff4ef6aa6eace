"""Names that the server knows, for the shell's completion: quickly, or none at all.

A shell waits for us while somebody types, so trouble of any kind is an empty list, and a server that does not answer
is given up on.
"""

import contextlib
import dataclasses
import signal
from collections.abc import Callable, Iterator

import click

from binauthz.cli.session import Session

_PATIENCE_SECONDS = 0.5
_AT_MOST_SECONDS = 1.5
_NAMES = 500


def attestors(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Ids of the project's attestors."""
    return _offered(context, incomplete, lambda session: _ids(session, "attestors", "attestors"))


def notes(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Ids of the project's notes."""
    return _offered(context, incomplete, lambda session: _ids(session, "notes", "notes"))


def platform_policies(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Ids of the platform policies for GKE."""
    return _offered(context, incomplete, lambda session: _ids(session, "platforms/gke/policies", "platformPolicies"))


def clusters(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Clusters as ``LOCATION.CLUSTER``."""

    def names(session: Session) -> Iterator[str]:
        found = session.call("GET", f"/v1/projects/{session.project}/locations/-/clusters").get("clusters", [])
        return (f"{each['location']}.{each['name']}" for each in found)

    return _offered(context, incomplete, names)


def _ids(session: Session, collection: str, member: str) -> Iterator[str]:
    found = session.pages(f"/v1/projects/{session.project}/{collection}", member, limit=_NAMES)
    return (each["name"].rpartition("/")[2] for each in found)


def _offered(context: click.Context, incomplete: str, names: Callable[[Session], Iterator[str]]) -> list[str]:
    try:
        with _bounded():
            session = dataclasses.replace(Session.open(context.params.get("directory")), patience=_PATIENCE_SECONDS)
            return [name for name in names(session) if name.startswith(incomplete) and name.isprintable()]
    except Exception:  # noqa: BLE001 - whatever it is, nothing is offered, and the shell goes on
        return []


@contextlib.contextmanager
def _bounded() -> Iterator[None]:
    """Give up in time, also on a server that answers a byte now and then."""

    def late(_number: int, _frame: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, _AT_MOST_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
