"""What returns cost by term, and what is won back, of the units received week by week."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from include.console.board.chosen import Chosen
from include.console.board.figures import Cell, Column, Figure, Row
from include.console.board.kpis import kpi_rows, weekly
from include.db.connection import Connection
from include.db.statements import run
from include.locale.desk_labels import TERMS as TERM_NAMES
from include.locale.labels import label
from include.locale.words import Words

TERMS = (
    "forward_delivery", "collection", "receiving", "inspection", "repair", "parts", "packaging", "storage",
    "channel_fee", "write_off",
)  # fmt: skip
# What is drawn together week by week: ten colours tell nobody anything.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "s1": ("forward_delivery", "collection"),
    "s2": ("receiving", "inspection"),
    "s3": ("repair", "parts", "packaging"),
    "s4": ("storage",),
    "s5": ("channel_fee",),
    "s6": ("write_off",),
}
TOTALS = ("units", "value", "cost", "a_unit", "proceeds")
KPIS = (
    "reverse_logistics_cost", "reverse_logistics_cost_share", "net_recovery", "resale_share_value",
)  # fmt: skip


def costs(conn: Connection, chosen: Chosen) -> dict[dt.date, dict[str, int]]:
    """Return the sums of the weeks of the period, the storage of what is still here with it up to today."""
    weeks = {row["week_start"]: dict(row) for row in run(conn, "console/board_received", **chosen.params)}
    for row in run(conn, "console/board_stored", **chosen.params, today=chosen.today):
        for name in ("storage", "no_storage"):
            weeks[row["week_start"]][name] += row[name]
    return weeks


def known_cost(row: Mapping[str, int]) -> int:
    """Return what is known of the ten terms, less what the carrier paid."""
    return sum(row[term] for term in TERMS) - row["compensation"]


def figures(conn: Connection, chosen: Chosen, words: Words) -> list[Figure]:
    """Return the figures of the page."""
    return page(conn, chosen, words)[0]


def page(conn: Connection, chosen: Chosen, words: Words) -> tuple[list[Figure], list[dict[str, Any]], dict[str, Any]]:
    """Return the figures, the rows of the KPIs, and the sums of the period."""
    weeks = costs(conn, chosen)
    kpis = kpi_rows(conn, chosen, KPIS)
    per_return = weekly(
        "cost_kpi", words._("Cost of one return and what is won back from it"), kpis,
        [("reverse_logistics_cost", None), ("net_recovery", None)], chosen, words, "money",
    )  # fmt: skip
    return [terms(weeks, chosen, words), by_week(weeks, chosen, words), per_return], kpis, total(weeks.values(), chosen)


def total(weeks: Iterable[Mapping[str, int]], chosen: Chosen) -> dict[str, Any]:
    """Return the sums of the period: units, their price, known cost, that of one unit, proceeds, unknown costs."""
    sums: dict[str, int] = defaultdict(int)
    for row in weeks:
        for name, value in row.items():
            if name != "week_start":
                sums[name] += value
    cost = known_cost(sums)
    return {
        "units": sums["units"],
        "value": sums["value"],
        "cost": cost,
        "proceeds": sums["proceeds"],
        "a_unit": cost / sums["units"] if sums["units"] else None,
        "unknown": sum(sums[f"no_{term}"] for term in TERMS),
        "links": {
            "unknown": chosen.to("units", "unknown", step="received", known="no"),
            **{total: chosen.to("units", total, step="received") for total in TOTALS},
        },
    }


def terms(weeks: Mapping[dt.date, Mapping[str, int]], chosen: Chosen, words: Words) -> Figure:
    """Return the terms of the cost over the period: the sum, for one unit, and of how many units it is unknown."""
    _ = words._
    units = sum(row["units"] for row in weeks.values())
    columns = [
        Column("received", _("cost"), "money", drawn=True),
        Column("a_unit", _("for one unit received"), "money"),
        Column("unknown", _("units of which it is not known")),
    ]
    rows = []
    for term in (*TERMS, "compensation"):
        at = {"step": "received", "term": term}
        name, total = label(words, TERM_NAMES, f"cost_{term}"), "amount"
        amount = sum(row[term] for row in weeks.values())
        unknown = sum(row.get(f"no_{term}", 0) for row in weeks.values())
        if term == "compensation":
            name, total, amount = _("paid by the carrier"), "taken_off", -amount
        cells = {
            "received": Cell(amount, chosen.to("units", total, **at)),
            "a_unit": Cell(amount / units if units else None, chosen.to("units", "a_unit", **at)),
            "unknown": Cell(unknown, chosen.to("units", "units", **at, known="no")),
        }
        rows.append(Row(name, cells, key=term, link=cells["received"].link))
    everything = sum(known_cost(row) for row in weeks.values())
    totals = {
        "received": Cell(everything, chosen.to("units", "cost", step="received")),
        "a_unit": Cell(everything / units if units else None, chosen.to("units", "a_unit", step="received")),
        "unknown": Cell(
            sum(row.cells["unknown"].value for row in rows),
            chosen.to("units", "unknown", step="received", known="no"),
        ),
    }
    note = _("Units received in the period, what they cost so far; storage of those still here up to today.")
    return Figure(
        "terms", _("Cost by term"), _("term"), columns, rows, "bars", note, "money", totals,
        _("Nothing has been received yet."),
    )  # fmt: skip


def by_week(weeks: Mapping[dt.date, Mapping[str, int]], chosen: Chosen, words: Words) -> Figure:
    """Return the cost by week of the receipt, the terms that belong together in one colour."""
    _ = words._
    names = {
        "s1": _("delivery and collection"), "s2": _("taking in and inspection"), "s3": _("repair and packaging"),
        "s4": _("storage"), "s5": _("fee of the channel"), "s6": _("write-off"),
    }  # fmt: skip
    columns = [Column(code, names[code], "money", drawn=True) for code in GROUPS]
    columns += [
        Column("compensation", _("paid by the carrier"), "money"),
        Column("cost", _("cost in all"), "money"),
        Column("proceeds", _("proceeds"), "money"),
        Column("value", _("goods' price"), "money"),
        Column("units", _("received")),
    ]

    def links(**at: object) -> dict[str, str]:
        """Return where each column is listed, of a week or of all of them."""
        told = {
            code: chosen.to("units", "amount", step="received", **at, term=",".join(group))
            for code, group in (*GROUPS.items(), ("compensation", ("compensation",)))
        }
        told |= {code: chosen.to("units", code, step="received", **at) for code in ("cost", "value", "units")}
        return {**told, "proceeds": chosen.to("units", "proceeds", step="received", **at, became="resold")}

    rows = []
    for monday in chosen.mondays:
        row, told = weeks.get(monday, defaultdict(int)), links(week=monday)
        cells = {code: Cell(sum(row[term] for term in group), told[code]) for code, group in GROUPS.items()}
        cells |= {code: Cell(row[code], told[code]) for code in ("compensation", "proceeds", "value", "units")}
        cells["cost"] = Cell(known_cost(row), told["cost"])
        rows.append(Row(words.week(monday), cells, f"{monday:%d.%m}", monday.isoformat()))
    everything = links()
    totals = {
        column.code: Cell(sum(row.cells[column.code].value for row in rows), everything[column.code])
        for column in columns
    }
    return Figure(
        "cost_weekly", _("Cost and proceeds week by week"), _("week"), columns, rows, "stacked",
        _("By the week of the receipt. What is not known is left out."), "money", totals,
        _("Nothing has been received yet."),
    )  # fmt: skip
