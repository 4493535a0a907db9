"""Once a week: marts, KPIs and signals, judged before anyone reads them, then a mail to every merchant.

Stage → gate → publish → mail. ``all`` is the part of the whole house (``merchant_id`` NULL in the marts); it is
made only when every merchant's part could be made, so that its numbers never silently lack somebody.
"""

import datetime as dt
from typing import Any

from include.analytics.kpis import Cohort, Expected, Number, ReceivedUnit, numbers
from include.clock import almaty_day
from include.db import lease
from include.db.connection import Connection, connect
from include.db.copying import copy_rows
from include.db.statements import run as run_statement
from include.domain import kpi
from include.flows import batch
from include.flows.run import Run
from include.flows.weekly_facts import WHOLE
from include.flows.weekly_statistics import goods_rates, stage_statistics, stored, young_rates

KNOWN_WEEKS = 20  # so many past weeks of KPIs are kept with what a run published: the longest horizon and a trend
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


def stage(dsn: str, run: Run, owner: str) -> dict[str, int]:
    """Stage every merchant's marts, KPIs and signals, then those of the whole house; return rows by part."""
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
                count = _stage_marts(conn, run, merchant_id) + _stage_kpis(conn, run, merchant_id)
                batch.staged(conn, run, merchant_id, count)
                rows[merchant_id] = count
        with batch.merchant_part(conn, run, WHOLE), lease.hold(conn, f"{run.dag_id}:{WHOLE}", owner) as held:
            missing = sorted(set(served) - set(rows))
            if missing:
                raise MerchantMissing(f"the parts of {', '.join(missing)} failed: see theirs, then run this task again")
            with held.transaction():
                batch.open_batch(conn, run, WHOLE)
                count = _stage_kpis(conn, run, None)
                stage_statistics(conn, run, served)
                batch.staged(conn, run, WHOLE, count)
                rows[WHOLE] = count
    return rows


def publish(dsn: str, run: Run, owner: str) -> dict[str, int]:
    """Make the parts that passed visible, each in one transaction; return how many are published now."""
    with connect(dsn) as conn:
        passed = batch.passed(conn, run)
        conn.commit()
        for part in passed:
            with lease.hold(conn, f"{run.dag_id}:{part}", owner) as held, held.transaction():
                # a repeated publishing must not take emptied staging tables for a merchant without returns
                if part in batch.with_status(conn, run, "passed"):
                    _publish_part(conn, run, part)
                    batch.published(conn, run, part)
    return {"published": len(passed)}


def _publish_part(conn: Connection, run: Run, part: str) -> None:
    today = almaty_day(run.now)
    weeks = kpi.weeks_written(today)
    merchant_id = None if part == WHOLE else part
    counted = run_statement(conn, "mart/staged_rows", **run.key, part=part).fetchone()
    if counted is None or counted["found"] != counted["promised"]:
        raise StagedRowsGone(
            f"{part}: {counted and counted['found']} staged rows where {counted and counted['promised']} were judged "
            "(a crash of the database empties staging tables): clear the stage task and run it again"
        )
    if merchant_id is not None:
        run_statement(conn, "mart/cohort_weekly", **run.key, merchant_id=merchant_id)
        run_statement(conn, "mart/cause_weekly", **run.key, merchant_id=merchant_id)
        for table in ("mart/signal", "mart/reason_worth", "mart/cause_share"):
            run_statement(conn, table, **run.key, merchant_id=merchant_id, week_start=weeks[-1])
        run_statement(conn, "mart/action_effect", **run.key, merchant_id=merchant_id)
    run_statement(conn, "mart/kpi_weekly", **run.key, merchant_id=merchant_id, known_on=today, weeks_from=weeks[0])
    run_statement(conn, "mart/staged_rows__drop", **run.key, part=part)
    run_statement(
        conn, "ops/weekly_known", part=part, merchant_id=merchant_id, now=run.now, week_start=weeks[-1],
        weeks_from=weeks[-1] - dt.timedelta(weeks=KNOWN_WEEKS),
    )  # fmt: skip


def _stage_marts(conn: Connection, run: Run, merchant_id: str) -> int:
    """Stage the cohort and cause marts from core and ledger; return their rows."""
    key = {**run.key, "merchant_id": merchant_id}
    run_statement(conn, "mart/stage_cohort_return", **key)
    rows = run_statement(conn, "mart/stage_cohort_weekly", **key, now=run.now).rowcount
    return rows + run_statement(conn, "mart/stage_cause_weekly", **key).rowcount


def _stage_kpis(conn: Connection, run: Run, merchant_id: str | None) -> int:
    """Stage the KPIs of one merchant, or of the whole house (None); return their rows."""
    today = almaty_day(run.now)
    weeks = kpi.weeks_written(today)
    window = {"merchant_id": merchant_id, "weeks_from": weeks[0], "weeks_to": weeks[-1] + dt.timedelta(weeks=1)}
    units = run_statement(conn, "report/received_units", **window, now=run.now).fetchall()
    cohorts = run_statement(conn, "report/staged_cohorts", **run.key, merchant_id=merchant_id).fetchall()
    expected = run_statement(conn, "report/expected_units", **window).fetchall()
    found = numbers(
        [ReceivedUnit(**row) for row in units],
        [Cohort(**row) for row in cohorts],
        [Expected(**row) for row in expected],
        today,
    )
    found += young_rates(conn, run, merchant_id)
    if merchant_id is not None:
        found += goods_rates(conn, run, merchant_id)
    run_statement(conn, "mart/stage_kpi_weekly__clear", **run.key, merchant_id=merchant_id)
    rows = [_kpi_row(run, merchant_id, today, number) for number in found]
    return copy_rows(conn, "mart.stage_kpi_weekly", KPI_COLUMNS, rows)


def _kpi_row(run: Run, merchant_id: str | None, today: dt.date, number: Number) -> tuple[Any, ...]:
    rounded = [stored(value, 6) for value in (number.value, number.lo, number.hi)]
    return (
        run.dag_id, run.run_id, merchant_id, number.category, number.sku, number.supplier, number.week_start,
        number.kpi, number.horizon_days, kpi.VERSION, today, *rounded, number.n, number.note,
    )  # fmt: skip
