"""Which store a URL names."""

from pathlib import Path

import sqlalchemy as sa

from binauthz.store.interface import Store
from binauthz.store.postgres import PostgresStore
from binauthz.store.sqlite import SqliteStore


def open_store(url: str) -> Store:
    """Open the database at ``sqlite:///path`` or ``postgresql://...``, creating and migrating its tables first.

    Raises StoreUnavailable when it cannot be reached, IncompatibleDatabase when a newer release has migrated it, and
    ValueError for a URL that names neither kind.
    """
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        # The URL may hold a password, so the message does not repeat it.
        raise ValueError("a store URL is `sqlite:///path` or `postgresql://user@host/database`") from None
    match parsed.get_backend_name():
        case "sqlite":
            if not parsed.database or parsed.database == ":memory:":
                raise ValueError("a SQLite store needs a file: `sqlite:///path`")
            return SqliteStore(Path(parsed.database))
        case "postgresql":
            return PostgresStore(parsed)
        case other:
            raise ValueError(f"got a store of kind `{other}`, expected `sqlite` or `postgresql`")
