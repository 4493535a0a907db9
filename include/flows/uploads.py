"""A file between its preview and a person's yes: kept for a day, for the one who sent it, less what is not needed."""

import datetime as dt
from typing import Any
from uuid import UUID

from include.db.connection import Connection, connect
from include.db.statements import run

HOURS = 24
LONGEST_NAME = 120


def keep(
    conn: Connection, merchant_id: str, kind: str, actor: str, name: str, digest: bytes, body: bytes, now: dt.datetime
) -> UUID:
    """Keep ``body`` (needed columns only: nothing personal) and return its id; what has expired goes.

    ``digest`` is the SHA-256 of the file as it was sent, ``name`` its name: the folder it came from is cut off.
    """
    with conn.transaction():
        row = run(
            conn, "ops/upload", merchant_id=merchant_id, kind=kind, actor=actor, file_name=base_name(name),
            file_sha256=digest, body=body, hours=HOURS, now=now,
        ).fetchone()  # fmt: skip
    assert row is not None
    return UUID(str(row["upload_id"]))


def find(conn: Connection, upload_id: UUID, kind: str, actor: str, now: dt.datetime) -> dict[str, Any] | None:
    """Return the file if it is this person's and has not expired."""
    return run(conn, "ops/upload__of", upload_id=upload_id, kind=kind, actor=actor, now=now).fetchone()


def accepted(conn: Connection, upload_id: UUID, now: dt.datetime) -> None:
    """Remember that the file was taken in."""
    with conn.transaction():
        run(conn, "ops/upload__accepted", upload_id=upload_id, now=now)


def forget_expired(dsn: str, now: dt.datetime) -> int:
    """Delete what has expired; return how many files that were."""
    with connect(dsn) as conn:
        return run(conn, "ops/upload__expired", now=now).rowcount


def base_name(name: str) -> str:
    """Return a file's name without folders and without letters that cannot be shown."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(letter for letter in last if letter.isprintable()).strip()
    return shown[-LONGEST_NAME:] or "file"
