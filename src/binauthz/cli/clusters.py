"""``binauthz clusters``."""

import click

from binauthz.cli import kubeconfig
from binauthz.cli.output import format_option, show
from binauthz.cli.session import Session, directory_option


@click.group("clusters")
def command() -> None:
    """List clusters and get credentials for them."""


@command.command("list")
@directory_option
@format_option()
def list_(directory: str | None, style: str) -> None:
    """List the project's clusters."""
    session = Session.open(directory)
    found = session.call("GET", f"/v1/projects/{session.project}/locations/-/clusters").get("clusters", [])
    show(
        found,
        style,
        {
            "NAME": lambda c: c["name"],
            "LOCATION": lambda c: c.get("location", ""),
            "ENDPOINT": lambda c: c.get("endpoint", ""),
            "STATUS": lambda c: c.get("status", ""),
            "EVALUATION_MODE": lambda c: c.get("binaryAuthorization", {}).get("evaluationMode", "DISABLED"),
        },
    )


@command.command("get-credentials")
@click.argument("cluster")
@click.option("--zone", "--location", "--region", "location", required=True, help="Where the cluster is.")
@directory_option
def get_credentials(cluster: str, location: str, directory: str | None) -> None:
    """Write a kubeconfig context for CLUSTER and select it."""
    session = Session.open(directory)
    found = session.call("GET", f"/v1/projects/{session.project}/locations/{location}/clusters/{cluster}")
    name = f"gke_{session.project}_{found.get('zone', location)}_{cluster}"
    file = kubeconfig.merge(
        name=name,
        cluster={
            "server": f"https://{found['endpoint']}",
            "certificate-authority-data": found["masterAuth"]["clusterCaCertificate"],
        },
        token_file=session.token_file,
    )
    click.echo(f"context `{name}` written to {file}", err=True)
