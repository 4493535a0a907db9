"""The flow from requested to sold again, what waits where and how long, and what became of what was received."""

from collections import defaultdict
from typing import Any

from include.console.board.chosen import Chosen
from include.console.board.figures import Cell, Column, Figure, Row, share
from include.db.connection import Connection
from include.db.statements import run
from include.domain.unit_life import STATES
from include.locale.desk_labels import STATES as STATE_NAMES
from include.locale.desk_labels import ZONES
from include.locale.labels import label
from include.locale.words import Words

AGES: tuple[tuple[int, int | None], ...] = ((0, 1), (2, 3), (4, 7), (8, 14), (15, 30), (31, None))  # days
STEPS = ("requested", "received", "on_sale", "resold", "ended")
CHANNELS = ("main", "resale", "off_kaspi")


def age_of(days: int) -> int:
    """Return which of AGES a wait of so many days falls into; a wait that begins tomorrow begins today."""
    return next(place for place, (_, most) in enumerate(AGES) if most is None or days <= most)


def figures(conn: Connection, chosen: Chosen, words: Words) -> list[Figure]:
    """Return the figures of the page."""
    waiting = run(conn, "console/board_waiting", **chosen.goods, today=chosen.today).fetchall()
    received = run(conn, "console/board_received", **chosen.params).fetchall()
    return [
        flow(conn, chosen, words),
        waits(waiting, chosen, words),
        zones(waiting, chosen, words),
        outcomes(received, chosen, words),
        shares(received, chosen, words),
    ]


def flow(conn: Connection, chosen: Chosen, words: Words) -> Figure:
    """Return units and money that reached each step, week by week."""
    _ = words._
    names = {
        "requested": _("requested"), "received": _("received"), "on_sale": _("back on sale"),
        "resold": _("sold again"), "ended": _("ended otherwise"),
    }  # fmt: skip
    told: dict[tuple[Any, str], dict[str, int]] = defaultdict(lambda: {"units": 0, "value": 0, "proceeds": 0})
    for row in run(conn, "console/board_flow", **chosen.params):
        for name in ("units", "value", "proceeds"):
            told[row["week_start"], row["step"]][name] += row[name]
    columns = [Column(step, names[step], drawn=step != "ended") for step in STEPS]
    columns += [
        Column("money_requested", _("requested, goods' price"), "money"),
        Column("money_received", _("received, goods' price"), "money"),
        Column("money_on_sale", _("back on sale, goods' price"), "money"),
        Column("money_resold", _("sold again, proceeds"), "money"),
        Column("money_ended", _("ended otherwise, goods' price"), "money"),
    ]
    rows = []
    for monday in chosen.mondays:
        cells = {}
        for step in STEPS:
            money = "proceeds" if step == "resold" else "value"
            sums, at = told[monday, step], {"step": step, "week": monday}
            cells[step] = Cell(sums["units"], chosen.to("units", "units", **at))
            cells[f"money_{step}"] = Cell(sums[money], chosen.to("units", money, **at))
        rows.append(Row(words.week(monday), cells, f"{monday:%d.%m}", monday.isoformat()))
    totals = {}
    for step in STEPS:
        for code, total in ((step, "units"), (f"money_{step}", "proceeds" if step == "resold" else "value")):
            totals[code] = Cell(sum(row.cells[code].value for row in rows), chosen.to("units", total, step=step))
    return Figure(
        "flow", _("From the request to the next sale"), _("week"), columns, rows, "columns",
        _("Each unit counts in the week in which it reached the step."), totals=totals,
        empty=_("Nothing happened in this period."),
    )  # fmt: skip


def waits(waiting: list[dict[str, Any]], chosen: Chosen, words: Words) -> Figure:
    """Return what waits in which state, and how long already."""
    states = {row["state"] for row in waiting}
    return _ages(
        "waiting",
        words._("What waits, and how long already"),
        words._("where"),
        [
            (
                state,
                label(words, STATE_NAMES, state),
                [row for row in waiting if row["state"] == state],
                {"state": state},
            )
            for state in STATES
            if state in states
        ],
        chosen,
        words,
    )


def zones(waiting: list[dict[str, Any]], chosen: Chosen, words: Words) -> Figure:
    """Return what lies in which zone of the warehouse, and how long already."""
    here = [row for row in waiting if row["zone"]]
    return _ages(
        "zones",
        words._("Where it lies in the warehouse"),
        words._("zone"),
        [
            (zone, label(words, ZONES, zone), [row for row in here if row["zone"] == zone], {"zone": zone})
            for zone in sorted({row["zone"] for row in here})
        ],
        chosen,
        words,
    )


