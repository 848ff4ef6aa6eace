"""Repositories that images are built from, and the patterns that trust them (SPEC 6.3).

A pattern is compared with the repository's URL without scheme and revision, whole and anchored (THREATS B84). A URL
that is not plainly a host and a path, because of dots, escapes, a user or anything else, is trusted by no pattern.
"""

import re
from collections.abc import Collection

from binauthz.base.limits import MAX_PATTERN_CHARS

_PATTERN = re.compile(r"[A-Za-z0-9._~/-]{1,1024}")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,31}")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_PATH = re.compile(r"[A-Za-z0-9._~/+-]{1,1024}")
_MAX_URL_CHARS = 2048
_IMAGE_SCHEMES = {"", "docker", "docker-image", "oci"}


def source_problem(text: str) -> str | None:
    """What is wrong with a pattern of source repositories, for its author; None when it is valid."""
    if not 0 < len(text) <= MAX_PATTERN_CHARS:
        return f"has {len(text)} characters, expected 1 to {MAX_PATTERN_CHARS}"
    stem = text.rstrip("*")
    stars = len(text) - len(stem)
    if stars > 2 or (stars and not stem.endswith("/")):
        return f"{text[:80]!a} has a wildcard out of place, expected `*` or `**` after `/` at the end"
    parts = stem.removesuffix("/").split("/") if stars else stem.split("/")
    if not _PATTERN.fullmatch(stem) or any(part in {"", ".", ".."} for part in parts):
        return f"{text[:80]!a} is not a repository, expected one without scheme such as `github.com/org/*`"
    return None


def repository_of(url: str) -> str | None:
    """``host/path`` of a repository's URL, without scheme, query and revision; None for what is not plainly one."""
    if len(url) > _MAX_URL_CHARS:
        return None
    scheme, mark, rest = url.partition("://")
    if mark and not _SCHEME.fullmatch(scheme):
        return None
    rest = rest if mark else url
    for end in "#?":
        rest = rest.partition(end)[0]
    host, slash, path = rest.partition("/")
    path = path.partition("@")[0].removesuffix("/")
    if not slash or not _HOST.fullmatch(host) or ".." in host or not _PATH.fullmatch(path):
        return None
    if any(part in {"", ".", ".."} for part in path.split("/")):
        return None
    return f"{host.lower()}/{path}"


def trusts(patterns: Collection[str], url: str) -> bool:
    """Whether one of the patterns covers the repository; an invalid pattern covers nothing."""
    repository = repository_of(url)
    return repository is not None and any(_covers(text, repository) for text in patterns)


def _covers(text: str, repository: str) -> bool:
    if source_problem(text) is not None:
        return False
    host, slash, path = text.partition("/")
    pattern = f"{host.lower()}{slash}{path}"
    stem = pattern.rstrip("*")
    if stem == pattern:
        return repository == pattern
    rest = repository.removeprefix(stem)
    if rest == repository or not rest:
        return False
    return pattern.endswith("**") or "/" not in rest


def is_source(uri: str, algorithms: Collection[str]) -> bool:
    """Whether a material or dependency is source code rather than an image that the build ran.

    An image is named without a scheme, or by one of images, and by a SHA-256 digest; whatever is neither is source, so
    that doubt requires trust.
    """
    scheme = uri.partition("://")[0] if "://" in uri else ""
    return scheme not in _IMAGE_SCHEMES or "sha256" not in algorithms
