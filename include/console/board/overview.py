"""The overview: what waits, what it costs and what to do first; then where the goods are, the KPIs and the signals."""

from itertools import groupby
from operator import itemgetter
from typing import Any

from include.console.alerts import alerts_of
from include.console.board import causes, money
from include.console.board.chosen import Chosen
from include.console.board.figures import Figure
from include.console.board.flow import flow
from include.console.board.kpis import cards, kpi_rows
from include.db.connection import Connection
from include.db.statements import run
from include.domain import kpi
from include.locale import difference_labels
from include.locale.labels import STATES, label
from include.locale.words import Words

ALERTS_SHOWN = 5
SIGNALS_SHOWN = 4
# The others stand on the pages below.
KPIS = (
    "return_rate", "return_rate_nowcast", "processing_time_p50", "time_to_sellable_p50", "relisted_share",
    "resale_share", "reverse_logistics_cost", "net_recovery", "reconciled_share",
)  # fmt: skip
# How bad the outcome of a flow's part is: the worst one is the flow's, and stands first.
BADNESS = {"failed": 3, "held": 3, "staged": 1, "staging": 1, "published": 0, "passed": 0}
CHIPS = {3: "bad", 1: "warn", 0: "good"}
COMING = ("requested", "in_transit", "at_pickup_point")
TO_INSPECT = ("received", "unexpected", "wrong_item")
IN_WORK = ("inspected", "repacked", "in_repair", "repaired")
TO_LIST = ("qc", "restock_pending")
TO_DECIDE = ("unrecoverable",)
ON_SALE = ("on_sale",)
OURS = (*TO_INSPECT, *IN_WORK, *TO_DECIDE, *TO_LIST)  # waits for somebody in the house
STAGES = (COMING, TO_INSPECT, IN_WORK, TO_LIST, ON_SALE)


def figures(conn: Connection, chosen: Chosen, words: Words) -> list[Figure]:
    """Return the figures of the page."""
    return [flow(conn, chosen, words)]


def overview(conn: Connection, chosen: Chosen, words: Words) -> dict[str, Any]:
    """Return the values of the template ``dashboard.html``."""
    view = chosen.view
    whose: dict[str, Any] = {"merchant_id": view.merchant_id}
    waiting = run(conn, "console/board_waiting", **chosen.goods, today=chosen.today).fetchall()
    open_kinds = run(conn, "console/board_differences", **chosen.goods, now=chosen.now).fetchall()
    claims = run(conn, "console/board_claims", **chosen.goods).fetchall()
    signals = causes.signals(conn, chosen, words)
    total = money.total(money.costs(conn, chosen).values(), chosen)
    weeks = flow(conn, chosen, words)
    kpis = kpi_rows(conn, chosen, KPIS)
    return {
        "figures": [weeks],
        "total": total,
        "waits": _sum(waiting, OURS, chosen),
        "todo": _todo(waiting, open_kinds, claims, signals, chosen, words),
        "stages": _stages(waiting, weeks, chosen, words),
        "beside": _beside(waiting, weeks, chosen, words),
        "unquantified": unquantified(conn, chosen),
        "cards": cards(kpis, chosen, words),
        "kpi_version": kpi.VERSION,
        "signals": signals[:SIGNALS_SHOWN],
        "silence": "" if signals else causes.silence(conn, chosen, words),
        "more_signals": len(signals) - SIGNALS_SHOWN,
        "open_kinds": [_kind(row, chosen, words) for row in _by_kind(open_kinds)],
        "open_count": sum(row["differences"] for row in open_kinds),
        "open_money": sum(row["money"] for row in open_kinds),
        "open_links": [chosen.to("differences", total) for total in ("differences", "money")],
        "lists": [_list(row, chosen) for row in run(conn, "console/lists", **whose)],
        "gates": _gates(run(conn, "console/gates", **whose).fetchall(), words),
        "alerts": alerts_of(conn, view, words, ALERTS_SHOWN),
    }


def _list(row: dict[str, Any], chosen: Chosen) -> dict[str, Any]:
    """Return a price list with where its returned units are listed: all of them, whatever goods are chosen."""
    asked = {"set": "listed", "merchant": row["merchant_id"], "category": None, "supplier": None}
    return {
        **row,
        "link": chosen.to("units", "units", **asked),
        "link_observed": chosen.to("units", "marked", **asked),
    }


def unquantified(conn: Connection, chosen: Chosen) -> dict[str, Any]:
    """Return the open cases of unknown quantity, the least and the most pieces, each with where they are listed."""
    row = run(conn, "console/board_unquantified", merchants=chosen.view.whose).fetchone() or {}
    return {**row, "links": {total: chosen.to("cases", total) for total in ("cases", "least", "most")}}


def _sum(waiting: list[dict[str, Any]], states: tuple[str, ...], chosen: Chosen) -> dict[str, Any]:
    """Return how many units wait in these states, their money, the longest wait, and where they are listed."""
    found = [row for row in waiting if row["state"] in states]
    asked = {"step": "waiting", "state": ",".join(states)}
    return {
        "units": sum(row["units"] for row in found),
        "money": sum(row["value"] for row in found),
        "days": max((row["days"] for row in found), default=None),
        "link": chosen.to("units", "units", **asked),
        "link_money": chosen.to("units", "value", **asked),
        "link_days": chosen.to("units", "oldest", **asked),
    }


