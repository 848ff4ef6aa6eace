"""SPEC 4.3, 4.4: the words, their bounds, and what each verdict becomes. The cases are folders: tests/decisions."""

import itertools

import pytest

from binauthz.base.limits import MAX_DENIAL_CAUSES, MAX_DENIAL_CHARS
from binauthz.policy.decision import AttestorResult, Decision, ImageResult, Verdict, Why
from binauthz.policy.enforce import OnError, Outcome, enforce
from binauthz.policy.evidence import Trouble
from binauthz.policy.exemptions import AllowlistOwner, Exemption
from binauthz.policy.grounds import Ground
from binauthz.policy.model import AdmissionRule, EnforcementMode, EvaluationMode
from binauthz.policy.scopes import Ruling, Scope
from binauthz.policy.wording import causes, denial, explanation, overridden, rule_text

ATTESTOR = "projects/p/attestors/a"


def ruling(mode: EnforcementMode = EnforcementMode.ENFORCED_BLOCK_AND_AUDIT_LOG) -> Ruling:
    rule = AdmissionRule(evaluation_mode=EvaluationMode.ALWAYS_DENY, enforcement_mode=mode)
    return Ruling(Scope.DEFAULT, "", rule)


def denied(*images: str) -> Decision:
    results = tuple(ImageResult(image, Verdict.NON_CONFORMANT, Ground.ALWAYS_DENY) for image in images)
    return Decision("projects/p/policy", ruling(), Verdict.NON_CONFORMANT, results)


@pytest.mark.parametrize(
    ("scope", "key", "text"),
    [
        (Scope.DEFAULT, "", "default admission rule"),
        (Scope.CLUSTER, "us-central1-a.c", "cluster admission rule for us-central1-a.c"),
        (Scope.NAMESPACE, "ns", "kubernetes namespace admission rule for ns"),
        (Scope.SERVICE_ACCOUNT, "ns:sa", "kubernetes service account admission rule for ns:sa"),
    ],
)
def test_each_kind_of_rule_has_its_words(scope: Scope, key: str, text: str) -> None:
    assert rule_text(Ruling(scope, key, None)) == text


def test_a_denial_of_thousands_of_images_is_bounded_and_counts_the_rest() -> None:
    decision = denied(*[f"registry.example.com/team/app-{number}:v1" for number in range(10_000)])
    message = denial(decision)
    assert MAX_DENIAL_CHARS / 2 < len(message) <= MAX_DENIAL_CHARS + 300
    named = message.count("Image ")
    assert message.endswith(f". and {10_000 - named} more")
    assert len(causes(decision)) == MAX_DENIAL_CAUSES + 1
    assert causes(decision)[-1] == f"and {10_000 - MAX_DENIAL_CAUSES} more\n"
    assert len(overridden(decision)) <= MAX_DENIAL_CHARS + 300
    assert overridden(decision).endswith(" more\n")


def test_a_denial_by_hundreds_of_attestors_is_bounded_too() -> None:
    attestors = tuple(AttestorResult(f"projects/p/attestors/{'a' * 100}{n}", Why.NOT_ATTESTED) for n in range(200))
    result = ImageResult("nginx", Verdict.NON_CONFORMANT, Ground.ATTESTORS, attestors=attestors)
    decision = Decision("projects/p/policy", ruling(), Verdict.NON_CONFORMANT, (result, result, result))
    for text in (denial(decision), overridden(decision), *causes(decision)):
        assert len(text) < 2 * MAX_DENIAL_CHARS
        assert " more" in text


def test_an_image_of_a_megabyte_is_cut_and_a_forged_line_stays_on_its_line() -> None:
    assert len(denial(denied("a" * 1_000_000))) < 1000
    text = overridden(denied("a' : Allowed\n'b\u2028\x1b[2J"))
    assert text.count("\n") == 1
    assert "\\n" in text
    assert "\x1b" not in text


