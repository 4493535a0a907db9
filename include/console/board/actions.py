"""What was done against returns and what it helped; what does not add up; what the carrier owes."""

from typing import Any

from include.console.board.chosen import Chosen
from include.console.board.figures import Cell, Column, Figure, Row
from include.db.connection import Connection
from include.db.statements import run
from include.locale import board_labels, claim_labels, difference_labels
from include.locale.labels import CAUSES, cell_name, label
from include.locale.words import Words

OPEN_CLAIMS = ("draft", "ready", "sent", "accepted")
KPIS = ("claims", "claims_sent", "claims_paid", "claims_lost")
CHIPS = {"helped": "good", "made_worse": "bad", "no_effect_shown": "none", "not_enough_data": "none"}


def figures(conn: Connection, chosen: Chosen, words: Words) -> list[Figure]:
    """Return the figures of the page."""
    return [
        effects(actions(conn, chosen, words), words),
        differences(conn, chosen, words),
        claims(conn, chosen, words),
    ]


def actions(conn: Connection, chosen: Chosen, words: Words) -> list[dict[str, Any]]:
    """Return the preventive actions, each with its effect in words."""
    return [_action(row, chosen, words) for row in run(conn, "console/board_actions", **chosen.goods)]


def _action(row: dict[str, Any], chosen: Chosen, words: Words) -> dict[str, Any]:
    scope, known = row["scope"], row["effect"] is not None
    because = (row["evidence"] or {}).get("because")
    return {
        **row,
        "kind_name": label(words, board_labels.ACTION_KINDS, row["kind"] or ""),
        "about": cell_name(
            words, scope.get("category"), scope.get("supplier"), scope.get("batch"), scope.get("sku"),
            scope.get("city"), scope.get("carrier"),
        ),
        "against": label(words, CAUSES, row["reason"]) if row["reason"] else words._("all causes"),
        "verdict_name": label(words, board_labels.ACTION_VERDICTS, row["verdict"]),
        "chip": CHIPS[row["verdict"]],
        "change": _change(row["effect"], words) if known else "",
        "interval": f"{_change(row['lo'], words)} … {_change(row['hi'], words)}" if known else "",
        "because": label(words, board_labels.NO_EFFECT_BECAUSE, because) if because else "",
        "made_of": chosen.address("lines", **_lines_of(row, "acted_on", "after")),
        "counted": _counted(row, chosen, words),
    }  # fmt: skip


def _lines_of(row: dict[str, Any], side: str, when: str) -> dict[str, Any]:
    """Return what the address of an action's order lines says: of its goods or of the others, before it or under it."""
    return {"merchant": row["merchant_id"], "category": "", "supplier": "", "set": "action", "action": row["action_id"],
            "side": side, "when": when, "only": "yes"}  # fmt: skip


