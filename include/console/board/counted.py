"""Units that are counted when their list is opened: what the numbers of the weekly run stand on (a KPI, what a stated
reason is worth, a week's causes), and what is in a price list.

They are few enough to be counted when the list is opened: a week's, or half a year's of one merchant's customers. What
has happened since the run counted them, the list knows and the number does not.
"""

import datetime as dt
from typing import Any

from fastapi import HTTPException, status

from include.clock import week_start
from include.console.board.chosen import WEEK, Chosen, day_of, midnight
from include.console.board.figures import share
from include.console.board.lists import EVER, ONLY, After, Asked, Total, behind, codes_of, parts, texts_of
from include.db.connection import Connection
from include.db.statements import run
from include.domain import kpi
from include.locale.labels import CAUSES, kpi_name, label
from include.locale.words import Words

OF_UNITS = tuple(one.name for one in kpi.DEFINITIONS if one.week != "order")
MODELLED = ("processing_time_p50", "processing_time_p90", "time_to_sellable_p50", "time_to_sellable_p90")
SHARES = ("relisted_share", "resale_share", "reconciled_share")
SHARES_OF_MONEY = ("resale_share_value", "reverse_logistics_cost_share")
FOR_ONE = ("reverse_logistics_cost", "net_recovery")
LEARNED_WEEKS = 26  # as include/flows/weekly_statistics.py learns what reasons are worth; a test compares them
SETS = ("kpi", "reason", "causes", "listed")


def asked_of(query: Asked) -> dict[str, str]:
    """Return which units are asked for. Raises a 404 for what no number leads to."""
    asked = codes_of(query, {"set": SETS, "kpi": OF_UNITS, "only": ONLY, "inspected": ("yes",)})
    asked |= {name: query[name] for name in ("week", "day") if day_of(query.get(name))}
    asked |= texts_of(query, ("reason", "said", "sku"))
    asked |= {"days": query["days"]} if query.get("days") in ("14", "30", "60") else {}
    needed = {"kpi": {"kpi", "week", "day"}, "reason": {"reason", "week"}, "causes": {"week"}, "listed": set()}
    if "set" not in asked or not needed[asked["set"]] <= set(asked):
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such units")
    return asked


def _weeks(asked: Asked) -> tuple[dt.datetime, dt.datetime]:
    """Return the span of what is asked for: its week, or the weeks that a reason's worth is learned from."""
    monday = week_start(dt.date.fromisoformat(asked["week"]))
    back = LEARNED_WEEKS - 1 if asked["set"] == "reason" else 0
    return midnight(monday - back * WEEK), midnight(monday + WEEK)


