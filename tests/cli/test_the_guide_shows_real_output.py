"""docs/cli.md, replayed: each command that it shows answers as it says. The reference is what --help says."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner
from tools import make_cli_reference

from binauthz.cli.main import command
from binauthz.policy.lint import Rule
from tests.cli.running import clean_environment, serving

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "cli.md").read_text()
_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What is another one in every run.
_VARYING = [
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"), "TIME"),
    (re.compile(r"occurrences/[0-9a-f-]{36}"), "occurrences/UUID"),
    (re.compile(r"ni:///sha-256;[A-Za-z0-9_-]{43}"), "KEY_ID"),
    (re.compile(r"etag: .*"), "etag: ETAG"),
    (re.compile(r"uid: .*"), "uid: UUID"),
    (re.compile(r"^ *M[A-Za-z0-9+/]{63}\n *[A-Za-z0-9+/=]{60}$", re.MULTILINE), "KEY"),
]


@dataclass(frozen=True)
class Shown:
    """A command of the guide, what it prints there, and how it ends."""

    line: str
    output: str
    code: int


def _shown(block: str) -> Iterator[Shown]:
    for part in re.split(r"^\$ binauthz ", block, flags=re.MULTILINE)[1:]:
        line, _, output = part.partition("\n")
        ends = re.search(r"^\(exit (\d)\)\n", output, re.MULTILINE)
        yield Shown(line, output[: ends.start()] if ends else output, int(ends[1]) if ends else 0)


def _settled(text: str) -> str:
    for pattern, name in _VARYING:
        text = pattern.sub(name, text)
    return "\n".join(re.sub(r" {2,}(?=\S)", "  ", line).rstrip() for line in text.splitlines())


def _agrees(shown: str, printed: str) -> bool:
    """Whether they are the same, where ``...`` stands for anything."""
    pattern = ".*?".join(re.escape(piece) for piece in _settled(shown).split("..."))
    return re.fullmatch(pattern, _settled(printed), re.DOTALL) is not None


@pytest.mark.servers
def test_every_command_of_the_guide_answers_as_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    directory = tmp_path / "dir"
    shown = 0
    with serving(directory, clean_environment(tmp_path)):
        for language, name, content in _BLOCK.findall(GUIDE):
            if name:
                (tmp_path / name).write_text(content)
            if language != "console":
                continue
            for each in _shown(content):
                result = CliRunner().invoke(command, shlex.split(each.line), env={"BINAUTHZ_DIR": str(directory)})
                assert result.exit_code == each.code, f"{each.line}: {result.output}"
                assert _agrees(each.output, result.output), f"{each.line}\n{result.output}"
                shown += 1
    assert shown > 20


def test_the_guide_names_every_rule_of_the_linter() -> None:
    for rule in Rule:
        assert f"| `{rule.id}` | {rule.severity.value} | {rule.about} |" in GUIDE


def test_the_reference_is_what_help_says() -> None:
    assert make_cli_reference.OUTPUT.read_text() == make_cli_reference.page(), "run python -m tools.make_cli_reference"


def test_disagreement_is_seen() -> None:
    assert _agrees("a ... c\n", "a b b c\n")
    assert not _agrees("a\n", "a\nb\n")
    assert not _agrees("name: x\n", "name: y\n")
