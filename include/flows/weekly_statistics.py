"""The statistics of the week: signals, effects of actions, what reasons are worth, rates of young and of small cohorts.

Rows are read here and given to include.analytics, which knows no database; what it says is staged for the gate.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import numpy as np
from psycopg.types.json import Jsonb

from include.analytics import effects, reasons, signals
from include.analytics.attribution import Told, explain
from include.analytics.history import DIMENSIONS, History
from include.analytics.kpis import Number
from include.analytics.nowcast import PAST_WEEKS, CohortSums, longest_delay, young_ages, young_cohorts
from include.analytics.shrinkage import shrunk
from include.db.connection import Connection
from include.db.copying import copy_rows
from include.db.statements import run as run_statement
from include.domain import kpi
from include.domain.days import almaty_day, begin_of
from include.flows.run import Run
from include.flows.settings import setting

HISTORY_WEEKS = 52
LEARNED_WEEKS = 26
# So long after its week an action is judged: 26 weeks of it, and returns still to come; the weeks before are read.
JUDGED_WEEKS = HISTORY_WEEKS - effects.WEEKS_BEFORE - 1
SIGNAL_COLUMNS = (
    "dag_id", "run_id", "merchant_id", "week_start", *DIMENSIONS, "reason", "rate", "baseline", "q_value", "direction",
    "evidence",
)  # fmt: skip
EFFECT_COLUMNS = (
    "dag_id", "run_id", "action_id", "merchant_id", "scope", "started_on", "effect", "lo", "hi", "verdict", "kind",
    "owner", "hypothesis", "reason", "ended_on", "known_on", "evidence",
)  # fmt: skip
WORTH_COLUMNS = (
    "dag_id", "run_id", "merchant_id", "week_start", "reason", "inspected", "confirmed", "share", "lo", "hi", "mostly",
)  # fmt: skip
SHARE_COLUMNS = (
    "dag_id", "run_id", "merchant_id", "week_start", "cause", "received", "inspected", "stated", "value", "lo", "hi",
)  # fmt: skip


def stage_statistics(conn: Connection, run: Run, served: list[str]) -> None:
    """Stage signals, effects and reasons of all merchants; signals are one family, as the promise is about all."""
    week = kpi.last_full_week(almaty_day(run.now))
    monday = week + dt.timedelta(weeks=1)
    run_statement(conn, "mart/stage_statistics__clear", **run.key)
    history = read_history(conn, served, monday)
    found = signals.find(history, float(setting(conn, "signal_fdr")))
    told = explain(history, found.signals)
    rows = [_signal_row(run, week, one, found.tested) for one in told]
    copy_rows(conn, "mart.stage_signal", SIGNAL_COLUMNS, rows)
    for merchant_id in served:
        _stage_effects(conn, run, merchant_id, history, monday)
        _stage_reasons(conn, run, merchant_id, week, monday)


def read_history(conn: Connection, served: list[str], monday: dt.date) -> History:
    """Return the order lines of the last year and what came back of them, as known on that Monday."""
    sold: list[Mapping[str, Any]] = []
    returned: list[Mapping[str, Any]] = []
    for merchant_id in served:
        window = {"merchant_id": merchant_id, "monday": monday, "weeks": HISTORY_WEEKS}
        sold += run_statement(conn, "report/signal_sold", **window).fetchall()
        returned += run_statement(conn, "report/signal_returned", **window).fetchall()
    return History.of_rows(sold, returned)


def _signal_row(run: Run, week: dt.date, told: Told, tested: int) -> tuple[Any, ...]:
    cell = told.signal.cell
    where = dict(cell.where)
    evidence = {
        "returned": cell.returned,
        "sold": cell.sold,
        "could_be_back": round(cell.exposure, 2),
        "expected": round(cell.expected, 2),
        "returned_before": cell.returned_before,
        "could_be_back_before": round(cell.exposure_before, 2),
        "p_value": round(cell.p_value, 8),
        "cells_tested": tested,
        "recent_weeks": cell.weeks,
        "before_weeks": signals.BASE_WEEKS,
        "role": told.role,
        "explained_by": dict(told.by) if told.by is not None else None,
        "attributed": told.attributed,
        "alternatives": [dict(one) for one in told.alternatives],
        "shape": told.shape,
        "rises_for_weeks": told.since_weeks,
    }
    return (
        run.dag_id, run.run_id, cell.merchant_id, week, *(where.get(name) for name in DIMENSIONS), cell.cause,
        stored(cell.rate, 6), stored(cell.baseline, 6), stored(told.signal.q_value, 8), "up", Jsonb(evidence),
    )  # fmt: skip


# --- actions


def _stage_effects(conn: Connection, run: Run, merchant_id: str, history: History, monday: dt.date) -> None:
    """Stage the effects of a merchant's actions. What was judged to its end stays as it was said then."""
    actions = run_statement(conn, "core/preventive_action__of_merchant", merchant_id=merchant_id).fetchall()
    judged = run_statement(conn, "mart/action_effect__judged", merchant_id=merchant_id).fetchall()
    judged_to = {row["action_id"]: row["judged_to"] for row in judged}
    known, settled, rows = {monday: history}, [], []
    for action in actions:
        until = min(monday, judged_until(action["starts_on"]))
        if action["withdrawn"]:
            continue
        if until < monday and judged_to.get(action["action_id"]) == until:
            settled.append(action["action_id"])
            continue
        if until not in known:
            known[until] = read_history(conn, [merchant_id], until)
        others = [one for one in actions if one is not action and one["starts_on"] <= until]
        effect, evidence = effect_of(known[until], action, others, until)
        rows.append(
            (
                run.dag_id, run.run_id, action["action_id"], merchant_id, Jsonb(action["scope"]), action["starts_on"],
                stored(effect.ratio, 4), stored(effect.lo, 4), stored(effect.hi, 4), effect.verdict,
                action["kind"], action["owner"], action["hypothesis"], action["reason"], action["ended_on"],
                almaty_day(run.now), Jsonb({**evidence, "judged_to": until.isoformat()}),
            )
        )  # fmt: skip
    copy_rows(conn, "mart.stage_action_effect", EFFECT_COLUMNS, rows)
    run_statement(conn, "mart/stage_action_effect__settled", **run.key, merchant_id=merchant_id, action_ids=settled)


