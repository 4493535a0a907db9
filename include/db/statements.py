"""Run a named file of ``sql/``. Values are bound, never formatted in."""

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.rows import DictRow, dict_row

from include.db.connection import Connection

SQL_FOLDER = Path(__file__).resolve().parents[2] / "sql"


@cache
def text_of(name: str) -> str:
    """Return the text of ``sql/<name>.sql``."""
    return (SQL_FOLDER / f"{name}.sql").read_text(encoding="utf-8")


@cache
def _bytes_of(name: str) -> bytes:
    return text_of(name).encode()


def run(conn: Connection, name: str, /, **params: Any) -> psycopg.Cursor[DictRow]:
    """Execute ``sql/<name>.sql`` and return the cursor, standing on its last result.

    A file may hold several statements; parameters are therefore bound on the client's side
    (the server would refuse several statements in one prepared call).
    """
    cursor = psycopg.ClientCursor(conn, row_factory=dict_row)
    try:
        cursor.execute(_bytes_of(name), params or None)
    except psycopg.Error as error:
        error.add_note(f"in sql/{name}.sql")
        raise
    while cursor.nextset():
        pass
    return cursor


def run_bound(conn: Connection, name: str, /, **params: Any) -> psycopg.Cursor[DictRow]:
    """Execute ``sql/<name>.sql``, one statement, with its values bound by the server: long lists are not quoted here.

    It is planned once a connection. So it must be one whose plan does not depend on how large its tables are: they may
    be empty when it is made. :func:`run` plans anew each time.
    """
    try:
        return conn.execute(_bytes_of(name), params, prepare=True)
    except psycopg.Error as error:
        error.add_note(f"in sql/{name}.sql")
        raise


def texts(values: list[str]) -> str:
    """Return texts as JSON, for ``json_array_elements_text(%(…)s::json)``: a long list costs little so.

    The texts are such as PostgreSQL can keep.
    """
    return msgspec.json.encode(values).decode()


def uuids(ids: Iterable[UUID]) -> str:
    """Return uuids as PostgreSQL reads an array of them (``%(…)s::uuid[]``): a long list costs little so."""
    return "{" + ",".join([one.hex for one in ids]) + "}"


def run_in_portions(conn: Connection, name: str, size: int, /, **params: Any) -> Iterator[list[DictRow]]:
    """Execute ``sql/<name>.sql``, one statement, in the caller's transaction; yield ``size`` of its rows at a time.

    For results that grow with the batch: they are kept by the server.
    """
    conn.execute("set local cursor_tuple_fraction = 1")  # all of them will be asked for
    with conn.cursor(name="portions") as cursor:
        try:
            cursor.execute(_bytes_of(name), params)
        except psycopg.Error as error:
            error.add_note(f"in sql/{name}.sql")
            raise
        while rows := cursor.fetchmany(size):
            yield rows