def _counted(row: dict[str, Any], chosen: Chosen, words: Words) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the returns that an effect is judged by, before the action and under it, each with where it is listed."""
    evidence = row["evidence"] or {}
    names = (("acted_on", "", words._("came back, before → under the action")),
             ("others", "others_", words._("other goods, before → under the action")))  # fmt: skip
    found = []
    for side, prefix, name in names:
        told = [(when, evidence.get(f"{prefix}returned_{when}", 0)) for when in ("before", "after")]
        if f"{prefix}returned_before" in evidence:
            found.append(
                (name, [(words.number(count), chosen.to("lines", "back", **_lines_of(row, side, when)))
                        for when, count in told])
            )  # fmt: skip
    return found


def _change(rate: float, words: Words) -> str:
    """Return a rate against that without the action as a change: −30 %, +12 %."""
    return f"{'+' if rate > 1 else '−' if rate < 1 else ''}{words.percent(abs(rate - 1))}"


def effects(rows: list[dict[str, Any]], words: Words) -> Figure:
    """Return the actions as a table: by how much returns changed, with the interval."""
    _ = words._
    columns = [
        Column("about", _("about"), "text"),
        Column("against", _("against"), "text"),
        Column("owner", _("owner"), "text"),
        Column("since", _("since"), "day"),
        Column("effect", _("returns"), "text"),
        Column("interval", _("95 % interval"), "text"),
        Column("verdict", _("verdict"), "text"),
    ]
    lines = [
        Row(
            row["hypothesis"] or row["kind_name"],
            {
                "about": Cell(row["about"]),
                "against": Cell(row["against"]),
                "owner": Cell(row["owner"]),
                "since": Cell(row["started_on"]),
                "effect": Cell(row["change"] or None),
                "interval": Cell(row["interval"] or None),
                "verdict": Cell(row["verdict_name"]),
            },
        )
        for row in rows
    ]
    return Figure("actions", _("What was done, and what it helped"), _("expected of it"), columns, lines,
                  empty=_("No preventive action is registered."))  # fmt: skip


def differences(conn: Connection, chosen: Chosen, words: Words) -> Figure:
    """Return the open differences by kind; each leads to its list."""
    _ = words._
    columns = [
        Column("received", _("open")),
        Column("money", _("at risk"), "money", drawn=True),
        Column("overdue", _("past the deadline")),
        Column("next_due", _("next deadline"), "day"),
        Column("oldest", _("oldest since"), "day"),
        Column("owner", _("who has to act"), "text"),
    ]
    rows = []
    for row in run(conn, "console/board_differences", **chosen.goods, now=chosen.now):
        at = {"kind": row["kind"], "owner": row["owner"]}
        link = chosen.to("differences", "differences", **at)
        cells = {
            "received": Cell(row["differences"], link),
            "money": Cell(row["money"], chosen.to("differences", "money", **at)),
            "overdue": Cell(row["overdue"], chosen.to("differences", "differences", **at, overdue="yes")),
            "next_due": Cell(row["next_due"], chosen.address("differences", **at)),
            "oldest": Cell(row["oldest"], chosen.address("differences", **at)),
            "owner": Cell(label(words, difference_labels.OWNERS, row["owner"])),
        }
        rows.append(Row(label(words, difference_labels.KINDS, row["kind"]), cells, key=row["kind"],
                        link=cells["money"].link))  # fmt: skip
    totals = {
        name: Cell(sum(row.cells[name].value for row in rows), chosen.to("differences", total, **more))
        for name, total, more in (
            ("received", "differences", {}), ("money", "money", {}), ("overdue", "differences", {"overdue": "yes"}),
        )
    }  # fmt: skip
    return Figure(
        "differences", _("Open differences"), _("what"), columns, rows, "bars",
        _("As it is now, whatever the period."), "money", totals,
        _("Nothing is open: every unit is where the papers say."),
    )  # fmt: skip


def claims(conn: Connection, chosen: Chosen, words: Words) -> Figure:
    """Return the claims against the carrier by state."""
    _ = words._
    columns = [
        Column("received", _("claims")),
        Column("money", _("claimed"), "money", drawn=True),
        Column("next_due", _("next deadline"), "day"),
    ]
    told = {row["status"]: row for row in run(conn, "console/board_claims", **chosen.goods)}
    rows = []
    for status in OPEN_CLAIMS:
        if status in told:
            row = told[status]
            at = {"show": f"only_{status}"}
            cells = {
                "received": Cell(row["claims"], chosen.to("claims", "claims", **at)),
                "money": Cell(row["amount"], chosen.to("claims", "money", **at)),
                "next_due": Cell(row["next_due"], chosen.address("claims", **at)),
            }
            rows.append(Row(label(words, claim_labels.STATUSES, status), cells, key=status, link=cells["money"].link))
    totals = {
        name: Cell(sum(row.cells[name].value for row in rows), chosen.to("claims", total, show="unsettled"))
        for name, total in (("received", "claims"), ("money", "money"))
    }
    return Figure(
        "claims", _("Claims against the carrier, open"), _("state"), columns, rows, "bars",
        _("As it is now: those that can still be acted on. What was paid and lost stands in the numbers below."),
        "money", totals, _("There are no claims."),
    )  # fmt: skip