def judged_until(starts_on: dt.date) -> dt.date:
    """Return the last Monday on which an action is judged anew: later its weeks before are read no more."""
    return starts_on - dt.timedelta(days=starts_on.weekday()) + dt.timedelta(weeks=JUDGED_WEEKS)


def effect_of(
    history: History, action: Mapping[str, Any], others: Iterable[Mapping[str, Any]], monday: dt.date
) -> tuple[effects.Effect, dict[str, Any]]:
    """Return what an action did, and the weekly counts it is judged by.

    Goods of the same merchant that no action for the same cause is about are the comparison.
    """
    against = [
        one["scope"] for one in others
        if not one["withdrawn"] and (None in (one["reason"], action["reason"]) or one["reason"] == action["reason"])
    ]  # fmt: skip
    panel = effects.panel(
        history, action["merchant_id"], action["scope"], action["reason"], against,
        monday=monday, starts_on=action["starts_on"], ended_on=action["ended_on"],
    )  # fmt: skip
    if panel is None:
        return effects.NOTHING, {"because": "the merchant has sold nothing of it yet"}
    effect = effects.judge(panel)
    return effect, {
        "because": effect.because,
        "compared_with": "other goods" if panel.compared else "its own past",
        "returned_before": int(panel.treated[~panel.after].sum()),
        "returned_after": int(panel.treated[panel.after].sum()),
        "could_be_back_before": round(float(panel.treated_exposure[~panel.after].sum()), 2),
        "could_be_back_after": round(float(panel.treated_exposure[panel.after].sum()), 2),
        "others_returned_before": int(panel.control[~panel.after].sum()),
        "others_returned_after": int(panel.control[panel.after].sum()),
        "weeks_before": int((~panel.after).sum()),
        "weeks_after": int(panel.after.sum()),
    }


# --- stated reasons


def _stage_reasons(conn: Connection, run: Run, merchant_id: str, week: dt.date, monday: dt.date) -> None:
    rows = run_statement(
        conn, "report/reason_findings",
        merchant_id=merchant_id, week_start=begin_of(week), week_end=begin_of(monday),
        learned_from=begin_of(monday - dt.timedelta(weeks=LEARNED_WEEKS)),
    ).fetchall()  # fmt: skip
    learned, inspected = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    waiting, lines = Counter[str](), Counter[str]()
    for row in rows:
        pair = (row["reason"], row["cause"])
        if row["cause"] is not None:
            learned[pair] += row["pieces"]
            lines[row["reason"]] += row["lines"]
        if row["of_week"] and row["cause"] is not None:
            inspected[pair] += row["pieces"]
        elif row["of_week"]:
            waiting[row["reason"]] += row["pieces"]
    worth = [
        (
            run.dag_id, run.run_id, merchant_id, week, one.reason, one.share.n,
            round((one.share.value or 0) * one.share.n), stored(one.share.value, 6), stored(one.share.lo, 6),
            stored(one.share.hi, 6), one.mostly,
        )
        for one in reasons.worth(learned, lines)
    ]  # fmt: skip
    shares = [
        (
            run.dag_id, run.run_id, merchant_id, week, one.cause, one.n, sum(inspected.values()),
            stored(one.stated, 6), stored(one.value, 6), stored(one.lo, 6), stored(one.hi, 6),
        )
        for one in reasons.corrected(inspected, waiting, learned)
    ]  # fmt: skip
    copy_rows(conn, "mart.stage_reason_worth", WORTH_COLUMNS, worth)
    copy_rows(conn, "mart.stage_cause_share", SHARE_COLUMNS, shares)


