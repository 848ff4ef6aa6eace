"""What a transaction promises: conflicts, rollback, one snapshot, and a revision that rises with every write."""

import asyncio
import dataclasses
from collections.abc import Callable

import pytest

from binauthz.attestation.model import Attestor
from binauthz.store.interface import Conflict, Reader, Store, Writer
from binauthz.store.records import IamPolicy, Occurrence, Project
from tests.store.conftest import Database
from tests.store.samples import DIGESTS, NOW, attestation_occurrence, attestor, log_entry

P = "projects/p"


def test_insert_refuses_a_name_that_exists_and_names_it(database: Database) -> None:
    database.write(lambda tx: tx.insert(attestor(P, "a")))
    with pytest.raises(Conflict) as conflict:
        database.write(lambda tx: tx.insert(attestor(P, "a", description="other")))
    assert conflict.value.existing == f"{P}/attestors/a"
    assert database.read(lambda tx: tx.get(Attestor, f"{P}/attestors/a")) == attestor(P, "a")


def test_put_adds_and_replaces(database: Database) -> None:
    database.put(attestor(P, "a"), attestor(P, "a", description="new"))
    assert database.read(lambda tx: tx.list(Attestor, P)) == [attestor(P, "a", description="new")]


def test_delete_says_whether_there_was_one(database: Database) -> None:
    database.put(attestor(P, "a"))
    assert database.write(lambda tx: tx.delete(Attestor, f"{P}/attestors/a")) is True
    assert database.write(lambda tx: tx.delete(Attestor, f"{P}/attestors/a")) is False


def test_an_occurrence_with_the_identity_of_another_conflicts_with_it(database: Database) -> None:
    database.put(attestation_occurrence(P, "1", identity="i"))
    with pytest.raises(Conflict) as conflict:
        database.write(lambda tx: tx.insert(attestation_occurrence(P, "2", identity="i")))
    assert conflict.value.existing == f"{P}/occurrences/1"
    with pytest.raises(Conflict):
        database.put(attestation_occurrence(P, "2", identity="i"))


def test_an_occurrence_may_keep_its_own_identity(database: Database) -> None:
    database.put(attestation_occurrence(P, "1", identity="i"))
    database.put(attestation_occurrence(P, "1", identity="i", payload=b"new"))
    database.put(attestation_occurrence(P, "1", identity="j"))
    database.put(attestation_occurrence(P, "2", identity="i"))
    assert database.read(lambda tx: tx.count(Occurrence, P)) == 2


def test_identities_are_of_a_project_and_empty_ones_are_none(database: Database) -> None:
    database.put(
        attestation_occurrence(P, "1", identity="i"),
        attestation_occurrence("projects/q", "1", identity="i"),
        attestation_occurrence(P, "2"),
        attestation_occurrence(P, "3"),
    )
    assert database.read(lambda tx: tx.count(Occurrence, P)) == 3


def test_a_body_that_catches_a_conflict_goes_on(database: Database) -> None:
    def body(tx: Writer) -> str:
        tx.insert(attestor(P, "a"))
        try:
            tx.insert(attestor(P, "a"))
        except Conflict as conflict:
            return conflict.existing
        return ""

    assert database.write(body) == f"{P}/attestors/a"
    assert database.read(lambda tx: tx.count(Attestor, P)) == 1


def test_a_body_that_raises_leaves_nothing(database: Database) -> None:
    before = database.revision()

    def body(tx: Writer) -> None:
        tx.put(attestor(P, "a"))
        tx.put(attestation_occurrence(P, "1"))
        raise LookupError("changed my mind")

    with pytest.raises(LookupError, match="changed my mind"):
        database.write(body)
    assert database.read(lambda tx: (tx.count(Attestor, P), tx.count(Occurrence, P))) == (0, 0)
    assert database.revision() == before


def test_writes_that_wait_together_fail_apart(database: Database) -> None:
    def body(number: int) -> Callable[[Writer], int]:
        def writing(tx: Writer) -> int:
            tx.put(attestor(P, f"a{number:02}"))
            if number % 3 == 0:
                raise LookupError(str(number))
            return number

        return writing

    async def together(store: Store) -> list[int | BaseException]:
        return await asyncio.gather(*(store.write(body(n)) for n in range(20)), return_exceptions=True)

    outcomes = database.run(together)
    assert [n if isinstance(n, int) else -1 for n in outcomes] == [-1 if n % 3 == 0 else n for n in range(20)]
    kept = database.read(lambda tx: [found.name for found in tx.list(Attestor, P)])
    assert kept == [f"{P}/attestors/a{n:02}" for n in range(20) if n % 3]


def test_the_revision_rises_with_every_change_and_with_nothing_else(database: Database) -> None:
    seen = [database.revision()]
    for change in (
        lambda tx: tx.put(attestor(P, "a")),
        lambda tx: tx.put(attestor(P, "a")),
        lambda tx: tx.insert(attestation_occurrence(P, "1")),
        lambda tx: tx.delete(Attestor, f"{P}/attestors/a"),
    ):
        database.write(change)
        seen.append(database.revision())
        assert database.read(lambda tx: tx.revision) == seen[-1]
    assert seen == sorted(set(seen))
    database.log(log_entry(P, "1"))
    database.write(lambda tx: tx.delete(Attestor, "projects/p/attestors/none"))
    database.read(lambda tx: tx.list(Attestor, P))
    assert database.revision() == seen[-1]


def test_a_writer_sees_what_it_wrote(database: Database) -> None:
    def body(tx: Writer) -> tuple[int, int]:
        before = tx.revision
        tx.put(attestation_occurrence(P, "1"))
        assert len(tx.attestations("projects/n/notes/n", DIGESTS[0])) == 1
        assert len(tx.occurrences(project=P)) == 1
        return before, tx.revision

    before, after = database.write(body)
    assert before < after == database.revision()


