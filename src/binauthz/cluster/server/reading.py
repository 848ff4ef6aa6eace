"""Lists and watches as streams of bytes: plain, as tables, or as metadata only."""

import asyncio
import base64
import binascii
import random
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from binauthz.cluster import limits, selectors
from binauthz.cluster.client import EventType, Object, StatusError
from binauthz.cluster.resource import Resource
from binauthz.cluster.selectors import FieldSelector, Selector
from binauthz.cluster.server import tables
from binauthz.cluster.status import bad_request, expired
from binauthz.cluster.storage.objects import Change, Item, Objects, Watcher

_BOOKMARK_SECONDS = 60.0
_SHORTEST, _LONGEST = 1800, 3600
_INITIAL_END = "k8s.io/initial-events-end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked of a collection. ``form`` is ``""``, ``Table`` or ``PartialObjectMetadata``."""

    resource: Resource
    namespace: str
    labels: Selector
    fields: FieldSelector
    form: str
    include: str

    def matches(self, item: Item | None) -> bool:
        """Whether an object belongs to the answer."""
        return (
            item is not None
            and selectors.matches_labels(self.labels, item.obj)
            and selectors.matches_fields(self.fields, item.obj)
        )


def _render(query: Query, obj: Object, body: bytes, *, header: bool) -> bytes:
    match query.form:
        case "Table":
            version = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
            return msgspec.json.encode(tables.table(query.resource, [obj], query.include, version, header=header))
        case "PartialObjectMetadata":
            return msgspec.json.encode(tables.partial(obj))
        case _:
            return body


def list_chunks(objects: Objects, query: Query, limit: int, token: str) -> Iterator[bytes]:
    """The pieces of a list. Pages after the first keep the version of the first, so that a watch from it misses
    nothing.

    Raises:
        StatusError: 400 or 410, for a continue token that is not one of ours.
    """
    version, start = _read_token(token) if token else (objects.revision, None)
    if version > objects.revision:
        raise expired("The provided continue parameter is too old to display a consistent list result.")
    found = [item for item in objects.list(query.resource, query.namespace) if query.matches(item)]
    if start is not None:
        found = [item for item in found if _place(item) > start]
    metadata: Object = {"resourceVersion": str(version)}
    if limit and len(found) > limit:
        metadata["continue"] = _write_token(version, _place(found[limit - 1]))
        if not query.labels and not query.fields:
            metadata["remainingItemCount"] = len(found) - limit
        found = found[:limit]
    return _list(query, found, metadata)


def _list(query: Query, found: list[Item], metadata: Object) -> Iterator[bytes]:
    if query.form == "Table":
        head = tables.table(query.resource, [], query.include, metadata)
        head.pop("rows")
        yield msgspec.json.encode(head)[:-1] + b',"rows":['
    else:
        partial = query.form == "PartialObjectMetadata"
        kind = "PartialObjectMetadata" if partial else query.resource.kind
        version = "meta.k8s.io/v1" if partial else query.resource.api_version
        head = {"kind": f"{kind}List", "apiVersion": version, "metadata": metadata}
        yield msgspec.json.encode(head)[:-1] + b',"items":['
    for at in range(0, len(found), limits.PAGE):
        page = [_element(query, item) for item in found[at : at + limits.PAGE]]
        yield (b"," if at else b"") + b",".join(page)
    yield b"]}"


def _element(query: Query, item: Item) -> bytes:
    if query.form == "Table":
        return msgspec.json.encode(tables.row(query.resource, item.obj, query.include))
    return _render(query, item.obj, item.body, header=False)


def _place(item: Item) -> tuple[str, str]:
    meta = item.obj["metadata"]
    return meta.get("namespace", ""), meta["name"]


def _write_token(version: int, place: tuple[str, str]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode([version, *place])).decode()


def _read_token(token: str) -> tuple[int, tuple[str, str]]:
    try:
        version, namespace, name = msgspec.json.decode(base64.urlsafe_b64decode(token), type=tuple[int, str, str])
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise bad_request("continue key is not valid") from None
    return version, (namespace, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOptions:
    """How a watch starts and ends."""

    since: int | None
    seconds: float
    bookmarks: bool
    initial_end: bool


def watch_seconds(asked: int) -> float:
    """How long a watch lasts: as asked, or a random time, so that watches do not all come back at once."""
    return float(asked) if asked > 0 else random.uniform(_SHORTEST, _LONGEST)  # noqa: S311 - not a secret.


async def watch_chunks(
    objects: Objects, query: Query, options: WatchOptions, stopping: asyncio.Event
) -> AsyncGenerator[bytes]:
    """The events of a watch, one JSON object a line, until its time is up, its reader too slow, or we stop."""
    try:
        watcher = objects.watch(query.resource, options.since)
    except StatusError as error:
        yield _event("ERROR", msgspec.json.encode(error.status))
        return
    header = True
    initial_end = options.initial_end
    ends = asyncio.get_running_loop().time() + options.seconds
    stopped = asyncio.create_task(stopping.wait())
    try:
        while not stopping.is_set():
            if initial_end and not watcher.pending:
                yield _bookmark(objects, query, ended=True)
                initial_end = False
            changes = await _next(watcher, stopped, min(ends - asyncio.get_running_loop().time(), _BOOKMARK_SECONDS))
            if watcher.overflowed:
                return
            out = []
            for change in changes:
                seen = _visible(query, change)
                if seen is not None:
                    kind, obj, body = seen
                    out.append(_event(kind, _render(query, obj, body, header=header)))
                    header = False
            if out:
                yield b"".join(out)
            elif options.bookmarks and not changes:
                yield _bookmark(objects, query, ended=False)
            if asyncio.get_running_loop().time() >= ends:
                return
    finally:
        stopped.cancel()
        objects.unwatch(query.resource, watcher)


async def _next(watcher: Watcher, stopped: "asyncio.Task[Any]", seconds: float) -> list[Change]:
    waiting = asyncio.create_task(watcher.next())
    both: set[asyncio.Task[Any]] = {waiting, stopped}
    try:
        done, _ = await asyncio.wait(both, timeout=max(seconds, 0), return_when=asyncio.FIRST_COMPLETED)
        return waiting.result() if waiting in done else []
    finally:
        waiting.cancel()


def _visible(query: Query, change: Change) -> tuple[EventType, Object, bytes] | None:
    """A change as somebody with these selectors sees it: an object may come into view or leave it."""
    if query.namespace and change.namespace != query.namespace:
        return None
    item = change.item
    if change.type == "DELETED":
        return ("DELETED", item.obj, item.body) if query.matches(item) else None
    was, now = query.matches(change.previous), query.matches(item)
    if now:
        return "MODIFIED" if was else "ADDED", item.obj, item.body
    if was and change.previous is not None:
        last = change.previous.copy()
        last["metadata"]["resourceVersion"] = str(change.revision)
        return "DELETED", last, msgspec.json.encode(last)
    return None


def _event(kind: str, body: bytes) -> bytes:
    return b'{"type":"' + kind.encode() + b'","object":' + body + b"}\n"


def _bookmark(objects: Objects, query: Query, *, ended: bool) -> bytes:
    metadata: Object = {"resourceVersion": str(objects.revision), "creationTimestamp": None}
    if ended:
        metadata["annotations"] = {_INITIAL_END: "true"}
    if query.form == "Table":
        body: Object = tables.table(query.resource, [], query.include, metadata, header=False)
    else:
        body = {"kind": query.resource.kind, "apiVersion": query.resource.api_version, "metadata": metadata}
    return _event("BOOKMARK", msgspec.json.encode(body))
