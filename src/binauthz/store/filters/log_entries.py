"""Log queries as a test of entries, and as bounds on the table's columns (the grammar is ``logging.lark``).

A comparison with a missing field is false, ``!=`` too; NOT of it is true. What a query says of the timestamp, the log's
name and the severity also bounds the rows that are read at all: a bound never excludes a row that the test would pass.
Regular expressions are refused, since Python's may backtrack without end.
"""

import functools
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from lark import Token, Transformer, v_args

from binauthz.store.codec import SEVERITY_RANKS
from binauthz.store.filters.log_values import Literal, comparison, mentions, number, values_at
from binauthz.store.filters.parsing import ORDERINGS, grammar, nanoseconds, parse, refuse_depth, refuse_terms, unquoted
from binauthz.store.instants import to_micros
from binauthz.store.interface import FilterError
from binauthz.store.records import LogEntry
from binauthz.store.schema import LOG_ENTRIES

Bound = sa.ColumnElement[bool]
Test = Callable[[LogEntry], bool]

_C = LOG_ENTRIES.c
_SEGMENT = re.compile(r'"(?:[^"\\]|\\.)*"|[^".]+', re.DOTALL)
_ORDERINGS = {":": operator.eq, **ORDERINGS}


@dataclass(frozen=True, slots=True)
class Query:
    """A query, whole or in part. ``bound`` is None where it says nothing of an indexed column; ``needles`` stand
    somewhere in the lower-case JSON of every entry that matches, as long as that JSON is ASCII."""

    test: Test
    bound: Bound | None = None
    needles: tuple[bytes, ...] = ()
    terms: int = 1
    depth: int = 0

    @property
    def bounds(self) -> Bound:
        """What the columns of every entry that matches fulfil."""
        return sa.true() if self.bound is None else self.bound

    def may_match(self, document: bytes) -> bool:
        """Whether a stored document is worth decoding: false only for one that cannot match."""
        if not self.needles or not document.isascii():
            return True
        folded = document.lower()
        return all(needle in folded for needle in self.needles)

    def matches(self, entry: LogEntry) -> bool:
        """Whether an entry matches."""
        return self.test(entry)


@dataclass(frozen=True, slots=True)
class _Values:
    """A list of values to the right of an operator, and how they combine."""

    combine: Callable[..., Query]
    members: "tuple[_Values | Literal, ...]"
    depth: int


def _everything() -> Query:
    return Query(lambda _: True, terms=0)


def _all_of(*parts: Query) -> Query:
    tests = [part.test for part in parts]
    bounds = [part.bound for part in parts if part.bound is not None]
    return _combined(
        parts,
        lambda entry: all(test(entry) for test in tests),
        sa.and_(*bounds) if bounds else None,
        tuple(dict.fromkeys(needle for part in parts for needle in part.needles)),
    )


def _any_of(*parts: Query) -> Query:
    tests = [part.test for part in parts]
    bounds = [part.bound for part in parts if part.bound is not None]
    bounded = len(bounds) == len(parts)
    return _combined(parts, lambda entry: any(test(entry) for test in tests), sa.or_(*bounds) if bounded else None)


def _negation(part: Query) -> Query:
    return _combined((part,), lambda entry: not part.test(entry), None)


def _group(part: Query) -> Query:
    return _combined((part,), part.test, part.bound, part.needles)


def _combined(parts: tuple[Query, ...], test: Test, bound: Bound | None, needles: tuple[bytes, ...] = ()) -> Query:
    terms = sum(part.terms for part in parts)
    depth = 1 + max(part.depth for part in parts)
    refuse_terms(terms)
    refuse_depth(depth)
    return Query(test, bound, needles, terms, depth)


@v_args(inline=True)
class _Builder(Transformer[Token, Any]):
    """Builds the query bottom-up while the parser reduces; Lark calls the methods by the grammar's names."""

    everything = staticmethod(_everything)
    all_of = staticmethod(_all_of)
    any_of = staticmethod(_any_of)
    negation = staticmethod(_negation)
    group = staticmethod(_group)

    def term(self, token: Token) -> Query:
        _refuse_operator(token)
        folded = ".".join(_path(token)).casefold()
        return Query(lambda entry: mentions(entry.document, folded), needles=_needles(folded))

    def comparison(self, field: Token, relation: Token, value: _Values | Literal) -> Query:
        _refuse_operator(field)
        if relation in ("=~", "!~"):
            raise FilterError(f"got `{relation}`: regular expressions are not supported, expected `:` or `=`")
        return _compare(_path(field), str(relation), value)

    def log_id(self, _: Token, value: Token) -> Query:
        return _log_id(unquoted(value))

    def unknown_function(self, function: Token) -> Query:
        raise FilterError(f"got function `{function[:100]}...)`, expected `log_id`, the only one supported")

    def literal(self, token: Token) -> Literal:
        if token.type == "QUOTED":
            return Literal(unquoted(token), quoted=True)
        _refuse_operator(token)
        return Literal(str(token), quoted=False)

    def all_values(self, *members: _Values | Literal) -> _Values:
        return _values(_all_of, members)

    def any_value(self, *members: _Values | Literal) -> _Values:
        return _values(_any_of, members)

    def no_value(self, member: _Values | Literal) -> _Values:
        return _values(_negation, (member,))