def test_two_stores_on_one_database_see_each_other_at_once(
    database: Database, opened: Callable[[str], Database]
) -> None:
    other = opened(database.url)
    for number in range(20):
        writer, reader = (database, other) if number % 2 else (other, database)
        writer.put(attestor(P, str(number)))
        assert reader.revision() == writer.revision()
        assert reader.read(lambda tx, n=number: tx.get(Attestor, f"{P}/attestors/{n}")) is not None


def test_B97_a_body_reads_one_moment_while_others_write(database: Database, opened: Callable[[str], Database]) -> None:
    other = opened(database.url)
    database.put(Project(name=P, number=0, create_time=NOW), IamPolicy(name=P, version=0))

    def both(number: int) -> Callable[[Writer], None]:
        def body(tx: Writer) -> None:
            tx.put(Project(name=P, number=number, create_time=NOW))
            tx.put(IamPolicy(name=P, version=number))

        return body

    def look(tx: Reader) -> tuple[int, int, int, int]:
        project, policy = tx.get(Project, P), tx.get(IamPolicy, P)
        again = tx.get(Project, P)
        assert project is not None
        assert policy is not None
        assert again is not None
        return project.number, policy.version, again.number, tx.revision

    async def race(store: Store) -> None:
        writing = asyncio.gather(*(other.store.write(both(n)) for n in range(1, 60)))
        seen = []
        while not writing.done():
            first, second, third, revision = await store.read(look)
            assert first == second == third
            seen.append(revision)
            await asyncio.sleep(0)
        await writing
        assert seen == sorted(seen)

    database.run(race)


def test_concurrent_writers_lose_nothing(database: Database, opened: Callable[[str], Database]) -> None:
    other = opened(database.url)
    database.put(Project(name=P, number=0, create_time=NOW))

    def add_one(tx: Writer) -> int:
        project = tx.get(Project, P)
        assert project is not None
        tx.put(dataclasses.replace(project, number=project.number + 1))
        return tx.revision

    async def race(store: Store) -> list[int]:
        return await asyncio.gather(*((store, other.store)[n % 2].write(add_one) for n in range(80)))

    revisions = database.run(race)
    assert database.read(lambda tx: tx.get(Project, P)) == Project(name=P, number=80, create_time=NOW)
    assert len(set(revisions)) == 80


def test_one_of_many_inserts_of_a_name_wins(database: Database, opened: Callable[[str], Database]) -> None:
    other = opened(database.url)

    async def race(store: Store) -> list[object]:
        return await asyncio.gather(
            *((store, other.store)[n % 2].write(lambda tx: tx.insert(attestor(P, "a"))) for n in range(20)),
            return_exceptions=True,
        )

    outcomes = database.run(race)
    assert sum(outcome is None for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 19


def test_B91_attestations_are_of_their_note_and_digest_alone(database: Database) -> None:
    database.put(
        attestation_occurrence(P, "1"),
        attestation_occurrence("projects/q", "2"),
        attestation_occurrence(P, "3", digest=DIGESTS[1]),
        attestation_occurrence(P, "4", note="projects/n/notes/other"),
        dataclasses.replace(attestation_occurrence(P, "5"), kind="VULNERABILITY", attestation=None),
    )

    def names(note: str, digest: str) -> list[str]:
        return database.read(lambda tx: [found.name for found in tx.attestations(note, digest)])

    assert names("projects/n/notes/n", DIGESTS[0]) == [f"{P}/occurrences/1", "projects/q/occurrences/2"]
    assert names("projects/n/notes/n", DIGESTS[1]) == [f"{P}/occurrences/3"]
    for note, digest in (("projects/n/notes", DIGESTS[0]), ("projects/n/notes/N", DIGESTS[0]), ("", DIGESTS[0]),
                         ("projects/n/notes/n", ""), ("projects/n/notes/n", DIGESTS[0].upper()),
                         ("projects/n/notes/%", DIGESTS[0])):  # fmt: skip
        assert names(note, digest) == []


def test_B92_a_revoked_attestation_is_gone_for_the_next_read(
    database: Database, opened: Callable[[str], Database]
) -> None:
    other = opened(database.url)
    database.put(attestation_occurrence(P, "1"))
    before = other.revision()
    assert len(other.read(lambda tx: tx.attestations("projects/n/notes/n", DIGESTS[0]))) == 1
    database.write(lambda tx: tx.delete(Occurrence, f"{P}/occurrences/1"))
    assert other.revision() > before
    assert other.read(lambda tx: tx.attestations("projects/n/notes/n", DIGESTS[0])) == []


def test_a_search_sees_the_same_moment_as_the_rest_of_its_body(database: Database) -> None:
    database.put(attestation_occurrence(P, "1"))
    looked = []

    def body(tx: Reader) -> tuple[int, int]:
        looked.append(1)
        return tx.count(Occurrence, P), len(tx.occurrences(project=P))

    assert database.read(body) == (1, 1)
    assert len(looked) == 2, "a body that searches is run again where it may take its time"


def test_the_rights_on_a_record_go_with_it(database: Database) -> None:
    name = f"{P}/attestors/a"
    database.put(attestor(P, "a"), IamPolicy(name=name), IamPolicy(name=P))
    database.write(lambda tx: tx.delete(Attestor, name))
    assert database.read(lambda tx: tx.get(IamPolicy, name)) is None
    assert database.read(lambda tx: tx.get(IamPolicy, P)) == IamPolicy(name=P)
