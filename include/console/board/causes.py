"""Why goods come back: causes and stated reasons, what the words are worth, the signals with their evidence."""

import datetime as dt
from collections import defaultdict
from typing import Any

from include.console.board import goods
from include.console.board.chosen import Chosen
from include.console.board.figures import Cell, Column, Figure, Row, share
from include.db.connection import Connection
from include.db.statements import run
from include.domain import kpi
from include.locale.labels import CAUSES, action, cell_name, label, signal_caveat
from include.locale.words import Words

DRAWN = 4  # causes with a colour of their own week by week


def figures(conn: Connection, chosen: Chosen, words: Words) -> list[Figure]:
    """Return the figures of the page."""
    rows = run(conn, "console/board_causes", **chosen.params).fetchall()
    return [
        found(rows, chosen, words),
        weeks(rows, chosen, words),
        *goods.figures(conn, chosen, words),
        stated(rows, chosen, words),
        worth(conn, chosen, words),
        corrected(conn, chosen, words),
    ]


def page(conn: Connection, chosen: Chosen, words: Words) -> dict[str, Any]:
    """Return the values of the template ``board_causes.html``."""
    told = signals(conn, chosen, words)
    return {
        "figures": figures(conn, chosen, words),
        "signals": told,
        "silence": "" if told else silence(conn, chosen, words),
    }


def _sums(rows: list[dict[str, Any]], *keys: str) -> dict[Any, dict[str, int]]:
    sums: dict[Any, dict[str, int]] = defaultdict(lambda: {"units": 0, "value": 0})
    for row in rows:
        key = tuple(row[name] for name in keys) if len(keys) > 1 else row[keys[0]]
        sums[key]["units"] += row["units"]
        sums[key]["value"] += row["value"]
    return sums


def found(rows: list[dict[str, Any]], chosen: Chosen, words: Words) -> Figure:
    """Return the causes of the units received in the period, the most frequent first."""
    _ = words._
    sums = _sums(rows, "cause")
    everything = sum(one["units"] for one in sums.values())
    columns = [
        Column("received", _("units"), drawn=True),
        Column("share", _("share"), "share"),
        Column("money", _("goods' price"), "money"),
    ]
    lines = []
    for cause, one in sorted(sums.items(), key=lambda item: (item[0] == "unknown", -item[1]["units"], item[0])):
        link = chosen.address("units", step="received", cause=cause)
        cells = {
            "received": Cell(one["units"], link),
            "share": Cell(share(one["units"], everything), link),
            "money": Cell(one["value"], link),
        }
        lines.append(Row(label(words, CAUSES, cause), cells, key=cause, link=link))
    note = _("Causes as decided at the inspection, of the units received in the period.")
    return Figure("causes", _("Causes"), _("cause"), columns, lines, "bars", note,
                  empty=_("Nothing has been received yet."))  # fmt: skip


def weeks(rows: list[dict[str, Any]], chosen: Chosen, words: Words) -> Figure:
    """Return the causes week by week: the most frequent ones of the period each, the others together."""
    sums, totals = _sums(rows, "week_start", "cause"), _sums(rows, "cause")
    named = sorted(totals, key=lambda cause: (cause == "unknown", -totals[cause]["units"], cause))
    first = [cause for cause in named if cause != "unknown"][:DRAWN]
    columns = [
        Column(f"s{place}", label(words, CAUSES, cause), drawn=True) for place, cause in enumerate(first, start=1)
    ]
    others = [cause for cause in named if cause not in first]
    columns.append(Column("rest", words._("all others and not known yet"), drawn=True))
    lines = []
    for monday in chosen.mondays:
        cells = {}
        for place, cause in enumerate(first, start=1):
            link = chosen.address("units", step="received", week=monday, cause=cause)
            cells[f"s{place}"] = Cell(sums[monday, cause]["units"], link)
        rest = sum(sums[monday, cause]["units"] for cause in others)
        told = chosen.address("units", step="received", week=monday, cause=",".join(others)) if others else None
        cells["rest"] = Cell(rest, told)
        lines.append(Row(words.week(monday), cells, f"{monday:%d.%m}", monday.isoformat()))
    return Figure("causes_weekly", words._("Causes week by week"), words._("week"), columns, lines, "stacked",
                  empty=words._("Nothing has been received yet."))  # fmt: skip