def places(
    conn: Connection, chosen: Chosen, asked: Asked, after: After | None, shown: int
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the next units, behind the one shown last, with their marks and money, and the sums of all of them."""
    if asked["set"] == "listed":
        return parts(run(
            conn, "console/board_units_listed", **behind(after, EVER), shown=shown, part=asked.get("only"),
            merchants=chosen.view.whose,
        ).fetchall())  # fmt: skip
    begins, ends = _weeks(asked)
    place = {
        **behind(after, begins), "shown": shown, "begins": begins, "ends": ends, "part": asked.get("only"),
    }  # fmt: skip
    if asked["set"] != "kpi":
        told = {name: asked.get(name) for name in ("reason", "said", "inspected")}
        told["inspected"] = "yes" if asked["set"] == "reason" else told["inspected"]
        return parts(run(
            conn, "console/board_units_of_customers", **place, **told, merchants=chosen.view.whose,
        ).fetchall())  # fmt: skip
    if asked["kpi"] == "reconciled_share":
        return parts(run(
            conn, "console/board_units_first_heard", **place, **chosen.goods, sku=asked.get("sku"), now=chosen.now,
        ).fetchall())  # fmt: skip
    return parts(run(
        conn, "console/board_units_of_kpi", **place, **chosen.goods, sku=asked.get("sku"), kpi=asked["kpi"],
        horizon=int(asked["days"]) if "days" in asked else None, day=asked["day"],
    ).fetchall())  # fmt: skip


def title(asked: Asked, words: Words) -> list[str]:
    """Return what these units are, in parts."""
    week = words.week(week_start(dt.date.fromisoformat(asked["week"]))) if "week" in asked else ""
    if asked["set"] == "listed":
        told = [words._("returned units in the price list")]
    elif asked["set"] == "kpi":
        told = [kpi_name(words, asked["kpi"], int(asked["days"]) if "days" in asked else None), week]
    elif asked["set"] == "reason":
        told = [words._("inspected, said: {reason}", reason=label(words, CAUSES, asked["reason"])),
                words._("26 weeks up to {week}", week=week)]  # fmt: skip
    else:
        told = [words._("customers' returns"), week]
    if "sku" in asked:
        told.append(asked["sku"])
    if "only" in asked:
        told.append(words._("those that count") if asked["only"] == "yes" else words._("the others"))
    return told


def totals(chosen: Chosen, asked: Asked, sums: dict[str, Any], words: Words) -> list[Total]:
    """Return what the units come to: so many, those that count among them, and the number itself where they make it."""

    def part(only: str) -> str:
        return chosen.to("units", "units", **{**asked, "only": only})

    _ = words._
    units, marked = sums["all_units"], sums["all_marked"]
    everything = chosen.to("units", "units", **{**asked, "only": ""})
    told = [Total("units", _("units"), "count", units, everything if "only" in asked else None)]
    if asked["set"] == "kpi":
        return [*told, *_of_kpi(asked, sums, words, part("yes"))]
    if asked["set"] == "listed":
        return [*told, Total("marked", _("seen on Kaspi"), "count", marked, part("yes"))]
    if asked["set"] == "causes":
        told.append(Total("inspected", _("units inspected"), "count", sums["all_inspected"],
                          chosen.to("units", "units", **{**asked, "inspected": "yes"})))  # fmt: skip
        if "said" not in asked:
            return told
        return [*told, Total("marked", _("said so"), "count", marked, part("yes")),
                Total("share", _("said by buyers"), "share", share(marked, units))]  # fmt: skip
    return [*told, Total("marked", _("units confirmed"), "count", marked, part("yes")),
            Total("share", _("confirmed"), "share", share(marked, units))]  # fmt: skip


def _of_kpi(asked: Asked, sums: dict[str, Any], words: Words, counted: str) -> list[Total]:
    name = asked["kpi"]
    units, amount, base = sums["all_units"], sums["all_amount"], sums["all_base"]
    told = []
    if is_marked(asked):
        told.append(Total("marked", words._("those that count"), "count", sums["all_marked"], counted))
    if name in MODELLED:
        return told
    if name in SHARES_OF_MONEY:
        of = words._("of tenge") if name == "resale_share_value" else words._("goods' price")
        told += [Total("amount", words._("tenge that count"), "money", amount), Total("base", of, "money", base)]
        value: float | None = share(amount, base)
    elif name in SHARES:
        value = share(sums["all_marked"], units)
    else:
        told += [Total("amount", words._("in all"), "money", amount)] if name in FOR_ONE else []
        value = share(amount, units) if name in FOR_ONE else amount
    unit = "share" if kpi.BY_NAME[name].unit == "share" else "money"
    horizon = int(asked["days"]) if "days" in asked else None
    return [*told, Total("kpi", kpi_name(words, name, horizon), unit, value)]  # type: ignore[arg-type]


def is_marked(asked: Asked) -> bool:
    """Tell whether the units of a list are parted into those that count and the others."""
    return (
        asked.get("kpi") in (*SHARES, "resale_share_value") or asked["set"] in ("reason", "listed") or "said" in asked
    )


def has_money(asked: Asked) -> bool:
    """Tell whether each unit has an amount of its own in the number."""
    return asked.get("kpi") in (*SHARES_OF_MONEY, *FOR_ONE) or asked.get("kpi", "").startswith("claims")
