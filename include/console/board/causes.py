"""Why goods come back: causes and stated reasons, what the words are worth, the signals with their evidence."""

import datetime as dt
from collections import defaultdict
from typing import Any

from include.console.board import goods
from include.console.board.chosen import Chosen
from include.console.board.figures import Cell, Column, Figure, Row, share
from include.console.board.order_lines import PLACES
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
        at = {"step": "received", "cause": cause}
        cells = {
            "received": Cell(one["units"], chosen.to("units", "units", **at)),
            "share": Cell(share(one["units"], everything), chosen.to("units", "share", **at)),
            "money": Cell(one["value"], chosen.to("units", "value", **at)),
        }
        lines.append(Row(label(words, CAUSES, cause), cells, key=cause, link=cells["received"].link))
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
            link = chosen.to("units", "units", step="received", week=monday, cause=cause)
            cells[f"s{place}"] = Cell(sums[monday, cause]["units"], link)
        rest = sum(sums[monday, cause]["units"] for cause in others)
        told = chosen.to("units", "units", step="received", week=monday, cause=",".join(others)) if others else None
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
                sums[reason, cause]["units"],
                chosen.to("units", "units", step="received", reason=reason, cause=cause),
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
        at = {**_of_shop(row), "set": "reason", "reason": row["reason"]}
        made_of = chosen.address("units", **at)
        cells = {
            "confirmed_share": Cell(row["share"], chosen.to("units", "share", **at)),
            "lo": Cell(row["lo"], made_of),
            "hi": Cell(row["hi"], made_of),
            "confirmed": Cell(row["confirmed"], chosen.to("units", "marked", **at, only="yes")),
            "inspected": Cell(row["inspected"], chosen.to("units", "units", **at)),
        }
        key = f"{row['merchant_id']}/{row['reason']}"
        lines.append(Row(_of_whom(said, row, chosen), cells, key=key, link=cells["confirmed_share"].link))
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
        at = {**_of_shop(row), "set": "causes"}
        made_of = chosen.address("units", **at)
        cells = {name: Cell(row[told], made_of) for name, told in (("corrected", "value"), ("lo", "lo"), ("hi", "hi"))}
        cells |= {
            "stated": Cell(row["stated"], chosen.to("units", "share", **at, said=row["cause"])),
            "inspected": Cell(row["inspected"], chosen.to("units", "units", **at, inspected="yes")),
            "received": Cell(row["received"], chosen.to("units", "units", **at)),
        }
        name = _of_whom(label(words, CAUSES, row["cause"]), row, chosen)
        lines.append(Row(name, cells, key=f"{row['merchant_id']}/{row['cause']}", link=made_of))
    note = _("Customers' returns of the newest week that is counted, all goods of the shop. A unit that nobody has "
             "inspected yet is split as inspected ones with the same stated reason turned out.")  # fmt: skip
    return Figure("corrected", _("Causes, corrected for what is not inspected yet"), _("cause"), columns, lines,
                  "bars" if len(chosen.view.whose) == 1 else "", note, "share",
                  empty=_("No week has been counted yet."))  # fmt: skip


def _of_shop(row: dict[str, Any]) -> dict[str, Any]:
    """Return what the address of a number says that is of all goods of one shop in a counted week."""
    return {"merchant": row["merchant_id"], "category": "", "supplier": "", "week": row["week_start"]}


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
        "evidence_lines": _evidence(row, links := _lines_of(row, chosen), words),
        "same": same,
        "links": links,
    }


def _lines_of(row: dict[str, Any], chosen: Chosen) -> dict[str, str | None]:
    """Return where the order lines behind the numbers of a signal are listed: of its goods, its place and its weeks."""
    newest = row["evidence"].get("recent_weeks")
    if newest is None:
        return defaultdict(lambda: None)
    asked = {
        "merchant": row["merchant_id"], "set": "signal", "week": row["week_start"], "weeks_of": newest,
        "cause": row["reason"], **{name: row[name] for name in ("category", "supplier", *PLACES)},
    }  # fmt: skip
    return {
        "returned": chosen.to("lines", "back", **asked, only="yes"),
        **{name: chosen.to("lines", name, **asked) for name in ("exposed", "rate", "baseline", "expected")},
        "returned_before": chosen.to("lines", "back", **asked, when="before", only="yes"),
        "exposed_before": chosen.to("lines", "exposed", **asked, when="before"),
    }


def _name(row: dict[str, Any], words: Words) -> str:
    return cell_name(words, row["category"], row["supplier"], row["batch"], row["sku"], row["city"], row["carrier"])


def _evidence(
    row: dict[str, Any], links: dict[str, str | None], words: Words
) -> list[tuple[str, list[tuple[str, str | None]]]]:
    """Return the evidence in words: what was counted, with where it is listed, and what chance would give."""
    _, told = words._, row["evidence"]

    def number(name: str, link: str = "") -> tuple[str, str | None]:
        return (words.number(round(told[name])), links.get(link)) if name in told else ("—", None)

    expected = (words.number(told["expected"]), links.get("expected")) if "expected" in told else ("—", None)
    chance = words.percent(row["q_value"]) if row["q_value"] >= 0.0005 else "< 0.1%"
    found: list[tuple[str, list[tuple[str, str | None]]]] = [
        (_("came back, of these that could be back"), [
            number("returned", "returned"), number("could_be_back" if "could_be_back" in told else "sold", "exposed")]),
        (_("expected by its past"), [expected]),
        (_("in the weeks before"), [
            number("returned_before", "returned_before"), number("could_be_back_before", "exposed_before")]),
        (_("weeks compared, newest and before"), [number("recent_weeks"), number("before_weeks")]),
        (_("would be chance at most (q)"), [(chance, None)]),
        (_("cells tested"), [number("cells_tested")]),
    ]  # fmt: skip
    if told.get("rises_for_weeks"):
        found.append((_("rises for weeks of orders"), [number("rises_for_weeks")]))
    return found
