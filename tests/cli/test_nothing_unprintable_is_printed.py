"""What servers, files and requests say reaches the terminal without its control characters; the token never does."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.cli.running import Result, Shell, answering

pytestmark = pytest.mark.servers

TOKEN = "a-token-that-is-never-printed"
HOSTILE = "evil\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp.exe\u2028\x85\x7f\U000e0041 é"
ATTESTOR = {
    "name": f"projects/p/attestors/{HOSTILE}",
    "description": HOSTILE,
    "userOwnedGrafeasNote": {"noteReference": HOSTILE},
}
# Everything that a terminal acts on or that hides what is written: C0, DEL, C1, bidirectional and invisible marks.
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\U000e0000-\U000e007f]")


@pytest.fixture
def ask(shell: Shell, tmp_path: Path) -> Callable[..., Result]:
    """Run a command against a server that gives one answer."""
    token = tmp_path / "token"
    token.write_text(TOKEN)

    def run(status: int, body: object, *arguments: str) -> Result:
        with answering(status, body) as url:
            return shell(*arguments, BINAUTHZ_SERVER=url, BINAUTHZ_PROJECT="p", BINAUTHZ_TOKEN_FILE=str(token))

    return run


@pytest.mark.parametrize("style", ["table", "json", "yaml"])
def test_lists_show_hostile_names_harmlessly(ask: Callable[..., Result], style: str) -> None:
    result = ask(200, {"attestors": [ATTESTOR]}, "attestors", "list", "--format", style).ok()
    assert not CONTROL.search(result.out)
    assert "evil" in result.out
    if style != "table":
        loaded = (json.loads if style == "json" else yaml.safe_load)(result.out)
        assert loaded == [ATTESTOR], "escaped, and not changed"


def test_plain_values_stay_plain(ask: Callable[..., Result]) -> None:
    body = {"description": "two\nlines, é", "name": "n", "yes": "no: yes", "empty": ""}
    printed = ask(200, body, "attestors", "describe", "x").ok().out
    assert printed == "description: |-\n  two\n  lines, é\nname: n\n'yes': 'no: yes'\nempty: ''\n"
    assert yaml.safe_load(printed) == body


def test_a_refusal_is_shown_harmlessly(ask: Callable[..., Result]) -> None:
    violations = [{"fieldViolations": [{"field": HOSTILE, "description": HOSTILE}]}]
    error = {"error": {"status": HOSTILE, "message": HOSTILE, "details": violations}}
    result = ask(400, error, "policy", "export")
    assert (result.code, result.out) == (1, "")
    assert "evil" in result.err
    assert not CONTROL.search(result.err)


NONSENSE = [b"<html>", b"[]", b'"text"', b"[" * 100_000]


@pytest.mark.parametrize(
    ("status", "body"),
    [*((200, body) for body in NONSENSE), *((500, body) for body in (*NONSENSE, b"", b'{"error": "text"}'))],
    ids=lambda value: str(value[:20]) if isinstance(value, bytes) else None,
)
def test_nonsense_is_an_error_and_no_traceback(ask: Callable[..., Result], status: int, body: bytes) -> None:
    result = ask(status, body, "policy", "export")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("Error: ")
    assert "Traceback" not in result.err


@pytest.mark.parametrize("content", [b"", b"two\nlines", b"\x00secret-bytes", b"secret-\xff\xfe", b"x" * 5000])
def test_a_broken_token_file_is_named_and_not_shown(shell: Shell, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    result = shell(
        "policy", "export", BINAUTHZ_SERVER="http://127.0.0.1:1", BINAUTHZ_PROJECT="p", BINAUTHZ_TOKEN_FILE=str(file)
    )
    assert result.code == 1
    assert f"`{file}` does not hold one token" in result.err
    assert b"secret" not in result.raw_err
    assert b"xxx" not in result.raw_err


@pytest.mark.parametrize(
    ("status", "body"), [(200, {"name": "x"}), (403, {"error": {"status": "PERMISSION_DENIED", "message": "no"}})]
)
@pytest.mark.parametrize(
    "arguments", [("policy", "export"), ("attestors", "list"), ("evaluate", "--image", "a"), ("doctor",)]
)
def test_the_token_is_never_printed(
    ask: Callable[..., Result], status: int, body: object, arguments: tuple[str, ...]
) -> None:
    result = ask(status, body, *arguments)
    assert TOKEN not in result.out + result.err


@pytest.mark.parametrize(
    ("verdict", "code"), [("CONFORMANT", 0), ("NON_CONFORMANT", 2), ("ERROR", 3), ("SURPRISE", 3), ("", 3)]
)
def test_evaluate_says_by_its_code_what_was_found(ask: Callable[..., Result], verdict: str, code: int) -> None:
    body = {"verdict": verdict, "results": [{"verdict": verdict, "message": HOSTILE}]}
    for style in ("table", "json"):
        result = ask(200, body, "evaluate", "--image", "a", "--format", style)
        assert result.code == code, result
        assert not CONTROL.search(result.out)


def test_an_answer_without_a_verdict_could_not_tell(ask: Callable[..., Result]) -> None:
    assert ask(200, {}, "evaluate", "--image", "a").code == 3


RULE = {"evaluationMode": "ALWAYS_DENY", "enforcementMode": "ENFORCED_BLOCK_AND_AUDIT_LOG"}


@pytest.mark.parametrize("answer", [{}, {"verdict": "SURPRISE"}, {"results": [{"verdict": "CONFORMANT"}]}])
def test_answers_without_a_verdict_never_mean_that_nothing_changes(
    ask: Callable[..., Result], tmp_path: Path, answer: object
) -> None:
    draft = tmp_path / "draft.json"
    draft.write_text(json.dumps({"defaultAdmissionRule": RULE}))
    assert ask(200, answer, "policy", "what-if", str(draft), "--image", "a").code == 3
    assert ask(200, answer, "explain", "a").code == 3


def test_an_explanation_is_shown_harmlessly(ask: Callable[..., Result]) -> None:
    finding = {"attestor": HOSTILE, "why": HOSTILE, "reason": HOSTILE}
    trial = {"attestation": HOSTILE, "keyId": HOSTILE, "outcome": HOSTILE, "reason": HOSTILE}
    image = {"image": HOSTILE, "verdict": HOSTILE, "explanation": HOSTILE, "findings": [{**finding, "trials": [trial]}]}
    result = ask(200, {"verdict": "CONFORMANT", "results": [{"images": [image]}]}, "explain", "a").ok()
    assert "evil" in result.out
    assert not CONTROL.search(result.out)
