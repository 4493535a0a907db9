"""Which goods come back most: the rate drawn towards the category's beside what was counted. docs/methods/shrinkage.md.

Goods are never ranked by what was counted: of those that were hardly sold, chance puts some first.
"""

from typing import Any

from include.analytics.nowcast import PAST_WEEKS
from include.console.board.chosen import Chosen
from include.console.board.figures import Cell, Column, Figure, Row, share
from include.db.connection import Connection
from include.db.statements import run
from include.domain import kpi
from include.locale.words import Words

SHOWN = 15
(HORIZON,) = kpi.BY_NAME["return_rate_shrunk"].horizons


def figures(conn: Connection, chosen: Chosen, words: Words) -> list[Figure]:
    """Return the SKUs that surely come back most, and what is so of a supplier's goods of a category."""
    _ = words._
    titles = {"sku": (_("Goods that come back most"), _("product")),
              "supplier": (_("Whose goods come back most"), _("Supplier"))}  # fmt: skip
    return [
        _figure(f"goods_{of}", title, head, _rates(conn, chosen, of), chosen, words)
        for of, (title, head) in titles.items()
    ]


def _rates(conn: Connection, chosen: Chosen, of: str) -> list[dict[str, Any]]:
    return run(
        conn, "console/board_goods", **chosen.goods, last=chosen.last, of=of, horizon_days=HORIZON, weeks=PAST_WEEKS,
        version=kpi.VERSION, shown=SHOWN,
    ).fetchall()  # fmt: skip


def _figure(code: str, title: str, head: str, rates: list[dict[str, Any]], chosen: Chosen, words: Words) -> Figure:
    _ = words._
    columns = [
        Column("estimate", _("estimate"), "share", drawn=True),
        Column("counted", _("as counted"), "share"),
        Column("lo", _("at least (95 %)"), "share"),
        Column("hi", _("at most (95 %)"), "share"),
        Column("returned", _("came back")),
        Column("sold", _("sold")),
    ]
    lines = [
        Row(
            _name(row, chosen, words),
            {
                "estimate": Cell(row["value"]),
                "counted": Cell(share(row["returned"], row["sold"])),
                "lo": Cell(row["lo"]),
                "hi": Cell(row["hi"]),
                "returned": Cell(row["returned"]),
                "sold": Cell(row["sold"]),
            },
            key="/".join(row[name] for name in ("merchant_id", "category", "sku", "supplier") if row[name]),
        )
        for row in rates
    ]
    return Figure(code, title, head, columns, lines, "bars", _note(rates, words), "share",
                  empty=_("No week has been counted yet."))  # fmt: skip


def _note(rates: list[dict[str, Any]], words: Words) -> str:
    if not rates:
        return ""
    return words._(
        "Pieces that came back within {days} days, of those sold in {weeks} weeks of orders up to {week}. Where little "
        "was sold, the count is mostly chance: the estimate draws it towards the rate of its category. What is surely "
        "high stands first.",
        days=HORIZON, weeks=PAST_WEEKS, week=words.week(max(row["week_start"] for row in rates)),
    )  # fmt: skip


def _name(row: dict[str, Any], chosen: Chosen, words: Words) -> str:
    category = words._("unknown") if row["category"] == "unknown" else row["category"]
    parts = [row["name"], row["sku"]] if row["sku"] else [row["supplier"], category]
    if len(chosen.view.whose) > 1:
        parts.append({one["merchant_id"]: one["name"] for one in chosen.view.merchants}[row["merchant_id"]])
    return " · ".join(part for part in parts if part)
