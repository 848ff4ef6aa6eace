"""``binauthz continuous-validation``: the project's switch of v1alpha2 (SPEC 6.9)."""

import click

from binauthz.cli.output import format_option, show
from binauthz.cli.session import Json, Session, directory_option


@click.group("continuous-validation")
def command() -> None:
    """Say whether running Pods are checked again by the project's policy."""


@command.command("describe")
@directory_option
@format_option("yaml")
def describe(directory: str | None, style: str) -> None:
    """Print the project's configuration."""
    _, config = _read(Session.open(directory))
    show(config, style)


@command.command("enable")
@directory_option
@format_option("yaml")
def enable(directory: str | None, style: str) -> None:
    """Check running Pods by the project's policy."""
    show(_switched(Session.open(directory), on=True), style)


@command.command("disable")
@directory_option
@format_option("yaml")
def disable(directory: str | None, style: str) -> None:
    """Stop checking running Pods by the project's policy."""
    show(_switched(Session.open(directory), on=False), style)


def _read(session: Session) -> tuple[str, Json]:
    path = f"/v1alpha2/projects/{session.project}/continuousValidationConfig"
    return path, session.call("GET", path)


def _switched(session: Session, *, on: bool) -> Json:
    """Read, change and written back whole, as gcloud does it."""
    path, config = _read(session)
    wanted = {**config.get("enforcementPolicyConfig", {}), "enabled": on}
    return session.call("PUT", path, {**config, "enforcementPolicyConfig": wanted})
