"""Every folder beside this file: its name is its verdict, its README is its reason."""

import datetime as dt
from pathlib import Path

import msgspec
import pytest

from binauthz.attestation.memo import Prover
from binauthz.policy.decide import decide
from binauthz.policy.decision import Verdict
from binauthz.policy.enforce import OnError, Outcome, enforce
from binauthz.policy.evidence import Trouble
from binauthz.policy.needs import needs
from tests.decisions.case_format import Case, case_of, evidence_of, policy_of, read_case, subject_of

HERE = Path(__file__).parent
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SUFFIXES = ("allowed", "denied", "error", "failedopen", "dryrun", "breakglass")
FOLDERS = sorted(path for path in HERE.iterdir() if path.is_dir() and not path.name.startswith(("_", ".")))


def play(case: Case, prover: Prover) -> tuple[Verdict | None, Outcome]:
    """Needs, evidence, decision, enforcement: as a review does it."""
    subject = subject_of(case.pod)
    on_error = OnError(case.cluster.on_error)
    if case.cluster.trouble:
        outcome = enforce(
            Trouble(case.cluster.trouble),
            break_glass=subject.break_glass,
            on_error=on_error,
            break_glass_allowed=case.cluster.break_glass_allowed,
        )
        return None, outcome
    policy = policy_of(case.policy)
    system_policy = policy_of(case.system_policy) if case.system_policy else None
    bare = case.cluster.bare_name_covers_tags
    required = needs(subject, policy, system_policy, bare_name_covers_tags=bare)
    decision = decide(
        subject=subject,
        policy=policy,
        system_policy=system_policy,
        evidence=evidence_of(case, required),
        prover=prover,
        now=NOW,
        bare_name_covers_tags=bare,
    )
    outcome = enforce(
        decision,
        break_glass=subject.break_glass,
        on_error=on_error,
        break_glass_allowed=case.cluster.break_glass_allowed,
    )
    return decision.verdict, outcome


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_case(folder: Path) -> None:
    case = read_case(folder / "case.json")
    prover = Prover()
    verdict, outcome = play(case, prover)
    expect = case.expect
    assert (verdict.value if verdict is not None else "") == expect.verdict
    assert outcome.message == expect.message
    assert outcome.causes == expect.causes
    assert dict(outcome.audit_annotations) == expect.annotations
    assert outcome.allowed is (folder.name.rpartition("_")[2] not in ("denied", "error"))
    assert outcome.reason == ("" if outcome.allowed else "VIOLATES_POLICY")
    assert play(case, prover) == (verdict, outcome), "B94: with every proof remembered the answer is the same"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_name_says_what_the_case_expects(folder: Path) -> None:
    name, _, suffix = folder.name.rpartition("_")
    assert name
    assert suffix in SUFFIXES
    assert sorted(path.name for path in folder.iterdir()) == ["README.md", "case.json"]
    assert 20 < len((folder / "README.md").read_text(encoding="utf-8")) < 600
    expect = read_case(folder / "case.json").expect
    match suffix:
        case "allowed":
            assert expect.verdict == "CONFORMANT"
            assert "break-glass" not in expect.annotations
        case "denied":
            assert expect.verdict == "NON_CONFORMANT"
            assert expect.message
        case "error":
            assert expect.verdict in ("ERROR", "")
            assert expect.message
        case "failedopen":
            assert expect.verdict in ("ERROR", "")
            assert expect.annotations["failed-open"] == "true"
            assert expect.annotations["failed-open-error"]
        case "dryrun":
            assert expect.verdict == "NON_CONFORMANT"
            assert expect.annotations["dry-run"] == "true"
        case "breakglass":
            assert expect.annotations["break-glass"] == "true"


def test_there_is_a_case_for_every_ending() -> None:
    assert {folder.name.rpartition("_")[2] for folder in FOLDERS} == set(SUFFIXES)


@pytest.mark.parametrize("where", ["case", "policy", "pod", "expect"])
def test_a_case_with_an_unknown_member_is_refused(where: str) -> None:
    document: dict[str, dict[str, str]] = {"policy": {}, "pod": {}, "expect": {}}
    (document if where == "case" else document[where])["surprise"] = "x"  # type: ignore[assignment]
    with pytest.raises(msgspec.ValidationError, match="surprise"):
        case_of(document)
