"""``binauthz policy lint``: what is wrong with a policy, and what is risky, without asking a server."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from binauthz.cli.documents import read_document
from binauthz.cli.output import format_option, show

if TYPE_CHECKING:
    from binauthz.policy.model import AdmissionRule, Policy


@click.command("lint")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@format_option()
def command(file: str, style: str) -> None:
    """Check the policy in FILE (YAML or JSON; `-` is stdin), offline. Whether its attestors exist is not asked.

    \b
    Exit codes: 0 nothing found, 2 something found, 1 the file cannot be read.
    """
    from binauthz.base.errors import ApiError  # noqa: PLC0415 - start-up time
    from binauthz.policy.validate import validate  # noqa: PLC0415
    from binauthz.wire.policies import policy_from_json  # noqa: PLC0415

    document = read_document(file)
    try:
        policy = policy_from_json({"name": "projects/lint/policy", **document})
    except ApiError as error:
        named = error.violations[0].field if error.violations else ""
        findings = [_finding("ERROR", named, error.message)]
    else:
        findings = [_finding("ERROR", fault.field, fault.description) for fault in validate(policy)]
        findings += [_finding("WARNING", field, text) for field, text in _risks(policy)]
    show(
        findings,
        style,
        {"SEVERITY": lambda f: f["severity"], "FIELD": lambda f: f["field"], "FINDING": lambda f: f["finding"]},
    )
    sys.exit(2 if findings else 0)


def _finding(severity: str, field: str, finding: str) -> dict[str, str]:
    return {"severity": severity, "field": field, "finding": finding}


def _risks(policy: "Policy") -> Iterator[tuple[str, str]]:
    if policy.global_evaluation.value != "ENABLE":
        yield (
            "globalPolicyEvaluationMode",
            "is not ENABLE: images of the system itself are judged by this policy, and may be refused",
        )
    for index, pattern in enumerate(policy.allowlist):
        stem = pattern.rstrip("*")
        field = f"admissionWhitelistPatterns[{index}].namePattern"
        if pattern.endswith("**") and not stem.endswith("/"):
            yield field, f"`{pattern}` also exempts its siblings, for example `{stem}-exploit/...`; write `{stem}/**`"
        elif pattern.endswith("/**") and stem.count("/") == 1:
            yield field, f"`{pattern}` exempts the whole registry"
    if policy.default_rule is not None:
        yield from _rule_risks("defaultAdmissionRule", policy.default_rule)
        if policy.default_rule.evaluation_mode.value == "ALWAYS_ALLOW":
            yield "defaultAdmissionRule.evaluationMode", "is ALWAYS_ALLOW: what no other rule names is admitted"
    maps = {
        "clusterAdmissionRules": policy.cluster_rules,
        "kubernetesNamespaceAdmissionRules": policy.namespace_rules,
        "kubernetesServiceAccountAdmissionRules": policy.service_account_rules,
        "istioServiceIdentityAdmissionRules": policy.istio_rules,
    }
    for name, rules in maps.items():
        for key, rule in rules.items():
            yield from _rule_risks(f"{name}[{key}]", rule)


def _rule_risks(field: str, rule: "AdmissionRule") -> Iterator[tuple[str, str]]:
    if rule.enforcement_mode.value == "DRYRUN_AUDIT_LOG_ONLY":
        yield f"{field}.enforcementMode", "is a dry run: violations are logged and admitted"
