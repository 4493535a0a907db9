"""Forward-only migrations: each file of ``sql/migrations`` runs once, in order, and is recorded."""

import hashlib

from include.db.connection import connect
from include.db.statements import SQL_FOLDER

LEDGER = """
create schema if not exists ops;
create table if not exists ops.applied_migration (
    name text primary key,
    sha256 text not null,
    applied_at timestamptz not null default clock_timestamp()
);
"""
ONE_AT_A_TIME = 0x7161697461  # any number of our own: the advisory lock's key


class MigrationChanged(RuntimeError):
    """A migration that already ran has another text now."""


def migrate(dsn: str) -> list[str]:
    """Bring the database at ``dsn`` to the newest schema; return the names of the files that ran."""
    ran: list[str] = []
    with connect(dsn, application="qaitarym migrate") as conn:
        conn.execute("select pg_advisory_xact_lock(%s)", (ONE_AT_A_TIME,))
        conn.execute(LEDGER)
        done = {row["name"]: row["sha256"] for row in conn.execute("select name, sha256 from ops.applied_migration")}
        for path in sorted((SQL_FOLDER / "migrations").glob("[0-9]*.sql")):
            body = path.read_bytes()
            digest = hashlib.sha256(body).hexdigest()
            if path.name in done:
                if done[path.name] != digest:
                    raise MigrationChanged(
                        f"{path.name} was changed after it ran here: restore it and write a new migration"
                    )
                continue
            conn.execute(body)
            conn.execute("insert into ops.applied_migration (name, sha256) values (%s, %s)", (path.name, digest))
            ran.append(path.name)
    return ran
