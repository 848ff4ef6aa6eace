"""``binauthz up``."""

import asyncio
import datetime as dt
import logging
import re
from pathlib import Path

import click

_PROJECT = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")


def _project(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not _PROJECT.fullmatch(value):
        raise click.ClickException(
            f"--project takes 6 to 30 lower-case letters, digits and hyphens, starting with a letter, got `{value}`"
        )
    return value


project_option = click.option(
    "--project", default="demo-project", show_default=True, metavar="ID", callback=_project, help="The project's id."
)


@click.command("up")
@click.option("--dir", "directory", metavar="DIR", help="Where everything is kept (default: BINAUTHZ_DIR or XDG).")
@click.option("--port", default=8750, show_default=True, metavar="N", help="First of four ports; 0 picks free ones.")
@project_option
@click.option("--fail-closed", is_flag=True, help="Refuse Pods when no answer can be had (default: admit and log).")
@click.option("--verbose", is_flag=True, help="Log requests to stderr.")
def command(directory: str | None, port: int, project: str, fail_closed: bool, verbose: bool) -> None:
    """Run a laptop installation in the foreground, until Ctrl-C.

    A control plane (REST on N, gRPC on N+1, TLS doors on N+2) and a local Kubernetes cluster (HTTPS on N+3), both on
    127.0.0.1 only. Prints `ready http://127.0.0.1:N` on stdout once every door answers. A fresh directory holds a
    project, the cluster `local-cluster` in `us-central1-a`, its fleet membership in `global`, and an owner token.
    """
    from binauthz.app.home import Home  # noqa: PLC0415 - start-up time of the other commands
    from binauthz.app.supervisor import CannotStart, Installation, choose_ports  # noqa: PLC0415

    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING, format="%(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    home = Home(Path(directory) if directory else Home.default_directory())
    try:
        installation = Installation(
            home, project=project, ports=choose_ports(port), fail_closed=fail_closed, now=dt.datetime.now(dt.UTC)
        )
        asyncio.run(installation.run(lambda url: click.echo(f"ready {url}")))
    except CannotStart as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"`{home.directory}` cannot be used: {error}") from None
