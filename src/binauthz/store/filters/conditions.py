"""Filters of notes and occurrences as SQL expressions (SPEC 3.4; the grammar is ``occurrences.lark``).

Text compares by code point, with case. ``=`` is equality, ``:`` is substring. A field may be spelled as in JSON or as
in protobuf, because gcloud spells it both ways. Beside the expression, a condition says which values some columns of
every match have, so that a search can start from an index.
"""

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa
from lark import Lark, Token, Transformer, v_args

from binauthz.store.filters.parsing import ORDERINGS, grammar, nanoseconds, parse, refuse_depth, refuse_terms, unquoted
from binauthz.store.interface import FilterError

Expression = sa.ColumnElement[bool]
Values = Mapping[str, frozenset[str]]

_FULL_DIGEST = re.compile(r".*sha256:([0-9a-f]{64})", re.DOTALL)
_UNFINISHED_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})T", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextField:
    """A field that compares as text. ``known_as`` names the column whose values a condition reports; of a resource it
    reports the digest too, and the prefix."""

    column: sa.ColumnElement[str]
    known_as: str = ""
    normal: Callable[[str], str] = str
    is_resource: bool = False

    def ending(self, wanted: str) -> Values:
        """What is known of the columns of a row whose field ends in a text."""
        digest = _FULL_DIGEST.fullmatch(wanted) if self.is_resource else None
        return {} if digest is None else {"digest": frozenset({digest[1]})}

    def being(self, wanted: str) -> Values:
        """What is known of the columns of a row whose field is a text."""
        known = {self.known_as: frozenset({wanted})} if self.known_as else {}
        return {**known, **self.ending(wanted)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """The fields that a filter may name."""

    text: Mapping[str, TextField]
    times: Mapping[str, sa.Column[int]]

    def named(self, token: str) -> str:
        """The field's name as in JSON."""
        for name in (*self.text, *self.times):
            if token in (name, _snake(name)):
                return name
        known = ", ".join(f"`{name}`" for name in (*self.text, *self.times))
        raise FilterError(f"got field `{token[:100]}`, expected one of {known}")


@dataclass(frozen=True, slots=True)
class Condition:
    """An expression, the values that columns of every match are among, texts with one of which the resource of every
    match starts (none when nothing is known), how many terms it has and how deep they nest."""

    expression: Expression
    values: Values = field(default_factory=dict)
    prefixes: frozenset[str] = frozenset()
    terms: int = 1
    depth: int = 0

    def only(self, column: str) -> str | None:
        """The one value that a column of every match has, if there is just one."""
        values = self.values.get(column, frozenset())
        return next(iter(values)) if len(values) == 1 else None


class FilterLanguage:
    """The grammar, with the fields of one kind of record."""

    def __init__(self, fields: Fields) -> None:
        self._parser: Lark = grammar("occurrences.lark", _Compiler(fields))

    def compile(self, filter: str) -> Condition:
        """The condition that a filter states; FilterError for what the language does not know."""
        condition: Condition = parse(self._parser, filter)
        return condition


@v_args(inline=True)
class _Compiler(Transformer[Token, Condition]):
    """Builds the condition bottom-up while the parser reduces; Lark calls the methods by the grammar's names."""

    def __init__(self, fields: Fields) -> None:
        super().__init__()
        self._fields = fields

    def everything(self) -> Condition:
        return Condition(sa.true(), terms=0)

    def all_of(self, *parts: Condition) -> Condition:
        values: dict[str, frozenset[str]] = {}
        for part in parts:
            for column, among in part.values.items():
                values[column] = values[column] & among if column in values else among
        prefixes = next((part.prefixes for part in parts if part.prefixes), frozenset[str]())
        return _joined(sa.and_, parts, values, prefixes)

    def any_of(self, *parts: Condition) -> Condition:
        shared = set.intersection(*(set(part.values) for part in parts))
        values = {column: frozenset[str]().union(*(part.values[column] for part in parts)) for column in shared}
        prefixes = frozenset[str]().union(*(part.prefixes for part in parts))
        return _joined(sa.or_, parts, values, prefixes if all(part.prefixes for part in parts) else frozenset())

    def negation(self, part: Condition) -> Condition:
        return Condition(sa.not_(part.expression), terms=part.terms, depth=part.depth)

    def group(self, part: Condition) -> Condition:
        refuse_depth(part.depth + 1)
        return dataclasses.replace(part, depth=part.depth + 1)

    def quoted(self, token: Token) -> str:
        return unquoted(token)

    def bare(self, token: Token) -> str:
        return str(token)

    def comparison(self, token: Token, relation: Token, value: str) -> Condition:
        name = self._fields.named(token)
        if name in self._fields.times:
            return Condition(_compare_time(name, self._fields.times[name], relation, value))
        return _compare_text(self._fields.text[name], relation, value)

    def call(self, function: Token, token: Token, value: str) -> Condition:
        name = self._fields.named(token)
        text = self._fields.text.get(name)
        if text is None:
            raise FilterError(f"got field `{name}` in `{function[:100]}`, expected a field that holds text")
        wanted = text.normal(value)
        match str(function):
            case "has_prefix":
                starts = sa.func.substr(text.column, 1, len(wanted)) == wanted
                return Condition(starts, prefixes=frozenset({wanted} if text.is_resource and wanted else ()))
            case "has_suffix":
                start = sa.func.length(text.column) - len(wanted) + 1
                ends = sa.and_(start >= 1, sa.func.substr(text.column, start) == wanted)
                return Condition(ends, text.ending(wanted))
            case other:
                raise FilterError(f"got function `{other[:100]}`, expected `has_prefix` or `has_suffix`")


def _snake(name: str) -> str:
    return re.sub("[A-Z]", lambda capital: "_" + capital[0].lower(), name)


def _joined(
    join: Callable[..., Expression], parts: tuple[Condition, ...], values: Values, prefixes: frozenset[str]
) -> Condition:
    terms = sum(part.terms for part in parts)
    refuse_terms(terms)
    depth = max(part.depth for part in parts)
    return Condition(join(*(part.expression for part in parts)), values, prefixes, terms, depth)


def _compare_text(text: TextField, relation: str, value: str) -> Condition:
    wanted = text.normal(value)
    if relation != ":":
        return Condition(ORDERINGS[relation](text.column, wanted), text.being(wanted) if relation == "=" else {})
    if not wanted:
        return Condition(sa.true())
    return Condition(sa.func.length(sa.func.replace(text.column, wanted, "")) < sa.func.length(text.column))


def _compare_time(name: str, column: sa.Column[int], relation: str, value: str) -> Expression:
    compare = ORDERINGS.get(relation)
    if compare is None:
        raise FilterError(f"got `{relation}` on `{name}`, expected one of = != < <= > >=")
    # gcloud's help spells a date with the letter that a time of day would follow.
    unfinished = _UNFINISHED_DATE.fullmatch(value)
    wanted = nanoseconds(unfinished[1] if unfinished else value)
    if wanted is None:
        raise FilterError(f"got `{name}` `{value[:100]}`, expected a timestamp such as `2026-11-16T00:40:25Z`")
    # The column holds whole microseconds: a finer moment lies between two of them.
    micros, finer = divmod(wanted, 1000)
    if not finer:
        exact: Expression = compare(column, micros)
        return exact
    match relation:
        case "=":
            return sa.false()
        case "!=":
            return sa.true()
        case "<" | "<=":
            return column <= micros
        case _:
            return column > micros