def _ages(
    code: str, title: str, head: str, lines: list[tuple[str, str, list[dict[str, Any]], dict[str, str]]],
    chosen: Chosen, words: Words,
) -> Figure:  # fmt: skip
    _ = words._
    columns = [Column(f"age{place}", _age_name(place, words), drawn=True) for place in range(len(AGES))]
    columns += [
        Column("units", _("in all")),
        Column("money", _("goods' price"), "money"),
        Column("oldest", _("longest, days")),
    ]
    rows = []
    for key, name, found, asked in lines:
        counts = [0] * len(AGES)
        for row in found:
            counts[age_of(row["days"])] += row["units"]
        everything = {"step": "waiting", **asked}
        cells = {
            f"age{place}": Cell(count, chosen.to("units", "units", **everything, age=place))
            for place, count in enumerate(counts)
        }
        cells |= {
            "units": Cell(sum(counts), chosen.to("units", "units", **everything)),
            "money": Cell(sum(row["value"] for row in found), chosen.to("units", "value", **everything)),
            "oldest": Cell(
                max((row["days"] for row in found), default=None), chosen.to("units", "oldest", **everything)
            ),
        }
        rows.append(Row(name, cells, key=key, link=cells["units"].link))
    note = _("As it is now, whatever the period. Days in the place where it is; money is the price of the goods.")
    return Figure(code, title, head, columns, rows, "bars", note, empty=_("Nothing waits."))


def _age_name(place: int, words: Words) -> str:
    least, most = AGES[place]
    if most is None:
        return words._("over {days} days", days=least - 1)
    return words._("{least}–{most} days", least=least, most=most)


def outcomes(received: list[dict[str, Any]], chosen: Chosen, words: Words) -> Figure:
    """Return what became so far of the units received in each week."""
    _ = words._
    columns = [
        Column("resold_main", _("sold again at the main offer"), drawn=True),
        Column("resold_resale", _("sold again as resale"), drawn=True),
        Column("resold_off_kaspi", _("sold again off Kaspi"), drawn=True),
        Column("open", _("still here"), drawn=True),
        Column("lost", _("ended otherwise"), drawn=True),
        Column("units", _("received")),
    ]
    told = {row["week_start"]: row for row in received}
    rows = []
    for monday in chosen.mondays:
        row = told.get(monday, defaultdict(int))
        at = {"step": "received", "week": monday}
        cells = {
            f"resold_{channel}": Cell(
                row[f"resold_{channel}"], chosen.to("units", "units", **at, became="resold", channel=channel)
            )
            for channel in CHANNELS
        }
        cells |= {
            "open": Cell(row["still_here"], chosen.to("units", "units", **at, became="open")),
            "lost": Cell(row["ended_otherwise"], chosen.to("units", "units", **at, became="ended")),
            "units": Cell(row["units"], chosen.to("units", "units", **at)),
        }
        rows.append(Row(words.week(monday), cells, f"{monday:%d.%m}", monday.isoformat()))
    note = _("By the week of the receipt. Still here: from the dock to the shop window; ended otherwise: written off, "
             "to the supplier, back to the buyer, disposed of.")  # fmt: skip
    return Figure(
        "outcomes", _("What became of what was received"), _("week"), columns, rows, "stacked", note,
        empty=_("Nothing has been received yet."),
    )  # fmt: skip


def shares(received: list[dict[str, Any]], chosen: Chosen, words: Words) -> Figure:
    """Return which share of the units received was put back on sale, and sold again, by channel."""
    _ = words._
    columns = [
        Column("put_back", _("put back on sale"), "share", drawn=True),
        Column("put_back_main", _("put back at the main offer"), "share"),
        Column("put_back_resale", _("put back as resale"), "share"),
        Column("put_back_off_kaspi", _("put back off Kaspi"), "share"),
        Column("resold", _("sold again"), "share", drawn=True),
        Column("resold_main", _("sold again at the main offer"), "share"),
        Column("resold_resale", _("sold again as resale"), "share"),
        Column("resold_off_kaspi", _("sold again off Kaspi"), "share"),
        Column("won", _("proceeds against the goods' price"), "share", drawn=True),
        Column("units", _("received")),
    ]
    told = {row["week_start"]: row for row in received}
    rows = []
    for monday in chosen.mondays:
        row = told.get(monday, defaultdict(int))
        at = {"step": "received", "week": monday}
        cells = {
            "units": Cell(row["units"], chosen.to("units", "units", **at)),
            "won": Cell(share(row["proceeds"], row["value"]), chosen.to("units", "won", **at)),
        }
        for became in ("put_back", "resold"):
            for channel in ("", *CHANNELS):
                name = f"{became}_{channel}" if channel else became
                cells[name] = Cell(
                    share(row[name], row["units"]),
                    chosen.to("units", "share", **at, became=became, channel=channel),
                )
        rows.append(Row(words.week(monday), cells, f"{monday:%d.%m}", monday.isoformat()))
    note = _(
        "Of the units received in the week, as far as it has come: young weeks still grow. "
        "What was taken off sale again has no channel."
    )
    return Figure(
        "shares", _("Put back on sale and sold again"), _("week"), columns, rows, "columns", note, "share",
        empty=_("Nothing has been received yet."),
    )  # fmt: skip
