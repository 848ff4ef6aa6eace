"""Waiting for what a call of the container API began."""

import time

import click

from binauthz.cli.output import talk
from binauthz.cli.session import Json, Session

_PAUSE = 0.3
_PATIENCE = 300.0
_UNKNOWN = 3


class StillRunning(click.ClickException):
    """It did not end while we waited: whether it will succeed cannot be told."""

    exit_code = _UNKNOWN


def wait(session: Session, operation: Json) -> None:
    """Return when the operation is over, saying on stderr how far it is; raises for one that failed."""
    path = f"/v1/projects/{session.project}/locations/{operation['location']}/operations/{operation['name']}"
    deadline = time.monotonic() + _PATIENCE
    said = ""
    while operation.get("status") != "DONE":
        if (detail := operation.get("detail", "")) and detail != said:
            talk(detail)
            said = detail
        if time.monotonic() > deadline:
            raise StillRunning(f"operation {operation['name']} is still running after {_PATIENCE:.0f} s")
        time.sleep(_PAUSE)
        operation = session.call("GET", path)
    if error := operation.get("error"):
        raise click.ClickException(f"operation {operation['name']} failed: {error.get('message', '')}")
