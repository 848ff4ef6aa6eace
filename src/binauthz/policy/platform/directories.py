"""Trusted directories (SPEC 6.3): a full registry domain and a directory on it, compared apart (THREATS B30).

Unlike allowlists, spellings of one registry are one registry here: case, port 443, a trailing dot, and Docker Hub's
short names (THREATS B33). Normalising can only tell apart less, and both sides are normalised.
"""

import re

from binauthz.base.image import parse_image
from binauthz.base.limits import MAX_PATTERN_CHARS

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_PATH = re.compile(r"[A-Za-z0-9._/-]{0,1024}")


def directory_problem(text: str) -> str | None:
    """What is wrong with a pattern, for its author; None when it is valid."""
    if not 0 < len(text) <= MAX_PATTERN_CHARS:
        return f"has {len(text)} characters, expected 1 to {MAX_PATTERN_CHARS}"
    host, _, path = text.partition("/")
    problem = _host_problem(host)
    if problem is not None:
        return f"{text!a} {problem}"
    stem = path.rstrip("*")
    parts = stem.removesuffix("/").split("/") if stem else []
    if "*" in stem or len(path) - len(stem) > 2:
        return f"{text!a} has a wildcard out of place, expected `*` or `**` at the end"
    if not _PATH.fullmatch(stem) or any(part in {"", ".", ".."} for part in parts):
        return f"{text!a} has a path that is not a directory"
    return None


def _host_problem(host: str) -> str | None:
    bare = host.removeprefix("*")
    if "*" in bare:
        return "has a wildcard inside the registry, expected one `*` in front of a subdomain or none"
    if bare != host and (bare[:1] not in {"-", "."} or ("." not in bare[1:].partition(".")[2] and bare[0] == "-")):
        return "has a wildcard that reaches beyond a subdomain of the registry"
    domain = bare.lstrip("-.") if bare != host else bare
    if bare != host and bare[1:] != domain:
        return "has a registry that is not a domain"
    if "." not in domain or ".." in domain or not _HOST.fullmatch(domain):
        return "has a registry that is not a full domain such as `gcr.io`"
    return None


def trusted(pattern: str, image: str) -> bool:
    """Whether the image lives in the directory."""
    reference = parse_image(image)
    if not reference.well_formed or directory_problem(pattern) is not None:
        return False
    host, _, path = pattern.partition("/")
    registry, repository = _normal(reference.registry, reference.path)
    directory = repository.rpartition("/")[0]
    return _on_host(_registry(host), registry) and _in_directory(path, directory)


def _on_host(pattern: str, registry: str) -> bool:
    suffix = pattern.removeprefix("*")
    if suffix == pattern:
        return registry == pattern
    prefix = registry[: -len(suffix)] if registry.endswith(suffix) else ""
    return bool(prefix) and "." not in prefix


def _in_directory(pattern: str, directory: str) -> bool:
    """A trailing ``*`` stays within one name (B31); ``**`` does not; without either the directories are equal (B32)."""
    stem = pattern.rstrip("*")
    stars = len(pattern) - len(stem)
    if not stars:
        return directory == stem.removesuffix("/")
    if stars == 2:
        return f"{directory}/".startswith(stem)
    return directory.startswith(stem) and len(directory) > len(stem) and "/" not in directory[len(stem) :]


def _normal(registry: str, path: str) -> tuple[str, str]:
    host = _registry(registry)
    if host == "docker.io" and "/" not in path:
        return host, f"library/{path}"
    return host, path


def _registry(host: str) -> str:
    host = host.lower().removesuffix(":443").removesuffix(".")
    return "docker.io" if host in {"", "index.docker.io"} else host
