"""Page tokens: opaque, and good only for the list, parent and filter that gave them out.

A token holds the name after which the next page starts, so a walk neither misses nor repeats a record when others
are inserted meanwhile. It carries a digest of its list; the token of another list is refused (AIP-158).
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from binauthz.base.errors import invalid_field
from binauthz.store.interface import Stretch

R = TypeVar("R")

_TOKEN_LIMIT = 4096
_CHUNK = 100
# Under the four megabytes that gRPC clients accept by default.
MAX_PAGE_BYTES = 3 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[R]):
    """Some records and the token of the next page, empty at the end."""

    items: Sequence[R]
    next_token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """What a caller asked of a list."""

    size: int = 0
    token: str = ""


def _digest(identity: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(list(identity)).encode()).hexdigest()[:24]


def _encode(identity: Sequence[str], after: str) -> str:
    raw = json.dumps([_digest(identity), after], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(identity: Sequence[str], token: str) -> str:
    refusal = invalid_field("pageToken", "the page token is malformed or belongs to another list")
    if len(token) > _TOKEN_LIMIT:
        raise refusal
    try:
        digest, after = json.loads(base64.urlsafe_b64decode(token.encode() + b"=" * (-len(token) % 4)))
    except (binascii.Error, ValueError, TypeError) as cause:
        raise refusal from cause
    if digest != _digest(identity) or not isinstance(after, str):
        raise refusal
    return after


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Where a page starts and how many records it may hold."""

    identity: tuple[str, ...]
    after: str
    size: int

    def gather(
        self, fetch: Callable[[str, int], Sequence[R]], *, name: Callable[[R], str], weight: Callable[[R], int]
    ) -> Page[R]:
        """Fetch records past a name, a few at a time, until the page is full or heavy enough.

        A page may hold fewer records than asked for; it holds at least one unless none is left.
        """
        return self.search(lambda after, limit: Stretch(fetch(after, limit)), name=name, weight=weight)

    def search(
        self, fetch: Callable[[str, int], Stretch[R]], *, name: Callable[[R], str], weight: Callable[[R], int]
    ) -> Page[R]:
        """As ``gather``, of a search that may run out of time: the page then ends where the search did, and may be
        empty."""
        kept: list[R] = []
        heavy, after = 0, self.after
        while True:
            asked = min(_chunk(heavy, len(kept)), self.size + 1 - len(kept))
            stretch = fetch(after, asked)
            for record in stretch.records:
                heavy += weight(record)
                if len(kept) == self.size or (kept and heavy > MAX_PAGE_BYTES):
                    return Page(items=kept, next_token=_encode(self.identity, name(kept[-1])))
                kept.append(record)
            if stretch.reached:
                return Page(items=kept, next_token=_encode(self.identity, stretch.reached))
            if len(stretch.records) < asked:
                return Page(items=kept)
            after = name(stretch.records[-1])

    def page(self, records: Sequence[R], name: Callable[[R], str]) -> Page[R]:
        """Cut the records, of which one more than ``size`` was asked for, into a page."""
        if len(records) <= self.size:
            return Page(items=records)
        kept = records[: self.size]
        return Page(items=kept, next_token=_encode(self.identity, name(kept[-1])))


def _chunk(heavy: int, count: int) -> int:
    """How many records to fetch next: as many as would fill the page, going by those that it holds."""
    return max(_CHUNK, (MAX_PAGE_BYTES - heavy) * count // heavy) if heavy else _CHUNK


def window(request: PageRequest, *identity: str, default: int, maximum: int) -> Window:
    """Read a page request; a negative size is refused and a larger one than the maximum is lowered to it."""
    if request.size < 0:
        raise invalid_field("pageSize", f"got {request.size}, expected 0 or more")
    after = _decode(identity, request.token) if request.token else ""
    return Window(identity=identity, after=after, size=min(request.size or default, maximum))
