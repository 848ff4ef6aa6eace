"""Allowlist patterns of the singleton policy, with exactly the semantics of SPEC 1.5.

A pattern is compared with the image string as the Pod wrote it, tag and digest included. It is either equal to the
image, or ends in ``*`` (anything that stays within the path component) or ``**`` (anything). A wildcard may stand only
at the very end, and only after ``registry/``. Matching is prefix comparison; no regular expression sees either side
(B37). Patterns outside the grammar are refused when a policy is written and match nothing when one is read.
"""

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from binauthz.base.limits import MAX_PATTERN_CHARS


class _Reach(enum.Enum):
    BARE_NAME = enum.auto()
    COMPONENT = enum.auto()
    SUBTREE = enum.auto()


def pattern_problem(text: str) -> str | None:
    """What is wrong with a pattern, for the person who wrote it; None when it is valid."""
    if not text:
        return "is empty, expected an image name such as `registry/path/image` or `registry/path/*`"
    if len(text) > MAX_PATTERN_CHARS:
        return f"has {len(text)} characters, expected at most {MAX_PATTERN_CHARS}"
    if not text.isprintable() or " " in text:
        return f"{text!a} contains whitespace or control characters, expected an image name"
    return _wildcard_problem(text)


def _wildcard_problem(text: str) -> str | None:
    stem = text.rstrip("*")
    stars = len(text) - len(stem)
    if "*" in stem:
        return f"`{text}` has a wildcard before its end, expected `*` or `**` only at the end"
    if stars > 2:
        return f"`{text}` ends in {stars} wildcards, expected `*` or `**`"
    if stars and stem.find("/") < 1:
        return f"`{text}` has a wildcard before the end of `registry/`, expected it only after `registry/`"
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowlist:
    """The patterns of one policy, made ready for matching: exact names by lookup, wildcards by prefix."""

    exact: frozenset[str]
    wildcards: tuple[tuple[str, _Reach, str], ...]
    stems: tuple[str, ...]

    def match(self, image: str) -> str | None:
        """The pattern that exempts the image, or None. An exact pattern is named before a wildcard."""
        if image in self.exact:
            return image
        if not image.startswith(self.stems):
            return None
        for stem, reach, text in self.wildcards:
            if not image.startswith(stem):
                continue
            if reach is _Reach.SUBTREE or _within(image[len(stem) :], reach):
                return text
        return None


def allowlist(patterns: Iterable[str], *, bare_name_covers_tags: bool = False) -> Allowlist:
    """Make patterns ready for matching; remembered for the lists in use, as a policy is matched many times.

    ``bare_name_covers_tags`` is the relaxation of SPEC 12: a pattern without tag, digest or wildcard then also
    covers every tag and digest of that name.
    """
    return _allowlist(tuple(patterns), bare_name_covers_tags)


@lru_cache(maxsize=256)
def _allowlist(patterns: tuple[str, ...], bare_name_covers_tags: bool) -> Allowlist:
    exact: set[str] = set()
    wildcards: list[tuple[str, _Reach, str]] = []
    for text in dict.fromkeys(patterns):
        if pattern_problem(text) is not None:
            continue
        if text.endswith("**"):
            wildcards.append((text[:-2], _Reach.SUBTREE, text))
        elif text.endswith("*"):
            wildcards.append((text[:-1], _Reach.COMPONENT, text))
        else:
            exact.add(text)
            if bare_name_covers_tags and _is_bare(text):
                wildcards.append((text, _Reach.BARE_NAME, text))
    return Allowlist(exact=frozenset(exact), wildcards=tuple(wildcards), stems=tuple(stem for stem, _, _ in wildcards))


def _within(rest: str, reach: _Reach) -> bool:
    """Whether what follows the stem stays in the stem's last path component (B31)."""
    if "/" in rest:
        return False
    return reach is _Reach.COMPONENT or rest.startswith((":", "@"))


def _is_bare(text: str) -> bool:
    return "@" not in text and ":" not in text.rpartition("/")[2]
