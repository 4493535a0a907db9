"""What the weekly mail of one reader says, read as it was known at a moment.

Every source keeps its past: events of units, differences, claims and decisions by when they were recorded, KPIs,
signals and unquantified cases as the weekly runs published them. So the same question gets the same answer for ever.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from include.clock import ALMATY
from include.db.connection import Connection
from include.db.statements import run as run_statement
from include.domain import kpi
from include.flows.weekly_marts import WHOLE
from include.locale.words import words
from include.reports.facts import (
    CauseLine,
    Clock,
    Flow,
    KpiLine,
    KpiPoint,
    Open,
    Point,
    SignalLine,
    WeeklyFacts,
)

ORDER = {definition.name: place for place, definition in enumerate(kpi.DEFINITIONS)}
TREND_WEEKS = 8
CLOCKS_AHEAD = dt.timedelta(days=7)
ONE_WEEK = dt.timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who gets a mail; ``merchant_id`` None is the team, which reads about all merchants."""

    merchant_id: str | None
    name: str
    language: str
    recipient: str


def readers(conn: Connection) -> list[Reader]:
    """Return everybody who gets a mail, the team last."""
    found = [
        Reader(row["merchant_id"], row["name"], row["locale"], row["report_email"])
        for row in run_statement(conn, "report/merchants").fetchall()
        if row["report_email"]
    ]
    team = {row["name"]: row["value"] for row in run_statement(conn, "report/team").fetchall() if row["value"]}
    if "team_email" in team:
        language = str(team.get("team_locale", "ru"))
        found.append(Reader(None, words(language)._("All merchants"), language, str(team["team_email"])))
    return found


def facts_known(
    conn: Connection, reader: Reader, week: dt.date, known_at: dt.datetime, signals_of: dt.date | None = None
) -> WeeklyFacts:
    """Return what the mail about ``week`` (its Monday) says by all that was recorded until ``known_at``.

    ``signals_of`` names another week whose signals are shown: those of a week that is not over are not known.
    """
    starts = dt.datetime.combine(week, dt.time(), ALMATY)
    names: dict[str, str] = {
        row["merchant_id"]: row["name"] for row in run_statement(conn, "core/merchant__named").fetchall()
    }
    known: dict[str, Any] = {"known_at": known_at}
    whose: dict[str, Any] = {**known, "merchant_id": reader.merchant_id}
    theirs: dict[str, Any] = {**known, "merchants": [reader.merchant_id] if reader.merchant_id else list(names)}
    weeks = run_statement(conn, "report/known_flow", **whose, week_start=week).fetchall()
    kpis = run_statement(
        conn, "report/known_kpis", **known, part=reader.merchant_id or WHOLE, week_start=week, version=kpi.VERSION
    ).fetchall()
    unquantified = run_statement(conn, "report/known_unquantified", **theirs).fetchone() or {}
    return WeeklyFacts(
        merchant_id=reader.merchant_id,
        name=reader.name,
        language=reader.language,
        recipient=reader.recipient,
        week_start=week,
        now=known_at,
        flow=_flow(weeks[-1]),
        flow_before=_flow(weeks[-2]),
        kpis=_kpi_lines(kpis),
        causes=[
            CauseLine(**row)
            for row in run_statement(conn, "report/known_causes", **whose, since=starts, until=starts + ONE_WEEK)
        ],
        signals=[
            SignalLine(merchant_name=names[row["merchant_id"]], **row)
            for row in run_statement(conn, "report/known_signals", **theirs, week_start=signals_of or week)
        ],
        open_items=[Open(**row) for row in run_statement(conn, "report/known_questions", **theirs)],
        clocks=[
            Clock(**row) for row in run_statement(conn, "report/known_clocks", **theirs, until=known_at + CLOCKS_AHEAD)
        ],
        unquantified_cases=unquantified.get("cases", 0),
        unquantified_lo=unquantified.get("units_lo", 0),
        unquantified_hi=unquantified.get("units_hi", 0),
        series=[Point(row["week_start"], row["received"], row["on_sale"], row["resold"]) for row in weeks[1:]],
    )


def _flow(row: dict[str, Any]) -> Flow:
    return Flow(**{name: value for name, value in row.items() if name != "week_start"})


def _kpi_lines(rows: Iterable[dict[str, Any]]) -> list[KpiLine]:
    """Return a line a KPI and horizon, of its newest week; ``rows`` come by KPI, horizon and week."""
    lines = [_kpi_line(list(same)) for _, same in groupby(rows, key=lambda row: (row["kpi"], row["horizon_days"]))]
    return sorted(lines, key=lambda line: (ORDER.get(line.kpi, len(ORDER)), line.horizon_days or 0))


def _kpi_line(weeks: Sequence[dict[str, Any]]) -> KpiLine:
    """Return the line of a KPI's newest week; a week without a row had no units and stands in the trend so."""
    newest, by_week = weeks[-1], {row["week_start"]: row for row in weeks}
    first = max(weeks[0]["week_start"], newest["week_start"] - (TREND_WEEKS - 1) * ONE_WEEK)
    count = (newest["week_start"] - first) // ONE_WEEK + 1
    trend = [_point(first + place * ONE_WEEK, by_week) for place in range(count)]
    before = _point(newest["week_start"] - ONE_WEEK, by_week)
    return KpiLine(
        **newest, previous=before.value, previous_n=before.n, previous_lo=before.lo, previous_hi=before.hi, trend=trend
    )


def _point(week: dt.date, by_week: dict[dt.date, dict[str, Any]]) -> KpiPoint:
    row = by_week.get(week)
    return KpiPoint(week, row["value"], row["lo"], row["hi"], row["n"]) if row else KpiPoint(week, None, None, None, 0)
