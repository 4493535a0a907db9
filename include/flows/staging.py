"""What waits to be published is not logged by PostgreSQL: a crash of the server empties it, and it is read again."""

import logging

from include.db.connection import Connection
from include.db.statements import run as run_statement
from include.flows.run import Run

log = logging.getLogger(__name__)

LOST = "the database server crashed, and what was staged is lost; the next fetch of these windows reads them again"


class StagingLost(RuntimeError):
    """The part's staged rows are gone, or were taken back since it passed; the next fetch reads them again."""


def take_back_what_is_lost(conn: Connection) -> None:
    """Where a crash has emptied the staging tables, make all that is not published unread again.

    Call it at a fetch's begin, outside of a transaction, on the connection that the fetch works with: that one would
    not survive another crash.
    """
    with conn.transaction():
        if _there(conn, "ops/staging_mark"):
            return
    with conn.transaction():
        if not _there(conn, "ops/staging_mark__lock"):
            run_statement(conn, "ops/staging_mark__renew", detail=LOST)
            log.warning(LOST)


def _there(conn: Connection, statement: str) -> bool:
    row = run_statement(conn, statement).fetchone()
    return bool(row and row["there"])


def must_be_publishable(conn: Connection, run: Run, merchant_id: str) -> None:
    """Raise StagingLost where the part's rows may be gone; call it in the transaction that publishes."""
    row = run_statement(conn, "ops/batch__publishable", **run.key, merchant_id=merchant_id).fetchone()
    if row is None or not row["may"]:
        taken_back = row is not None and row["status"] != "passed"
        raise StagingLost(f"it is {row['status']}: {row['detail']}" if row and taken_back else LOST)
