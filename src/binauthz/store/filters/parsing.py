"""What both filter languages share: how much they read, how text is quoted, how a parser's complaint becomes ours.

A filter is hostile input. Its length, nesting and number of terms are bounded before anything is built from it, and
parsing is LALR: linear in its length and without recursion.
"""

import datetime as dt
import operator
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedEOF, UnexpectedInput, UnexpectedToken
from lark.exceptions import LarkError, VisitError

from binauthz.store.interface import FilterError
from binauthz.store.names import storable

LONGEST = 20_000
DEEPEST = 50
MOST_TERMS = 200

ORDERINGS: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_TIMESTAMP = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2}))?", re.ASCII
)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def grammar(name: str, transformer: "Transformer[Token, Any]") -> Lark:
    """The parser of a grammar beside this module; ``transformer`` builds its result as the parser reduces."""
    text = (Path(__file__).parent / name).read_text(encoding="utf-8")
    return Lark(text, parser="lalr", lexer="contextual", transformer=transformer)


def parse(parser: Lark, filter: str) -> Any:
    """Parse within the limits; every complaint is a FilterError that says what was got, and where."""
    if len(filter) > LONGEST:
        raise FilterError(f"the filter has {len(filter)} characters, expected at most {LONGEST}")
    if not storable(filter):
        raise FilterError("the filter holds a NUL or a lone surrogate, expected text")
    try:
        return parser.parse(filter)
    except VisitError as error:
        if isinstance(error.orig_exc, FilterError):
            raise error.orig_exc from None
        raise
    except UnexpectedInput as error:
        raise FilterError(_complaint(filter, error)) from None
    except LarkError as error:
        raise FilterError(f"the filter cannot be read: {error}") from None


def _complaint(filter: str, error: UnexpectedInput) -> str:
    place: int | None = error.pos_in_stream
    if isinstance(error, UnexpectedEOF) or (isinstance(error, UnexpectedToken) and error.token.type == "$END"):
        return "the filter ends too soon, expected a value, an operator or a closing parenthesis"
    if place is None:
        return "the filter cannot be read"
    rest = filter[place : place + 40].split("\n", 1)[0]
    return f"unexpected `{rest}` at character {place} of the filter"


def refuse_terms(count: int) -> None:
    """FilterError for a filter with more comparisons than a database would take."""
    if count > MOST_TERMS:
        raise FilterError(f"the filter has {count} terms, expected at most {MOST_TERMS}")


def refuse_depth(depth: int) -> None:
    """FilterError for a filter nested deeper than anyone writes."""
    if depth > DEEPEST:
        raise FilterError(f"the filter nests more than {DEEPEST} levels")


def unquoted(token: str) -> str:
    """The text between quotes, with JSON's escapes undone; any other escaped character stands for itself."""
    text = _ESCAPE.sub(
        lambda found: chr(int(found[1], 16)) if found[1] else _ESCAPED.get(found[2], found[2]), token[1:-1]
    )
    if not storable(text):
        raise FilterError("the filter holds a NUL or a lone surrogate, expected text")
    return text


def nanoseconds(text: str) -> int | None:
    """A timestamp (RFC 3339 with a zone, or a bare date in UTC) in nanoseconds since 1970; None if it is not one."""
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        return None
    day, clock, fraction, zone = found.groups()
    try:
        moment = dt.datetime.fromisoformat(f"{day}T{clock or '00:00:00'}{(zone or 'Z').upper()}")
        whole = (moment - _EPOCH) // dt.timedelta(seconds=1)
    except (ValueError, OverflowError):
        return None
    return whole * 1_000_000_000 + int((fraction or "").ljust(9, "0"))
