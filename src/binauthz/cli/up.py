"""``binauthz up``."""

import asyncio
import datetime as dt
import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from binauthz.app.configuration_file import Configured

_PROJECT = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
# Keys of the configuration file that only `serve` can follow.
_OF_SERVE = ("server.host", "server.public_host", "server.store")


def _project(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not _PROJECT.fullmatch(value):
        raise click.ClickException(
            f"--project takes 6 to 30 lower-case letters, digits and hyphens, starting with a letter, got `{value}`"
        )
    return value


project_option = click.option(
    "--project", metavar="ID", callback=_project, help="The project's id.  [default: demo-project]"
)
config_option = click.option(
    "--config",
    "file",
    metavar="FILE",
    help="Configuration file (default: BINAUTHZ_CONFIG, else binauthz.toml in the directory if it is there).",
)
registry_option = click.option(
    "--registry",
    "registries",
    multiple=True,
    envvar="BINAUTHZ_REGISTRIES",
    metavar="REPOSITORY=URL",
    help="A container registry to read, as in `us/containers=http://localhost:5000`; may be given again (or several,"
    " separated by spaces, in BINAUTHZ_REGISTRIES).",
)


def configured(
    directory: Path, file: str | None, flags: Mapping[str, tuple[str, Any]], registries: tuple[str, ...]
) -> "Configured":
    """The settings in force: flags that were given, then BINAUTHZ_* variables, then the file."""
    from binauthz.app.configuration_file import InvalidConfiguration, configure, find  # noqa: PLC0415 - start-up time
    from binauthz.app.registries import with_registries  # noqa: PLC0415

    given = {path: flag for path, flag in flags.items() if flag[1] is not None}
    try:
        found = configure(file=find(file, directory, os.environ), variables=os.environ, flags=given)
        return with_registries(found, registries)
    except InvalidConfiguration as error:
        raise click.ClickException(str(error)) from None


@click.command("up")
@click.option("--dir", "directory", metavar="DIR", help="Where everything is kept (default: BINAUTHZ_DIR or XDG).")
@click.option("--port", type=int, metavar="N", help="First of four ports; 0 picks free ones.  [default: 8750]")
@project_option
@click.option(
    "--fail-closed", is_flag=True, default=None, help="Refuse Pods when no answer can be had (default: admit and log)."
)
@registry_option
@config_option
@click.option("--verbose", is_flag=True, help="Log requests to stderr.")
def command(
    directory: str | None,
    port: int | None,
    project: str | None,
    fail_closed: bool | None,
    registries: tuple[str, ...],
    file: str | None,
    verbose: bool,
) -> None:
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
    settings = configured(
        home.directory,
        file,
        {
            "server.port": ("--port", port),
            "server.project": ("--project", project),
            "local_cluster.fail_closed": ("--fail-closed", fail_closed or None),
        },
        registries,
    )
    for path in _OF_SERVE:
        if path in settings.origins:
            raise click.ClickException(f"`{path}` ({settings.origins[path]}) is for `serve`: `up` cannot follow it")
    try:
        ports = choose_ports(settings.sections.server.port)
        installation = Installation(home, configured=settings, ports=ports, now=dt.datetime.now(dt.UTC))
        asyncio.run(installation.run(lambda url: click.echo(f"ready {url}")))
    except CannotStart as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"`{home.directory}` cannot be used: {error}") from None
