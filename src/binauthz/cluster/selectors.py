"""Label and field selectors: their two grammars, and whether an object matches.

Hand-written scanners, linear in the length of the selector.
"""

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from binauthz.cluster import limits
from binauthz.cluster.client import Object
from binauthz.cluster.status import bad_request


class Operator(enum.Enum):
    """How a requirement compares."""

    IN = "in"
    NOT_IN = "notin"
    EXISTS = "exists"
    ABSENT = "!"
    GREATER = "gt"
    LESS = "lt"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on one label."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether labels satisfy it."""
        present = self.key in labels
        match self.operator:
            case Operator.IN:
                return present and labels[self.key] in self.values
            case Operator.NOT_IN:
                return not present or labels[self.key] not in self.values
            case Operator.EXISTS:
                return present
            case Operator.ABSENT:
                return not present
            case Operator.GREATER | Operator.LESS:
                return present and self._ordered(labels[self.key])

    def _ordered(self, value: str) -> bool:
        try:
            left, right = int(value), int(self.values[0])
        except ValueError:
            return False
        return left > right if self.operator is Operator.GREATER else left < right


Selector = tuple[Requirement, ...]


def matches_labels(selector: Selector, obj: Object) -> bool:
    """Whether an object's labels satisfy every requirement; an empty selector selects everything."""
    if not selector:
        return True
    labels = (obj.get("metadata") or {}).get("labels") or {}
    return all(requirement.matches(labels) for requirement in selector)


def parse_labels(text: str) -> Selector:
    """``a=b,c!=d,e in (f,g),!h`` as requirements.

    Raises:
        StatusError: 400, when it is not a selector.
    """
    if len(text) > limits.SELECTOR_CHARACTERS:
        raise bad_request(
            f"unable to parse requirement: selector is longer than {limits.SELECTOR_CHARACTERS} characters"
        )
    tokens = list(_tokens(text))
    found: list[Requirement] = []
    at = 0
    while at < len(tokens):
        requirement, at = _requirement(tokens, at)
        found.append(requirement)
        if at < len(tokens):
            if tokens[at] != "," or at + 1 == len(tokens):
                raise bad_request(
                    f"unable to parse requirement: found '{tokens[at]}', expected: ',' or 'end of string'"
                )
            at += 1
    return tuple(found)


_MARKS = "(),=!<>"
_OPERATORS = {"=": Operator.IN, "==": Operator.IN, "!=": Operator.NOT_IN, ">": Operator.GREATER, "<": Operator.LESS}


