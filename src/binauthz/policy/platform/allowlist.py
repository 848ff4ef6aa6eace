"""Allowlist patterns of platform policies: a stricter grammar than the singleton policy's (SPEC 6.4, 13.15).

A pattern is taken apart like an image and compared part by part, without any normalising (SPEC 13.16). A reference
that is malformed, or a pattern outside the grammar, matches nothing.
"""

from collections.abc import Iterable

from binauthz.base.image import ImageReference, parse_image
from binauthz.base.limits import MAX_PATTERN_CHARS


def pattern_problem(text: str) -> str | None:  # noqa: PLR0911  # One return for each fault.
    """What is wrong with a pattern, for its author; None when it is valid."""
    if not 0 < len(text) <= MAX_PATTERN_CHARS:
        return f"has {len(text)} characters, expected 1 to {MAX_PATTERN_CHARS}"
    stem = text.rstrip("*")
    stars = len(text) - len(stem)
    if not stars:
        return None if parse_image(text).well_formed else f"{text!a} is not an image name"
    if "*" in stem or stars > 2:
        return f"{text!a} has a wildcard out of place, expected `*` or `**` at the end"
    if "@" in stem:
        return f"{text!a} combines a wildcard and a digest"
    if stars == 2 and not stem.endswith("/"):
        return f"{text!a} has `**` that does not follow `/`"
    # With a letter in place of the wildcard it has to be an image name; what precedes the wildcard may not be empty.
    if not stem or stem.endswith(":") or not parse_image(f"{stem}x").well_formed:
        return f"{text!a} has no valid image name before the wildcard"
    return None


def matched(patterns: Iterable[str], image: str) -> str | None:
    """The first pattern that covers the image, or None."""
    reference = parse_image(image)
    if not reference.well_formed:
        return None
    return next((text for text in patterns if pattern_problem(text) is None and _covers(text, reference)), None)


def _covers(text: str, image: ImageReference) -> bool:
    stem = text.rstrip("*")
    if stem == text:
        pattern = parse_image(text)
        return (
            pattern.repository == image.repository
            and pattern.tag in {"", image.tag}
            and pattern.digest in {None, image.digest}
        )
    directory, slash, last = stem.rpartition("/")
    name, colon, tag = last.partition(":")
    if colon:
        return image.repository == f"{directory}{slash}{name}" and bool(image.tag) and image.tag.startswith(tag)
    if not image.repository.startswith(stem):
        return False
    return text.endswith("**") or "/" not in image.repository[len(stem) :]
