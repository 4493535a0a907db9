"""Bulk rows go by COPY."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from psycopg import sql

from include.db.connection import Connection

BYTES, BIGINT = 17, 20  # PostgreSQL's type numbers
EPOCH_MS = 946_684_800_000  # PostgreSQL counts the microseconds from 2000 on


def instant(milliseconds: float | None) -> int | None:
    """Return epoch milliseconds as a timestamptz is stored: for the columns ``instants`` of :func:`copy_rows`."""
    return None if milliseconds is None else (int(milliseconds) - EPOCH_MS) * 1000


def copy_rows(
    conn: Connection,
    table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    ready: Sequence[str] = (),
    instants: Sequence[str] = (),
) -> int:
    """Copy ``rows`` (values in the order of ``columns``) into ``table`` in binary form; return how many.

    ``table`` is ``schema.name``, or ``name`` for a temporary table. The column types are read from the
    table itself, so a value of the wrong type fails here and not in a later statement. Values of the columns
    ``ready`` are bytes in the binary form of their type already; those of ``instants`` are made by :func:`instant`.
    """
    copying, asking = _statements(table, tuple(columns))
    types = _types.get((table, tuple(columns)))
    with conn.cursor() as cursor:
        if types is None:
            cursor.execute(asking)
            types = _types[table, tuple(columns)] = [column.type_code for column in cursor.description or ()]
        count = 0
        given = dict.fromkeys(ready, BYTES) | dict.fromkeys(instants, BIGINT)
        with cursor.copy(copying) as copy:
            copy.set_types([given.get(name, type_) for name, type_ in zip(columns, types, strict=True)])
            for row in rows:
                copy.write_row(row)
                count += 1
    return count


# The types of a column never change while a process lives: a migration comes with new code.
_types: dict[tuple[str, tuple[str, ...]], list[int]] = {}


@cache
def _statements(table: str, columns: tuple[str, ...]) -> tuple[bytes, bytes]:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    target = sql.Identifier(*table.split("."))
    return (
        sql.SQL("copy {} ({}) from stdin (format binary)").format(target, names).as_bytes(),
        sql.SQL("select {} from {} limit 0").format(names, target).as_bytes(),
    )