# --- rates of young cohorts and of small cells


def young_rates(conn: Connection, run: Run, merchant_id: str | None) -> list[Number]:
    """Return the nowcasts of the cohorts that are not mature yet, by category and for all goods."""
    monday = kpi.last_full_week(almaty_day(run.now)) + dt.timedelta(weeks=1)
    horizons = kpi.BY_NAME["return_rate_nowcast"].horizons
    weeks = longest_delay(max(horizons)) + 1 + PAST_WEEKS
    window = {"merchant_id": merchant_id, "monday": monday, "weeks": weeks}
    sold = run_statement(conn, "report/young_sold", **window).fetchall()
    back = run_statement(conn, "report/young_returned", **run.key, **window).fetchall()
    found: list[Number] = []
    for horizon in horizons:
        of_horizon = [row for row in back if row["horizon_days"] == horizon]
        found += _young(sold, of_horizon, horizon, weeks, monday)
    return found


def _young(
    sold: list[dict[str, Any]], back: list[dict[str, Any]], horizon: int, weeks: int, monday: dt.date
) -> Iterable[Number]:
    categories = sorted({row["category"] for row in sold})
    place = {category: number for number, category in enumerate(categories)}
    longest = longest_delay(horizon)
    pieces, returned = np.zeros((len(categories), weeks + 1)), np.zeros((len(categories), weeks + 1, longest + 1))
    for row in sold:
        pieces[place[row["category"]], row["age"]] += row["sold"]
    for row in back:
        if row["category"] in place and row["delay"] <= longest:
            returned[place[row["category"]], row["age"], row["delay"]] += row["returned"]
    for names, sums in (
        (categories, CohortSums(pieces, returned)),
        ([None], CohortSums(pieces.sum(axis=0)[None], returned.sum(axis=0)[None])),
    ):
        if not names:
            continue
        estimate = young_cohorts(sums, horizon)
        for group, name in enumerate(names):
            for column, age in enumerate(young_ages(horizon)):
                n = int(sums.sold[group, age])
                if n:
                    yield _estimate(name, monday - dt.timedelta(weeks=age), horizon, n, estimate, group, column)


def _estimate(
    category: str | None, week: dt.date, horizon: int, n: int, estimate: Any, group: int, column: int
) -> Number:
    value, lo, hi = (float(part[group, column]) for part in (estimate.value, estimate.lo, estimate.hi))
    if np.isnan(value):
        return Number(category, week, "return_rate_nowcast", horizon, None, None, None, n, kpi.TOO_FEW)
    return Number(category, week, "return_rate_nowcast", horizon, value, min(lo, value), max(hi, value), n)


def goods_rates(conn: Connection, run: Run, merchant_id: str) -> list[Number]:
    """Return the return rates of SKUs and of suppliers' goods in mature cohorts, shrunk to their category."""
    today = almaty_day(run.now)
    found: list[Number] = []
    for horizon in kpi.BY_NAME["return_rate_shrunk"].horizons:
        week = kpi.newest_mature_week(horizon, today)
        rows = run_statement(
            conn, "report/goods_rates", **run.key, merchant_id=merchant_id, horizon_days=horizon,
            weeks_from=week - dt.timedelta(weeks=PAST_WEEKS - 1),
        ).fetchall()  # fmt: skip
        for which in ("sku", "supplier"):
            cells = [row for row in rows if row[which] is not None]
            if cells:
                found += _shrunk_rates(cells, week, horizon)
    return found


def _shrunk_rates(cells: list[dict[str, Any]], week: dt.date, horizon: int) -> Iterable[Number]:
    categories = {category: number for number, category in enumerate(sorted({row["category"] for row in cells}))}
    value, lo, hi = shrunk(
        np.array([row["returned"] for row in cells], dtype=float),
        np.array([row["sold"] for row in cells], dtype=float),
        np.array([categories[row["category"]] for row in cells]),
    )
    for number, row in enumerate(cells):
        yield Number(
            row["category"], week, "return_rate_shrunk", horizon, float(value[number]), float(lo[number]),
            float(hi[number]), row["sold"], None, sku=row["sku"], supplier=row["supplier"],
        )  # fmt: skip


def stored(value: float | None, places: int) -> Decimal | None:
    """Return the value as the database keeps it, rounded so that a repeated run writes the same."""
    return None if value is None else round(Decimal(value), places)
