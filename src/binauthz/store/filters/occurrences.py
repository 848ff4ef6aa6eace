"""What a filter of occurrences may ask (SPEC 3.4).

The resource compares without its scheme, on both sides, because gcloud stores images without one and the documentation
asks for them with one (SPEC 13.33). A suffix that is a digest finds the images of that digest.
``dependencyPackageName`` is how gcloud looks for the package of a PACKAGE occurrence.
"""

import functools

from binauthz.store.filters.conditions import Condition, Fields, FilterLanguage, TextField
from binauthz.store.names import without_scheme
from binauthz.store.schema import OCCURRENCES

_REMEMBERED = 32

_C = OCCURRENCES.c
_RESOURCE = TextField(column=_C.resource, known_as="resource", normal=without_scheme, is_resource=True)
_FIELDS = Fields(
    text={
        "name": TextField(column=_C.name),
        "kind": TextField(column=_C.kind, known_as="kind"),
        "noteName": TextField(column=_C.note, known_as="note"),
        "noteProjectId": TextField(column=_C.note_project, known_as="note_project"),
        "noteId": TextField(column=_C.note_id, known_as="note_id"),
        "resourceUrl": _RESOURCE,
        "resourceUri": _RESOURCE,
        "dependencyPackageName": TextField(column=_C.package),
    },
    times={"createTime": _C.create_time, "updateTime": _C.update_time},
)


@functools.cache
def _language() -> FilterLanguage:
    return FilterLanguage(_FIELDS)


@functools.lru_cache(_REMEMBERED)
def compile_filter(filter: str) -> Condition:
    """The condition on ``occurrences`` that a filter states; FilterError for what the language does not know."""
    return _language().compile(filter)
