import sqlalchemy as sa

from binauthz.store.interface import FilterError


def compile_filter(filter: str) -> sa.ColumnElement[bool]:
    """Refuse any filter but the empty one."""
    if filter.strip():
        raise FilterError("filters are not read yet")
    return sa.true()
