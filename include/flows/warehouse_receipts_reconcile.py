"""Warehouse events to the ledger, and what was expected against what came.

collect (all sources) → gate → book (events to units) → reconcile (differences become cases) → notices to be sent.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from include.db.connection import Connection, connect
from include.db.lease import Lease, hold
from include.db.statements import run as run_statement
from include.flows import batch, claims, comparison, desk_again, discrepancies
from include.flows.booking import book_events
from include.flows.contacts import Sealer
from include.flows.desk_passed import passed_at_desks
from include.flows.notices import queue_arrival_notices
from include.flows.run import Run
from include.flows.warehouse_events import Arrived, Sources, judge_again, take_in
from include.notify.alerts import ALL, raise_alert
from include.wms.sources import Source

log = logging.getLogger(__name__)


def source_rows(dsn: str) -> list[dict[str, Any]]:
    """Return the warehouse sources: source, kind, connection_id."""
    with connect(dsn) as conn:
        return list(run_statement(conn, "core/warehouse_source__all").fetchall())


def collect(dsn: str, run: Run, sources: Sources, owner: str) -> int:
    """Store what every source has after its cursor; one source's failure does not keep the others' events.

    Then what was put aside of it and is to be judged again has its turn: what was corrected meanwhile is here by then.
    A cursor moves in the transaction that stores what it was read with. Returns how many events came.
    """
    came = 0
    failures: list[str] = []
    with connect(dsn) as conn:
        for name, source in sources.by_name.items():
            with _told(failures, name), hold(conn, f"{run.dag_id}:source:{name}", owner) as lease:
                came += _collect_source(lease, run, name, source, sources.sealer)
        unread = len(failures)
        with conn.transaction():
            desks = desk_again.desks(conn)
        for desk in desks:
            name = desk["source"]
            with (
                _told(failures, name),
                hold(conn, f"{run.dag_id}:source:{name}", owner) as lease,
                lease.transaction(),
            ):
                came += desk_again.judge_again(
                    conn, name, desk["warehouse"], sources.sealer, f"{run.dag_id}/{run.run_id}", run.now
                )
        with conn.transaction():
            run_statement(conn, "ops/batch__of_events", **run.key)
            for failure in failures:
                name = failure.partition(":")[0]
                batch.open_batch(conn, run, f"source {name}")
                batch.failed(conn, run, f"source {name}", failure)
                raise_alert(conn, f"source/{name}", ALL, "source_unreadable", failure, run.now)
    if failures and unread == len(sources.by_name):
        raise RuntimeError(f"no warehouse source could be read: {'; '.join(failures)}")
    return came


@contextmanager
def _told(failures: list[str], name: str) -> Iterator[None]:
    """Keep one source's failure from the others; it is told when they have all been read."""
    try:
        yield
    except Exception as error:
        log.exception("source %s could not be read", name)
        failures.append(f"{name}: {type(error).__name__}: {error}")


def _collect_source(lease: Lease, run: Run, name: str, source: Source, sealer: Sealer) -> int:
    with lease.transaction() as conn:
        read = {row["part"]: row["cursor"] for row in run_statement(conn, "ops/cursor__of", source=name)}
    came = 0
    for portion in source.portions(read):
        where = portion.part or portion.cursor
        arrived = [Arrived(body, f"{where}#{number}") for number, body in enumerate(portion.bodies, start=1)]
        with lease.transaction() as conn:
            came += take_in(conn, name, source, arrived, sealer, run.now)
            run_statement(conn, "ops/cursor", source=name, part=portion.part, cursor=portion.cursor, now=run.now)
    with lease.transaction() as conn:
        came += judge_again(conn, name, source, sealer, f"{run.dag_id}/{run.run_id}", run.now)
    return came


def book(dsn: str, run: Run, owner: str) -> dict[str, int]:
    """Publish the passed events and book them, merchant by merchant; return the counts of all."""
    totals = {"events": 0, "booked": 0, "waiting": 0, "rejected": 0, "duplicates": 0, "qc_passed": 0, "notices": 0}
    with connect(dsn) as conn:
        for merchant_id in batch.passed(conn, run):
            with batch.merchant_part(conn, run, merchant_id), hold(conn, f"{run.dag_id}:{merchant_id}", owner) as lease:
                with lease.transaction():
                    totals["events"] += run_statement(
                        conn, "core/warehouse_event", **run.key, merchant_id=merchant_id, now=run.now
                    ).rowcount
                    counts = book_events(conn, run, merchant_id)
                    counts["qc_passed"] += passed_at_desks(conn, merchant_id, run.now)
                    run_statement(conn, "ops/quarantine__resolved_events", **run.key, merchant_id=merchant_id)
                    run_statement(conn, "channel/wms_stock", merchant_id=merchant_id)
                    discrepancies.refresh(conn, run, merchant_id)
                    if not batch.overtaken(conn, run, merchant_id):
                        comparison.compare(conn, merchant_id, run.now)
                    claims.refresh_merchant(conn, merchant_id, run.now)
                    run_statement(conn, "core/return_case__closed", merchant_id=merchant_id, now=run.now)
                    counts["notices"] = queue_arrival_notices(conn, run, merchant_id)
                    _audit(conn, run, merchant_id)
                    batch.published(conn, run, merchant_id)
                for name, value in counts.items():
                    totals[name] += value
    return totals


def _audit(conn: Connection, run: Run, merchant_id: str) -> None:
    """Refuse to commit a projection that does not agree with its events."""
    wrong = run_statement(
        conn, "checks/ledger/unit__is_its_last_event", merchant_id=merchant_id, now=run.now
    ).fetchall()
    if wrong:
        raise AssertionError(f"{len(wrong)} units disagree with their events, first {wrong[0]}; nothing was booked")
