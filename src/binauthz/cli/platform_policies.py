"""``binauthz platform-policies`` (SPEC 6.1)."""

import sys
from typing import Any

import click

from binauthz.cli import complete
from binauthz.cli.documents import read_document, read_objects
from binauthz.cli.evaluate import exit_code
from binauthz.cli.output import format_option, show
from binauthz.cli.session import Session, directory_option, limit_option

_platform = click.option("--platform", default="gke", show_default=True, help="The platform that policies are for.")
_file = click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))


@click.group("platform-policies")
def command() -> None:
    """Manage and evaluate platform policies, which continuous validation checks running Pods by."""


@command.command("create")
@click.argument("policy")
@_file
@_platform
@directory_option
@format_option("yaml")
def create(policy: str, file: str, platform: str, directory: str | None, style: str) -> None:
    """Create POLICY as FILE says (YAML or JSON; `-` is stdin)."""
    document = read_document(file)
    session = Session.open(directory)
    path = f"/v1/projects/{session.project}/platforms/{platform}/policies"
    show(session.call("POST", path, document, {"policyId": policy}), style)


@command.command("list")
@_platform
@limit_option
@directory_option
@format_option()
def list_(platform: str, limit: int | None, directory: str | None, style: str) -> None:
    """List the platform policies of a platform."""
    session = Session.open(directory)
    path = f"/v1/projects/{session.project}/platforms/{platform}/policies"
    show(
        list(session.pages(path, "platformPolicies", limit=limit)),
        style,
        {
            "NAME": lambda p: p["name"].rpartition("/")[2],
            "CHECK_SETS": lambda p: len(p.get("gkePolicy", {}).get("checkSets", [])),
            "DESCRIPTION": lambda p: p.get("description", ""),
            "UPDATED": lambda p: p.get("updateTime", ""),
        },
    )


@command.command("list-platforms")
@directory_option
@format_option()
def list_platforms(directory: str | None, style: str) -> None:
    """List the platforms that policies can be for."""
    session = Session.open(directory)
    found = list(session.pages(f"/v1/projects/{session.project}/platforms", "platforms"))
    show(found, style, {"NAME": lambda p: p["name"].rpartition("/")[2]})


@command.command("describe")
@click.argument("policy", shell_complete=complete.platform_policies)
@_platform
@directory_option
@format_option("yaml")
def describe(policy: str, platform: str, directory: str | None, style: str) -> None:
    """Print POLICY."""
    session = Session.open(directory)
    show(session.call("GET", f"/v1/{_name(session, platform, policy)}"), style)


@command.command("replace")
@click.argument("policy", shell_complete=complete.platform_policies)
@_file
@_platform
@directory_option
@format_option("yaml")
def replace(policy: str, file: str, platform: str, directory: str | None, style: str) -> None:
    """Replace the whole of POLICY by FILE (YAML or JSON; `-` is stdin)."""
    document = read_document(file)
    session = Session.open(directory)
    name = _name(session, platform, policy)
    show(session.call("PUT", f"/v1/{name}", {**document, "name": name}), style)


@command.command("delete")
@click.argument("policy", shell_complete=complete.platform_policies)
@_platform
@directory_option
def delete(policy: str, platform: str, directory: str | None) -> None:
    """Delete POLICY. A cluster that is bound to it says so in the log from then on."""
    session = Session.open(directory)
    session.call("DELETE", f"/v1/{_name(session, platform, policy)}")


@command.command("evaluate")
@click.argument("policy", shell_complete=complete.platform_policies)
@click.option("--image", "images", multiple=True, metavar="REF", help="An image; repeat for several in one Pod.")
@click.option(
    "-f", "--filename", type=click.Path(exists=True, dir_okay=False, allow_dash=True), help="A manifest; `-` is stdin."
)
@directory_option
@format_option()
def evaluate(policy: str, images: tuple[str, ...], filename: str | None, directory: str | None, style: str) -> None:
    """Ask whether images, or the Pods of a manifest, conform to POLICY.

    \b
    Exit codes: 0 conforms, 2 does not, 3 could not tell, 1 an error.
    """
    if bool(images) == bool(filename):
        raise click.ClickException("give --image (once or more) or --filename, and not both")
    session = Session.open(directory)
    resource = _pod(images) if images else _one(read_objects(filename or ""))
    answer = session.call("POST", f"/v1/{_name(session, 'gke', policy)}:evaluate", {"resource": resource})
    rows = [(pod, image) for pod in answer.get("results", []) for image in pod.get("imageResults", [])]
    show(
        answer if style != "table" else rows,
        style,
        {
            "POD": lambda r: r[0].get("podName", "") or "-",
            "IMAGE": lambda r: r[1].get("imageUri", ""),
            "VERDICT": lambda r: r[1].get("verdict", ""),
            "WHY": lambda r: _why(r[1]),
        },
    )
    sys.exit(exit_code(answer.get("verdict", "")))


def _name(session: Session, platform: str, policy: str) -> str:
    if policy.startswith("projects/"):
        return policy
    return f"projects/{session.project}/platforms/{platform}/policies/{policy}"


def _pod(images: tuple[str, ...]) -> dict[str, Any]:
    containers = [{"image": image} for image in images]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": ""}, "spec": {"containers": containers}}


def _one(objects: list[Any]) -> Any:
    return objects[0] if len(objects) == 1 else {"apiVersion": "v1", "kind": "List", "items": objects}


def _why(image: dict[str, Any]) -> str:
    """The patterns that exempted the image and the checks that it met, in one line."""
    checked = image.get("checkSetResult", {})
    said = [
        f"matches {part['allowlistResult']['matchedPattern']}"
        for part in (image, checked)
        if part.get("allowlistResult", {}).get("matchedPattern")
    ]
    said += [part["explanation"] for part in (image, checked) if part.get("explanation")]
    for check in checked.get("checkResults", {}).get("results", []):
        name = check.get("displayName") or check.get("type", "check")
        pattern = check.get("allowlistResult", {}).get("matchedPattern")
        outcome = f"matches {pattern}" if pattern else check.get("evaluationResult", {}).get("verdict", "")
        said.append(f"{name}: {outcome}{', ' if check.get('explanation') else ''}{check.get('explanation', '')}")
    return "; ".join(said)
