"""WriteLogEntries, ListLogs and DeleteLog as the Logging API has them."""

import datetime as dt
from typing import Any

import pytest

from binauthz.base.errors import Code
from binauthz.services import log_writing, logs
from binauthz.services.context import Settings
from binauthz.services.paging import PageRequest
from tests.services.conftest import NOW, OTHER, PROJECT, World

LOG = f"{PROJECT}/logs/app"


def write(world: World, *entries: dict[str, Any], **how: bool) -> None:
    world.run(log_writing.write_entries(world.owner, entries, **how))


def texts(world: World, project: str = PROJECT) -> list[str]:
    page = world.run(logs.list_entries(world.owner, [project], PageRequest(size=1000)))
    return [each.document["textPayload"] for each in page.items]


def entry(text: str, log: str = LOG, **more: Any) -> dict[str, Any]:
    return {"logName": log, "textPayload": text, **more}


def test_an_entry_sent_twice_is_kept_once_and_the_same_id_at_another_time_is_another(world: World) -> None:
    at, later = logs.stamp(NOW), logs.stamp(NOW + dt.timedelta(seconds=1))
    write(world, entry("first", insertId="i", timestamp=at), entry("again", insertId="i", timestamp=at))
    write(world, entry("once more", insertId="i", timestamp=at), entry("later", insertId="i", timestamp=later))
    write(world, entry("other log", f"{PROJECT}/logs/app2", insertId="i", timestamp=at))
    assert sorted(texts(world)) == ["first", "later", "other log"]


def test_a_resource_is_global_unless_it_is_said(world: World) -> None:
    cluster = {"type": "k8s_cluster", "labels": {"cluster_name": "c"}}
    write(world, entry("a"), entry("b", resource=cluster), entry("c", resource={"type": "global"}))
    page = world.run(logs.list_entries(world.owner, [PROJECT], PageRequest()))
    everywhere = {"type": "global", "labels": {"project_id": "demo-project"}}
    assert [each.document["resource"] for each in page.items] == [everywhere, cluster, everywhere]


def test_a_dry_run_checks_and_writes_nothing(world: World) -> None:
    write(world, entry("a"), dry_run=True)
    assert texts(world) == []
    bad = log_writing.write_entries(world.owner, [entry("a", "x")], dry_run=True)
    world.refused(bad, Code.INVALID_ARGUMENT, "entries[0].logName")


def test_one_bad_entry_keeps_all_out_unless_what_fits_is_wanted(world: World) -> None:
    batch = [entry("good"), entry("bad", "x"), entry("worse", timestamp="noon"), entry("foreign", "projects/no/logs/l")]
    world.refused(log_writing.write_entries(world.owner, batch), Code.INVALID_ARGUMENT, "entries[1].logName")
    assert texts(world) == []
    error = world.refused(log_writing.write_entries(world.owner, batch, partial=True), Code.INVALID_ARGUMENT)
    assert [each.field for each in error.violations] == ["entries[1]", "entries[2]", "entries[3]"]
    assert texts(world) == ["good"]


def test_a_caller_writes_where_they_may(world: World) -> None:
    world.grant(OTHER, "roles/logging.logWriter", "user:app@example.com")
    app = world.caller("user:app@example.com")
    batch = [entry("mine", f"{OTHER}/logs/l"), entry("not mine")]
    world.refused(log_writing.write_entries(app, batch), Code.PERMISSION_DENIED)
    world.refused(log_writing.write_entries(app, batch, partial=True), Code.PERMISSION_DENIED, "entries[1]")
    assert (texts(world), texts(world, OTHER)) == ([], ["mine"])


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"timestamp": logs.stamp(NOW + dt.timedelta(days=1, seconds=1))}, "entries[0].timestamp"),
        ({"timestamp": "1969-12-31T23:59:59Z"}, "entries[0].timestamp"),
        ({"timestamp": "0001-01-01T00:00:00Z"}, "entries[0].timestamp"),
        ({"insertId": "i" * 257}, "entries[0].insertId"),
        ({"labels": {str(number): "" for number in range(65)}}, "entries[0].labels"),
        ({"labels": {"k" * 513: ""}}, "entries[0].labels"),
        ({"labels": {"k": "v" * 65_537}}, "entries[0].labels"),
        ({"textPayload": "x" * 262_144}, "entries[0]"),
        ({"logName": f"{PROJECT}/logs/{'x' * 513}"}, "entries[0].logName"),
        ({"logName": f"{PROJECT}/logs/a/b"}, "entries[0].logName"),
        ({"logName": "projects/123456789012/logs/l"}, "entries[0].logName"),
    ],
)
def test_an_entry_keeps_within_the_limits(world: World, more: dict[str, Any], field: str) -> None:
    world.refused(log_writing.write_entries(world.owner, [{**entry("x"), **more}]), Code.INVALID_ARGUMENT, field)


