"""Image references as a Pod writes them, and the digest that attestations are found by (SPEC 4.2).

Nothing here normalises: no default registry, no ``library/``, no ``latest``, no lower-casing (SPEC 13.16). What a
reference means to a registry is not known here; only whether it names one digest beyond doubt. Digests are passed
around as their 64 hexadecimal digits, without ``sha256:``.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from binauthz.base.limits import MAX_IMAGE_CHARS, MAX_RESOURCE_URI_CHARS

_MAX_SHOWN = 512

_ALGORITHM = "sha256:"
_HEX = frozenset("0123456789abcdef")
# Each class is matched once over a capped string: linear, nothing to backtrack into.
_HOST = re.compile(r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_COMPONENT = re.compile(r"[A-Za-z0-9._-]{1,255}")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageReference:
    """The parts of one reference; ``text`` is the Pod's own string and is what messages show.

    ``digest`` is the 64 lower-case hexadecimal digits of ``@sha256:``, or None for a tag, a bare name or anything
    malformed. A reference that is malformed has ``well_formed`` False and no parts.
    """

    text: str
    well_formed: bool
    registry: str = ""
    path: str = ""
    tag: str = ""
    digest: str | None = None

    @property
    def repository(self) -> str:
        """The reference without tag and digest, as written."""
        return f"{self.registry}/{self.path}" if self.registry else self.path


def parse_image(text: str) -> ImageReference:
    """Take a reference apart; what cannot be one is said to be malformed, never raised.

    The digest counts only as ``@sha256:`` and exactly 64 lower-case hexadecimal digits at the very end, after a
    well-formed name and, where there is one, a well-formed tag: in ``name:tag@sha256:...`` the digest decides (B34).
    """
    if not 0 < len(text) <= MAX_IMAGE_CHARS:
        return ImageReference(text=text, well_formed=False)
    return _parse(text)


@lru_cache(maxsize=4096)
def _parse(text: str) -> ImageReference:
    """Remembered by content, because the same images are judged over and over; only short strings get here."""
    malformed = ImageReference(text=text, well_formed=False)
    name, at, suffix = text.partition("@")
    digest = _digest(suffix) if at else None
    if at and digest is None:
        return malformed
    directory, slash, last = name.rpartition("/")
    last, colon, tag = last.partition(":")
    if colon and not _TAG.fullmatch(tag):
        return malformed
    first, slash, rest = f"{directory}{slash}{last}".partition("/")
    if slash and _is_host(first):
        registry, path = first, rest
        if not _HOST.fullmatch(registry) or ".." in registry:
            return malformed
    else:
        registry, path = "", f"{first}{slash}{rest}"
    if not all(_is_component(component) for component in path.split("/")):
        return malformed
    return ImageReference(text=text, well_formed=True, registry=registry, path=path, tag=tag, digest=digest)


def digest_of_resource_uri(uri: str) -> str | None:
    """The 64 hexadecimal digits that an occurrence's resource ends with, or None.

    The scheme and the repository are not looked at: one attestation serves a digest wherever it is stored (SPEC 3.1,
    13.33).
    """
    if len(uri) > MAX_RESOURCE_URI_CHARS:
        return None
    name, at, suffix = uri.rpartition("@")
    return _digest(suffix) if at and name else None


def shown(image: str) -> str:
    """The image as messages and audit annotations may carry it: as written, but on one line and of bounded length."""
    if len(image) > _MAX_SHOWN:
        image = f"{image[:_MAX_SHOWN]}..."
    if image.isprintable():
        return image
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape", "replace").decode("ascii")
        for character in image
    )


def _digest(suffix: str) -> str | None:
    digits = suffix.removeprefix(_ALGORITHM)
    if len(suffix) == len(_ALGORITHM) + 64 and len(digits) == 64 and _HEX.issuperset(digits):
        return digits
    return None


def _is_host(first: str) -> bool:
    """Docker's convention: a first component is a registry when it could not be a directory on the default one."""
    return "." in first or ":" in first or first == "localhost"


def _is_component(component: str) -> bool:
    return bool(_COMPONENT.fullmatch(component)) and component[0].isalnum() and ".." not in component
