"""The engine and the oracle, two implementations that share nothing, say the same of thousands of worlds."""

import ast
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from binauthz.attestation.memo import Prover
from binauthz.base.patterns import allowlist
from tests.oracle import engine, oracle
from tests.oracle.worlds import worlds

Json = dict[str, Any]
WARM = Prover()
EXAMPLES = 5000
SEEN: Counter[str] = Counter()


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_verdict_words_and_annotations_agree(world: Json) -> None:
    """SPEC 10, over everything that it names."""
    expected = oracle.review(world)
    assert engine.review(world, WARM) == expected
    SEEN[expected["verdict"]] += 1
    SEEN["allowed" if expected["allowed"] else "refused"] += 1
    for annotation in expected["audit"]:
        SEEN[annotation] += 1


def test_the_worlds_are_not_all_alike() -> None:
    """Agreement on nothing but denials would prove little: every ending is common among the generated worlds."""
    if not SEEN:  # Run alone, or on another worker: look at a few worlds of our own.
        test_verdict_words_and_annotations_agree()
    for ending in (
        "CONFORMANT",
        "NON_CONFORMANT",
        "ERROR",
        "allowed",
        "refused",
        "break-glass",
        "break-glass-ignored",
        "dry-run",
        "failed-open",
        "overridden-verification-result",
    ):
        assert SEEN[ending] >= EXAMPLES // 100, (ending, SEEN)


@settings(max_examples=2000, deadline=None, derandomize=True)
@given(st.text("ab./:@*", max_size=8), st.text("ab./:@*", max_size=10))
def test_patterns_agree(pattern: str, image: str) -> None:
    """SPEC 1.5, over strings of the characters that have a meaning in it."""
    assert (allowlist([pattern]).match(image) is not None) == oracle.matches_one(pattern, image)


def test_the_oracle_shares_no_code_with_the_engine() -> None:
    tree = ast.parse(Path(oracle.__file__).read_text(encoding="utf-8"))
    imported = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
    }
    assert imported
    assert not [name for name in imported if name.startswith(("binauthz", "tests"))]