def test_every_result_can_be_explained() -> None:
    grounds = {
        Ground.EXEMPT: "pattern gcr.io/* of the policy",
        Ground.ALWAYS_ALLOW: "always_allow",
        Ground.ALWAYS_DENY: "always_deny",
        Ground.ATTESTORS: f"Attested by {ATTESTOR}",
        Ground.NO_DEFAULT_RULE: "no default",
        Ground.NO_EVALUATION_MODE: "no known evaluation mode",
        Ground.NO_ATTESTORS: "no attestor",
        Ground.TOO_MANY_IMAGES: "more than",
        Ground.AMBIGUOUS_RULES: "more than one kind",
    }
    assert set(grounds) == set(Ground)
    for ground, words in grounds.items():
        good = ground in (Ground.EXEMPT, Ground.ALWAYS_ALLOW, Ground.ATTESTORS)
        result = ImageResult(
            "gcr.io/x",
            Verdict.CONFORMANT if good else Verdict.NON_CONFORMANT,
            ground,
            exemption=Exemption(AllowlistOwner.POLICY, "gcr.io/*") if ground is Ground.EXEMPT else None,
            attestors=(AttestorResult(ATTESTOR, Why.ATTESTED),) if ground is Ground.ATTESTORS else (),
        )
        assert words in explanation(result)


def outcomes() -> list[tuple[Decision | Trouble, bool, OnError, bool, Outcome]]:
    """Every combination of verdict, mode, break-glass, permission and error setting."""
    decided: list[Decision | Trouble] = [Trouble("the store is unavailable")]
    for verdict, mode in itertools.product(Verdict, EnforcementMode):
        why = {Verdict.CONFORMANT: Why.ATTESTED, Verdict.NON_CONFORMANT: Why.NOT_ATTESTED}.get(
            verdict, Why.COULD_NOT_TELL
        )
        result = ImageResult("nginx", verdict, Ground.ATTESTORS, attestors=(AttestorResult(ATTESTOR, why, "late"),))
        decided.append(Decision("projects/p/policy", ruling(mode), verdict, (result,)))
    return [
        (
            decision,
            asked,
            on_error,
            may,
            enforce(decision, break_glass=asked, on_error=on_error, break_glass_allowed=may),
        )
        for decision, asked, on_error, may in itertools.product(decided, (False, True), OnError, (False, True))
    ]


def test_B22_honoured_break_glass_always_admits_and_always_leaves_a_mark() -> None:
    for decided, asked, _, may, outcome in outcomes():
        honoured = asked and may
        assert (outcome.audit_annotations.get("break-glass") == "true") is honoured
        assert (outcome.audit_annotations.get("break-glass-ignored") == "true") is (asked and not may)
        if honoured:
            conforms = isinstance(decided, Decision) and decided.verdict is Verdict.CONFORMANT
            assert outcome.allowed
            assert ("overridden-verification-result" in outcome.audit_annotations) is not conforms


def test_nothing_but_conformance_is_admitted_in_silence() -> None:
    """DESIGN 6: no image that the policy refuses is admitted without an entry that says why."""
    marks = {"break-glass", "dry-run", "failed-open"}
    for decided, _, _, _, outcome in outcomes():
        if outcome.allowed and not (isinstance(decided, Decision) and decided.verdict is Verdict.CONFORMANT):
            assert marks & outcome.audit_annotations.keys()
        assert len(marks & outcome.audit_annotations.keys()) <= 1
        assert bool(outcome.message) is not outcome.allowed
        assert bool(outcome.causes) is not outcome.allowed


def test_D4_an_error_admits_or_refuses_by_the_clusters_setting() -> None:
    for decided, asked, on_error, may, outcome in outcomes():
        if not (isinstance(decided, Trouble) or decided.verdict is Verdict.ERROR):
            assert "failed-open" not in outcome.audit_annotations
            continue
        if asked and may:
            continue
        dry_run = isinstance(decided, Decision) and decided.ruling.dry_run
        assert outcome.allowed is (on_error is OnError.FAIL_OPEN or dry_run)
        if outcome.allowed:
            assert outcome.audit_annotations["failed-open"] == "true"
            assert outcome.audit_annotations["failed-open-error"]
        else:
            assert "could not" in outcome.message


def test_a_refusal_is_never_softened_by_failing_open() -> None:
    for decided, asked, _, may, outcome in outcomes():
        if isinstance(decided, Decision) and decided.verdict is Verdict.NON_CONFORMANT:
            assert outcome.allowed is (decided.ruling.dry_run or (asked and may))
