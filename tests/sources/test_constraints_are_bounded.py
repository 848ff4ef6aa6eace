"""Custom constraints: what holds, what does not, and what cannot be told, whatever the expression does."""

import asyncio
import json
import threading
import time
from collections.abc import Mapping, Sequence

import pytest

from binauthz.policy.platform.evidence import Provenance, Unread
from binauthz.sources import constraints

STATEMENT = {
    "predicateType": "https://slsa.dev/provenance/v1",
    "predicate": {
        "buildDefinition": {
            "buildType": "https://cloud.google.com/build/gcb-buildtypes/google-worker/v1",
            "resolvedDependencies": [{"uri": "git+https://github.com/org/repo", "digest": {"gitCommit": "abc"}}],
        }
    },
}


def provenance(payload: object = STATEMENT, name: str = "o1") -> Provenance:
    return Provenance(name=name, builder="", subjects=None, payload=json.dumps(payload).encode())


def held(expression: str, payload: object = STATEMENT) -> bool | Unread:
    return evaluated({(expression, "o1"): provenance(payload)})[expression, "o1"]


def evaluated(asked: dict[tuple[str, str], Provenance]) -> Mapping[tuple[str, str], bool | Unread]:
    return asyncio.run(constraints.evaluate(asked))


def problems(*expressions: str) -> Sequence[str | None]:
    return asyncio.run(constraints.problems(expressions))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("payload.predicateType == 'https://slsa.dev/provenance/v1'", True),
        ("predicate.buildDefinition.buildType.endsWith('/v2')", False),
        ("predicate.buildDefinition.resolvedDependencies.exists(d, d.uri.contains('github.com/org/'))", True),
        ("predicate.buildDefinition.resolvedDependencies.all(d, d.digest.gitCommit.matches('^[0-9]+$'))", False),
        ("!has(predicate.runDetails)", True),
    ],
)  # fmt: skip
def test_an_expression_reads_the_statement(expression: str, expected: bool) -> None:
    assert held(expression) is expected


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("predicate.nothing == 1", "no such key"),
        ("payload.predicateType", "gave"),
        ("predicate.", "Syntax error"),
        ("unknown == 1", "undeclared"),
        ("1 / 0 == 1", "divide by zero"),
    ],
)
def test_an_error_is_neither_true_nor_false(expression: str, reason: str) -> None:
    found = held(expression)
    assert isinstance(found, Unread)
    assert found.reason.startswith("cannot be evaluated: "), found.reason


def doubling(levels: int) -> str:
    expression = "payload.s"
    for _ in range(levels):
        expression = f"[{expression}].map(s,s+s+s+s)[0]"
    return f"{expression}.size() > 0"


def test_an_expression_cannot_take_the_server_with_it() -> None:
    many = "[" + ",".join(map(str, range(100))) + "]"
    began = time.monotonic()
    for expression in (
        doubling(9),
        "[" * 3000,
        "(" * 4000 + "true" + ")" * 4000,
        f"{many}.all(a, {many}.all(b, {many}.all(c, true)))",
        "'" + "a" * 2000 + "'.matches('(a+)+b')",
    ):
        assert held(expression, {"s": "x" * 60_000}) is not True
    assert time.monotonic() - began < 40


def test_what_does_not_compile_is_named_for_its_author() -> None:
    found = problems("true", "payload.", "1 + 1", "payload.x", "[" * 3000)
    assert [problem is None for problem in found] == [True, False, False, True, False]
    assert "Syntax error" in str(found[1])
    assert found[2] == "gives INT, expected BOOL"
    assert problems() == []


def test_more_than_can_be_asked_is_not_told() -> None:
    asked = {("true", f"o{index}"): provenance(name=f"o{index}") for index in range(constraints.MAX_ASKED + 1)}
    found = evaluated(asked)
    assert [each is True for each in found.values()].count(True) == constraints.MAX_ASKED
    large = provenance({"s": "x" * constraints.MAX_PAYLOAD_BYTES})
    assert isinstance(evaluated({("true", "o1"): large})["true", "o1"], Unread)


def test_without_the_extra_a_constraint_is_kept_and_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constraints, "find_spec", lambda _name: None)
    assert problems("payload.") == [None]
    found = held("true")
    assert isinstance(found, Unread)
    assert "optional extra `cel`" in found.reason


def test_who_waits_too_long_for_others_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    monkeypatch.setattr(constraints, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(constraints, "_run", lambda _request: release.wait(10) and None)
    try:
        found = held("true")
    finally:
        release.set()
    assert isinstance(found, Unread)
    assert "busy" in found.reason
