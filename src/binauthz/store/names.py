"""What a resource name says about where it belongs, and which text a database can hold at all."""

import re

_LOCATION = re.compile(r"/locations/[^/]+")
_SCHEME = re.compile(r"https?://")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def parent_of(name: str) -> str:
    """The resource whose collection holds ``name``: ``a/b/c/d`` is in ``a/b``, and so is the singleton ``a/b/c``."""
    segments = name.split("/")
    return "/".join(segments[: (len(segments) - 1) // 2 * 2])


def project_of(name: str) -> str:
    """The ``projects/p`` that a name starts with."""
    return "/".join(name.split("/", 2)[:2])


def spanning(parent: str) -> str:
    """The parent that lists across locations: ``projects/p/locations/l`` becomes ``projects/p/locations/-``."""
    return _LOCATION.sub("/locations/-", parent)


def without_scheme(uri: str) -> str:
    """A resource URI as it compares: ``https://X``, ``http://X`` and ``X`` are the same (SPEC 13.33)."""
    return _SCHEME.sub("", uri, count=1) if _SCHEME.match(uri) else uri


def storable(text: str) -> bool:
    """Whether both databases can hold the text: no NUL, nothing that UTF-8 cannot spell."""
    return _UNSTORABLE.search(text) is None


def storable_form(text: str) -> str:
    """The text, with a replacement character for each that cannot be stored."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)
