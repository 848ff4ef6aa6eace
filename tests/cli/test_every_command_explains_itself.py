"""``--help`` names every argument; mistakes end with 1, because 2 means refused (DESIGN section 7)."""

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from binauthz.cli.main import command
from tests.cli.running import Shell


def commands(group: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, group
    if isinstance(group, click.Group):
        context = click.Context(group)
        for name in group.list_commands(context):
            found = group.get_command(context, name)
            assert found is not None
            yield from commands(found, (*path, name))


ALL = dict(commands(command))
LEAVES = {path: found for path, found in ALL.items() if not isinstance(found, click.Group)}


def named(paths: object) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=lambda path: " ".join(path) or "binauthz")


@named(ALL)
def test_help_names_every_argument(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(command, [*path, "--help"])
    assert result.exit_code == 0, result.output
    found = ALL[path]
    assert found.help, "a command says what it does"
    for parameter in found.params:
        for name in parameter.opts if isinstance(parameter, click.Option) else [parameter.human_readable_name]:
            assert name in result.output
    for name in found.list_commands(click.Context(found)) if isinstance(found, click.Group) else ():
        assert name in result.output


@named(LEAVES)
def test_an_unknown_option_ends_with_1(shell: Shell, path: tuple[str, ...]) -> None:
    result = shell(*path, "--surprise")
    assert (result.code, result.out) == (1, "")
    assert "--surprise" in result.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["surprise"], "No such command 'surprise'"),
        (["policy", "import"], "Missing argument 'FILE'"),
        (["policy", "import", "/nowhere/policy.yaml"], "/nowhere/policy.yaml"),
        (["evaluate"], "--image"),
        (["evaluate", "--image", "a", "-f", "-"], "not both"),
        (["policy", "export", "--format", "xml"], "xml"),
        (["logs", "read", "--freshness", "yesterday"], "--freshness takes a number"),
        (["logs", "read", "--freshness", "999999w"], "at most 36500d, got `999999w`"),
        (["logs", "read", "--limit", "0"], "--limit"),
        (["up", "--port", "70000"], "--port takes 0 to 65532, got 70000"),
        (["up", "--project", "NO"], "--project takes 6 to 30"),
        (["serve", "--project", "NO"], "--project takes 6 to 30"),
        (["serve", "--port", "-1"], "--port takes 0 to 65533, got -1"),
        (["serve", "--port", "0", "--store", "mysql://user:hunter2@host/db"], "got a store of kind `mysql`"),
        (["serve", "--port", "0", "--store", "user:hunter2@host"], "a store URL is `sqlite:///path`"),
        (["serve", "--port", "0", "--host", "256.1.1.1"], "256.1.1.1"),
        (["up", "--port", "0", "--dir", "/proc/nowhere"], "/proc/nowhere"),
        (["attestations", "sign", "--image", "a:b", "--private-key", "/dev/null"], "/dev/null"),
        (["clusters", "list"], "start it with `binauthz up`"),
        (["env"], "start it with `binauthz up`"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_mistake_ends_with_1_and_is_named(shell: Shell, arguments: list[str], said: str) -> None:
    result = shell(*arguments)
    assert (result.code, result.out) == (1, "")
    assert said in result.err
    assert "Traceback" not in result.err
    assert "hunter2" not in result.err


def test_what_is_not_text_is_said_to_be(shell: Shell) -> None:
    result = shell("policy", "lint", "-", stdin=b"\xff\xfe\x00")
    assert result.code == 1
    assert "`-` is not UTF-8 text" in result.err


def test_no_server_is_said(shell: Shell, tmp_path: object) -> None:
    result = shell(
        "policy", "export", BINAUTHZ_SERVER="http://127.0.0.1:1", BINAUTHZ_PROJECT="p", BINAUTHZ_TOKEN_FILE="/dev/null"
    )
    assert result.code == 1
    assert "does not hold one token" in result.err