def _tokens(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
        elif text[at : at + 2] in ("==", "!="):
            yield text[at : at + 2]
            at += 2
        elif text[at] in _MARKS:
            yield text[at]
            at += 1
        else:
            start = at
            while at < len(text) and text[at] not in _MARKS and not text[at].isspace():
                at += 1
            yield text[start:at]


def _requirement(tokens: list[str], at: int) -> tuple[Requirement, int]:
    if tokens[at] == "!":
        return Requirement(_word(tokens, at + 1, "identifier"), Operator.ABSENT), at + 2
    key = _word(tokens, at, "'!', identifier, or 'end of string'")
    at += 1
    if at == len(tokens) or tokens[at] == ",":
        return Requirement(key, Operator.EXISTS), at
    mark = tokens[at]
    if mark in ("in", "notin"):
        values, at = _values(tokens, at + 1)
        return Requirement(key, Operator(mark), values), at
    operator = _OPERATORS.get(mark)
    if operator is None:
        raise bad_request(f"unable to parse requirement: found '{mark}', expected: in, notin, =, ==, !=, gt, lt")
    at += 1
    if at == len(tokens) or tokens[at] == ",":
        return Requirement(key, operator, ("",)), at
    return Requirement(key, operator, (_word(tokens, at, "identifier"),)), at + 1


def _values(tokens: list[str], at: int) -> tuple[tuple[str, ...], int]:
    if at >= len(tokens) or tokens[at] != "(":
        raise bad_request("unable to parse requirement: expected: '('")
    values: list[str] = []
    at += 1
    expect_word = True
    while at < len(tokens) and tokens[at] != ")":
        if tokens[at] == ",":
            if expect_word:
                values.append("")
            expect_word = True
        else:
            values.append(_word(tokens, at, "identifier"))
            expect_word = False
        at += 1
    if at == len(tokens):
        raise bad_request("unable to parse requirement: expected: ',' or ')'")
    return tuple(values), at + 1


def _word(tokens: list[str], at: int, expected: str) -> str:
    found = tokens[at] if at < len(tokens) else ""
    if not found or found[0] in _MARKS:
        raise bad_request(f"unable to parse requirement: found '{found}', expected: {expected}")
    return found


_EXPRESSIONS = {
    "In": Operator.IN,
    "NotIn": Operator.NOT_IN,
    "Exists": Operator.EXISTS,
    "DoesNotExist": Operator.ABSENT,
}


def from_object(selector: Mapping[str, Any] | None) -> Selector:
    """A metav1.LabelSelector as requirements; absent and empty select everything, as webhook selectors do.

    Raises:
        StatusError: 400, for an operator that does not exist.
    """
    selector = selector or {}
    found = [Requirement(key, Operator.IN, (value,)) for key, value in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or []:
        operator = _EXPRESSIONS.get(expression.get("operator"))
        if operator is None:
            raise bad_request(f'"{expression.get("operator")}" is not a valid label selector operator')
        found.append(Requirement(expression.get("key", ""), operator, tuple(expression.get("values") or ())))
    return tuple(found)


def render(selector: Selector) -> str:
    """The selector in its query form, as ``status.selector`` of a Scale shows it."""
    return ",".join(_render(requirement) for requirement in sorted(selector, key=lambda one: one.key))


def _render(requirement: Requirement) -> str:
    key, values = requirement.key, ",".join(requirement.values)
    match requirement.operator:
        case Operator.IN:
            return f"{key}={values}" if len(requirement.values) == 1 else f"{key} in ({values})"
        case Operator.NOT_IN:
            return f"{key}!={values}" if len(requirement.values) == 1 else f"{key} notin ({values})"
        case Operator.EXISTS:
            return key
        case Operator.ABSENT:
            return f"!{key}"
        case Operator.GREATER:
            return f"{key}>{values}"
        case Operator.LESS:
            return f"{key}<{values}"


_FIELDS: Mapping[str, tuple[str, ...]] = {
    "pods": (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.podIPs",
        "status.nominatedNodeName",
    ),
    "events": (
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
    "namespaces": ("status.phase",),
    "nodes": ("spec.unschedulable",),
    "secrets": ("type",),
    "replicationcontrollers": ("status.replicas",),
    "apps/replicasets": ("status.replicas",),
    "batch/jobs": ("status.successful",),
}
_COMMON = ("metadata.name", "metadata.namespace")


@dataclass(frozen=True, slots=True)
class FieldRequirement:
    """One equality, or inequality, on one field."""

    path: str
    value: str
    equal: bool

    def matches(self, obj: Object) -> bool:
        """Whether an object's field compares so; an absent field is the empty string."""
        return (_field(obj, self.path) == self.value) is self.equal


FieldSelector = tuple[FieldRequirement, ...]


def matches_fields(selector: FieldSelector, obj: Object) -> bool:
    """Whether an object satisfies every requirement."""
    return all(requirement.matches(obj) for requirement in selector)


def parse_fields(text: str, resource: str) -> FieldSelector:
    """``metadata.name=x,status.phase!=Running`` for one resource.

    Raises:
        StatusError: 400, for a field that this resource cannot be selected by.
    """
    if len(text) > limits.SELECTOR_CHARACTERS:
        raise bad_request(f"invalid selector: longer than {limits.SELECTOR_CHARACTERS} characters")
    found = []
    for term in _terms(text):
        path, mark, value = _split(term)
        if path not in _COMMON and path not in _FIELDS.get(resource, ()):
            raise bad_request(f"field label not supported: {path}")
        found.append(FieldRequirement(path, value, mark != "!="))
    return tuple(found)


def _terms(text: str) -> Iterator[str]:
    term, escaped = "", False
    for character in text:
        if character == "," and not escaped:
            if term:
                yield term
            term = ""
            continue
        term += character
        escaped = character == "\\" and not escaped
    if term:
        yield term


def _split(term: str) -> tuple[str, str, str]:
    for at, character in enumerate(term):
        for mark in ("!=", "==", "="):
            if character in "!=" and term.startswith(mark, at):
                return term[:at], mark, _unescape(term[at + len(mark) :])
    raise bad_request(f"invalid selector: '{term}'; can't understand '{term}'")


def _unescape(value: str) -> str:
    out, escaped = "", False
    for character in value:
        if escaped or character != "\\":
            out += character
            escaped = False
        else:
            escaped = True
    return out


def _field(obj: Object, path: str) -> str:
    if path == "source":
        path = "source.component"
    if path == "status.podIPs":
        return ",".join(str(entry.get("ip", "")) for entry in (obj.get("status") or {}).get("podIPs") or [])
    value: Any = obj
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    if value is None:
        return {"spec.hostNetwork": "false", "spec.unschedulable": "false", "status.replicas": "0"}.get(path, "")
    return str(value).lower() if isinstance(value, bool) else str(value)
