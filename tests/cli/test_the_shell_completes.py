"""Real bash completes commands, options and the server's names, and is never kept waiting by a server."""

import shlex
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.running import Shell

SCRIPT = """
eval "$(binauthz completion bash)"
COMP_WORDS=({words})
COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
COMP_LINE="${{COMP_WORDS[*]}}"
COMP_POINT=${{#COMP_LINE}}
$(complete -p binauthz | sed 's/.* -F \\([^ ]*\\).*/\\1/') binauthz
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def complete(need: Callable[[str], str], shell: Shell) -> Callable[..., list[str]]:
    """What bash offers after some words, the last of them unfinished."""
    bash = need("bash")

    def run(*words: str, **env: str) -> list[str]:
        script = SCRIPT.format(words=" ".join(shlex.quote(word) for word in ("binauthz", *words)))
        done = subprocess.run(
            [bash, "--norc", "-c", script],
            env={**shell.env, **env},
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        assert done.stderr == ""
        return [line for line in done.stdout.splitlines() if line]

    return run


@pytest.mark.clients
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["pol"], {"policy"}),
        (["p"], {"policy", "platform-policies", "projects"}),
        (["policy", "d"], {"diff"}),
        (["attestors", "public-keys", ""], {"list", "add", "update", "remove"}),
        (["policy", "lint", "--se"], {"--server"}),
        (["policy", "diff", "--format", ""], {"table", "json", "yaml"}),
        (["completion", ""], {"bash", "zsh", "fish"}),
        (["attestors", "describe", ""], set()),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bash_completes_commands_and_options(
    complete: Callable[..., list[str]], words: list[str], offered: set[str]
) -> None:
    assert set(complete(*words)) == offered


@pytest.mark.servers
@pytest.mark.clients
def test_bash_completes_names_that_the_server_knows(
    complete: Callable[..., list[str]], binauthz: Shell, installation: Path
) -> None:
    directory = str(installation)
    for name in ("alpha-one", "alpha-two", "beta"):
        binauthz("attestors", "create", name).ok()
    assert complete("attestors", "describe", "alpha", BINAUTHZ_DIR=directory) == ["alpha-one", "alpha-two"]
    assert complete("attestations", "list", "--attestor", "alpha-t", BINAUTHZ_DIR=directory) == ["alpha-two"]
    assert complete("notes", "describe", "bet", BINAUTHZ_DIR=directory) == ["beta"]
    assert complete("attestors", "describe", "--dir", directory, "bet") == ["beta"]


@pytest.mark.servers
@pytest.mark.clients
def test_a_server_that_never_answers_keeps_nobody_waiting(complete: Callable[..., list[str]], tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("token")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        env = {"BINAUTHZ_SERVER": url, "BINAUTHZ_PROJECT": "p", "BINAUTHZ_TOKEN_FILE": str(token)}
        before = time.monotonic()
        assert complete("attestors", "describe", "", **env) == []
        assert time.monotonic() - before < 10


@pytest.mark.parametrize("shell_name", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_that_asks_us(shell: Shell, shell_name: str) -> None:
    script = shell("completion", shell_name).ok().out
    assert f"_BINAUTHZ_COMPLETE={shell_name}_complete" in script
