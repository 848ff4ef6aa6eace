"""Records, transactions and the change revision; SQL lives here only."""

from binauthz.store.interface import Store


def open_store(url: str) -> Store:
    """Open ``sqlite:///path`` or ``postgresql://...``; see ``database.open_store``.

    Imported when called, because who only needs the record types should not pay for the database libraries.
    """
    from binauthz.store.database import open_store as open_database  # noqa: PLC0415

    return open_database(url)
