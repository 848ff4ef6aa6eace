"""Labels as Google Cloud takes them: at most 64, keys and values of bounded length in lower-case letters of any script,
digits, hyphens and underscores, keys starting with a letter."""

import unicodedata
from collections.abc import Mapping

from binauthz.base.errors import invalid_field

_LIMIT = 64
_LENGTH = 63
_LETTERS = {"Ll", "Lo"}


def check_labels(field: str, labels: Mapping[str, str]) -> dict[str, str]:
    """The labels themselves; raises INVALID_ARGUMENT on ``field``."""
    if len(labels) > _LIMIT:
        raise invalid_field(field, f"got {len(labels)} labels, expected at most {_LIMIT}")
    for key, value in labels.items():
        if not key or not _is_text(key) or unicodedata.category(key[0]) not in _LETTERS:
            raise invalid_field(
                field,
                f"got the key `{ascii(key[:80])[1:-1]}`, expected 1 to {_LENGTH} lower-case letters, digits, `_` and"
                " `-`, starting with a letter",
            )
        if not _is_text(value):
            raise invalid_field(
                field,
                f"got the value `{ascii(value[:80])[1:-1]}` of `{key}`, expected at most {_LENGTH} lower-case letters,"
                " digits, `_` and `-`",
            )
    return dict(labels)


def _is_text(text: str) -> bool:
    return len(text) <= _LENGTH and all(
        each in "_-" or unicodedata.category(each) in _LETTERS or unicodedata.category(each).startswith("N")
        for each in text
    )