def stated(rows: list[dict[str, Any]], chosen: Chosen, words: Words) -> Figure:
    """Return what buyers said against what was found."""
    sums, reasons, causes = _sums(rows, "stated_reason", "cause"), _sums(rows, "stated_reason"), _sums(rows, "cause")
    order = sorted(causes, key=lambda cause: (cause == "unknown", -causes[cause]["units"], cause))
    columns = [Column(cause, label(words, CAUSES, cause)) for cause in order]
    lines = []
    for reason in sorted(reasons, key=lambda one: (one == "unknown", -reasons[one]["units"], one)):
        cells = {
            cause: Cell(
                sums[reason, cause]["units"], chosen.address("units", step="received", reason=reason, cause=cause)
            )
            for cause in order
        }
        lines.append(Row(label(words, CAUSES, reason), cells, key=reason))
    note = words._("Lines: what the buyer said. Columns: what was decided.")
    return Figure("stated", words._("Said and found"), words._("said"), columns, lines, "", note,
                  empty=words._("Nothing has been received yet."))  # fmt: skip


def worth(conn: Connection, chosen: Chosen, words: Words) -> Figure:
    """Return how often a stated reason was confirmed in the half year before the newest week that is counted."""
    _ = words._
    columns = [
        Column("confirmed_share", _("confirmed"), "share", drawn=True),
        Column("lo", _("at least (95 %)"), "share"),
        Column("hi", _("at most (95 %)"), "share"),
        Column("confirmed", _("units confirmed")),
        Column("inspected", _("units inspected")),
    ]
    lines = []
    for row in run(conn, "console/board_worth", merchants=chosen.view.whose, last=chosen.last):
        said = label(words, CAUSES, row["reason"])
        cells = {
            "confirmed_share": Cell(row["share"]),
            "lo": Cell(row["lo"]),
            "hi": Cell(row["hi"]),
            "confirmed": Cell(row["confirmed"]),
            "inspected": Cell(row["inspected"]),
        }
        lines.append(Row(_of_whom(said, row, chosen), cells, key=f"{row['merchant_id']}/{row['reason']}"))
    note = _("Customers' returns of the 26 weeks up to the newest week that is counted; all goods of the shop.")
    return Figure("worth", _("What a stated reason is worth"), _("said"), columns, lines,
                  "bars" if len(chosen.view.whose) == 1 else "", note, "share",
                  empty=_("No week has been counted yet."))  # fmt: skip


def corrected(conn: Connection, chosen: Chosen, words: Words) -> Figure:
    """Return the causes of the newest counted week, corrected by what reasons are worth, beside what was said."""
    _ = words._
    columns = [
        Column("corrected", _("share"), "share", drawn=True),
        Column("lo", _("at least (95 %)"), "share"),
        Column("hi", _("at most (95 %)"), "share"),
        Column("stated", _("said by buyers"), "share"),
        Column("inspected", _("units inspected")),
        Column("received", _("units received")),
    ]
    lines = []
    for row in run(conn, "console/board_cause_share", merchants=chosen.view.whose, last=chosen.last):
        cells = {name: Cell(row[name]) for name in ("lo", "hi", "stated", "inspected", "received")}
        cells["corrected"] = Cell(row["value"])
        name = _of_whom(label(words, CAUSES, row["cause"]), row, chosen)
        lines.append(Row(name, cells, key=f"{row['merchant_id']}/{row['cause']}"))
    note = _("Customers' returns of the newest week that is counted, all goods of the shop. A unit that nobody has "
             "inspected yet is split as inspected ones with the same stated reason turned out.")  # fmt: skip
    return Figure("corrected", _("Causes, corrected for what is not inspected yet"), _("cause"), columns, lines,
                  "bars" if len(chosen.view.whose) == 1 else "", note, "share",
                  empty=_("No week has been counted yet."))  # fmt: skip


