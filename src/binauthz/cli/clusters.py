"""``binauthz clusters`` (SPEC 6.7, 7.1)."""

from typing import Any

import click

from binauthz.cli import cluster_operations, kubeconfig
from binauthz.cli.output import format_option, show
from binauthz.cli.session import Json, Session, directory_option

_ENFORCE = "PROJECT_SINGLETON_POLICY_ENFORCE"
_MODES = ("DISABLED", _ENFORCE, "POLICY_BINDINGS", "POLICY_BINDINGS_AND_PROJECT_SINGLETON_POLICY_ENFORCE")


@click.group("clusters")
def command() -> None:
    """Create, change and delete local clusters, and get credentials for any cluster."""


def _location(function: Any) -> Any:
    return click.option(
        "--zone", "--location", "--region", "location", required=True, metavar="PLACE", help="Where the cluster is."
    )(function)


def _async(function: Any) -> Any:
    return click.option("--async", "later", is_flag=True, help="Print the operation and do not wait for it.")(function)


def _bindings(function: Any) -> Any:
    return click.option(
        "--policy-binding",
        "bindings",
        multiple=True,
        metavar="POLICY",
        help="A platform policy, as projects/P/platforms/gke/policies/ID; may be repeated.",
    )(function)


def _path(session: Session, location: str, cluster: str = "") -> str:
    parent = f"/v1/projects/{session.project}/locations/{location}/clusters"
    return f"{parent}/{cluster}" if cluster else parent


def _block(mode: str, bindings: tuple[str, ...]) -> Json:
    block: Json = {"evaluationMode": mode}
    return block | ({"policyBindings": [{"name": name} for name in bindings]} if bindings else {})


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


@command.command("describe")
@click.argument("cluster")
@_location
@directory_option
@format_option("yaml")
def describe(cluster: str, location: str, directory: str | None, style: str) -> None:
    """Print CLUSTER."""
    session = Session.open(directory)
    show(session.call("GET", _path(session, location, cluster)), style)


@command.command("create")
@click.argument("cluster")
@_location
@click.option(
    "--evaluation-mode",
    "mode",
    type=click.Choice(_MODES),
    default=_ENFORCE,
    show_default=True,
    help="How Pods are judged.",
)
@_bindings
@click.option("--label", "labels", multiple=True, metavar="KEY=VALUE", help="A resource label; may be repeated.")
@click.option("--fleet", is_flag=True, help="Make it a member of the project's fleet at once.")
@_async
@directory_option
@format_option("yaml")
def create(
    cluster: str,
    location: str,
    mode: str,
    bindings: tuple[str, ...],
    labels: tuple[str, ...],
    fleet: bool,
    later: bool,
    directory: str | None,
    style: str,
) -> None:
    """Create the local cluster CLUSTER, and wait until its API answers.

    `binauthz up` keeps the clusters that are created here, each in a process of its own; `binauthz serve` keeps none.
    """
    session = Session.open(directory)
    body: Json = {"name": cluster, "binaryAuthorization": _block(mode, bindings)}
    if labels:
        body["resourceLabels"] = labels_of(labels)
    if fleet:
        body["fleet"] = {"project": session.project}
    _follow(session, session.call("POST", _path(session, location), {"cluster": body}), later, style)
    if not later:
        show(session.call("GET", _path(session, location, cluster)), style)


@command.command("update")
@click.argument("cluster")
@_location
@click.option("--evaluation-mode", "mode", type=click.Choice(_MODES), required=True, help="How Pods are judged.")
@_bindings
@directory_option
@format_option("yaml")
def update(
    cluster: str, location: str, mode: str, bindings: tuple[str, ...], directory: str | None, style: str
) -> None:
    """Replace how the Pods of CLUSTER are judged, from the next one on; bindings that are not given are dropped."""
    session = Session.open(directory)
    path = _path(session, location, cluster)
    operation = session.call("PUT", path, {"update": {"desiredBinaryAuthorization": _block(mode, bindings)}})
    cluster_operations.wait(session, operation)
    show(session.call("GET", path), style)


@command.command("delete")
@click.argument("cluster")
@_location
@_async
@directory_option
@format_option("yaml")
def delete(cluster: str, location: str, later: bool, directory: str | None, style: str) -> None:
    """Delete CLUSTER with everything in it, and its memberships."""
    session = Session.open(directory)
    _follow(session, session.call("DELETE", _path(session, location, cluster)), later, style)


@command.command("get-credentials")
@click.argument("cluster")
@_location
@directory_option
def get_credentials(cluster: str, location: str, directory: str | None) -> None:
    """Write a kubeconfig context for CLUSTER and select it."""
    session = Session.open(directory)
    found = session.call("GET", f"/v1/projects/{session.project}/locations/{location}/clusters/{cluster}")
    if not found.get("endpoint"):
        raise click.ClickException(f"cluster {cluster} has no address yet: its status is {found.get('status', '')}")
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


@command.command("server-config")
@_location
@directory_option
@format_option("yaml")
def server_config(location: str, directory: str | None, style: str) -> None:
    """Print the versions and channels that clusters in a location can have."""
    session = Session.open(directory)
    show(session.call("GET", f"/v1/projects/{session.project}/locations/{location}/serverConfig"), style)


def labels_of(given: tuple[str, ...]) -> dict[str, str]:
    """Labels from ``KEY=VALUE``."""
    pairs = [each.partition("=") for each in given]
    for text, (key, equals, _) in zip(given, pairs, strict=True):
        if not key or not equals:
            raise click.ClickException(f"--label takes KEY=VALUE, got `{text}`")
    return {key: value for key, _, value in pairs}


def _follow(session: Session, operation: Json, later: bool, style: str) -> None:
    if later:
        show(operation, style)
    else:
        cluster_operations.wait(session, operation)
