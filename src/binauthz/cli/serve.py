"""``binauthz serve``."""

import logging
from pathlib import Path

import click

from binauthz.cli.up import project_option


@click.command("serve")
@click.option(
    "--dir",
    "directory",
    metavar="DIR",
    help="Where certificates, the owner's token and addresses are kept (default: BINAUTHZ_DIR or XDG).",
)
@click.option(
    "--store",
    envvar="BINAUTHZ_STORE",
    default="",
    metavar="URL",
    help="`sqlite:///PATH` or `postgresql://USER@HOST/DATABASE`; give a password by BINAUTHZ_STORE, as arguments can"
    " be seen by others (default: SQLite in DIR).",
)
@click.option("--host", default="127.0.0.1", show_default=True, metavar="HOST", help="Address to listen on.")
@click.option("--public-host", default="", metavar="NAME", help="Name by which clusters reach us (default: HOST).")
@click.option("--port", default=8750, show_default=True, metavar="N", help="First of three ports; 0 picks free ones.")
@project_option
@click.option("--verbose", is_flag=True, help="Log requests to stderr.")
def command(
    directory: str | None, store: str, host: str, public_host: str, port: int, project: str, verbose: bool
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
    try:
        serve(
            home,
            store=store,
            host=host,
            public_host=public_host,
            port=port,
            project=project,
            announce=lambda url: click.echo(f"ready {url}"),
        )
    except CannotStart as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"cannot serve from `{home.directory}`: {error}") from None
