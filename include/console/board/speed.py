"""How fast goods come back to be sold: the KPIs week by week, and how the durations are distributed."""

from typing import Any

from include.console.board.chosen import Chosen
from include.console.board.figures import Cell, Column, Figure, Row, share
from include.console.board.kpis import kpi_rows, weekly
from include.db.connection import Connection
from include.db.statements import run
from include.domain import speed
from include.locale.words import Words

KPIS = ("processing_time_p50", "processing_time_p90", "time_to_sellable_p50", "time_to_sellable_p90")


def figures(conn: Connection, chosen: Chosen, words: Words) -> list[Figure]:
    """Return the figures of the page."""
    return page(conn, chosen, words)[0]


def page(conn: Connection, chosen: Chosen, words: Words) -> tuple[list[Figure], list[dict[str, Any]], list[Any]]:
    """Return the figures, the rows of the KPIs, and a sentence a measure that says what is typical."""
    _ = words._
    kpis = kpi_rows(conn, chosen, KPIS)
    rows = run(conn, "console/board_speed", **chosen.params).fetchall()
    titles = {"decided": _("From the dock to the decision"), "sellable": _("From the dock back on sale")}
    spans = [distribution(measure, titles[measure], rows, chosen, words) for measure in speed.MEASURES]
    weeks = [
        weekly("decided_weekly", _("Dock to decision, week by week"), kpis, [(KPIS[0], None), (KPIS[1], None)], chosen,
               words, "hours"),
        weekly("sellable_weekly", _("Dock to back on sale, week by week"), kpis, [(KPIS[2], None), (KPIS[3], None)],
               chosen, words, "hours"),
    ]  # fmt: skip
    said = [{"name": titles[measure], "parts": _typical(measure, rows, chosen, words)} for measure in speed.MEASURES]
    return [spans[0], spans[1], *weeks], kpis, said


def distribution(measure: str, title: str, rows: list[dict[str, Any]], chosen: Chosen, words: Words) -> Figure:
    """Return how many of the units received in the period took how long; what is open and what ended stands behind."""
    _ = words._
    counts, still_open, ended = _counts(measure, rows)
    everything = sum(counts) + still_open + ended
    columns = [
        Column("received", _("units"), drawn=True),
        Column("share", _("share of the received"), "share"),
        Column("by_then", _("so far in all"), "share"),
    ]
    lines, so_far = [], 0
    for number, count in enumerate(counts):
        so_far += count
        asked = {"measure": measure, "outcome": "reached", "bucket": number}
        lines.append(_line(span_name(number, words), count, everything, so_far, chosen, asked, _tick(number, words)))
    for outcome, name, tick, count in (
        ("open", _("not yet"), _("not yet"), still_open),
        ("ended", _("never, ended otherwise"), _("never"), ended),
    ):
        lines.append(_line(name, count, everything, None, chosen, {"measure": measure, "outcome": outcome}, tick))
    note = _("Units received in the period. What has not come so far, and what will never come, counts in the whole.")
    return Figure(
        f"{measure}_spans", title, _("took"), columns, lines, "columns", note,
        empty=_("Nothing has been received yet."),
    )  # fmt: skip


def _line(
    name: str, count: int, everything: int, so_far: int | None, chosen: Chosen, asked: dict[str, Any], tick: str
) -> Row:
    link = chosen.to("units", "units", step="received", **asked)
    cells = {
        "received": Cell(count, link),
        "share": Cell(share(count, everything), chosen.to("units", "share", step="received", **asked)),
        "by_then": Cell(None),
    }
    if so_far is not None:
        within = chosen.to(
            "units", "share", step="received", measure=asked["measure"], outcome="reached", within=asked["bucket"]
        )
        cells["by_then"] = Cell(share(so_far, everything), within)
    return Row(name, cells, tick=tick, link=link)


def _counts(measure: str, rows: list[dict[str, Any]]) -> tuple[list[int], int, int]:
    """Return the units of each span, those still open, and those that ended otherwise."""
    counts = [0] * speed.SPANS
    for row in rows:
        if row["measure"] == measure and row["outcome"] == "reached":
            counts[row["bucket"]] += row["units"]
    open_ones, ended = (
        sum(row["units"] for row in rows if (row["measure"], row["outcome"]) == (measure, outcome))
        for outcome in ("open", "ended")
    )
    return counts, open_ones, ended


def _typical(measure: str, rows: list[dict[str, Any]], chosen: Chosen, words: Words) -> list[tuple[str, str | None]]:
    """Say within which span half of the units, and nine of ten, were there, and where these are listed.

    The honest answer may be: not yet.
    """
    counts, still_open, ended = _counts(measure, rows)
    everything = sum(counts) + still_open + ended
    if not everything:
        return [(words._("nothing has been received in this period"), None)]
    said: list[tuple[str, str | None]] = []
    for part, text in ((0.5, words._("half of the units within {span}")), (0.9, words._("9 of 10 within {span}"))):
        span = speed.reached_by(counts, everything, part)
        if span is not None:
            asked = {"step": "received", "measure": measure, "outcome": "reached", "within": span}
            said.append((text.format(span=span_name(span, words)), chosen.address("units", **asked)))
    return said or [(words._("less than half of the units have come so far"), None)]


def span_name(number: int, words: Words) -> str:
    """Return what a span is called: by its end, as "so long at most"."""
    least, most = speed.bounds(number)
    if most is None:
        return words._("over {span}", span=words.hours(least))
    return words._("under {span}", span=words.hours(most))


def _tick(number: int, words: Words) -> str:
    """Return the span's name as short as it fits below its column."""
    least, most = speed.bounds(number)
    return f"> {words.hours(least)}" if most is None else f"< {words.hours(most)}"
