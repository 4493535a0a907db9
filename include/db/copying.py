"""Bulk rows go by COPY."""

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import sql

from include.db.connection import Connection


def copy_rows(conn: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Copy ``rows`` (values in the order of ``columns``) into ``table`` in binary form; return how many.

    ``table`` is ``schema.name``, or ``name`` for a temporary table. The column types are read from the
    table itself, so a value of the wrong type fails here and not in a later statement.
    """
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    target = sql.Identifier(*table.split("."))
    with conn.cursor() as cursor:
        cursor.execute(sql.SQL("select {} from {} limit 0").format(names, target))
        types = [column.type_code for column in cursor.description or ()]
        count = 0
        with cursor.copy(sql.SQL("copy {} ({}) from stdin (format binary)").format(target, names)) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)
                count += 1
    return count
