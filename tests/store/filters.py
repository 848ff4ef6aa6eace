"""How the oracles of the filter languages compare, and how they quote a text."""

import operator
from collections.abc import Callable
from typing import Any

ORDERINGS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def quoted(value: str) -> str:
    """The text as both languages quote it."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
