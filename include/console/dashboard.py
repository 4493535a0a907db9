"""What the dashboard shows, read from the warehouse and put into one language's words."""

import datetime as dt
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from include.clock import ALMATY
from include.console.alerts import alerts_of
from include.console.site import View
from include.db.connection import Connection
from include.db.statements import run
from include.domain import kpi
from include.locale.labels import (
    CAUSES,
    DISCREPANCIES,
    STATES,
    action,
    cell_name,
    kpi_name,
    kpi_value,
    label,
    note_words,
    signal_caveat,
)
from include.locale.words import Words

DISCREPANCIES_SHOWN = 10  # of one kind
ALERTS_SHOWN = 5
ORDER = {definition.name: place for place, definition in enumerate(kpi.DEFINITIONS)}
# How bad the outcome of a flow's part is: the worst one is the flow's, and stands first.
BADNESS = {"failed": 3, "held": 3, "staged": 1, "staging": 1, "published": 0, "passed": 0}
CHIPS = {3: "bad", 1: "warn", 0: "good"}
NOTABLE = 0.10  # a smaller change, or one on fewer units, is no news
FEWEST = 5


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of the weekly chart, in the units of its 0–100 drawing."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str


def dashboard(conn: Connection, view: View, now: dt.datetime, words: Words) -> dict[str, Any]:
    """Return the values of the template ``dashboard.html``."""
    week = kpi.last_full_week(now.astimezone(ALMATY).date())
    whose: dict[str, Any] = {"merchant_id": view.merchant_id}
    flow = run(conn, "console/flow_now", **whose).fetchone()
    shown = run(conn, "console/discrepancies", **whose, now=now, shown=DISCREPANCIES_SHOWN).fetchall()
    today = now.astimezone(ALMATY).date()
    kpis = run(conn, "report/kpis", **whose, week_start=week, version=kpi.VERSION, known_on=today).fetchall()
    open_kinds = run(conn, "report/open_discrepancies", **whose, now=now).fetchall()
    return {
        **view.content,
        "names": {row["merchant_id"]: row["name"] for row in view.merchants} | {"all": words._("All merchants")},
        "week": week,
        "stages": _stages(flow or {}, words),
        "flow": flow,
        "unquantified": run(conn, "report/unquantified", **whose).fetchone(),
        "kpi_version": kpi.VERSION,
        "kpis": [_kpi(row, words) for row in sorted(kpis, key=_order)],
        "chart": _chart(run(conn, "report/series", **whose, week_start=week).fetchall(), words),
        "signals": [_signal(row, words) for row in run(conn, "report/signals", **whose, week_start=week)],
        "open_kinds": [_kind(row, shown, words) for row in open_kinds],
        "open_count": sum(row["count"] for row in open_kinds),
        "open_money": sum(row["money"] for row in open_kinds),
        "lists": run(conn, "console/lists", **whose).fetchall(),
        "gates": _gates(run(conn, "console/gates", **whose).fetchall(), words),
        "alerts": alerts_of(conn, view, words, ALERTS_SHOWN),
    }


def _order(row: dict[str, Any]) -> tuple[int, int]:
    return ORDER[row["kpi"]], row["horizon_days"] or 0


def _stages(flow: dict[str, Any], words: Words) -> list[dict[str, Any]]:
    """Return the stages in order: how many units stand there now, drawn as the share of all units known."""
    _, number = words._, words.number
    stages = [
        (_("on the way to us"), flow["expected"], _("{count} requested in all", count=number(flow["requested"]))),
        (_("waiting for inspection"), flow["to_inspect"], _("{count} received in all", count=number(flow["received"]))),
        (
            _("inspected, in repair or repacking"),
            flow["in_work"],
            _("{count} inspected in all", count=number(flow["inspected"])),
        ),
        (_("passed quality control, to be listed"), flow["to_list"], ""),
        (_("on sale again"), flow["on_sale"], ""),
        (_("sold again"), flow["resold"], _("since the beginning")),
    ]
    known = flow["known"] or 1
    return [
        {"name": name, "count": count, "more": more, "share": round(100 * count / known, 1)}
        for name, count, more in stages
    ]


def _kind(row: dict[str, Any], shown: list[dict[str, Any]], words: Words) -> dict[str, Any]:
    """Return one kind of open discrepancies: how many, their money and deadlines, and the most urgent of them."""
    items = [item for item in shown if item["kind"] == row["kind"]]
    return {**row, "name": label(words, DISCREPANCIES, row["kind"]), "items": items}


