"""Every committed case comes out as its name says: cold, warm, and with a prover that remembers nothing (B94)."""

from pathlib import Path

import pytest

from binauthz.attestation.memo import Prover
from binauthz.attestation.verify import AttestorFinding, judge_attestor

from .cases import CASES, Case, read_case


def _judge(case: Case, prover: Prover) -> AttestorFinding:
    return judge_attestor(case.attestor, case.digest, case.attestations, prover, case.now)


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_case(folder: Path) -> None:
    case = read_case(folder)
    prover = Prover()
    cold = _judge(case, prover)
    warm = _judge(case, prover)
    forgetful = _judge(case, Prover(capacity=0))

    shown = [cold.reason, *(f"{trial.outcome.value} {trial.reason}" for trial in cold.trials)]
    assert cold.outcome.value == case.outcome, shown
    assert warm == cold
    assert forgetful == cold
    if case.cause:
        assert cold.cause.value == case.cause, shown
    if case.reason:
        assert any(case.reason in reason for reason in shown), shown


def test_every_case_says_why() -> None:
    assert len(CASES) >= 150
    for folder in CASES:
        assert (folder / "README.md").read_text(encoding="utf-8").strip(), folder.name


def test_B94_one_prover_for_all_cases_changes_no_verdict() -> None:
    """Cases share keys and payloads, so an answer filed too coarsely would leak from one into another."""
    prover = Prover()
    for _ in range(2):
        for case in map(read_case, CASES):
            assert _judge(case, prover).outcome.value == case.outcome, case.name
