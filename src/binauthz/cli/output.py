"""stdout is data: a table for people, JSON or YAML for programs."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click


def format_option(default: str = "table") -> Callable[[Any], Any]:
    """``--format``."""
    return click.option(
        "--format",
        "style",
        type=click.Choice(["table", "json", "yaml"]),
        default=default,
        show_default=True,
        help="How to print the result.",
    )


def show(value: Any, style: str, columns: Mapping[str, Callable[[Any], object]] | None = None) -> None:
    """Print ``value``; ``columns`` say what a table shows of each item of a list."""
    if style == "json":
        click.echo(_escaped(json.dumps(value, indent=2, ensure_ascii=False)))
    elif style == "yaml" or columns is None:
        click.echo(_yaml(value))
    else:
        _table(value, columns)


def _table(rows: Sequence[Any], columns: Mapping[str, Callable[[Any], object]]) -> None:
    cells = [[_printable(str(cell(row))) for cell in columns.values()] for row in rows]
    widths = [max(map(len, [name, *(line[i] for line in cells)])) for i, name in enumerate(columns)]
    for line in [list(columns), *cells]:
        click.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def talk(text: str) -> None:
    """Say something to a person, on stderr."""
    click.echo("\n".join(map(_printable, text.split("\n"))), err=True)


def _printable(text: str) -> str:
    # Names and images come from requests: a control character must not reach the terminal.
    return "".join(character if character.isprintable() else "?" for character in text)


def _yaml(value: Any) -> str:
    import yaml  # noqa: PLC0415 - start-up time

    class Dumper(yaml.SafeDumper):
        """Quotes what is not printable, so that it can be escaped."""

    def text(dumper: Dumper, given: str) -> yaml.ScalarNode:
        plain = given.replace("\n", "").isprintable()
        # Keys and certificates read as they are in their files, as gcloud prints them.
        style = '"' if not plain else "|" if "\n" in given else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", given, style=style)

    Dumper.add_representer(str, text)
    return _escaped(yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True)).rstrip("\n")


def _escaped(text: str) -> str:
    """JSON, or YAML whose unprintable strings are quoted, with those characters as JSON escapes."""
    if text.replace("\n", "").isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)
