"""The filter of notes: everything, or one kind. The grammar of occurrence filters is the store's (SPEC 3.4)."""

import re
from collections.abc import Callable

from binauthz.base.errors import invalid_field
from binauthz.store.records import Note

_KIND = re.compile(r'\s{0,9}kind\s{0,9}=\s{0,9}"([A-Z_]{1,64})"\s{0,9}')
_FILTER_LIMIT = 256


def matches(filter: str) -> Callable[[Note], bool]:
    """Whether a note passes; raises INVALID_ARGUMENT for a filter other than ``kind="..."``."""
    if not filter.strip():
        return lambda _: True
    found = _KIND.fullmatch(filter) if len(filter) <= _FILTER_LIMIT else None
    if found is None:
        raise invalid_field("filter", f'got `{filter[:120]}`, expected nothing or kind="ATTESTATION"')
    kind = found[1]
    return lambda note: note.kind == kind
