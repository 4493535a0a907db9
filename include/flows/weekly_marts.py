"""The weekly marts: what changed since the last run is counted anew, with the same statements as everything.

A cell is a merchant's week: of orders (cohort), of receipts (receipt), of first signs of a return (signal). A run asks
which cells were touched (ops.mart_touch, the clock), stages these, and publishes these. What is not touched stands.
Rule: docs/methods/known-and-restated.md.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from include.analytics.kpis import Cohort, Expected, Number, Receipts, numbers, weeks_of_rates
from include.clock import almaty_day
from include.db.connection import Connection
from include.db.statements import run as run_statement
from include.domain import kpi
from include.flows.run import Run

WHOLE = "all"
RULES = "3"  # another number, and everything is counted anew: whoever changes how a cell is counted changes it
CELLS = {
    "cohort": ("cohort_weekly", "cause_weekly", "delay_weekly"),
    "receipt": ("receipt_weekly",),
    "signal": ("expected_weekly",),
}

KEEPS_ITS_PAST = frozenset({"cohort_weekly", "cause_weekly"})  # the others' numbers are known as KPIs


@dataclass(frozen=True, slots=True)
class Touched:
    """The weeks a run counts anew, by kind: cohort, receipt, signal; number: of receipts that only the clock moved."""

    weeks: Mapping[str, list[dt.date]]

    def of(self, *kinds: str) -> list[dt.date]:
        """Return the weeks touched in one of the ways, the oldest first."""
        return sorted({week for kind in kinds for week in self.weeks.get(kind, ())})


def stage(conn: Connection, run: Run, merchant_id: str, *, whole: bool = False) -> tuple[Touched, int]:
    """Stage the touched cells of a merchant; return them and the rows staged. Call it in one transaction."""
    key = {**run.key, "merchant_id": merchant_id}
    touched = touched_by(conn, run, merchant_id, whole=whole)
    rows = 0
    if touched.of("cohort"):
        run_statement(conn, "mart/stage_cohort_order", **key)
        run_statement(conn, "mart/stage_cohort_return", **key)
        rows += run_statement(conn, "mart/stage_cohort_weekly", **key, now=run.now).rowcount
        rows += run_statement(conn, "mart/stage_cause_weekly", **key).rowcount
        rows += run_statement(conn, "mart/stage_delay_weekly", **key).rowcount
        run_statement(conn, "mart/stage_cohort_order__drop")
    if touched.of("receipt"):
        rows += run_statement(conn, "mart/stage_receipt_weekly", **key).rowcount
    if touched.of("signal"):
        rows += run_statement(conn, "mart/stage_expected_weekly", **key).rowcount
    if rows:
        run_statement(conn, "mart/staged_rows__analyze")
    return touched, rows


def touched_by(conn: Connection, run: Run, part: str, *, whole: bool = False) -> Touched:
    """Note what this run counts anew of a merchant, or of the house (:data:`WHOLE`), and return it.

    What an earlier try has staged of the part goes.
    """
    run_statement(conn, "mart/staged_rows__drop", **run.key, part=part)
    weeks = kpi.weeks_written(almaty_day(run.now))
    found = run_statement(
        conn, "mart/stage_touch", **run.key, part=part, now=run.now, weeks_from=weeks[0], whole=whole,
        counted_by=_rules(conn, part),
    ).fetchall()  # fmt: skip
    touched: dict[str, list[dt.date]] = defaultdict(list)
    for row in found:
        touched[row["kind"]].append(row["week_start"])
    return Touched(touched)


def numbers_of(conn: Connection, run: Run, merchant_id: str | None, touched: Touched) -> list[Number]:
    """Return the KPIs of the touched weeks of a merchant, or of the whole house (None)."""

    def groups(name: str, weeks: list[dt.date]) -> list[dict[str, Any]]:
        if not weeks:
            return []
        return run_statement(conn, f"report/{name}", **run.key, merchant_id=merchant_id, weeks=weeks).fetchall()

    today = almaty_day(run.now)
    return numbers(
        [Receipts(**row) for row in groups("receipt_groups", touched.of("receipt", "number"))],
        [Cohort(**row) for row in groups("cohort_groups", weeks_of_rates(touched.of("cohort"), today))],
        [Expected(**row) for row in groups("expected_groups", touched.of("signal"))],
        run.now,
    )


def publish(conn: Connection, run: Run, part: str) -> None:
    """Put what the run staged of a merchant, or of the house (:data:`WHOLE`), in the place of what is published.

    Call it in one transaction.
    """
    today = almaty_day(run.now)
    merchant_id = None if part == WHOLE else part
    kinds = {row["kind"] for row in run_statement(conn, "mart/staged_kinds", **run.key, part=part).fetchall()}
    if merchant_id is not None:
        for table in [name for kind, names in CELLS.items() if kind in kinds for name in names]:
            known = {"known_on": today} if table in KEEPS_ITS_PAST else {}
            run_statement(conn, f"mart/{table}", **run.key, merchant_id=merchant_id, **known)
        run_statement(conn, "mart/window__left", merchant_id=merchant_id, weeks_from=kpi.weeks_written(today)[0])
    if kinds:
        longest = max(kpi.BY_NAME["return_rate"].horizons)
        run_statement(
            conn, "mart/kpi_weekly", **run.key, merchant_id=merchant_id, known_on=today,
            rates_from=kpi.oldest_rate(longest, today), longest=longest,
        )  # fmt: skip
    run_statement(conn, "ops/mart_state", **run.key, part=part, now=run.now, counted_by=_rules(conn, part))


def _rules(conn: Connection, part: str) -> str:
    """Return by what a part is counted: the house by its merchants as well."""
    if part != WHOLE:
        return RULES
    served = [row["merchant_id"] for row in run_statement(conn, "report/merchants").fetchall()]
    return " ".join([RULES, *sorted(served)])
