"""The sentences in which Kubernetes says what is wrong with a field (apimachinery ``field.Error``)."""

import json
from collections.abc import Iterable
from typing import Any

Violation = tuple[str, str]
Violations = list[Violation]


def _shown(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str)[:1024]


def required(path: str, detail: str = "") -> Violation:
    """A field that must be present is not."""
    return path, f"Required value: {detail}" if detail else "Required value"


def invalid(path: str, value: Any, detail: str) -> Violation:
    """A value that breaks a rule."""
    return path, f"Invalid value: {_shown(value)}: {detail}"


def duplicate(path: str, value: Any) -> Violation:
    """A value that must be unique is not."""
    return path, f"Duplicate value: {_shown(value)}"


def forbidden(path: str, detail: str) -> Violation:
    """A field that may not be set or changed here."""
    return path, f"Forbidden: {detail}"


def unsupported(path: str, value: Any, supported: Iterable[str]) -> Violation:
    """A value outside a closed set."""
    return path, f"Unsupported value: {_shown(value)}: supported values: {', '.join(_shown(s) for s in supported)}"


def not_found(path: str, value: Any) -> Violation:
    """A reference to something that is not there."""
    return path, f"Not found: {_shown(value)}"


def too_long(path: str, limit: int) -> Violation:
    """More bytes than a field may hold."""
    return path, f"Too long: may not be more than {limit} bytes"


def at_least_zero(path: str, value: Any) -> Violations:
    """A count that may not be negative."""
    if isinstance(value, int) and value < 0:
        return [invalid(path, value, "must be greater than or equal to 0")]
    return []
