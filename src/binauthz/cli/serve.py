"""``binauthz serve``."""

import logging
from pathlib import Path

import click

from binauthz.cli.up import config_option, configured, project_option, registry_option


@click.command("serve")
@click.option(
    "--dir",
    "directory",
    metavar="DIR",
    help="Where certificates, the owner's token and addresses are kept (default: BINAUTHZ_DIR or XDG).",
)
@click.option(
    "--store",
    metavar="URL",
    help="`sqlite:///PATH` or `postgresql://USER@HOST/DATABASE`; give a password by BINAUTHZ_STORE, as arguments can"
    " be seen by others (default: SQLite in DIR).",
)
@click.option("--host", metavar="HOST", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--public-host", metavar="NAME", help="Name by which clusters reach us (default: HOST).")
@click.option("--port", type=int, metavar="N", help="First of three ports; 0 picks free ones.  [default: 8750]")
@project_option
@registry_option
@config_option
@click.option("--verbose", is_flag=True, help="Log requests to stderr.")
def command(
    directory: str | None,
    store: str | None,
    host: str | None,
    public_host: str | None,
    port: int | None,
    project: str | None,
    registries: tuple[str, ...],
    file: str | None,
    verbose: bool,
) -> None:
    """Run the control plane alone in the foreground, until Ctrl-C: for clusters of your own.

    REST on N, gRPC on N+1, and on N+2 the TLS doors for webhooks, audit and the Connect Gateway. Prints `ready
    http://HOST:N` on stdout once every door answers. REST and gRPC are not encrypted: beyond 127.0.0.1, put a proxy
    that terminates TLS in front of them.
    """
    from binauthz.app.home import Home  # noqa: PLC0415 - start-up time of the other commands
    from binauthz.app.standalone import serve  # noqa: PLC0415
    from binauthz.app.supervisor import CannotStart  # noqa: PLC0415

    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING, format="%(levelname)s %(name)s: %(message)s"
    )
    home = Home(Path(directory) if directory else Home.default_directory())
    settings = configured(
        home.directory,
        file,
        {
            "server.store": ("--store", store),
            "server.host": ("--host", host),
            "server.public_host": ("--public-host", public_host),
            "server.port": ("--port", port),
            "server.project": ("--project", project),
        },
        registries,
    )
    if "local_cluster.fail_closed" in settings.origins:
        origin = settings.origins["local_cluster.fail_closed"]
        raise click.ClickException(f"`local_cluster.fail_closed` ({origin}) is for `up`: `serve` has no local cluster")
    try:
        serve(home, configured=settings, announce=lambda url: click.echo(f"ready {url}"))
    except CannotStart as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"cannot serve from `{home.directory}`: {error}") from None
