"""Writing log entries of one's own (SPEC 5.2): all of a request or none of it, unless the caller wants what fits.

An entry is the same as one that is there when log, time and insertId are the same: sent twice is kept once.
"""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from binauthz.base.errors import ApiError, FieldViolation, invalid_field
from binauthz.services import projects
from binauthz.services.authorization import demand
from binauthz.services.context import Context
from binauthz.services.logs import parse_log_name, stamp
from binauthz.services.names import project_of
from binauthz.store.interface import Reader
from binauthz.store.records import LogEntry

ENTRIES_PER_WRITE = 1000
# Google's: 256 KB an entry, 64 labels with keys of 512 and values of 65,536 characters, a day into the future.
ENTRY_BYTES = 256 * 1024
LABELS = 64
LABEL_KEY_CHARS = 512
LABEL_VALUE_CHARS = 65_536
INSERT_ID_CHARS = 256
FUTURE = dt.timedelta(days=1)
_WRITE = "logging.logEntries.create"


async def write_entries(
    ctx: Context, entries: Sequence[Mapping[str, Any]], *, partial: bool = False, dry_run: bool = False
) -> None:
    """Append entries in the API's JSON form, each with its ``logName``; gaps such as the time are filled in.

    With ``partial`` the entries that can be written are, and the error that is raised then names every other one.
    ``dry_run`` checks and writes nothing.
    """
    if not 0 < len(entries) <= ENTRIES_PER_WRITE:
        raise invalid_field("entries", f"got {len(entries)} entries, expected 1 to {ENTRIES_PER_WRITE}")
    records: list[LogEntry] = []
    faults: dict[int, ApiError] = {}
    now = ctx.clock.now()
    for index, entry in enumerate(entries):
        try:
            records.append(_record(ctx, entry, now, f"entries[{index}]"))
        except ApiError as error:
            if not partial:
                raise
            faults[index] = error
    refused = await _refusals(ctx, {project_of(record.log_name) for record in records})
    if refused and not partial:
        raise next(iter(refused.values()))
    kept = [record for record in records if project_of(record.log_name) not in refused]
    for index, entry in enumerate(entries):
        refusal = refused.get(project_of(str(entry.get("logName", ""))))
        if refusal is not None:
            faults.setdefault(index, refusal)
    if kept and not dry_run:
        await ctx.store.append_log(kept)
    if faults:
        raise _partial(faults)


async def _refusals(ctx: Context, parents: set[str]) -> dict[str, ApiError]:
    def body(tx: Reader) -> dict[str, ApiError]:
        found: dict[str, ApiError] = {}
        for parent in sorted(parents):
            try:
                demand(tx, ctx.caller, _WRITE, parent)
                projects.require(tx, parent)
            except ApiError as error:
                found[parent] = error
        return found

    return await ctx.store.read(body)


def _partial(faults: Mapping[int, ApiError]) -> ApiError:
    """The first failure, with a violation for every entry that was not written."""
    first = faults[min(faults)]
    violations = tuple(FieldViolation(f"entries[{index}]", faults[index].message) for index in sorted(faults))
    return ApiError(first.code, f"{len(faults)} log entries were not written: {first.message}", violations=violations)


def _record(ctx: Context, entry: Mapping[str, Any], now: dt.datetime, field: str) -> LogEntry:
    log_name = str(entry.get("logName", ""))
    parse_log_name(log_name, f"{field}.logName")
    if project_of(log_name).removeprefix("projects/").isdigit():
        raise invalid_field(f"{field}.logName", f"got the project number in `{log_name[:120]}`, expected the id")
    timestamp = _time(ctx, entry["timestamp"], now, f"{field}.timestamp") if "timestamp" in entry else now
    given = str(entry.get("insertId", ""))
    if len(given) > INSERT_ID_CHARS:
        raise invalid_field(f"{field}.insertId", f"got {len(given)} characters, expected at most {INSERT_ID_CHARS}")
    insert_id = given or uuid.uuid4().hex
    _check_labels(entry.get("labels", {}), f"{field}.labels")
    document = {
        **entry,
        "logName": log_name,
        "insertId": insert_id,
        "resource": _resource(entry.get("resource", {}), log_name),
        "timestamp": stamp(timestamp),
        "receiveTimestamp": stamp(now),
    }
    size = len(msgspec.json.encode(document))
    if size > ENTRY_BYTES:
        raise invalid_field(field, f"got an entry of {size} bytes, expected at most {ENTRY_BYTES}")
    return LogEntry(
        name=f"{log_name}/{stamp(timestamp)}/{insert_id}",
        log_name=log_name,
        timestamp=timestamp,
        severity=str(entry.get("severity", "DEFAULT")),
        document=document,
    )


def _resource(given: Mapping[str, Any], log_name: str) -> dict[str, Any]:
    """The monitored resource, ``global`` where none is given; that one is of the log's project."""
    kind = given.get("type") or "global"
    labels = dict(given.get("labels", {}))
    if kind == "global":
        labels.setdefault("project_id", project_of(log_name).removeprefix("projects/"))
    return {**given, "type": kind, "labels": labels}


def _check_labels(labels: Mapping[str, str], field: str) -> None:
    if len(labels) > LABELS:
        raise invalid_field(field, f"got {len(labels)} labels, expected at most {LABELS}")
    for key, value in labels.items():
        if len(key) > LABEL_KEY_CHARS or len(value) > LABEL_VALUE_CHARS:
            raise invalid_field(
                field,
                f"got {len(key)} and {len(value)} characters, expected keys of at most {LABEL_KEY_CHARS} and values of "
                f"at most {LABEL_VALUE_CHARS}",
            )


def _time(ctx: Context, text: Any, now: dt.datetime, field: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(str(text)).astimezone(dt.UTC)
    except (ValueError, OverflowError) as cause:
        raise invalid_field(field, f"got `{str(text)[:64]}`, expected an RFC 3339 time") from cause
    days = ctx.settings.log_retention_days
    oldest = now - dt.timedelta(days=days) if days else dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    if not oldest <= moment <= now + FUTURE:
        expected = f"of the last {days} days and " if days else ""
        raise invalid_field(field, f"got `{str(text)[:64]}`, expected a time {expected}at most a day from now")
    return moment
