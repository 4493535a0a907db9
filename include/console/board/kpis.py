"""The KPIs of ``mart.kpi_weekly`` on the dashboard: the newest week of each as a card, and its weeks as a figure."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from include.console.board.chosen import Chosen
from include.console.board.counted import MODELLED
from include.console.board.figures import Cell, Column, Figure, Row, Unit
from include.db.connection import Connection
from include.db.statements import run
from include.domain import kpi
from include.domain.change import Week, moved
from include.locale.labels import kpi_name, kpi_value, note_words, restated_words
from include.locale.words import Words

ORDER = {definition.name: place for place, definition in enumerate(kpi.DEFINITIONS)}
ESTIMATED = frozenset({*MODELLED, "return_rate_nowcast"})
BACK = dt.timedelta(weeks=26)  # KPIs of young weeks may not be known yet: cards look so far back


def kpi_rows(conn: Connection, chosen: Chosen, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the newest known values of these KPIs, of the weeks of the period and some before."""
    return run(
        conn, "console/board_kpis", merchant_id=chosen.view.merchant_id, category=chosen.category,
        supplier=chosen.supplier, kpis=list(names), version=kpi.VERSION, first=chosen.first - BACK, last=chosen.last,
    ).fetchall()  # fmt: skip


def cards(rows: Sequence[dict[str, Any]], chosen: Chosen, words: Words) -> list[dict[str, Any]]:
    """Return a card a KPI: its newest week beside the week before, and where its units are listed."""
    weeks: dict[tuple[str, int | None], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        weeks[row["kpi"], row["horizon_days"]].append(row)
    newest = [(each[-1], _before(each)) for each in weeks.values()]
    newest.sort(key=lambda pair: (ORDER[pair[0]["kpi"]], pair[0]["horizon_days"] or 0))
    return [_card(row, before, chosen, words) for row, before in newest if row["value"] is not None or row["n"]]


def _before(weeks: list[dict[str, Any]]) -> dict[str, Any] | None:
    week_before = weeks[-1]["week_start"] - dt.timedelta(weeks=1)
    return weeks[-2] if len(weeks) > 1 and weeks[-2]["week_start"] == week_before else None


def _card(row: dict[str, Any], before: dict[str, Any] | None, chosen: Chosen, words: Words) -> dict[str, Any]:
    known = row["lo"] is not None and row["hi"] is not None
    previous, previous_n = (before["value"], before["n"]) if before else (None, 0)
    return {
        "name": kpi_name(words, row["kpi"], row["horizon_days"]),
        "value": kpi_value(words, row["kpi"], row["value"], row["n"]),
        "previous": kpi_value(words, row["kpi"], previous, previous_n),
        "trend": _trend(row, before),
        "arrow": "↓" if row["value"] is not None and previous and row["value"] < previous else "↑",
        "interval": words.interval(row["lo"], row["hi"]) if known else "",
        "units": words.n_("{count} unit", "{count} units", row["n"]),
        "week": words.week(row["week_start"]),
        "links": links_of(row, chosen),
        "link_before": links_of(before, chosen)["value"] if before else None,
        "notes": note_words(words, row["note"]),
        "restated": restated_words(words, row["restated_because"]),
        "reached": row["value"] is not None,
    }


def links_of(row: dict[str, Any], chosen: Chosen, **goods: str | None) -> dict[str, str]:
    """Return where the units or the order lines are listed that a KPI of a week stands on, for its value and its count.

    ``goods`` (category, supplier, sku) are its own, where it is of other goods than the chosen. What is estimated of
    them (its interval, a duration's median among units still open) leads to them, to no total.
    """
    name = row["kpi"]
    asked = {"kpi": name, "days": row["horizon_days"], "week": row["week_start"], **goods}
    if kpi.BY_NAME[name].week == "order":
        page, total, at = "lines", "pieces", {"set": "cohort", **asked}
    else:
        page, total, at = "units", "units", {"set": "kpi", **asked, "day": row["known_on"]}
    made_of = chosen.address(page, **at)
    return {
        "value": made_of if name in ESTIMATED else f"{made_of}#kpi",
        "units": f"{made_of}#{total}",
        "interval": made_of,
    }


def _trend(row: dict[str, Any], before: dict[str, Any] | None) -> str:
    """Say whether a change that is more than chance is good or bad news: ``better``, ``worse``, or nothing."""
    if before is None or not moved(_week(row), _week(before)):
        return ""
    return "better" if (row["value"] < before["value"]) == (kpi.BY_NAME[row["kpi"]].good == "low") else "worse"


def _week(row: dict[str, Any]) -> Week:
    return Week(row["value"], row["n"], row["lo"], row["hi"])


def weekly(
    code: str, title: str, rows: Sequence[dict[str, Any]], names: Sequence[tuple[str, int | None]], chosen: Chosen,
    words: Words, unit: Unit,
) -> Figure:  # fmt: skip
    """Return these KPIs week by week; each leads to the units that it stands on."""
    told = {
        (row["kpi"], row["horizon_days"], row["week_start"]): Cell(row["value"], links_of(row, chosen)["value"])
        for row in rows
    }
    columns = [
        Column(f"s{place}", kpi_name(words, name, days), unit, drawn=True)
        for place, (name, days) in enumerate(names, start=1)
    ]
    lines = [
        Row(
            words.week(monday),
            {
                column.code: told.get((name, days, monday), Cell(None))
                for column, (name, days) in zip(columns, names, strict=True)
            },
            tick=f"{monday:%d.%m}",
            key=monday.isoformat(),
        )
        for monday in chosen.mondays
    ]
    note = words._("KPI version {version}, as counted every Monday.", version=kpi.VERSION)
    return Figure(code, title, words._("week"), columns, lines, "columns", note, unit)
