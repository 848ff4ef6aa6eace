"""``binauthz explain``: why an image would be admitted or refused; the server's engine says it, we print it."""

import sys
from collections.abc import Iterator
from typing import Any

import click

from binauthz.cli.evaluate import ask, exit_code, subject_options
from binauthz.cli.output import format_option, show
from binauthz.cli.session import ServerError, Session, directory_option


@click.command("explain")
@click.argument("image", metavar="REF")
@subject_options
@directory_option
@format_option()
def command(image: str, cluster: str, namespace: str, service_account: str, directory: str | None, style: str) -> None:
    """Say which rule judges the image REF, which pattern exempts it, and what each attestor found and tried.

    \b
    Exit codes: 0 conforms, 2 does not, 3 could not tell, 1 an error.
    """
    session = Session.open(directory)
    question: dict[str, Any] = {"images": [image], "cluster": cluster, "namespace": namespace, "explain": True}
    answer = ask(session, {**question, "serviceAccount": service_account})
    if style != "table":
        show(answer, style)
    else:
        rows = [*_cluster(session, cluster), *(row for result in answer.get("results", []) for row in _rows(result))]
        show(rows, style, {"ABOUT": lambda r: r[0], "WHAT": lambda r: r[1]})
    sys.exit(exit_code(answer.get("verdict")))


def _cluster(session: Session, cluster: str) -> Iterator[tuple[str, str]]:
    """Whether the cluster asks at all (SPEC 6.7)."""
    if not cluster:
        return
    location, _, name = cluster.partition(".")
    try:
        found = session.call("GET", f"/v1/projects/{session.project}/locations/{location}/clusters/{name}")
    except ServerError as error:
        yield "cluster", f"{cluster}: {error.status}"
        return
    yield "cluster", f"{cluster}, {found.get('binaryAuthorization', {}).get('evaluationMode', 'DISABLED')}"


def _rows(result: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "verdict", f"{result.get('verdict', '')}, {'admitted' if result.get('admitted') else 'refused'}"
    rule = result.get("rule")
    if rule is not None:
        chosen = "default rule" if rule["scope"] == "DEFAULT" else f"{rule['scope'].lower()} rule for {rule['key']}"
        yield "rule", f"{chosen}: {rule.get('evaluationMode', 'none')}, {rule.get('enforcementMode', 'none')}"
    if not result.get("images"):
        yield "why", str(result.get("message", ""))
    for image in result.get("images", []):
        yield "image", f"{image['image']}: {image['verdict']}"
        if image.get("ground") == "ATTESTORS":
            yield "digest", image.get("digest", "none: attestations are looked up by digest")
        exemption = image.get("exemption")
        if exemption is not None:
            owner = "system policy" if exemption["owner"] == "SYSTEM_POLICY" else "policy"
            yield "pattern", f"{exemption['pattern']}, of the {owner}: no rule is asked"
        else:
            yield "pattern", "none matches"
        yield "why", image.get("explanation", "")
        for finding in image.get("findings", []):
            yield from _finding(finding)


def _finding(finding: dict[str, Any]) -> Iterator[tuple[str, str]]:
    reason = finding.get("withheld") or finding.get("reason") or finding.get("cause", "")
    yield "attestor", f"{finding['attestor']}: {finding['why']}{f', {reason}' if reason else ''}"
    for trial in finding.get("trials", []):
        key = f"key {trial['keyId']}" if trial["keyId"] else "no key tried"
        yield "attestation", f"{trial['attestation']}: {trial['outcome']}, {key}: {trial['reason']}"
    if finding.get("trialsLeftOut"):
        yield "attestation", f"{finding['trialsLeftOut']} more are not shown"