def test_entries_at_the_limits_are_taken(world: World) -> None:
    labels = {**{str(number): "" for number in range(63)}, "k" * 512: "v" * 65_536}
    at = logs.stamp(NOW + dt.timedelta(days=1))
    write(world, entry("x" * 190_000, labels=labels, insertId="i" * 256, timestamp=at))
    assert len(texts(world)) == 1
    many = [entry(str(number)) for number in range(1001)]
    write(world, *many[:1000])
    world.refused(log_writing.write_entries(world.owner, many), Code.INVALID_ARGUMENT, "entries")


def test_entries_older_than_what_is_kept_are_refused(world: World) -> None:
    ctx = world.with_settings(Settings(log_retention_days=30))
    old = entry("x", timestamp=logs.stamp(NOW - dt.timedelta(days=31)))
    world.refused(log_writing.write_entries(ctx, [old]), Code.INVALID_ARGUMENT, "entries[0].timestamp")
    world.run(log_writing.write_entries(ctx, [entry("y", timestamp=logs.stamp(NOW - dt.timedelta(days=29)))]))


NAMES = ("a", "app", "app-x", "app.y", "app2", "z%2Fq")


def test_logs_are_listed_once_each_in_pages_and_across_projects(world: World) -> None:
    write(world, *(entry(str(number), f"{PROJECT}/logs/{name}") for name in NAMES for number in range(3)))
    write(world, entry("x", f"{OTHER}/logs/app"))
    expected = {f"{PROJECT}/logs/{name}" for name in NAMES}
    whole = world.run(logs.list_logs(world.owner, [PROJECT], PageRequest())).items
    assert len(whole) == len(expected)
    assert set(whole) == expected
    seen: list[str] = []
    token = ""
    while True:
        page = world.run(logs.list_logs(world.owner, [PROJECT, OTHER], PageRequest(size=2, token=token)))
        seen += page.items
        token = page.next_token
        if not token:
            break
    assert seen == [*whole, f"{OTHER}/logs/app"]


def test_listing_logs_is_for_those_who_may(world: World) -> None:
    world.refused(logs.list_logs(world.stranger, [PROJECT], PageRequest()), Code.PERMISSION_DENIED)
    for asked in ([], ["folders/1"], [PROJECT] * 101):
        world.refused(logs.list_logs(world.owner, asked, PageRequest()), Code.INVALID_ARGUMENT, "resourceNames")
    world.refused(logs.list_logs(world.owner, ["projects/absent"], PageRequest()), Code.NOT_FOUND)


def test_a_deleted_log_is_gone_and_its_neighbours_are_not(world: World) -> None:
    write(world, *(entry(name, f"{PROJECT}/logs/{name}") for name in NAMES))
    write(world, entry("elsewhere", f"{OTHER}/logs/app"))
    world.run(logs.delete_log(world.owner, "projects/123456789012/logs/app"))
    assert sorted(texts(world)) == ["a", "app-x", "app.y", "app2", "z%2Fq"]
    assert texts(world, OTHER) == ["elsewhere"]
    world.refused(logs.delete_log(world.owner, LOG), Code.NOT_FOUND)
    write(world, entry("anew"))
    assert "anew" in texts(world)


@pytest.mark.parametrize(
    "log", ["cloudaudit.googleapis.com%2Factivity", "binaryauthorization.googleapis.com%2Fcontinuous_validation"]
)
def test_nobody_deletes_the_evidence(world: World, log: str) -> None:
    world.refused(logs.delete_log(world.owner, f"{PROJECT}/logs/{log}"), Code.PERMISSION_DENIED)
    for name in ("x", f"{PROJECT}/logs/", f"{PROJECT}/logs/a/b", f"{PROJECT}/logs/\x00"):
        world.refused(logs.delete_log(world.owner, name), Code.INVALID_ARGUMENT, "logName")
