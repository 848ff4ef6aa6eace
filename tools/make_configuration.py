"""Make ``docs/configuration.md``: every key of the configuration file, its variable, default and meaning.

    python -m tools.make_configuration [--check]

Everything comes from the structs in ``binauthz.app.sections``; nothing here is typed by hand but the introduction.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec

from binauthz.app.configuration_file import Key, keys_of
from binauthz.app.sections import Section, Sections
from tools.generated_page import make_or_check

OUTPUT = Path(__file__).parent.parent / "docs" / "configuration.md"
_INTRODUCTION = """\
# Configuration

Generated from the settings themselves by `python -m tools.make_configuration`; do not edit.

`binauthz up` and `binauthz serve` take each setting from a flag if it was given, else from the environment variable
named here, else from a TOML file, else the default. The file is the one that `--config FILE` names, else
`BINAUTHZ_CONFIG`, else `binauthz.toml` in the installation's directory if it is there. Lists are separated by commas in
a variable. An unknown key is an error that names it and the file. `binauthz doctor` prints what is in force and where
it came from.

Settings are read when the server starts. Keep passwords out of the file where a key takes the name of a file instead.
"""


def page() -> str:
    """The whole page."""
    lines = [_INTRODUCTION]
    for field in msgspec.structs.fields(Sections):
        struct, repeated = _struct(field.type)
        lines += [f"## `[[{field.name}]]`" if repeated else f"## `[{field.name}]`", "", _prose(struct), ""]
        lines += _table(keys_of(field.name, struct), variables=not repeated)
    return "\n".join(lines).rstrip() + "\n"


def _table(keys: Iterator[Key], *, variables: bool) -> Iterator[str]:
    found = list(keys)
    variables = variables and any(key.variable for key in found)
    yield "| key | default | meaning | variable |" if variables else "| key | default | meaning |"
    yield "| --- | --- | --- | --- |" if variables else "| --- | --- | --- |"
    for key in found:
        cells = [f"`{key.name}`", _default(key.default), key.description]
        if variables:
            cells.append(f"`{key.variable}`" if key.variable else "")
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    yield ""


def _struct(kind: Any) -> tuple[type[Section], bool]:
    if get_origin(kind) is tuple:
        return get_args(kind)[0], True
    return kind, False


def _prose(struct: type[Section]) -> str:
    return " ".join((struct.__doc__ or "").split())


def _default(value: Any) -> str:
    if value is msgspec.NODEFAULT:
        return "required"
    match value:
        case bool():
            return f"`{str(value).lower()}`"
        case str():
            return f'`"{value}"`'
        case tuple():
            return "`[" + ", ".join(f'"{each}"' for each in value) + "]`"
        case dict():
            return "`{}`"
    return f"`{value}`"


if __name__ == "__main__":
    sys.exit(make_or_check(OUTPUT, page(), "tools.make_configuration", __doc__))
