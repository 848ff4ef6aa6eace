"""The tables, as this release expects them after its last migration.

One schema serves SQLite and PostgreSQL. Text compares by code point on both (``BINARY`` and ``C``), so a page boundary
means the same everywhere; times are whole microseconds since 1970 in UTC, so they compare and index as numbers.
"""

import sqlalchemy as sa

METADATA = sa.MetaData()

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

REVISION = sa.Table(
    "revision",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("value", sa.BigInteger, nullable=False),
)

RESOURCES = sa.Table(
    "resources",
    METADATA,
    sa.Column("kind", TEXT, primary_key=True),
    sa.Column("name", TEXT, primary_key=True),
    sa.Column("parent", TEXT, nullable=False),
    # The parent with its location written `-`, by which collections are listed across locations.
    sa.Column("span", TEXT, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Index("resources_parent", "kind", "parent", "name"),
    sa.Index("resources_span", "kind", "span", "name"),
)

NOTES = sa.Table(
    "notes",
    METADATA,
    sa.Column("name", TEXT, primary_key=True),
    sa.Column("project", TEXT, nullable=False),
    sa.Column("kind", TEXT, nullable=False),
    sa.Column("create_time", sa.BigInteger, nullable=False),
    sa.Column("update_time", sa.BigInteger, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("v1beta1", sa.LargeBinary),
    sa.Index("notes_project", "project", "name"),
)

OCCURRENCES = sa.Table(
    "occurrences",
    METADATA,
    sa.Column("name", TEXT, primary_key=True),
    sa.Column("project", TEXT, nullable=False),
    sa.Column("note", TEXT, nullable=False),
    sa.Column("note_project", TEXT, nullable=False),
    sa.Column("note_id", TEXT, nullable=False),
    sa.Column("kind", TEXT, nullable=False),
    sa.Column("resource_uri", TEXT, nullable=False),
    # The resource without its scheme: `https://X` and `X` are one image (SPEC 13.33).
    sa.Column("resource", TEXT, nullable=False),
    sa.Column("digest", TEXT, nullable=False),
    # Null where an occurrence has no identity, which no unique index compares.
    sa.Column("identity", TEXT),
    sa.Column("create_time", sa.BigInteger, nullable=False),
    sa.Column("update_time", sa.BigInteger, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("attestation", sa.LargeBinary),
    sa.Column("severity", TEXT, nullable=False, server_default=""),
    sa.Column("fixable", sa.Integer, nullable=False, server_default="0"),
    sa.Column("package", TEXT, nullable=False, server_default=""),
    sa.Column("v1beta1", sa.LargeBinary),
    sa.Index("occurrences_note_digest", "note", "digest", "name"),
    sa.Index("occurrences_note", "note", "name"),
    sa.Index("occurrences_project", "project", "name"),
    # What filters ask of a project: an image by digest, any other resource by name, a CVE, a kind (SPEC 3.4).
    sa.Index("occurrences_project_digest", "project", "digest"),
    sa.Index("occurrences_project_resource", "project", "resource"),
    sa.Index("occurrences_project_note_id", "project", "note_id"),
    sa.Index("occurrences_project_kind", "project", "kind", "name"),
    sa.Index("occurrences_identity", "project", "identity", unique=True),
)

LOG_ENTRIES = sa.Table(
    "log_entries",
    METADATA,
    sa.Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
    sa.Column("name", TEXT, nullable=False),
    sa.Column("project", TEXT, nullable=False),
    sa.Column("log_name", TEXT, nullable=False),
    # Case folded, because the Logging query language compares without case.
    sa.Column("log_name_folded", TEXT, nullable=False),
    sa.Column("timestamp", sa.BigInteger, nullable=False),
    sa.Column("severity", TEXT, nullable=False),
    sa.Column("severity_rank", sa.Integer, nullable=False),
    sa.Column("document", sa.LargeBinary, nullable=False),
    sa.Index("log_entries_name", "name", unique=True),
    sa.Index("log_entries_project_time", "project", "timestamp", "seq"),
    sa.Index("log_entries_time", "timestamp", "seq"),
    sqlite_autoincrement=True,
)
