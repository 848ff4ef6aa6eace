"""``binauthz env``."""

import json
import shlex
from pathlib import Path

import click

_APIS = (
    "artifactregistry",
    "binaryauthorization",
    "cloudkms",
    "cloudresourcemanager",
    "connectgateway",
    "container",
    "containeranalysis",
    "gkehub",
    "logging",
    "serviceusage",
)


@click.command("env")
@click.option("--dir", "directory", metavar="DIR", help="Directory of the installation (default: BINAUTHZ_DIR or XDG).")
@click.option("--format", "style", type=click.Choice(["shell", "json"]), default="shell", show_default=True)
def command(directory: str | None, style: str) -> None:
    """Print what gcloud, kubectl and Google's client libraries need.

    \b
    Use it as:
      eval "$(binauthz env)"

    gcloud is given an endpoint override for each API served, the owner's token and the project, and a configuration
    directory of its own, so that your other gcloud configurations stay untouched.
    """
    from binauthz.app.home import Home, NotRunning  # noqa: PLC0415 - start-up time of the other commands

    home = Home(Path(directory) if directory else Home.default_directory())
    try:
        addresses = home.addresses()
    except NotRunning as error:
        raise click.ClickException(str(error)) from None
    variables = {f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{api.upper()}": f"{addresses.base_url}/" for api in _APIS}
    variables |= {
        "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(home.owner_token_file),
        "CLOUDSDK_CORE_PROJECT": addresses.project,
        "CLOUDSDK_CONFIG": str(home.directory / "gcloud"),
        "USE_GKE_GCLOUD_AUTH_PLUGIN": "True",
        "BINAUTHZ_DIR": str(home.directory),
        "BINAUTHZ_SERVER": addresses.base_url,
        "BINAUTHZ_GRPC": addresses.grpc,
        "BINAUTHZ_PROJECT": addresses.project,
        "BINAUTHZ_TOKEN_FILE": str(home.owner_token_file),
    }
    if style == "json":
        click.echo(json.dumps(variables, indent=2))
        return
    for name, value in variables.items():
        click.echo(f"export {name}={shlex.quote(value)}")