def _gates(parts: list[dict[str, Any]], words: Words) -> list[dict[str, Any]]:
    """Return the flows with the newest part of each merchant, whatever did not pass first."""
    flows = []
    for dag_id, members in groupby(parts, key=itemgetter("dag_id")):
        shown = [_gate(row, words) for row in members]
        shown.sort(key=itemgetter("badness"), reverse=True)
        worst = shown[0]
        flows.append(
            {
                "dag_id": dag_id,
                "parts": shown,
                "badness": worst["badness"],
                "chip": worst["chip"],
                "state": worst["state"],
                "now_at": max((row["now_at"] for row in shown if row["now_at"]), default=None),
                "checks": sum(row["checks"] for row in shown),
                "passed": sum(row["passed"] for row in shown),
                "rows_quarantined": sum(row["rows_quarantined"] for row in shown),
            }
        )
    return sorted(flows, key=itemgetter("badness"), reverse=True)


def _gate(row: dict[str, Any], words: Words) -> dict[str, Any]:
    badness = BADNESS.get(row["status"], 1)
    if row["passed"] < row["checks"]:  # a check that only warns stops nothing, but is not hidden either
        badness = max(badness, 1)
    return {**row, "badness": badness, "chip": CHIPS[badness], "state": label(words, STATES, row["status"])}


def _kpi(row: dict[str, Any], words: Words) -> dict[str, Any]:
    definition = kpi.BY_NAME[row["kpi"]]
    interval = ""
    if row["lo"] is not None and row["hi"] is not None:
        interval = words.interval(row["lo"], row["hi"])
    return {
        "name": kpi_name(words, row["kpi"], row["horizon_days"]),
        "value": kpi_value(words, row["kpi"], row["value"], row["n"]),
        "previous": kpi_value(words, row["kpi"], row["previous"], row["previous_n"]),
        "trend": _trend(definition, row),
        "arrow": "↓" if row["value"] is not None and row["previous"] and row["value"] < row["previous"] else "↑",
        "interval": interval,
        "units": words.n_("{count} unit", "{count} units", row["n"]),
        "week": words.week(row["week_start"]),
        "notes": note_words(words, row["note"]),
        "restated": row["restated"],
        "reached": row["value"] is not None,
        "empty": row["value"] is None and row["n"] == 0,
    }


def _trend(definition: kpi.Definition, row: dict[str, Any]) -> str:
    """Say whether the change is good or bad news: ``better``, ``worse``, or nothing worth a colour."""
    value, previous = row["value"], row["previous"]
    if value is None or not previous or min(row["n"], row["previous_n"]) < FEWEST:
        return ""
    if abs(value / previous - 1) < NOTABLE:
        return ""
    return "better" if (value < previous) == (definition.good == "low") else "worse"


def _signal(row: dict[str, Any], words: Words) -> dict[str, Any]:
    return {
        "direction": row["direction"],
        "merchant_id": row["merchant_id"],
        "what": cell_name(
            words, row["category"], row["supplier"], row["batch"], row["sku"], row["city"], row["carrier"]
        ),
        "caveat": signal_caveat(words, row["shape"], row["attributed"]),
        "cause": label(words, CAUSES, row["reason"]),
        "returned": row["returned"],
        "sold": row["sold"],
        "rate": words.percent(row["rate"]),
        "baseline": words.percent(row["baseline"]),
        "action": action(words, row["reason"], row["direction"]),
    }


def _chart(series: list[dict[str, Any]], words: Words) -> dict[str, Any]:
    """Lay the weekly bars out on a drawing 720 wide and 200 high."""
    kinds = (("received", words._("received")), ("on_sale", words._("back on sale")), ("resold", words._("sold again")))
    most = max((row[kind] for row in series for kind, _name in kinds), default=0) or 1
    step = _step(most)
    top = step * -(-most // step)
    slot = 680 / max(len(series), 1)
    bars, labels = [], []
    for place, row in enumerate(series):
        left = 36 + place * slot
        for index, (kind, name) in enumerate(kinds):
            height = 160 * row[kind] / top
            title = f"{words.week(row['week_start'])}: {name} {row[kind]}"
            x, width = left + 6 + index * (slot - 14) / 3, (slot - 14) / 3 - 1.5
            bars.append(Bar(round(x, 1), round(170 - height, 1), round(width, 1), round(height, 1), kind, title))
        labels.append({"x": round(left + slot / 2, 1), "text": f"{row['week_start']:%d.%m}"})
    lines = [{"y": round(170 - 160 * value / top, 1), "text": value} for value in range(0, top + 1, step)]
    empty = not any(bar.height for bar in bars)
    return {"bars": bars, "labels": labels, "lines": lines, "kinds": kinds, "empty": empty}


def _step(most: int) -> int:
    """Return a round distance between the lines of a scale that reaches ``most`` in two to five of them."""
    step = 1
    while most / step > 4:
        step = step * 2 if str(step)[0] != "2" else step * 5 // 2
    return step
