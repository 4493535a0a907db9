"""The cases behind a number: those of which nobody knows how many pieces come back."""

from collections.abc import Iterator
from typing import Any

from include.console.board.chosen import Chosen
from include.console.board.lists import EVER, After, Asked, Kind, Rows, Total, behind, parts
from include.db.connection import Connection
from include.db.statements import run
from include.locale import claim_labels
from include.locale.labels import CAUSES, label
from include.locale.words import Words


def asked_of(_query: Asked) -> dict[str, str]:
    """Return what is asked for: there is one list of them."""
    return {}


def read(
    conn: Connection, chosen: Chosen, _asked: Asked, after: After | None, shown: int
) -> tuple[Rows, dict[str, Any]]:
    """Return the next cases, behind the one shown last, and the sums of all of them."""
    return parts(run(
        conn, "console/board_cases", merchants=chosen.view.whose, **behind(after, EVER), shown=shown
    ).fetchall())  # fmt: skip


def totals(_conn: Connection, _chosen: Chosen, _asked: Asked, sums: dict[str, Any], words: Words) -> list[Total]:
    """Return what the cases come to."""
    return [
        Total("cases", words._("cases"), "count", sums["all_cases"]),
        Total("least", words._("pieces at least"), "count", sums["all_lo"]),
        Total("most", words._("pieces at most"), "count", sums["all_hi"]),
    ]


def title(_asked: Asked, _chosen: Chosen, words: Words) -> str:
    """Return what these cases are."""
    return words._("quantity unknown")


def told(_asked: Asked, row: dict[str, Any], words: Words) -> dict[str, Any]:
    """Return a case as the page shows it."""
    return {
        **row,
        "kind_name": label(words, claim_labels.KINDS, row["return_kind"]),
        "said_name": label(words, CAUSES, row["stated_reason"]),
    }


def heading(words: Words) -> list[str]:
    """Return the heading of the file."""
    _ = words._
    return [_("merchant"), _("order"), _("requested"), _("kind of return"), _("said"), _("pieces at least"),
            _("pieces at most"), _("city"), _("carrier")]  # fmt: skip


def lines(rows: Rows, words: Words) -> Iterator[list[Any]]:
    """Return these cases as lines of the file."""
    for row in rows:
        case = told({}, row, words)
        yield [
            row["merchant_id"], row["order_code"], row["at"].isoformat(), case["kind_name"], case["said_name"],
            row["units_lo"], row["units_hi"], row["city"], row["carrier"],
        ]  # fmt: skip


CASES = Kind("cases", asked_of, read, totals, title, told, heading, lines)
