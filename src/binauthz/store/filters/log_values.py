"""How a value in a log entry compares with a value in a query (SPEC 5.2).

Text compares without case. ``:`` asks whether the value has the text in it, and on an object whether any key or value
below it has. A list compares as any of its elements. Types do not mix: a number equals only what reads as a number.
"""

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from binauthz.store.filters.parsing import ORDERINGS

_NUMBER = re.compile(r"-?\d{1,30}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as the query spells it."""

    text: str
    quoted: bool

    @property
    def is_presence(self) -> bool:
        """Whether it is the unquoted star of ``field:*``."""
        return self.text == "*" and not self.quoted


def number(text: str) -> int | float | None:
    """The number that a text spells, if it does."""
    if _NUMBER.fullmatch(text) is None:
        return None
    return float(text) if "." in text or "e" in text.lower() else int(text)


def values_at(document: Mapping[str, Any], path: tuple[str, ...]) -> list[Any]:
    """The values that a path leads to: none where a field is missing or null, several where it leads through lists."""
    found: list[Any] = [document]
    for segment in path:
        found = [
            value[segment] for value in _elements(found) if isinstance(value, dict) and value.get(segment) is not None
        ]
    return [value for value in _elements(found) if value is not None]


def _elements(values: list[Any]) -> Iterator[Any]:
    waiting = values[::-1]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(reversed(value))
        else:
            yield value


def mentions(value: object, folded: str) -> bool:
    """Whether any key or value in or below ``value`` has the text in it."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        match value:
            case str():
                if folded in value.casefold():
                    return True
            case dict():
                if any(folded in key.casefold() for key in value):
                    return True
                waiting.extend(value.values())
            case list():
                waiting.extend(value)
            case None:
                pass
            case _:
                if folded in str(value).lower():
                    return True
    return False


def comparison(relation: str, literal: Literal) -> Callable[[Any], bool]:
    """The test of one value; ``relation`` is one of = : < <= > >=."""
    folded = literal.text.casefold()
    numeric = number(literal.text)
    compare: Callable[[Any, Any], bool] = ORDERINGS.get(relation, operator.eq)
    ordered = relation not in "=:"

    def compare_text(value: str) -> bool:
        if relation == ":":
            return folded in value.casefold()
        if ordered and numeric is not None and not literal.quoted:
            # JSON spells 64-bit integers as text.
            spelled = number(value)
            if spelled is not None:
                return compare(spelled, numeric)
        return compare(value.casefold(), folded)

    def test(value: object) -> bool:
        match value:
            case str():
                return compare_text(value)
            case bool():
                return not ordered and folded == str(value).lower()
            case int() | float():
                return numeric is not None and compare(value, numeric)
            case dict():
                return relation == ":" and mentions(value, folded)
            case _:
                return False

    return test
