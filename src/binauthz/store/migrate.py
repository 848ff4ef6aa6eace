"""Bring a database to the tables that this release expects, or refuse it."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

_SCRIPTS = Path(__file__).parent / "migrations"
_ADVISORY_LOCK = 0x62696E61757468  # "binauth" in ASCII: any number that no other program would choose.


class IncompatibleDatabase(Exception):  # noqa: N818 - reads as what is wrong
    """The database was migrated by a newer release; an older one would misread it."""


def migrate(connection: sa.Connection) -> None:
    """Migrate to this release's head inside the caller's transaction.

    Several processes may start at once: SQLite's caller holds the write lock already, PostgreSQL takes an advisory
    lock for the length of the transaction, and who comes second finds nothing left to do.
    """
    if connection.dialect.name == "postgresql":
        # A migration may rightly take longer than any other statement, but does not wait for ever.
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SET LOCAL lock_timeout = '60s'")
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(config)
    known = {script.revision for script in scripts.walk_revisions()}
    current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in known:
        raise IncompatibleDatabase(
            f"the database is at migration `{current}`, which this release does not know (its newest is "
            f"`{scripts.get_current_head()}`): a newer release has used it"
        )
    if current != scripts.get_current_head():
        command.upgrade(config, "head")
