"""A merchant's part of a run: staged, judged by the gate, then published or held. His trouble stays his."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from include.db.connection import Connection
from include.db.lease import LeaseLost
from include.db.statements import run as run_statement
from include.flows.run import Run

log = logging.getLogger(__name__)


def open_batch(conn: Connection, run: Run, merchant_id: str) -> None:
    """Begin the merchant's part; a part that a try before had begun starts anew."""
    run_statement(conn, "ops/batch__open", **run.key, merchant_id=merchant_id)


def staged(
    conn: Connection, run: Run, merchant_id: str, rows: int, *, rejected: int = 0, detail: str | None = None
) -> None:
    """Say that all ``rows`` of the part are staged and ``rejected`` could not be, so that the gate can judge it."""
    _move(conn, run, merchant_id, "staged", rows=rows, rejected=rejected, detail=detail)


def published(conn: Connection, run: Run, merchant_id: str) -> None:
    """Say that readers see the part now; call it in the transaction that publishes."""
    _move(conn, run, merchant_id, "published")


def failed(conn: Connection, run: Run, merchant_id: str, detail: str) -> None:
    """Say that the part could not be made, and why."""
    _move(conn, run, merchant_id, "failed", detail=detail[:2000])


def with_status(conn: Connection, run: Run, *statuses: str) -> list[str]:
    """Return the merchants whose part has one of ``statuses``."""
    with conn.transaction():
        rows = run_statement(conn, "ops/batch__with_status", **run.key, statuses=list(statuses)).fetchall()
    return [row["merchant_id"] for row in rows]


def passed(conn: Connection, run: Run) -> list[str]:
    """Return the merchants whose part may be published; a repeated publishing finds its own again."""
    return with_status(conn, run, "passed", "published")


@contextmanager
def merchant_part(conn: Connection, run: Run, merchant_id: str, *, alone: bool = False) -> Iterator[None]:
    """Keep one merchant's failure from the others: it is logged and recorded, and the caller goes on.

    A task that works for this merchant ``alone`` fails as well, so that Airflow tries it again.
    """
    try:
        yield
    except LeaseLost:
        raise  # a newer try is at work on this part: an overtaken one writes nothing, not even its failure
    except Exception as error:
        log.exception("%s %s: the part of %s failed", run.dag_id, run.run_id, merchant_id)
        if conn.broken:
            raise
        conn.rollback()
        with conn.transaction():
            open_batch(conn, run, merchant_id)
            failed(conn, run, merchant_id, f"{type(error).__name__}: {error}")
        if alone:
            raise


def overtaken(conn: Connection, run: Run, merchant_id: str) -> bool:
    """Tell whether a run with a later clock has published this merchant's part: then the present is not ours."""
    row = run_statement(
        conn, "ops/batch__overtaken", dag_id=run.dag_id, merchant_id=merchant_id, now=run.now
    ).fetchone()
    return row is not None


def _move(
    conn: Connection,
    run: Run,
    merchant_id: str,
    status: str,
    *,
    rows: int | None = None,
    rejected: int | None = None,
    detail: str | None = None,
) -> None:
    run_statement(
        conn,
        "ops/batch",
        **run.key,
        merchant_id=merchant_id,
        status=status,
        rows=rows,
        rejected=rejected,
        detail=detail,
    )
