"""Once a week: marts, KPIs and signals, judged before anyone reads them, then a mail to every merchant.

Stage → gate → publish → mail. What did not change since the last run is not counted again. ``all`` is the part of the
whole house (``merchant_id`` NULL in the marts); it is made only when every merchant's part could be made, so that its
numbers never silently lack somebody.
"""

import datetime as dt
import logging
from typing import Any

from include.analytics.kpis import Number
from include.clock import almaty_day
from include.db import lease
from include.db.connection import Connection, connect
from include.db.copying import copy_rows
from include.db.statements import run as run_statement
from include.domain import kpi
from include.flows import batch, weekly_marts
from include.flows.run import Run
from include.flows.weekly_marts import WHOLE, Touched
from include.flows.weekly_statistics import goods_rates, stage_statistics, stored, young_rates

log = logging.getLogger(__name__)
KNOWN_WEEKS = 20  # so many past weeks of KPIs are kept with what a run published: the longest horizon and a trend
OVERTAKEN = (
    "another run has counted it since this one read the facts, or one of a later day has: its numbers stand. "
    "Where no mail of the week went out, clear the stage task of the run with the latest clock"
)
KPI_COLUMNS = (
    "dag_id", "run_id", "merchant_id", "category", "sku", "supplier", "week_start", "kpi", "horizon_days", "version",
    "known_on", "value", "lo", "hi", "n", "note",
)  # fmt: skip


class MerchantMissing(RuntimeError):
    """A merchant's part failed, so the whole house's numbers would be wrong."""


class StagedRowsGone(RuntimeError):
    """What the gate judged is not there any more."""


def merchants(conn: Connection) -> list[str]:
    """Return the ids of the merchants that are served."""
    return [row["merchant_id"] for row in run_statement(conn, "report/merchants").fetchall()]


def stage(dsn: str, run: Run, owner: str, *, whole: bool = False) -> dict[str, int]:
    """Stage what changed of every merchant's marts, KPIs and signals, then of the whole house; return rows by part.

    ``whole`` stages everything, changed or not.
    """
    rows: dict[str, int] = {}
    with connect(dsn) as conn:
        served = merchants(conn)
        conn.commit()
        for merchant_id in served:
            with (
                batch.merchant_part(conn, run, merchant_id),
                lease.hold(conn, f"{run.dag_id}:{merchant_id}", owner) as held,
                held.transaction(),
            ):
                batch.open_batch(conn, run, merchant_id)
                touched, count = weekly_marts.stage(conn, run, merchant_id, whole=whole)
                count += _stage_kpis(conn, run, merchant_id, touched)
                batch.staged(conn, run, merchant_id, count)
                rows[merchant_id] = count
        with batch.merchant_part(conn, run, WHOLE), lease.hold(conn, f"{run.dag_id}:{WHOLE}", owner) as held:
            missing = sorted(set(served) - set(rows))
            if missing:
                raise MerchantMissing(f"the parts of {', '.join(missing)} failed: see theirs, then run this task again")
            with held.transaction():
                batch.open_batch(conn, run, WHOLE)
                touched = weekly_marts.touched_by(conn, run, WHOLE, whole=whole)
                count = _stage_kpis(conn, run, None, touched)
                stage_statistics(conn, run, served)
                batch.staged(conn, run, WHOLE, count)
                rows[WHOLE] = count
    return rows


def publish(dsn: str, run: Run, owner: str) -> dict[str, int]:
    """Make the parts that passed visible, each in one transaction; return how many are published now.

    A part that another run has overtaken has failed: its numbers are not what this run's mail would say.
    """
    with connect(dsn) as conn:
        passed = batch.passed(conn, run)
        conn.commit()
        for part in passed:
            with lease.hold(conn, f"{run.dag_id}:{part}", owner) as held, held.transaction():
                # a repeated publishing must not take emptied staging tables for a merchant without returns
                if part in batch.with_status(conn, run, "passed"):
                    _publish_part(conn, run, part)
        return {"published": len(batch.with_status(conn, run, "published"))}


def _publish_part(conn: Connection, run: Run, part: str) -> None:
    counted = run_statement(conn, "mart/staged_rows", **run.key, part=part, now=run.now).fetchone()
    if counted is None or counted["found"] != counted["promised"] or counted["overtaken"] is None:
        raise StagedRowsGone(
            f"{part}: {counted and counted['found']} staged rows where {counted and counted['promised']} were judged "
            "(a crash of the database empties staging tables): clear the stage task and run it again"
        )
    if counted["overtaken"]:
        log.warning("%s: %s", part, OVERTAKEN)
        run_statement(conn, "mart/staged_rows__drop", **run.key, part=part)
        batch.failed(conn, run, part, OVERTAKEN)
        return
    weekly_marts.publish(conn, run, part)
    today = almaty_day(run.now)
    if part != WHOLE:
        said = {**run.key, "merchant_id": part, "known_on": today}
        for table in ("mart/signal", "mart/reason_worth", "mart/cause_share"):
            run_statement(conn, table, **said, week_start=kpi.last_full_week(today))
        run_statement(conn, "mart/action_effect", **said)
    run_statement(conn, "mart/staged_rows__drop", **run.key, part=part)
    keep_known(conn, run, part)
    batch.published(conn, run, part)


def keep_known(conn: Connection, run: Run, part: str) -> None:
    """Keep what the marts say of a part now, as the run's clock knew it: mails are written from it."""
    week = kpi.last_full_week(almaty_day(run.now))
    run_statement(
        conn, "ops/weekly_known", part=part, merchant_id=None if part == WHOLE else part, now=run.now, week_start=week,
        weeks_from=week - dt.timedelta(weeks=KNOWN_WEEKS),
    )  # fmt: skip


def _stage_kpis(conn: Connection, run: Run, merchant_id: str | None, touched: Touched) -> int:
    """Stage the KPIs of one merchant's touched weeks, or of the whole house's (None); return their rows."""
    found = weekly_marts.numbers_of(conn, run, merchant_id, touched)
    found += young_rates(conn, run, merchant_id)
    if merchant_id is not None:
        found += goods_rates(conn, run, merchant_id)
    return stage_numbers(conn, run, merchant_id, found)


def stage_numbers(conn: Connection, run: Run, merchant_id: str | None, found: list[Number]) -> int:
    """Stage numbers of one merchant, or of the whole house (None); return how many."""
    today = almaty_day(run.now)
    return copy_rows(
        conn, "mart.stage_kpi_weekly", KPI_COLUMNS, (_kpi_row(run, merchant_id, today, number) for number in found)
    )


def _kpi_row(run: Run, merchant_id: str | None, today: dt.date, number: Number) -> tuple[Any, ...]:
    rounded = [stored(value, 6) for value in (number.value, number.lo, number.hi)]
    return (
        run.dag_id, run.run_id, merchant_id, number.category, number.sku, number.supplier, number.week_start,
        number.kpi, number.horizon_days, kpi.VERSION, today, *rounded, number.n, number.note,
    )  # fmt: skip