def _values(combine: Callable[..., Query], members: tuple[_Values | Literal, ...]) -> _Values:
    depth = 1 + max(member.depth if isinstance(member, _Values) else 0 for member in members)
    refuse_depth(depth)
    return _Values(combine, members, depth)


def _refuse_operator(token: str) -> None:
    if token in ("AND", "OR", "NOT"):
        raise FilterError(f"got `{token}` where a term or a value was expected")


def _path(token: str) -> tuple[str, ...]:
    return tuple(unquoted(segment) if segment.startswith('"') else segment for segment in _SEGMENT.findall(token))


def _compare(path: tuple[str, ...], relation: str, value: _Values | Literal) -> Query:
    if isinstance(value, _Values):
        return value.combine(*(_compare(path, relation, member) for member in value.members))
    match path:
        case ("timestamp",):
            return _compare_timestamp(relation, value)
        case ("receiveTimestamp",):
            return _compare_receive_timestamp(relation, value)
        case ("severity",):
            return _compare_severity(relation, value)
        case ("logName",):
            return _compare_log_name(relation, value)
        case _:
            return _compare_field(path, relation, value)


def _compare_field(path: tuple[str, ...], relation: str, literal: Literal) -> Query:
    if relation == ":" and literal.is_presence:
        return Query(lambda entry: bool(values_at(entry.document, path)), needles=_needles(path[-1].casefold()))
    if relation == "!=":
        equal = comparison("=", literal)

        def differs(entry: LogEntry) -> bool:
            values = values_at(entry.document, path)
            return bool(values) and not any(map(equal, values))

        return Query(differs)
    test = comparison(relation, literal)
    needles = _needles(literal.text.casefold()) if relation in ("=", ":") else ()
    return Query(lambda entry: any(map(test, values_at(entry.document, path))), needles=needles)


def _needles(folded: str) -> tuple[bytes, ...]:
    """The text as it stands in JSON, if it stands there as it is: JSON escapes some characters, and spells numbers in
    ways of its own."""
    plain = folded.isascii() and folded.isprintable() and '"' not in folded and "\\" not in folded
    return (folded.encode(),) if plain and folded.strip("0123456789.e+-") else ()


def _moment(field: str, relation: str, literal: Literal) -> int:
    wanted = nanoseconds(literal.text)
    if wanted is None or relation == ":":
        raise FilterError(
            f"got `{field}{relation}{literal.text[:100]}`, expected = != < <= > or >= and a timestamp such as "
            f"`2026-11-16T00:40:25Z`"
        )
    return wanted


def _compare_timestamp(relation: str, literal: Literal) -> Query:
    if relation == ":" and literal.is_presence:
        return _everything()
    wanted = _moment("timestamp", relation, literal)
    compare = _ORDERINGS[relation]
    # The column holds whole microseconds; a finer moment lies between two of them.
    micros, finer = divmod(wanted, 1000)
    if relation in ("=", "!=") and finer:
        bound: Bound | None = sa.false() if relation == "=" else None
    else:
        bound = compare(_C.timestamp, micros + (1 if finer and relation in ("<", ">=") else 0))
    return Query(lambda entry: bool(compare(to_micros(entry.timestamp) * 1000, wanted)), bound)


def _compare_receive_timestamp(relation: str, literal: Literal) -> Query:
    if relation == ":" and literal.is_presence:
        return _compare_field(("receiveTimestamp",), relation, literal)
    wanted = _moment("receiveTimestamp", relation, literal)
    compare = _ORDERINGS[relation]

    def test(entry: LogEntry) -> bool:
        got = nanoseconds(str(entry.document.get("receiveTimestamp", "")))
        return got is not None and bool(compare(got, wanted))

    return Query(test)


def _compare_severity(relation: str, literal: Literal) -> Query:
    if relation == ":" and literal.is_presence:
        return _everything()
    wanted = SEVERITY_RANKS.get(literal.text.upper(), number(literal.text))
    if wanted is None:
        raise FilterError(f"got severity `{literal.text[:100]}`, expected one of {', '.join(SEVERITY_RANKS)}")
    compare = _ORDERINGS[relation]
    return Query(
        lambda entry: bool(compare(SEVERITY_RANKS.get(entry.severity, 0), wanted)),
        compare(_C.severity_rank, wanted) if isinstance(wanted, int) and wanted < 2**31 > -wanted else None,
    )


def _compare_log_name(relation: str, literal: Literal) -> Query:
    if relation == ":" and literal.is_presence:
        return _everything()
    folded = literal.text.casefold()
    if relation == ":":
        rest = sa.func.replace(_C.log_name_folded, folded, "")
        bound = sa.func.length(rest) < sa.func.length(_C.log_name_folded) if folded else None
        return Query(lambda entry: folded in entry.log_name.casefold(), bound)
    compare = _ORDERINGS[relation]
    return Query(lambda entry: bool(compare(entry.log_name.casefold(), folded)), compare(_C.log_name_folded, folded))


def _log_id(log_id: str) -> Query:
    wanted = quote(log_id, safe="").casefold()
    return Query(lambda entry: entry.log_name.casefold().partition("/logs/")[2] == wanted)


@functools.cache
def _parser() -> Any:
    return grammar("logging.lark", _Builder())


def parse_query(filter: str) -> Query:
    """The query that a filter states; FilterError for what the grammar does not know."""
    query: Query = parse(_parser(), filter)
    return query
