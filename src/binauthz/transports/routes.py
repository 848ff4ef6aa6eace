"""Which method a path means: the google.api.http templates of every method, compiled into one trie.

Decides the method and the values of the path's variables; refuses paths with more than one reading (empty or dotted
segments, encoded slashes, a verb inside an id). Matching visits each node of the trie at most once, so no path is slow.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from google.protobuf.descriptor import MethodDescriptor

from binauthz.base.errors import ApiError, Code, invalid
from binauthz.transports.errors import HttpError
from binauthz.wire.descriptors import http_rule

_MAX_PATH = 8192
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
# Ids that hold a slash travel encoded and stay so: packages of Artifact Registry, names of logs.
_ENCODED_SLASH_COLLECTIONS = frozenset({"dockerImages", "files", "logs", "packages"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable of a template: the field it fills and the segments it spans; ``stop`` None reaches to the end."""

    path: str
    start: int
    stop: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One HTTP binding of one method. ``body`` is ``*``, a field, or empty."""

    method: MethodDescriptor
    verb: str
    template: str
    body: str
    variables: tuple[Variable, ...]


@dataclass(slots=True)
class _Node:
    literals: dict[str, "_Node"] = field(default_factory=dict)
    star: "_Node | None" = None
    rest: "_Node | None" = None
    """Where ``**`` leads: takes every segment left."""
    ends: dict[str, dict[str, Route]] = field(default_factory=dict)
    """Custom verb (empty for none), then HTTP method, to the route that ends here."""


class RouteConflict(ValueError):  # noqa: N818 - reads as what happened
    """Two methods claim the same HTTP method and path."""


def bindings(method: MethodDescriptor) -> Iterator[tuple[str, str, str]]:
    """Every (HTTP method, template, body) of a method, main binding first."""
    rule = http_rule(method)
    for binding in (rule, *rule.additional_bindings):  # type: ignore[attr-defined]
        pattern = binding.WhichOneof("pattern")
        if pattern and pattern != "custom":
            yield pattern.upper(), getattr(binding, pattern), binding.body


class Router:
    """All routes; find one with ``match``."""

    def __init__(self, methods: Iterable[MethodDescriptor]) -> None:
        self._root = _Node()
        self._verbs: set[str] = set()
        for method in methods:
            for verb, template, body in bindings(method):
                self._add(method, verb, template, body)

    def _add(self, method: MethodDescriptor, verb: str, template: str, body: str) -> None:
        segments, variables, custom = _compile(template)
        node = self._root
        for segment in segments:
            if segment == "**":
                node.rest = node.rest or _Node()
                node = node.rest
            elif segment == "*":
                node.star = node.star or _Node()
                node = node.star
            else:
                node = node.literals.setdefault(segment, _Node())
        ends = node.ends.setdefault(custom, {})
        if verb in ends:
            raise RouteConflict(f"{verb} {template}: `{ends[verb].method.full_name}` and `{method.full_name}`")
        ends[verb] = Route(method=method, verb=verb, template=template, body=body, variables=variables)
        if custom:
            self._verbs.add(custom)

    def match(self, verb: str, raw_path: bytes) -> tuple[Route, dict[str, str]]:
        """The route of a raw path (still percent-encoded) and its variables by field path.

        Raises INVALID_ARGUMENT for a path with more than one reading, NOT_FOUND for an unknown one, and 405 for one
        that takes other methods.
        """
        raw = _segments(raw_path)
        head, colon, custom = raw[-1].rpartition(":")
        decoded = [_decoded(segment, raw[index - 1] if index else "") for index, segment in enumerate(raw)]
        if colon and head and custom in self._verbs:
            shorter = [*decoded[:-1], _decoded(head, raw[-2] if len(raw) > 1 else "")]
            found = self._find(shorter, custom, verb)
            if found is not None:
                return found, _values(found, shorter)
        found = self._find(decoded, "", verb)
        if found is None:
            raise ApiError(Code.NOT_FOUND, "Method not found.")
        return found, _values(found, decoded)

    def _find(self, segments: list[str], custom: str, verb: str) -> Route | None:
        """The most specific route: literals before ``*``, ``*`` before ``**``, from the left."""
        allowed: set[str] = set()
        pending: list[tuple[_Node, int]] = [(self._root, 0)]
        while pending:
            node, index = pending.pop()
            if index == len(segments):
                ends = node.ends.get(custom, {})
                if verb in ends:
                    return ends[verb]
                allowed.update(ends)
                continue
            if node.rest is not None:
                pending.append((node.rest, len(segments)))
            if node.star is not None:
                pending.append((node.star, index + 1))
            if segments[index] in node.literals:
                pending.append((node.literals[segments[index]], index + 1))
        if allowed:
            expected = ", ".join(sorted(allowed))
            raise HttpError(
                405,
                ApiError(Code.UNIMPLEMENTED, f"The path does not take {verb[:16]}: expected {expected}."),
                headers=((b"allow", expected.encode()),),
            )
        return None


def _compile(template: str) -> tuple[list[str], tuple[Variable, ...], str]:
    """Segments, variables and custom verb of a template such as ``/v1/{name=projects/*/policy}:getIamPolicy``."""
    body, custom = template, ""
    colon = template.rfind(":")
    if colon > max(template.rfind("/"), template.rfind("}")):
        body, custom = template[:colon], template[colon + 1 :]
    segments: list[str] = []
    variables: list[Variable] = []
    for part in re.findall(r"\{[^}]*\}|[^/{}]+", body):
        if not part.startswith("{"):
            segments.append(part)
            continue
        path, _, pattern = part[1:-1].partition("=")
        start = len(segments)
        segments.extend((pattern or "*").split("/"))
        stop = None if segments[-1] == "**" else len(segments)
        variables.append(Variable(path=path, start=start, stop=stop))
    return segments, tuple(variables), custom


def _segments(raw_path: bytes) -> list[str]:
    if len(raw_path) > _MAX_PATH:
        raise invalid(f"The path has {len(raw_path)} bytes: at most {_MAX_PATH} are accepted.")
    if not raw_path.isascii():
        raise invalid("The path holds bytes outside ASCII: expected percent-encoding.")
    # Published examples end collections with a slash (SPEC 0.1).
    segments = raw_path.decode().removeprefix("/").removesuffix("/").split("/")
    if "" in segments and segments != [""]:
        raise invalid("The path has an empty segment (`//`).")
    return segments


def _decoded(segment: str, collection: str) -> str:
    """A segment without percent-encoding; an encoded slash stays encoded where ids may hold one."""
    if "%" not in segment:
        value = segment
    else:
        if _PERCENT.search(segment):
            raise invalid("The path has a `%` without two hexadecimal digits after it.")
        slashed = re.sub("%2[fF]", "%252F", segment)
        if slashed != segment and collection not in _ENCODED_SLASH_COLLECTIONS:
            raise invalid("The path has an encoded slash (`%2F`) inside a segment.")
        try:
            value = unquote_to_bytes(slashed).decode()
        except UnicodeDecodeError:
            raise invalid("The path is not UTF-8 once decoded.") from None
    if value in {".", ".."}:
        raise invalid(f"The path has a segment `{value}`.")
    if any(ord(character) < 0x20 or ord(character) == 0x7F for character in value):
        raise invalid("The path has a control character.")
    return value


def _values(route: Route, segments: list[str]) -> dict[str, str]:
    return {variable.path: "/".join(segments[variable.start : variable.stop]) for variable in route.variables}
