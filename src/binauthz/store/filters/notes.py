"""What a filter of notes may ask: the language of occurrences (SPEC 3.4) about what notes have."""

import functools

import sqlalchemy as sa

from binauthz.store.filters.conditions import Condition, Fields, FilterLanguage, TextField
from binauthz.store.schema import NOTES

_REMEMBERED = 32

_C = NOTES.c
_NAME = TextField(column=_C.name)
_FIELDS = Fields(
    text={
        "name": _NAME,
        "kind": TextField(column=_C.kind),
        "noteName": _NAME,
        # A name is `{project}/notes/{id}`, and a project `projects/{id}`.
        "noteProjectId": TextField(column=sa.func.substr(_C.project, len("projects/") + 1)),
        "noteId": TextField(column=sa.func.substr(_C.name, sa.func.length(_C.project) + len("/notes/") + 1)),
    },
    times={"createTime": _C.create_time, "updateTime": _C.update_time},
)


@functools.cache
def _language() -> FilterLanguage:
    return FilterLanguage(_FIELDS)


@functools.lru_cache(_REMEMBERED)
def compile_filter(filter: str) -> Condition:
    """The condition on ``notes`` that a filter states; FilterError for what the language does not know."""
    return _language().compile(filter)
