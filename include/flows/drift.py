"""Keep what a fetch found changed in Kaspi's payloads, until a person has acknowledged it."""

import datetime as dt
import logging
from collections.abc import Collection, Mapping, Sequence

from include.db.connection import Connection
from include.db.copying import copy_rows
from include.db.statements import run as run_statement
from include.flows.run import Run
from include.kaspi.drift import Drift

log = logging.getLogger(__name__)
SOURCE = "kaspi/order"


def keep_drift(conn: Connection, merchant_id: str, drifts: Sequence[Drift], run: Run, *, source: str = SOURCE) -> int:
    """Store ``drifts`` inside the caller's transaction; warn of each that nobody acknowledged. Return how many.

    May be called again for the same run: the counts are those of its fullest try.
    """
    if not drifts:
        return 0
    run_statement(conn, "ops/drift__stage")
    copy_rows(
        conn,
        "stage_schema_drift",
        ("kind", "path", "detail", "examples", "example_order_id"),
        ((one.kind, one.path, one.detail, one.count_of_examples, one.example_order_id) for one in drifts),
    )
    unknown = run_statement(
        conn, "ops/drift", **run.key, merchant_id=merchant_id, source=source, now=run.now
    ).fetchall()
    for row in unknown:
        log.warning(
            "%s: %s has changed its payloads: %s is %s (%s), in %d of them; the console's quality page has it",
            merchant_id, source, row["path"], row["kind"], row["detail"], row["examples"],
        )  # fmt: skip
    return len(unknown)


def keep_unknown_values(conn: Connection, run: Run, known: Mapping[str, Collection[str]]) -> int:
    """Store what the staged batch says that none of the ``known`` lists has, once a value; return how many are news.

    The session shows the run (``ops/show_run``); ``known`` are the parameters of ``ops/drift__unknown_values``.
    """
    lists = {name: sorted(values) for name, values in known.items()}
    unknown = run_statement(conn, "ops/drift__unknown_values", **run.key, now=run.now, **lists).fetchall()
    for row in unknown:
        log.warning(
            "%s: %s has the unknown value %s, in %d records; the console's quality page has it",
            row["merchant_id"], row["path"], row["detail"], row["examples"],
        )  # fmt: skip
    return len(unknown)


def acknowledge(conn: Connection, ids: Sequence[int], actor: str, now: dt.datetime) -> int:
    """Say that somebody has seen these differences and they are no news any more; return how many were."""
    if not actor.strip():
        raise ValueError("whoever acknowledges a difference has a name")
    with conn.transaction():
        return run_statement(conn, "ops/drift__acknowledge", ids=list(ids), actor=actor.strip()[:200], now=now).rowcount
