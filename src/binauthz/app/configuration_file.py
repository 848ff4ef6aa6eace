"""What is in force, and where each setting came from: flags, then ``BINAUTHZ_*`` variables, then a TOML file.

A key ``[section] key`` of the file is the variable ``BINAUTHZ_SECTION_KEY``; lists are separated by commas there, and
tables (such as ``[[oidc]]``) have no variable. Whatever is unknown or out of range is an error that names the key and
the file or the variable, because a setting that silently does nothing is worse than no setting.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from binauthz.app.sections import Section, Sections

FILE_VARIABLE = "BINAUTHZ_CONFIG"
FILE_NAME = "binauthz.toml"
_PREFIX = "BINAUTHZ_"
_MAX_FILE = 1024 * 1024
# Variables that scripts set since before there was a file, and what they are called there.
_ALIASES = {"BINAUTHZ_STORE": "server.store"}


class InvalidConfiguration(Exception):  # noqa: N818 - reads as what is the matter
    """A setting is unknown, malformed or out of range; the message names it and where it was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """The settings in force; ``origins`` says of each ``section.key`` that is not a default where it came from."""

    sections: Sections
    origins: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of a section, as the file spells it."""

    section: str
    name: str
    type: Any
    default: Any
    description: str

    @property
    def path(self) -> str:
        """``section.key``."""
        return f"{self.section}.{self.name}"

    @property
    def variable(self) -> str:
        """The environment variable, or an empty string for what a variable cannot hold."""
        return "" if _holds_tables(self.type) else f"{_PREFIX}{self.section}_{self.name}".upper()


def keys() -> Iterator[Key]:
    """Every key that stands alone in a section; the keys inside lists of tables are not among them."""
    for section in msgspec.structs.fields(Sections):
        if not (isinstance(section.type, type) and issubclass(section.type, Section)):
            continue
        yield from keys_of(section.name, section.type)


def keys_of(section: str, struct: type[Section]) -> Iterator[Key]:
    """The keys of one struct."""
    hints = get_type_hints(struct, include_extras=True)
    for field in msgspec.structs.fields(struct):
        kind = hints[field.name]
        described = [each.description for each in get_args(kind)[1:] if isinstance(each, msgspec.Meta)]
        yield Key(
            section=section,
            name=field.name,
            type=kind,
            default=field.default,
            description="".join(filter(None, described)),
        )


def configure(*, file: Path | None, variables: Mapping[str, str], flags: Mapping[str, tuple[str, Any]]) -> Configured:
    """The settings in force. ``flags`` maps ``section.key`` to the flag's name and value.

    Raises InvalidConfiguration. A ``file`` that is None is none; one that is given must exist.
    """
    document: dict[str, Any] = {} if file is None else _read(file)
    origins = dict.fromkeys(_written(document), f"from {file}")
    known = {key.path: key for key in keys()}
    by_variable = {key.variable: key for key in known.values() if key.variable}
    by_variable |= {variable: known[path] for variable, path in _ALIASES.items()}
    for variable, text in variables.items():
        key = by_variable.get(variable)
        if key is None:
            _refuse_misspelled(variable)
            continue
        document.setdefault(key.section, {})[key.name] = _value(key, text, variable)
        origins[key.path] = f"from {variable}"
    for path, (flag, value) in flags.items():
        key = known[path]
        document.setdefault(key.section, {})[key.name] = _value(key, value, flag)
        origins[path] = f"from {flag}"
    try:
        sections = msgspec.convert(document, Sections)
    except msgspec.ValidationError as error:
        # Each setting is good by itself; together they are not.
        raise InvalidConfiguration(f"the settings do not go together: {error}") from None
    return Configured(sections=sections, origins=origins)


def find(given: str | None, directory: Path, variables: Mapping[str, str]) -> Path | None:
    """The file to read: the one asked for, else ``BINAUTHZ_CONFIG``, else ``binauthz.toml`` in the directory if there
    is one."""
    chosen = given or variables.get(FILE_VARIABLE)
    if chosen:
        return Path(chosen).expanduser().absolute()
    usual = directory / FILE_NAME
    return usual if usual.exists() else None


def _read(file: Path) -> dict[str, Any]:
    try:
        text = file.read_bytes()
    except OSError as error:
        raise InvalidConfiguration(f"`{file}` cannot be read: {error.strerror}") from None
    if len(text) > _MAX_FILE:
        raise InvalidConfiguration(f"`{file}` has {len(text)} bytes, expected at most {_MAX_FILE}")
    try:
        document = tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidConfiguration(f"`{file}` is not TOML: {error}") from None
    try:
        msgspec.convert(document, Sections)
    except msgspec.ValidationError as error:
        raise InvalidConfiguration(f"`{file}`: {error}") from None
    return document


def _written(document: Mapping[str, Any]) -> Iterator[str]:
    for section, content in document.items():
        if isinstance(content, Mapping):
            yield from (f"{section}.{key}" for key in content)
        else:
            yield section


def _value(key: Key, given: Any, origin: str) -> Any:
    value = given
    if isinstance(given, str) and get_origin(_bare(key.type)) is tuple:
        value = tuple(part.strip() for part in given.split(",") if part.strip())
    try:
        converted = msgspec.convert(value, key.type, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidConfiguration(f"{origin} (`{key.path}`): {error}") from None
    return list(converted) if isinstance(converted, tuple) else converted


def _refuse_misspelled(variable: str) -> None:
    """A variable that begins like one of a section and is none is a mistake; others belong to somebody else."""
    for section in msgspec.structs.fields(Sections):
        if variable.startswith(f"{_PREFIX}{section.name.upper()}_"):
            raise InvalidConfiguration(f"{variable} names no key of `[{section.name}]` that a variable can set")


def _bare(kind: Any) -> Any:
    """The type without its description and range."""
    return get_args(kind)[0] if hasattr(kind, "__metadata__") else kind


def _holds_tables(kind: Any) -> bool:
    bare = _bare(kind)
    inside = [each for each in (*get_args(bare), bare) if isinstance(each, type)]
    return any(issubclass(each, (msgspec.Struct, dict)) for each in inside) or get_origin(bare) is dict
