"""Notes and occurrences as v1beta1 wrote them, what vulnerabilities are summed by, and indexes for filters.

Occurrences that are there already get their new columns from their bodies. A migration must not change with the code,
so it reads the few protobuf fields that it needs by itself; the numbers are those of grafeas.v1.
"""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_SEVERITIES = ("", "MINIMAL", "LOW", "MEDIUM", "HIGH", "CRITICAL")
_VULNERABILITY, _PACKAGE = 8, 11
_MAXIMUM = 3  # grafeas.v1.Version.VersionKind: no version is fixed.
_FIXED_WIDTH = {1: 8, 5: 4}


def upgrade() -> None:
    """Add columns and indexes; fill the columns."""
    op.add_column("notes", sa.Column("v1beta1", sa.LargeBinary))
    op.add_column("occurrences", sa.Column("severity", TEXT, nullable=False, server_default=""))
    op.add_column("occurrences", sa.Column("fixable", sa.Integer, nullable=False, server_default="0"))
    op.add_column("occurrences", sa.Column("package", TEXT, nullable=False, server_default=""))
    op.add_column("occurrences", sa.Column("v1beta1", sa.LargeBinary))
    _fill(op.get_bind())
    op.create_index("occurrences_project_digest", "occurrences", ["project", "digest"])
    op.create_index("occurrences_project_resource", "occurrences", ["project", "resource"])
    op.create_index("occurrences_project_note_id", "occurrences", ["project", "note_id"])
    op.create_index("occurrences_project_kind", "occurrences", ["project", "kind", "name"])


def _fill(connection: sa.Connection) -> None:
    table = sa.table("occurrences", *map(sa.column, ("name", "kind", "body", "severity", "fixable", "package")))
    known = table.c.kind.in_(["VULNERABILITY", "PACKAGE"])
    page = sa.select(table.c.name, table.c.body).where(known).order_by(table.c.name).limit(500)
    last = ""
    while rows := connection.execute(page.where(table.c.name > last)).all():
        for name, body in rows:
            connection.execute(sa.update(table).where(table.c.name == name).values(_columns(bytes(body))))
        last = rows[-1][0]


def _columns(body: bytes) -> dict[str, object]:
    details = _fields(body)
    vulnerability = _fields(_bytes(details.get(_VULNERABILITY)))
    severity = vulnerability.get(8) or vulnerability.get(2) or [0]
    issues = [_fields(_bytes([issue])) for issue in vulnerability.get(4, [])]
    package = _bytes(_fields(_bytes(details.get(_PACKAGE))).get(1)).decode(errors="replace")
    return {
        "severity": _SEVERITIES[severity[-1]] if severity[-1] in range(len(_SEVERITIES)) else "",  # type: ignore[index]
        "fixable": int(bool(vulnerability.get(9)) or any(map(_is_fixed, issues))),
        "package": package.replace("\x00", "\N{REPLACEMENT CHARACTER}"),
    }


def _is_fixed(issue: dict[int, list[int | bytes]]) -> bool:
    version = _fields(_bytes(issue.get(6)))
    return bool(issue.get(7)) or (bool(version) and _MAXIMUM not in version.get(4, []))


def _bytes(values: list[int | bytes] | None) -> bytes:
    """The last value of a length-delimited field."""
    last = values[-1] if values else b""
    return last if isinstance(last, bytes) else b""


def _fields(message: bytes) -> dict[int, list[int | bytes]]:
    """The fields of a message by number: varints as numbers, everything else as bytes."""
    found: dict[int, list[int | bytes]] = {}
    for number, value in _walk(message):
        found.setdefault(number, []).append(value)
    return found


def _walk(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        if tag & 7 == 0:
            number, position = _varint(message, position)
            yield tag >> 3, number
            continue
        length = _FIXED_WIDTH.get(tag & 7, 0)
        if tag & 7 == 2:
            length, position = _varint(message, position)
        elif not length:
            return  # A group: Grafeas has none.
        yield tag >> 3, message[position : position + length]
        position += length


def _varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(message):
        byte = message[position]
        position += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            break
    return value, position
