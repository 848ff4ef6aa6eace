"""An account of every field of the formats we verify: what is checked, what is only shown, what is ignored on purpose.

A field in no table is reported with the proof and changes nothing. A table without a verified field would verify
nothing, and is refused when this module is imported.
"""

import enum
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from binauthz.base.limits import MAX_INFORMATIONAL_CHARS, MAX_UNLISTED_FIELDS


class Standing(enum.Enum):
    """What happens with a field."""

    VERIFIED = enum.auto()
    INFORMATIONAL = enum.auto()
    IGNORED = enum.auto()


@dataclass(frozen=True, slots=True)
class FieldTable:
    """Fields by path; a path accounts for everything below it. ``ways`` are the objects on the way to a field."""

    fields: Mapping[tuple[str, ...], Standing]
    ways: frozenset[tuple[str, ...]]


def _table(rows: Mapping[str, Standing]) -> FieldTable:
    if Standing.VERIFIED not in rows.values():
        raise AssertionError("a format without a verified field verifies nothing")
    fields = {tuple(path.split(".")): standing for path, standing in rows.items()}
    ways = frozenset(path[:length] for path in fields for length in range(1, len(path)))
    return FieldTable(MappingProxyType(fields), ways)


DIGEST_PATH = ("critical", "image", "docker-manifest-digest")
REFERENCE_PATH = ("critical", "identity", "docker-reference")
TYPE_PATH = ("critical", "type")

# The simple signing payload. One attestation serves a digest wherever it is stored, so the reference is not compared,
# and clients spell the type in several ways (SPEC 3.1, 13.8).
PAYLOAD_FIELDS = _table(
    {
        "critical.image.docker-manifest-digest": Standing.VERIFIED,
        "critical.identity.docker-reference": Standing.INFORMATIONAL,
        "critical.type": Standing.INFORMATIONAL,
        "optional": Standing.IGNORED,
    }
)

# The claims of a token. It must say which digest it is about, in `sub` or as a simple signing payload would; when it
# says so twice, the two must agree. Who issued it is said by the key that signed it, not by `iss`.
CLAIMS = _table(
    {
        "sub": Standing.VERIFIED,
        "critical.image.docker-manifest-digest": Standing.VERIFIED,
        "aud": Standing.VERIFIED,
        "exp": Standing.VERIFIED,
        "nbf": Standing.VERIFIED,
        "iat": Standing.INFORMATIONAL,
        "iss": Standing.INFORMATIONAL,
        "jti": Standing.INFORMATIONAL,
        "critical.identity.docker-reference": Standing.INFORMATIONAL,
        "critical.type": Standing.INFORMATIONAL,
        "attestation": Standing.IGNORED,
        "attestationType": Standing.IGNORED,
        "optional": Standing.IGNORED,
    }
)


def unlisted(document: Mapping[str, object], table: FieldTable) -> tuple[str, ...]:
    """The paths of a document that no row of the table accounts for: a bounded number, each of bounded length."""
    found = list(itertools.islice(_paths(document, table, ()), MAX_UNLISTED_FIELDS + 1))
    shown = [informational(".".join(path)) for path in found[:MAX_UNLISTED_FIELDS]]
    return tuple(shown if len(found) <= MAX_UNLISTED_FIELDS else [*shown, "..."])


def informational(value: object) -> str:
    """A value as it may be shown: text that can be printed and stored, of bounded length; anything else is empty."""
    if not isinstance(value, str):
        return ""
    if len(value) > MAX_INFORMATIONAL_CHARS:
        value = f"{value[:MAX_INFORMATIONAL_CHARS]}..."
    if value.isprintable():
        return value
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in value
    )


def _paths(value: Mapping[str, object], table: FieldTable, above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Only objects on the way to a listed field are entered, so the depth is that of the table."""
    for name, member in value.items():
        path = (*above, name)
        if path in table.fields:
            continue
        if path in table.ways and isinstance(member, dict):
            yield from _paths(member, table, path)
        else:
            yield path
