"""Numbers that were said otherwise before: what was said, what is said, since when, and why."""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from include.console.board.chosen import Chosen
from include.console.board.kpis import BACK, links_of
from include.console.sheets import cut
from include.db.connection import Connection
from include.db.statements import run
from include.domain import kpi
from include.locale.labels import cell_name, kpi_name, kpi_value, restated_causes
from include.locale.words import Words

SHOWN, MOST = 100, 20_000  # lines of the page, and of its file


def parts_of(asked: Mapping[str, str]) -> bool:
    """Tell whether the address asks for categories, SKUs and suppliers within the goods chosen, too."""
    return asked.get("parts") == "1"


def rows_of(conn: Connection, chosen: Chosen, most: int, *, parts: bool) -> list[dict[str, Any]]:
    """Return what was said otherwise in the period, the newest first; ``listed`` is how many there are."""
    return run(
        conn, "console/board_restated", merchant_id=chosen.view.merchant_id, category=chosen.category,
        supplier=chosen.supplier, parts=parts, first_week=chosen.first - BACK, first=chosen.first,
        last=chosen.last + dt.timedelta(days=6), version=kpi.VERSION, most=most,
    ).fetchall()  # fmt: skip


def page(conn: Connection, chosen: Chosen, asked: Mapping[str, str], words: Words) -> dict[str, Any]:
    """Return the values of the template ``board_restated.html``."""
    parts = parts_of(asked)
    rows = rows_of(conn, chosen, SHOWN, parts=parts)
    return {
        "restated": [_shown(row, chosen, words) for row in rows],
        "cut": [line for (line,) in cut(rows, words)],
        "parts": parts,
        "other": chosen.address("restated", parts=None if parts else "1"),
        "file": chosen.address("restated.csv", parts="1" if parts else None),
        "kept": {**chosen.kept, "parts": "1" if parts else None},
        "kpi_version": kpi.VERSION,
    }


def _shown(row: dict[str, Any], chosen: Chosen, words: Words) -> dict[str, Any]:
    """Return a row as the page shows it; it leads to what the number is made of now, and to no total of that.

    It may have been said otherwise once more since.
    """
    return {
        **row,
        "made_of": links_of(row, chosen, **{name: row[name] for name in ("category", "supplier", "sku")})["interval"],
        "name": kpi_name(words, row["kpi"], row["horizon_days"]),
        "goods": cell_name(words, row["category"], row["supplier"], None, row["sku"]),
        "was": kpi_value(words, row["kpi"], row["value_before"], row["n_before"]),
        "is": kpi_value(words, row["kpi"], row["value"], row["n"]),
        "why": ", ".join(restated_causes(words, row["restated_because"])),
    }


def file_heading(words: Words) -> list[str]:
    """Return the heading of the CSV file."""
    _ = words._
    return [
        _("said so since"), _("said before since"), _("week"), _("KPI"), _("horizon, days"), _("Category"), _("SKU"),
        _("Supplier"), _("said before"), _("said now"), _("units before"), _("units now"), _("why"),
    ]  # fmt: skip


def file_lines(conn: Connection, chosen: Chosen, asked: Mapping[str, str], words: Words) -> Iterator[list[Any]]:
    """Yield the lines of the CSV file, numbers as numbers; the last one says what was left out."""
    rows = rows_of(conn, chosen, MOST, parts=parts_of(asked))
    for row in rows:
        yield [
            row["known_on"].isoformat(), row["known_before"].isoformat(), row["week_start"].isoformat(), row["kpi"],
            row["horizon_days"], row["category"], row["sku"], row["supplier"], row["value_before"], row["value"],
            row["n_before"], row["n"], ", ".join(restated_causes(words, row["restated_because"])),
        ]  # fmt: skip
    yield from cut(rows, words)
