"""``binauthz policy lint``: what is wrong with a policy, what is risky, and with --server what it would meet."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from binauthz.cli.documents import read_document
from binauthz.cli.drafts import parsed
from binauthz.cli.output import format_option, show
from binauthz.cli.session import ServerError, Session, directory_option

if TYPE_CHECKING:
    from binauthz.policy.lint import Finding
    from binauthz.policy.model import Policy

_ATTESTATIONS_LOOKED_AT = 1000


@click.command("lint")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--server", is_flag=True, help="Also ask the server: do attestors and clusters exist, have they keys?")
@directory_option
@format_option()
def command(file: str, server: bool, directory: str | None, style: str) -> None:
    """Check the policy in FILE (YAML or JSON; `-` is stdin), offline unless --server is given.

    Every finding names its rule by an id that stays; docs/cli.md lists them.

    \b
    Exit codes: 0 nothing found but notes, 2 an error or a warning was found, 1 the file cannot be read.
    """
    found = list(_findings(file, Session.open(directory) if server else None))
    show(
        [
            {"rule": each.rule.id, "severity": each.rule.severity.value, "field": each.field, "finding": each.text}
            for each in found
        ],
        style,
        {
            "SEVERITY": lambda f: f["severity"],
            "RULE": lambda f: f["rule"],
            "FIELD": lambda f: f["field"],
            "FINDING": lambda f: f["finding"],
        },
    )
    sys.exit(2 if any(each.rule.severity.value != "NOTE" for each in found) else 0)


def _findings(file: str, session: Session | None) -> Iterator["Finding"]:
    from binauthz.base.errors import ApiError  # noqa: PLC0415 - start-up time
    from binauthz.policy.lint import Finding, Rule, lint  # noqa: PLC0415
    from binauthz.policy.validate import validate  # noqa: PLC0415

    try:
        policy = parsed(read_document(file))
    except ApiError as error:
        yield Finding(Rule.INVALID, error.violations[0].field if error.violations else "", error.message)
        return
    faults = validate(policy)
    for fault in faults:
        yield Finding(Rule.INVALID, fault.field, fault.description)
    yield from lint(policy)
    if session is not None and not faults:
        yield from _met(policy, session)


def _met(policy: "Policy", session: Session) -> Iterator["Finding"]:
    """What the policy would meet on the server now."""
    from binauthz.policy.lint import Finding, Rule, rules_of  # noqa: PLC0415 - start-up time

    rules = rules_of(policy)
    if policy.default_rule is not None:
        rules = {**rules, "defaultAdmissionRule": policy.default_rule}
    places: dict[str, list[str]] = {}
    for place, rule in rules.items():
        for index, name in enumerate(rule.require_attestations_by):
            places.setdefault(name, []).append(f"{place}.requireAttestationsBy[{index}]")
    for name, where in places.items():
        try:
            note = session.call("GET", f"/v1/{name}").get("userOwnedGrafeasNote", {})
        except ServerError as error:
            if error.status not in {"NOT_FOUND", "PERMISSION_DENIED"}:
                raise
            yield from (Finding(Rule.UNKNOWN_ATTESTOR, place, f"`{name}`: {error.status}") for place in where)
            continue
        if not note.get("publicKeys"):
            text = f"`{name}` has no public keys and is never satisfied: the rule refuses everything"
            yield from (Finding(Rule.NO_KEYS, place, text) for place in where)
        yield from _exempt_attested(policy, session, name, note.get("noteReference", ""))
    yield from _unknown_clusters(policy, session)


def _exempt_attested(policy: "Policy", session: Session, attestor: str, note: str) -> Iterator["Finding"]:
    """Patterns that exempt what the attestor attested (B83), each once; the latest attestations are looked at."""
    from binauthz.base.patterns import allowlist  # noqa: PLC0415 - start-up time
    from binauthz.policy.lint import Finding, Rule  # noqa: PLC0415

    if not policy.allowlist or not note:
        return
    ready, named = allowlist(policy.allowlist), set()
    attested = session.pages(
        f"/v1/{note}/occurrences", "occurrences", {"pageSize": "1000"}, limit=_ATTESTATIONS_LOOKED_AT
    )
    for occurrence in attested:
        image = occurrence.get("resourceUri", "").removeprefix("https://")
        pattern = ready.match(image)
        if pattern is not None and pattern not in named:
            named.add(pattern)
            place = f"admissionWhitelistPatterns[{policy.allowlist.index(pattern)}].namePattern"
            yield Finding(
                Rule.EXEMPT_ATTESTED,
                place,
                f"`{pattern}` exempts `{image[:200]}`, which `{attestor}` attested: it is admitted without attestation",
            )


def _unknown_clusters(policy: "Policy", session: Session) -> Iterator["Finding"]:
    from binauthz.policy.lint import Finding, Rule  # noqa: PLC0415 - start-up time

    if not policy.cluster_rules:
        return
    parent = f"/v1/projects/{session.project}/locations/-"
    clusters = session.call("GET", f"{parent}/clusters").get("clusters", [])
    known = {f"{each.get('location', '')}.{each['name']}" for each in clusters}
    for membership in session.pages(f"{parent}/memberships", "resources"):
        segments = membership["name"].split("/")
        known.add(f"{segments[3]}.{segments[5]}")
    for key in policy.cluster_rules:
        if key not in known:
            place = f"clusterAdmissionRules[{key}]"
            yield Finding(Rule.UNKNOWN_CLUSTER, place, f"no cluster or membership `{key}` is there yet")
