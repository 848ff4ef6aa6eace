"""The first tables: the revision, resources, notes, occurrences and the log."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _required(name: str) -> "sa.Column[str]":
    return sa.Column(name, TEXT, nullable=False)


def _time(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger, nullable=False)


def upgrade() -> None:
    """Create everything; the revision starts at 1."""
    revisions = op.create_table(
        "revision",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("value", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(revisions, [{"id": 1, "value": 1}])
    op.create_table(
        "resources",
        sa.Column("kind", TEXT, primary_key=True),
        sa.Column("name", TEXT, primary_key=True),
        _required("parent"),
        _required("span"),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("resources_parent", "resources", ["kind", "parent", "name"])
    op.create_index("resources_span", "resources", ["kind", "span", "name"])
    op.create_table(
        "notes",
        sa.Column("name", TEXT, primary_key=True),
        _required("project"),
        _required("kind"),
        _time("create_time"),
        _time("update_time"),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("notes_project", "notes", ["project", "name"])
    op.create_table(
        "occurrences",
        sa.Column("name", TEXT, primary_key=True),
        *map(_required, ("project", "note", "note_project", "note_id", "kind", "resource_uri", "resource", "digest")),
        sa.Column("identity", TEXT),
        _time("create_time"),
        _time("update_time"),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("attestation", sa.LargeBinary),
    )
    op.create_index("occurrences_note_digest", "occurrences", ["note", "digest", "name"])
    op.create_index("occurrences_note", "occurrences", ["note", "name"])
    op.create_index("occurrences_project", "occurrences", ["project", "name"])
    op.create_index("occurrences_identity", "occurrences", ["project", "identity"], unique=True)
    op.create_table(
        "log_entries",
        sa.Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
        *map(_required, ("name", "project", "log_name", "log_name_folded")),
        _time("timestamp"),
        _required("severity"),
        sa.Column("severity_rank", sa.Integer, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("log_entries_name", "log_entries", ["name"], unique=True)
    op.create_index("log_entries_project_time", "log_entries", ["project", "timestamp", "seq"])
    op.create_index("log_entries_time", "log_entries", ["timestamp", "seq"])
