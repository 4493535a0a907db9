"""Forward-only migrations: each file of ``sql/migrations`` runs once, in order, and is recorded.

They belong to the owner of the database. The application works under another login, one of the role APPLICATION_ROLE,
whose rights are said anew after the migrations: it may add to the ledger and never change it.
"""

import hashlib
import logging

import psycopg

from include.db.connection import Connection, connect
from include.db.statements import SQL_FOLDER, run

log = logging.getLogger(__name__)

LEDGER = """
create schema if not exists ops;
create table if not exists ops.applied_migration (
    name text primary key,
    sha256 text not null,
    applied_at timestamptz not null default clock_timestamp()
);
"""
ONE_AT_A_TIME = 0x7161697461  # any number of our own: the advisory lock's key
APPLICATION_ROLE = "qaitarym_app"


class MigrationChanged(RuntimeError):
    """A migration that already ran has another text now."""


class NotTheOwner(RuntimeError):
    """The login may work with the database and not change its schema."""


def migrate(dsn: str) -> list[str]:
    """Bring the database at ``dsn`` (its owner's) to the newest schema; return the names of the files that ran.

    Where the application's role is missing and this login may not create it, the log says what to do; everything else
    is done, and the owner's login works as before.
    """
    ran: list[str] = []
    with connect(dsn, application="qaitarym migrate") as conn:
        conn.execute("select pg_advisory_xact_lock(%s)", (ONE_AT_A_TIME,))
        _must_be_the_owner(conn)
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
        _give_rights(conn)
    return ran


def _must_be_the_owner(conn: Connection) -> None:
    row = conn.execute("select has_database_privilege(current_database(), 'create') as owns").fetchone()
    if row is None or not row["owns"]:
        raise NotTheOwner(
            f"{conn.info.user} may not change the schema of the database {conn.info.dbname}: migrate with the login "
            "that owns it, not with the application's"
        )


def _give_rights(conn: Connection) -> None:
    """Say what the application's role may do, making the role first where it is missing."""
    role = run(conn, "ops/rights__role").fetchone()
    assert role is not None
    if not role["here"]:
        if not role["may_create"]:
            log.warning(
                "the role %s is missing and %s may not create it: the application has to work as the owner, who could "
                "change the ledger. Let an administrator run `create role %s nologin`, then migrate again "
                "(docs/runbook.md, Two logins)",
                APPLICATION_ROLE, conn.info.user, APPLICATION_ROLE,
            )  # fmt: skip
            return
        _create_role(conn)
    run(conn, "ops/rights")


def _create_role(conn: Connection) -> None:
    try:
        with conn.transaction():
            conn.execute("create role qaitarym_app nologin")
    except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
        log.info("another database of this server made the role %s at the same moment", APPLICATION_ROLE)
