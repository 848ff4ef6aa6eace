"""Opening a database migrates it to this release, once, and refuses one from the future."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext

from binauthz.store import migrate, open_store
from binauthz.store.migrate import IncompatibleDatabase
from binauthz.store.schema import METADATA
from binauthz.wire.descriptors import message_class
from binauthz.wire.grafeas_records import to_occurrence_draft
from binauthz.wire.json import decode
from tests.store.conftest import Database
from tests.store.samples import attestor


def engine_of(database: Database) -> sa.Engine:
    engine: sa.Engine = database.store._engine  # type: ignore[attr-defined]
    return engine


def test_the_migrations_make_the_tables_that_the_statements_expect(database: Database) -> None:
    with engine_of(database).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, METADATA)
    assert differences == []


def test_opening_again_changes_nothing(database: Database, opened: Callable[[str], Database]) -> None:
    database.put(attestor("projects/p", "a"))
    assert opened(database.url).revision() == database.revision()


def test_a_database_from_a_newer_release_is_refused(database: Database) -> None:
    with engine_of(database).begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(IncompatibleDatabase, match="9999"):
        open_store(database.url)


def _at(url: str, revision: str, *statements: tuple[str, dict[str, object]]) -> None:
    """A database as an older release left it."""
    engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg") if "postgres" in url else url)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        for statement, values in statements:
            connection.execute(sa.text(statement), values)
    engine.dispose()


BODIES = {
    "1": ("VULNERABILITY", b'{"vulnerability": {"severity": "LOW", "effectiveSeverity": "HIGH", "cvssScore": 7.5}}'),
    "2": ("VULNERABILITY", b'{"vulnerability": {"packageIssue": [{"fixedVersion": {"kind": "MAXIMUM"}}]}}'),
    "3": ("VULNERABILITY", b'{"vulnerability": {"packageIssue": [{}, {"fixedVersion": {"name": "2"}}]}}'),
    "4": ("VULNERABILITY", b'{"remediation": "r", "vulnerability": {"fixAvailable": true, "severity": "CRITICAL"}}'),
    "5": ("PACKAGE", b'{"package": {"name": "openssl", "version": {"name": "3"}}}'),
    "6": ("BUILD", b'{"build": {"provenance": {"id": "1"}}}'),
}


def test_occurrences_of_an_older_release_are_counted_and_found_as_new_ones_are(
    url: str, opened: Callable[[str], Database]
) -> None:
    insert = (
        "INSERT INTO occurrences (name, project, note, note_project, note_id, kind, resource_uri, resource, digest, "
        "create_time, update_time, body) VALUES (:name, 'projects/p', 'n', '', '', :kind, 'r', 'r', '', 0, 0, :body)"
    )
    expected, rows = {}, []
    for id, (kind, document) in BODIES.items():
        message = message_class("grafeas.v1.Occurrence")()
        decode(document, message)
        draft = to_occurrence_draft(message)
        expected[id] = (draft.severity, draft.fixable, draft.package)
        rows.append((insert, {"name": f"projects/p/occurrences/{id}", "kind": kind, "body": draft.body}))
    _at(url, "0001", *rows)
    found = opened(url).read(lambda tx: tx.occurrences(project="projects/p"))
    assert {one.name[-1]: (one.severity, one.fixable, one.package) for one in found} == expected


def _open(url: str) -> str:
    return type(open_store(url)).__name__


def test_processes_that_start_together_migrate_once(url: str) -> None:
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as processes:
        assert len(set(processes.map(_open, [url] * 3))) == 1


def test_sqlite_lookups_use_their_indexes(tmp_path: Path, opened: Callable[[str], Database]) -> None:
    database = opened(f"sqlite:///{tmp_path / 'store.db'}")
    with engine_of(database).connect() as connection:
        for query, index in (
            ("SELECT attestation FROM occurrences WHERE note = 'a' AND digest = 'b' ORDER BY name", "note_digest"),
            ("SELECT body FROM resources WHERE kind = 'a' AND parent = 'b' AND name > 'c' ORDER BY name", "parent"),
            ("SELECT 1 FROM occurrences WHERE note = 'a' AND name > 'c' ORDER BY name", "occurrences_note"),
            ("SELECT 1 FROM occurrences WHERE project = 'a' AND digest IN ('b', 'c')", "project_digest"),
            ("SELECT 1 FROM occurrences WHERE project = 'a' AND resource IN ('b', 'c')", "project_resource"),
            ("SELECT 1 FROM occurrences WHERE project = 'a' AND kind = 'b' AND name > 'c' ORDER BY name", "kind"),
            ("SELECT 1 FROM log_entries WHERE project = 'a' AND timestamp >= 1 ORDER BY timestamp", "project_time"),
        ):
            plan = " ".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}"))
            assert index in plan
            assert "TEMP B-TREE" not in plan
