"""An account of every field of the formats we verify: what is checked, what is only shown, what is ignored on purpose.

A field in no table is reported with the proof and changes nothing. A table without a verified field would verify
nothing, and is refused when this module is imported.
"""

import enum
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from binauthz.base.limits import MAX_INFORMATIONAL_CHARS, MAX_UNLISTED_FIELDS


class Standing(enum.Enum):
    """What happens with a field."""

    VERIFIED = enum.auto()
    INFORMATIONAL = enum.auto()
    IGNORED = enum.auto()


FieldTable = Mapping[tuple[str, ...], Standing]


def _table(rows: Mapping[str, Standing]) -> FieldTable:
    """Dotted paths as tuples; a path accounts for everything below it."""
    if Standing.VERIFIED not in rows.values():
        raise AssertionError("a format without a verified field verifies nothing")
    return MappingProxyType({tuple(path.split(".")): standing for path, standing in rows.items()})


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
    found: list[str] = []
    for path in _paths(document, table, ()):
        if len(found) == MAX_UNLISTED_FIELDS:
            found.append("...")
            break
        found.append(informational(".".join(path)))
    return tuple(found)


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
    """Depth is bounded by the parser. Only objects on the way to a listed field are entered."""
    for name, member in value.items():
        path = (*above, name)
        if path in table:
            continue
        if isinstance(member, dict) and any(row[: len(path)] == path for row in table):
            yield from _paths(member, table, path)
        else:
            yield path
