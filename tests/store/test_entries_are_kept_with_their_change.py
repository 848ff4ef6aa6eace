"""A log entry appended by a transaction is kept exactly if the transaction's changes are."""

import asyncio
import dataclasses
import datetime as dt

import pytest

from binauthz.attestation.model import Attestor
from binauthz.store.interface import Store, Writer
from binauthz.store.records import LogEntry
from tests.store.conftest import Database
from tests.store.samples import attestor, log_entry

P = "projects/p"


def kept(database: Database) -> tuple[int, list[str]]:
    entries = [entry.name.rpartition("/")[2] for entry in database.query(P)]
    return database.read(lambda tx: tx.count(Attestor, P)), entries


def test_a_change_and_its_entry_are_there_together(database: Database) -> None:
    def body(tx: Writer) -> str:
        tx.put(attestor(P, "a"))
        tx.append_log([log_entry(P, "1"), log_entry(P, "2")])
        return "done"

    assert database.write(body) == "done"
    assert kept(database) == (1, ["1", "2"])


def test_a_body_that_fails_after_its_entry_leaves_neither(database: Database) -> None:
    def body(tx: Writer) -> None:
        tx.put(attestor(P, "a"))
        tx.append_log([log_entry(P, "1")])
        raise LookupError("after both")

    with pytest.raises(LookupError):
        database.write(body)
    assert kept(database) == (0, [])


def test_an_entry_that_cannot_be_appended_undoes_the_change(database: Database) -> None:
    naive = dataclasses.replace(log_entry(P, "1"), timestamp=dt.datetime(2026, 1, 1))  # noqa: DTZ001

    def body(tx: Writer) -> None:
        tx.put(attestor(P, "a"))
        tx.append_log([naive])

    with pytest.raises(TypeError):
        database.write(body)
    assert kept(database) == (0, [])


def test_an_entry_whose_name_is_there_is_ignored_and_the_change_kept(database: Database) -> None:
    first, second = log_entry(P, "1"), dataclasses.replace(log_entry(P, "1"), severity="ERROR")
    for entry, name in ((first, "a"), (second, "b")):
        database.write(lambda tx, e=entry, n=name: (tx.put(attestor(P, n)), tx.append_log([e])))
    assert kept(database) == (2, ["1"])
    assert database.query(P)[0].severity == first.severity


def test_entries_alone_do_not_raise_the_revision(database: Database) -> None:
    before = database.revision()
    database.write(lambda tx: tx.append_log([log_entry(P, "1")]))
    database.write(lambda tx: tx.append_log([]))
    assert database.revision() == before
    assert kept(database) == (0, ["1"])


def test_writes_that_share_a_commit_fail_and_succeed_with_their_own_entries(database: Database) -> None:
    def body(number: int, tx: Writer) -> None:
        tx.put(attestor(P, f"a{number:02}"))
        tx.append_log([log_entry(P, f"{number:02}")])
        if number % 3 == 0:
            raise LookupError(number)

    async def together(store: Store) -> None:
        work = (store.write(lambda tx, n=n: body(n, tx)) for n in range(20))  # type: ignore[misc]
        await asyncio.gather(*work, return_exceptions=True)

    database.run(together)
    expected = [f"{n:02}" for n in range(20) if n % 3]
    count, entries = kept(database)
    assert (count, sorted(entries)) == (len(expected), expected)


def test_a_reader_has_no_way_to_append(database: Database) -> None:
    def body(tx: object) -> bool:
        return hasattr(tx, "append_log")

    assert database.read(body) is False
    assert isinstance(log_entry(P, "1"), LogEntry)
