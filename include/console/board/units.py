"""The units behind a number: a page of them after the other, by an index, and all of them as a file."""

from collections.abc import Iterator
from typing import Any

from include.console.board import counted, steps
from include.console.board.chosen import Chosen
from include.console.board.lists import After, Asked, Kind, Rows, Total
from include.console.board.money import TERMS
from include.console.board.steps import term_name
from include.db.connection import Connection
from include.db.statements import run
from include.locale.desk_labels import STATES as STATE_NAMES
from include.locale.desk_labels import ZONES
from include.locale.labels import CAUSES, label
from include.locale.words import Words


def asked_of(query: Asked) -> dict[str, str]:
    """Return which units are asked for, as it stands in the address. Raises a 404 for what no number leads to."""
    return counted.asked_of(query) if query.get("set") else steps.asked_of(query)


def read(
    conn: Connection, chosen: Chosen, asked: Asked, after: After | None, shown: int
) -> tuple[Rows, dict[str, Any]]:
    """Return the next units that are asked for, behind the one shown last, and the sums of a counted list."""
    if "set" in asked:
        found, sums = counted.places(conn, chosen, asked, after, shown)
    else:
        found, sums = steps.places(conn, chosen, asked, after, shown), {}
    rows = run(
        conn, "console/board_units", units=[row["key"] for row in found], moments=[row["at"] for row in found],
        merchants=chosen.view.whose, today=chosen.today,
    ).fetchall()  # fmt: skip
    told = {row["key"]: row for row in found}
    return [{**row, "marked": None, "amount": None, "base": None, **told[row["key"]]} for row in rows], sums


def totals(conn: Connection, chosen: Chosen, asked: Asked, sums: dict[str, Any], words: Words) -> list[Total]:
    """Return what the list comes to."""
    if "set" in asked:
        return counted.totals(chosen, asked, sums, words)
    return steps.totals(conn, chosen, asked, words)


def title(asked: Asked, chosen: Chosen, words: Words) -> str:
    """Return what these units are."""
    told = counted.title(asked, words) if "set" in asked else steps.title(asked, chosen, words)
    return " · ".join([*told, *(one for one in (chosen.category, chosen.supplier) if one)])


def told(asked: Asked, row: dict[str, Any], words: Words) -> dict[str, Any]:
    """Return a unit as the page shows it; ``counts`` None: the list does not part its units."""
    is_marked = "set" in asked and counted.is_marked(asked)
    return {
        **row,
        "state_name": label(words, STATE_NAMES, row["state"]),
        "said_name": label(words, CAUSES, row["stated_reason"]),
        "cause_name": label(words, CAUSES, row["cause"]),
        "cost": known_cost(row),
        "counts": bool(row["marked"]) if is_marked else None,
        "has_money": "set" in asked and counted.has_money(asked),
    }


def known_cost(row: dict[str, Any]) -> int:
    """Return what is known of a unit's cost, less what the carrier paid."""
    return sum(row[term] or 0 for term in TERMS) - int(row["compensation"])


def heading(words: Words) -> list[str]:
    """Return the heading of the file."""
    _ = words._
    return [
        _("unit"), _("merchant"), _("piece"), _("SKU"), _("product"), _("order"), _("Category"), _("Supplier"),
        _("state"), _("zone"), _("said"), _("cause"), _("requested"), _("received"), _("decided"), _("back on sale"),
        _("ended"), _("goods' price"), _("proceeds"), *(term_name(term, words) for term in TERMS),
        _("paid by the carrier"), _("counts"), _("tenge that count"), _("of tenge"),
    ]  # fmt: skip


def lines(rows: Rows, words: Words) -> Iterator[list[Any]]:
    """Return these units as lines of the file."""
    for row in rows:
        times = (row[f"{name}_at"] for name in ("requested", "received", "decided", "on_sale", "closed"))
        yield [
            str(row["unit_id"]), row["merchant_id"], row["unit_label"], row["sku"], row["product_name"],
            row["order_code"], row["category"], row["supplier"], label(words, STATE_NAMES, row["state"]),
            label(words, ZONES, row["zone"]) if row["zone"] else None, label(words, CAUSES, row["stated_reason"]),
            label(words, CAUSES, row["cause"]), *(one and one.isoformat() for one in times), row["value"],
            row["proceeds"], *(row[term] for term in TERMS), row["compensation"],
            None if row["marked"] is None else int(row["marked"]), row["amount"], row["base"],
        ]  # fmt: skip


UNITS = Kind("units", asked_of, read, totals, title, told, heading, lines)