def _of_whom(name: str, row: dict[str, Any], chosen: Chosen) -> str:
    """Return the name of a line, with its merchant's where several are shown."""
    if len(chosen.view.whose) == 1:
        return name
    names = {one["merchant_id"]: one["name"] for one in chosen.view.merchants}
    return f"{name} · {names[row['merchant_id']]}"


def signals(conn: Connection, chosen: Chosen, words: Words) -> list[dict[str, Any]]:
    """Return the signals that explain the rises, each with its evidence and the cells that say the same.

    They are of the last full week, or of the period's last where that is earlier.
    """
    rows = run(conn, "console/board_signals", **chosen.goods, week=_week(chosen)).fetchall()
    others = [row for row in rows if not row["explains"]]
    return [_signal(row, others, chosen, words) for row in rows if row["explains"]]


def silence(conn: Connection, chosen: Chosen, words: Words) -> str:
    """Return what is said where there is no signal: that nothing stands out, or that nobody has looked yet."""
    week = _week(chosen)
    row = run(conn, "console/board_counted", merchants=chosen.view.whose, week=week).fetchone()
    if row and row["counted"]:
        return words._("No cause stands out from its past by more than chance.")
    return words._("The causes of the week of {week} are not counted yet; they come with the weekly run.",
                   week=words.week(week))  # fmt: skip


def _week(chosen: Chosen) -> dt.date:
    return min(chosen.last, kpi.last_full_week(chosen.today))


def _signal(row: dict[str, Any], others: list[dict[str, Any]], chosen: Chosen, words: Words) -> dict[str, Any]:
    evidence = row["evidence"]
    same = [
        _name(other, words)
        for other in others
        if other["merchant_id"] == row["merchant_id"]
        and (other["evidence"].get("explained_by") or {}).items() <= row.items()
        and other["evidence"].get("explained_by")
    ]
    return {
        **row,
        "what": _name(row, words),
        "cause_name": label(words, CAUSES, row["reason"]),
        "caveat": signal_caveat(words, evidence.get("shape", "at_once"), evidence.get("attributed", True)),
        "action": action(words, row["reason"], row["direction"]),
        "returned": evidence.get("returned"),
        "could_be_back": round(float(evidence.get("could_be_back", evidence.get("sold", 0)))),
        "rate_text": words.percent(row["rate"]),
        "baseline_text": words.percent(row["baseline"]),
        "evidence_lines": _evidence(row, words),
        "same": same,
        "units": _units_of(row, chosen),
    }


def _units_of(row: dict[str, Any], chosen: Chosen) -> str:
    """Return where the pieces behind a signal are listed: of its merchant, its goods and its cause."""
    asked = {
        "merchant": row["merchant_id"], "step": "received", "cause": row["reason"], "category": row["category"],
        "supplier": row["supplier"], "batch": row["batch"], "sku": row["sku"], "city": row["city"],
        "carrier": row["carrier"],
    }  # fmt: skip
    return chosen.address("units", **asked)


def _name(row: dict[str, Any], words: Words) -> str:
    return cell_name(words, row["category"], row["supplier"], row["batch"], row["sku"], row["city"], row["carrier"])


def _evidence(row: dict[str, Any], words: Words) -> list[tuple[str, str]]:
    """Return the evidence as pairs of words: what was counted, what chance would give."""
    _, told = words._, row["evidence"]
    number = words.number
    found = [
        (_("came back, of these that could be back"), f"{number(told.get('returned', 0))} / "
         f"{number(round(float(told.get('could_be_back', told.get('sold', 0)))))}"),
        (_("expected by its past"), number(told["expected"]) if "expected" in told else "—"),
        (_("in the weeks before"), f"{number(told['returned_before'])} / {number(round(told['could_be_back_before']))}"
         if "returned_before" in told else "—"),
        (_("weeks compared, newest and before"), f"{told.get('recent_weeks', '—')} / {told.get('before_weeks', '—')}"),
        (_("would be chance at most (q)"), words.percent(row["q_value"]) if row["q_value"] >= 0.0005 else "< 0.1%"),
        (_("cells tested"), number(told["cells_tested"]) if "cells_tested" in told else "—"),
    ]  # fmt: skip
    if told.get("rises_for_weeks"):
        found.append((_("rises for weeks of orders"), number(told["rises_for_weeks"])))
    return found
