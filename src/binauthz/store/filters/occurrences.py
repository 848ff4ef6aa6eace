"""Occurrence filters as SQL expressions (SPEC 3.4; the grammar is ``occurrences.lark``).

Text compares by code point, with case. ``=`` is equality, ``:`` is substring. The resource compares without its
scheme, on both sides, because gcloud stores images without one and the documentation asks for them with one (SPEC
13.33).
"""

import functools
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from lark import Token, Transformer, v_args

from binauthz.store.filters.parsing import grammar, nanoseconds, parse, refuse_depth, refuse_terms, unquoted
from binauthz.store.interface import FilterError
from binauthz.store.names import without_scheme
from binauthz.store.schema import OCCURRENCES

Expression = sa.ColumnElement[bool]

_C = OCCURRENCES.c
_FULL_DIGEST = re.compile(r".*sha256:([0-9a-f]{64})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _TextField:
    column: sa.Column[str]
    normal: Callable[[str], str] = str
    ends_in_digest: bool = False


_TEXT_FIELDS: Mapping[str, _TextField] = {
    "name": _TextField(_C.name),
    "kind": _TextField(_C.kind),
    "noteName": _TextField(_C.note),
    "noteProjectId": _TextField(_C.note_project),
    "noteId": _TextField(_C.note_id),
    "resourceUrl": _TextField(_C.resource, without_scheme, ends_in_digest=True),
    "resourceUri": _TextField(_C.resource, without_scheme, ends_in_digest=True),
}
_TIME_FIELDS: Mapping[str, sa.Column[int]] = {"createTime": _C.create_time, "updateTime": _C.update_time}
_FIELDS = ", ".join(f"`{name}`" for name in (*_TEXT_FIELDS, *_TIME_FIELDS))
_ORDERINGS: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class _Part:
    """An expression, how many terms it has and how deep they nest."""

    expression: Expression
    terms: int = 1
    depth: int = 0


@v_args(inline=True)
class _Compiler(Transformer[Token, _Part]):
    """Builds the expression bottom-up while the parser reduces; Lark calls the methods by the grammar's names."""

    def everything(self) -> _Part:
        return _Part(sa.true(), 0)

    def all_of(self, *parts: _Part) -> _Part:
        return _joined(sa.and_, parts)

    def any_of(self, *parts: _Part) -> _Part:
        return _joined(sa.or_, parts)

    def negation(self, part: _Part) -> _Part:
        return _Part(sa.not_(part.expression), part.terms, part.depth)

    def group(self, part: _Part) -> _Part:
        refuse_depth(part.depth + 1)
        return _Part(part.expression, part.terms, part.depth + 1)

    def quoted(self, token: Token) -> str:
        return unquoted(token)

    def bare(self, token: Token) -> str:
        return str(token)

    def comparison(self, name: Token, relation: Token, value: str) -> _Part:
        if name in _TIME_FIELDS:
            return _Part(_compare_time(name, relation, value))
        return _Part(_compare_text(_text_field(name), relation, value))

    def call(self, function: Token, name: Token, value: str) -> _Part:
        field = _text_field(name)
        wanted = field.normal(value)
        match str(function):
            case "has_prefix":
                return _Part(sa.func.substr(field.column, 1, len(wanted)) == wanted)
            case "has_suffix":
                return _Part(_ends_with(field, wanted))
            case other:
                raise FilterError(f"got function `{other}`, expected `has_prefix` or `has_suffix`")


def _joined(join: Callable[..., Expression], parts: tuple[_Part, ...]) -> _Part:
    terms = sum(part.terms for part in parts)
    refuse_terms(terms)
    return _Part(join(*(part.expression for part in parts)), terms, max(part.depth for part in parts))


def _text_field(name: str) -> _TextField:
    try:
        return _TEXT_FIELDS[name]
    except KeyError:
        raise FilterError(f"got field `{name[:100]}`, expected one of {_FIELDS}") from None


def _compare_text(field: _TextField, relation: str, value: str) -> Expression:
    wanted = field.normal(value)
    if relation == ":":
        return sa.func.length(field.column) >= len(wanted) if not wanted else _contains(field.column, wanted)
    compared: Expression = _ORDERINGS[relation](field.column, wanted)
    return sa.and_(_narrowed(field, wanted), compared) if relation == "=" else compared


def _contains(column: sa.Column[str], wanted: str) -> Expression:
    return sa.func.length(sa.func.replace(column, wanted, "")) < sa.func.length(column)


def _ends_with(field: _TextField, wanted: str) -> Expression:
    start = sa.func.length(field.column) - len(wanted) + 1
    ends = sa.and_(start >= 1, sa.func.substr(field.column, start) == wanted)
    return sa.and_(_narrowed(field, wanted), ends)


def _narrowed(field: _TextField, ending: str) -> Expression:
    """A resource that ends in a full digest has it in an indexed column."""
    digest = _FULL_DIGEST.fullmatch(ending) if field.ends_in_digest else None
    return sa.true() if digest is None else _C.digest == digest[1]


def _compare_time(name: str, relation: str, value: str) -> Expression:
    compare = _ORDERINGS.get(relation)
    if compare is None:
        raise FilterError(f"got `{relation}` on `{name}`, expected one of = != < <= > >=")
    wanted = nanoseconds(value)
    if wanted is None:
        raise FilterError(f"got `{name}` `{value[:100]}`, expected a timestamp such as `2026-11-16T00:40:25Z`")
    # The column holds whole microseconds: a finer moment lies between two of them.
    micros, finer = divmod(wanted, 1000)
    if not finer:
        exact: Expression = compare(_TIME_FIELDS[name], micros)
        return exact
    match relation:
        case "=":
            return sa.false()
        case "!=":
            return sa.true()
        case "<" | "<=":
            return _TIME_FIELDS[name] <= micros
        case _:
            return _TIME_FIELDS[name] > micros


@functools.cache
def _parser() -> Any:
    return grammar("occurrences.lark", _Compiler())


def compile_filter(filter: str) -> Expression:
    """The condition on ``occurrences`` that a filter states; FilterError for what the grammar does not know."""
    part: _Part = parse(_parser(), filter)
    return part.expression
