"""What is risky or pointless in a policy that may be written, by the policy alone (SPEC 1.5, 1.7, 9.2; THREATS B).

Every finding carries the id of its rule. Ids are stable: scripts name them, so one is never given to something else.
What only a server knows (does the attestor exist?) is found by whoever asks one; its rules are listed here too.
"""

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from binauthz.base.patterns import pattern_problem
from binauthz.policy.model import AdmissionRule, EnforcementMode, EvaluationMode, GlobalEvaluation, Policy


class Severity(enum.Enum):
    """ERROR: would be refused or refuses everything. WARNING: admits more than it seems to. NOTE: good to know."""

    ERROR = "ERROR"
    WARNING = "WARNING"
    NOTE = "NOTE"


class Rule(enum.Enum):
    """Id, severity, and what the rule is about."""

    INVALID = ("invalid", Severity.ERROR, "The policy would not be accepted (SPEC 1.4, 1.5, 1.7).")
    SYSTEM_POLICY_OFF = (
        "system-policy-off",
        Severity.WARNING,
        "`globalPolicyEvaluationMode` is not ENABLE: images of the system itself are judged, and may be refused.",
    )
    DEFAULT_ALLOWS = (
        "default-allows",
        Severity.WARNING,
        "The default rule is ALWAYS_ALLOW: what no other rule names is admitted.",
    )
    DRY_RUN = ("dry-run", Severity.WARNING, "A rule is a dry run: its violations are logged and admitted.")
    SIBLINGS = (
        "siblings",
        Severity.WARNING,
        "A pattern such as `gcr.io/my-project**` also exempts `gcr.io/my-project-exploit/...`.",
    )
    WHOLE_REGISTRY = ("whole-registry", Severity.WARNING, "A pattern exempts everything in a registry.")
    MOVABLE_TAG = (
        "movable-tag",
        Severity.WARNING,
        "A pattern exempts a tag: whoever may push can move it to another image, which is then exempt.",
    )
    SAME_PREFIX = (
        "same-prefix",
        Severity.NOTE,
        "A pattern such as `gcr.io/p/nginx*` also exempts `gcr.io/p/nginx-anything`.",
    )
    BARE_NAME = (
        "bare-name",
        Severity.NOTE,
        "A pattern without tag, digest or wildcard covers the image only where it is written exactly so.",
    )
    SHADOWED = ("shadowed", Severity.NOTE, "Another pattern covers everything that this one does.")
    TAGS_REFUSED = (
        "tags-refused",
        Severity.NOTE,
        "A rule requires attestations: images named by tag are refused, deploy by digest.",
    )
    REPEATS_DEFAULT = ("repeats-default", Severity.NOTE, "A specific rule says what the default rule says.")
    SCOPE_ALLOWS = (
        "scope-allows",
        Severity.WARNING,
        "A specific rule is ALWAYS_ALLOW: whoever may create Pods there may run any image.",
    )
    MESH_RULE = ("mesh-rule", Severity.WARNING, "Service mesh identity rules are never reached by Kubernetes Pods.")
    ATTESTOR_TWICE = ("attestor-twice", Severity.NOTE, "A rule names an attestor twice; it counts once.")
    UNKNOWN_ATTESTOR = (
        "unknown-attestor",
        Severity.ERROR,
        "With a server: a rule names an attestor that is not there.",
    )
    NO_KEYS = (
        "no-keys",
        Severity.WARNING,
        "With a server: a rule requires an attestor without keys, which is never satisfied: all is refused.",
    )
    UNKNOWN_CLUSTER = (
        "unknown-cluster",
        Severity.NOTE,
        "With a server: a cluster rule waits for a cluster or membership that is not there.",
    )
    EXEMPT_ATTESTED = (
        "exempt-attested",
        Severity.WARNING,
        "With a server: a pattern exempts an image that a required attestor attested; its attestation does not count.",
    )

    def __init__(self, id: str, severity: Severity, about: str) -> None:
        self.id = id
        self.severity = severity
        self.about = about


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a rule applies, and what it means there."""

    rule: Rule
    field: str
    text: str


def rules_of(policy: Policy) -> Mapping[str, AdmissionRule]:
    """Every specific rule by its place."""
    maps = {
        "clusterAdmissionRules": policy.cluster_rules,
        "kubernetesNamespaceAdmissionRules": policy.namespace_rules,
        "kubernetesServiceAccountAdmissionRules": policy.service_account_rules,
        "istioServiceIdentityAdmissionRules": policy.istio_rules,
    }
    return {f"{name}[{key}]": rule for name, rules in maps.items() for key, rule in rules.items()}


def lint(policy: Policy) -> Iterator[Finding]:
    """What is risky or pointless in a policy, besides what ``policy.validate`` refuses in it."""
    if policy.global_evaluation is not GlobalEvaluation.ENABLE:
        yield Finding(
            Rule.SYSTEM_POLICY_OFF,
            "globalPolicyEvaluationMode",
            "is not ENABLE: images of the system itself are judged by this policy, and may be refused",
        )
    yield from _patterns(policy.allowlist)
    default = policy.default_rule
    if default is not None:
        yield from _rule("defaultAdmissionRule", default)
        if default.evaluation_mode is EvaluationMode.ALWAYS_ALLOW:
            where = "defaultAdmissionRule.evaluationMode"
            yield Finding(Rule.DEFAULT_ALLOWS, where, "is ALWAYS_ALLOW: what no other rule names is admitted")
    if policy.istio_rules:
        where = "istioServiceIdentityAdmissionRules"
        yield Finding(Rule.MESH_RULE, where, "are never reached: Kubernetes admission knows no mesh identities")
    for place, rule in rules_of(policy).items():
        yield from _rule(place, rule)
        if default is not None and _same(rule, default):
            yield Finding(Rule.REPEATS_DEFAULT, place, "says what the default rule says")
        elif rule.evaluation_mode is EvaluationMode.ALWAYS_ALLOW:
            yield Finding(
                Rule.SCOPE_ALLOWS, f"{place}.evaluationMode", "is ALWAYS_ALLOW: any image may run in this scope"
            )


def covers(wide: str, narrow: str) -> bool:
    """Whether every image that the one valid pattern exempts is exempted by the other too."""
    if wide == narrow:
        return True
    stem, rest = wide.rstrip("*"), narrow.rstrip("*")
    if stem == wide or not rest.startswith(stem):
        return False
    return wide.endswith("**") or not (narrow.endswith("**") or "/" in rest[len(stem) :])


def _patterns(patterns: tuple[str, ...]) -> Iterator[Finding]:
    wide = [each for each in patterns if each.endswith("*") and pattern_problem(each) is None]
    seen: set[str] = set()
    for index, pattern in enumerate(patterns):
        if pattern_problem(pattern) is not None:
            continue  # Refused as it is; what it would exempt is nothing.
        field, stem = f"admissionWhitelistPatterns[{index}].namePattern", pattern.rstrip("*")
        stars, last = len(pattern) - len(stem), stem.rpartition("/")[2]
        if stars == 2 and not last and stem.count("/") == 1:
            yield Finding(Rule.WHOLE_REGISTRY, field, f"`{pattern}` exempts the whole registry")
        elif stars == 2 and last:
            text = f"`{pattern}` also exempts its siblings, for example `{stem}-exploit/...`; write `{stem}/**`"
            yield Finding(Rule.SIBLINGS, field, text)
        elif ":" in last and "@" not in last:
            text = f"`{pattern}` exempts by tag, and a tag can be moved to another image; name the digest"
            yield Finding(Rule.MOVABLE_TAG, field, text)
        elif stars and last and "@" not in last:
            text = f"`{pattern}` also exempts `{stem}-anything`; write `{stem}:*` or `{stem}@*` for one image"
            yield Finding(Rule.SAME_PREFIX, field, text)
        elif not stars and "@" not in last:
            text = (
                f"`{pattern}` does not cover `{pattern}:tag` or `{pattern}@sha256:...`; write `{pattern}@*` for digests"
            )
            yield Finding(Rule.BARE_NAME, field, text)
        by = pattern if pattern in seen else next((each for each in wide if _shadows(each, pattern)), None)
        if by is not None:
            yield Finding(Rule.SHADOWED, field, f"`{pattern}` adds nothing to `{by}`")
        seen.add(pattern)


def _shadows(wide: str, narrow: str) -> bool:
    return wide != narrow and covers(wide, narrow)


def _rule(field: str, rule: AdmissionRule) -> Iterator[Finding]:
    if rule.enforcement_mode is EnforcementMode.DRYRUN_AUDIT_LOG_ONLY:
        where = f"{field}.enforcementMode"
        yield Finding(Rule.DRY_RUN, where, "is a dry run: violations are logged and admitted")
    if rule.evaluation_mode is EvaluationMode.REQUIRE_ATTESTATION:
        where = f"{field}.evaluationMode"
        yield Finding(Rule.TAGS_REFUSED, where, "requires attestations: images named by tag are refused")
    attestors = rule.require_attestations_by
    for index, name in enumerate(attestors):
        if name in attestors[:index]:
            where = f"{field}.requireAttestationsBy[{index}]"
            yield Finding(Rule.ATTESTOR_TWICE, where, f"`{name}` is named twice and counts once")


def _same(one: AdmissionRule, other: AdmissionRule) -> bool:
    return (one.evaluation_mode, one.enforcement_mode, {*one.require_attestations_by}) == (
        other.evaluation_mode,
        other.enforcement_mode,
        {*other.require_attestations_by},
    )