def _stages(waiting: list[dict[str, Any]], weeks: Figure, chosen: Chosen, words: Words) -> list[dict[str, Any]]:
    """Return the stages in order: how many units stand there now, drawn as the share of all that are shown."""
    _ = words._
    names = (
        _("on the way to us"), _("waiting for inspection"), _("inspected, in repair or repacking"),
        _("passed quality control, to be listed"), _("on sale again"),
    )  # fmt: skip
    stages = [{"name": name, **_sum(waiting, states, chosen)} for name, states in zip(names, STAGES, strict=True)]
    sold, money_sold = weeks.totals["resold"], weeks.totals["money_resold"]
    stages.append(
        {"name": _("sold again in the period"), "units": sold.value, "money": money_sold.value, "days": None,
         "link": sold.link, "link_money": money_sold.link, "link_days": None}
    )  # fmt: skip
    known = sum(stage["units"] for stage in stages) or 1
    return [{**stage, "share": round(100 * stage["units"] / known, 1)} for stage in stages]


def _beside(waiting: list[dict[str, Any]], weeks: Figure, chosen: Chosen, words: Words) -> list[dict[str, Any]]:
    """Return what stands beside the stages."""
    given_up, ended = _sum(waiting, TO_DECIDE, chosen), weeks.totals["ended"]
    return [
        {"units": given_up["units"], "link": given_up["link"], "name": words._("beyond recovery, to be decided")},
        {
            "units": ended.value,
            "link": ended.link,
            "name": words._("ended otherwise in the period: written off, to the supplier, back to the buyer, lost"),
        },
    ]


def _todo(
    waiting: list[dict[str, Any]], differences: list[dict[str, Any]], claims: list[dict[str, Any]],
    signals: list[dict[str, Any]], chosen: Chosen, words: Words,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return what a person has to do, what runs out first; each with the page where he does it."""
    n_, found = words.n_, []
    unsent = [row for row in claims if row["status"] in ("draft", "ready")]
    if unsent:
        count, until = sum(row["claims"] for row in unsent), min(row["next_due"] for row in unsent if row["next_due"])
        found.append(
            {
                "text": n_("Send {count} claim to the carrier", "Send {count} claims to the carrier", count),
                "more": words._("the first until {moment}, {money}", moment=words.until(until),
                                money=words.money(sum(row["amount"] for row in unsent))),
                "link": chosen.to("claims", "claims", show="open"),
            }
        )  # fmt: skip
    for row in differences:
        if row["overdue"]:
            name = label(words, difference_labels.KINDS, row["kind"])
            found.append(
                {
                    "text": n_("{count} past the deadline: {name}", "{count} past the deadline: {name}",
                               row["overdue"], name=name),
                    "more": words._("{money} at risk", money=words.money(row["overdue_money"])),
                    "link": chosen.to("differences", "differences", kind=row["kind"], owner=row["owner"],
                                      overdue="yes"),
                }
            )  # fmt: skip
    given_up = _sum(waiting, TO_DECIDE, chosen)
    if given_up["units"]:
        found.append(
            {
                "text": n_("Decide about {count} unit beyond recovery", "Decide about {count} units beyond recovery",
                           given_up["units"]),
                "more": words._("goods worth {money}", money=words.money(given_up["money"])),
                "link": given_up["link"],
            }
        )  # fmt: skip
    rises = [row for row in signals if row["direction"] == "up"]
    if rises:
        found.append(
            {
                "text": n_("{count} cause stands out", "{count} causes stand out", len(rises)),
                "more": f"{rises[0]['what']}: {rises[0]['cause_name']}",
                "link": chosen.address("causes") + "#signals-title",
            }
        )
    return found


def _by_kind(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the kinds of open differences; whoever owns them, a kind is shown once."""
    kinds = []
    for kind, group in groupby(sorted(rows, key=itemgetter("kind")), key=itemgetter("kind")):
        members = list(group)
        kinds.append(
            {
                "kind": kind,
                "count": sum(row["differences"] for row in members),
                "money": sum(row["money"] for row in members),
                "next_due": min((row["next_due"] for row in members if row["next_due"]), default=None),
                "overdue": sum(row["overdue"] for row in members),
            }
        )
    return sorted(kinds, key=lambda row: (-row["money"], row["kind"]))


def _kind(row: dict[str, Any], chosen: Chosen, words: Words) -> dict[str, Any]:
    """Return one kind of open differences: how many, their money and deadlines, and where they are listed."""

    def link(total: str, **more: str) -> str:
        return chosen.to("differences", total, kind=row["kind"], **more)

    return {
        **row,
        "name": label(words, difference_labels.KINDS, row["kind"]),
        "link": link("differences"),
        "link_money": link("money"),
        "link_overdue": link("differences", overdue="yes"),
        "link_due": chosen.address("differences", kind=row["kind"]),
    }


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
