"""The order lines behind a number: of a return rate's cohort, of a signal, of an action's goods before and after it."""

import datetime as dt
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from fastapi import HTTPException, status
from psycopg.types.json import Jsonb

from include.clock import week_start
from include.console.board.chosen import WEEK, Chosen, day_of, midnight
from include.console.board.figures import share
from include.console.board.lists import ONLY, After, Asked, Kind, Rows, Total, behind, codes_of, parts, texts_of
from include.db.connection import Connection
from include.db.statements import run
from include.domain import kpi
from include.locale.labels import CAUSES, cell_name, kpi_name, label
from include.locale.words import Words

# As include/analytics counts them; a test compares them.
LONGEST_DELAY = 9  # weeks from the order to the inspection
BASE_WEEKS, WEEKS_BEFORE, WEEKS_AFTER = 12, 12, 26
CODES_OF_WINDOWS = ("4", "8", "12")
PLACES = ("batch", "sku", "city", "carrier")  # beside category and supplier, which every address of the dashboard has
CODES = {
    "set": ("cohort", "signal", "action"), "only": ONLY, "when": ("before", "after"), "side": ("acted_on", "others"),
    "kpi": tuple(one.name for one in kpi.DEFINITIONS if one.week == "order"), "days": ("14", "30"),
    "weeks_of": CODES_OF_WINDOWS,
}  # fmt: skip
NEEDED = {
    "cohort": {"kpi", "week", "days"}, "signal": {"week", "cause", "weeks_of"}, "action": {"action", "when", "side"},
}  # fmt: skip


def asked_of(query: Asked) -> dict[str, str]:
    """Return which lines are asked for. Raises a 404 for what no number leads to."""
    asked = codes_of(query, CODES) | texts_of(query, ("cause", "action", *PLACES))
    asked |= {name: query[name] for name in ("week", "since") if day_of(query.get(name))}
    if "set" not in asked or not NEEDED[asked["set"]] <= set(asked) or not _is_id(asked.get("action")):
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such order lines")
    return asked


def _is_id(text: str | None) -> bool:
    try:
        return text is None or bool(UUID(text))
    except ValueError:
        return False


def read(
    conn: Connection, chosen: Chosen, asked: Asked, after: After | None, shown: int
) -> tuple[Rows, dict[str, Any]]:
    """Return the next lines, behind the one shown last, and the sums of all of them."""
    place: dict[str, Any] = {"shown": shown, "part": asked.get("only"), "merchants": chosen.view.whose}
    if asked["set"] == "cohort":
        week = _monday(asked["week"])
        begins = midnight(_monday(asked.get("since", asked["week"])))
        return parts(run(
            conn, "console/board_lines_of_cohort", **place, **behind(after, begins, ""), begins=begins,
            ends=midnight(week + WEEK), horizon=int(asked["days"]), young=asked["kpi"] == "return_rate_nowcast",
            category=chosen.category, supplier=chosen.supplier, sku=asked.get("sku"),
        ).fetchall())  # fmt: skip
    if asked["set"] == "signal":
        return _of_signal(conn, chosen, asked, after, place)
    return _of_action(conn, chosen, asked, after, place)


def _of_signal(
    conn: Connection, chosen: Chosen, asked: Asked, after: After | None, place: dict[str, Any]
) -> tuple[Rows, dict[str, Any]]:
    scope, monday = _scope(chosen, asked), _monday(asked["week"]) + WEEK
    told = run(
        conn, "console/board_signal", merchants=chosen.view.whose, week=monday - WEEK, cause=asked["cause"],
        scope=Jsonb(scope),
    ).fetchone()  # fmt: skip
    if told is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such signal")
    newest = int(asked["weeks_of"])
    ages = (newest + 1, newest + BASE_WEEKS) if asked.get("when") == "before" else (1, newest)
    rows, sums = _of_cell(conn, ages, monday, after, {**place, "cause": asked["cause"], "scope": scope, "others": []})
    return rows, {**sums, "evidence": told["evidence"]}


def _of_action(
    conn: Connection, chosen: Chosen, asked: Asked, after: After | None, place: dict[str, Any]
) -> tuple[Rows, dict[str, Any]]:
    told = run(conn, "console/board_action", action=asked["action"], merchants=chosen.view.whose).fetchone()
    if told is None or told["judged_to"] is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such action, or it was not judged yet")
    cell: dict[str, Any] = {"scope": told["scope"], "others": []}
    if asked["side"] == "others":
        cell = {"scope": {}, "others": [told["scope"], *told["others"]]}
    ages = ages_of(asked["when"], told["started_on"], told["ended_on"], told["judged_to"])
    return _of_cell(
        conn, ages, told["judged_to"], after,
        {**place, **cell, "cause": told["reason"], "merchants": [told["merchant_id"]]},
    )  # fmt: skip


def ages_of(when: str, started_on: dt.date, ended_on: dt.date | None, monday: dt.date) -> tuple[int, int]:
    """Return the youngest and the oldest week of orders before an action or under it, as include/analytics/effects.py.

    Ages are in weeks up to ``monday``, 1 is the week before it; the week in which the action began is in neither.
    """
    since = (monday - started_on).days
    if when == "after":
        ended = 0 if ended_on is None else -(-((monday - ended_on).days + 7) // 7)
        return max(1, ended, since // 7 - WEEKS_AFTER + 1), since // 7
    if since < 0:
        return 1, WEEKS_BEFORE
    first = -(-(since + 7) // 7)
    return first, first + WEEKS_BEFORE - 1


def _of_cell(
    conn: Connection, ages: tuple[int, int], monday: dt.date, after: After | None, asked: dict[str, Any]
) -> tuple[Rows, dict[str, Any]]:
    youngest, oldest = ages
    begins = midnight(monday - oldest * WEEK)
    return parts(run(
        conn, "console/board_lines_of_cell",
        **{**asked, "scope": Jsonb(asked["scope"]), "others": Jsonb(asked["others"])}, **behind(after, begins, ""),
        begins=begins, ends=midnight(monday - (youngest - 1) * WEEK), monday=midnight(monday), longest=LONGEST_DELAY,
    ).fetchall())  # fmt: skip


def _scope(chosen: Chosen, asked: Asked) -> dict[str, str]:
    """Return the goods and the place of a signal: what its address names."""
    named = {"category": chosen.category, "supplier": chosen.supplier} | {name: asked.get(name) for name in PLACES}
    return {name: value for name, value in named.items() if value}


def _monday(text: str) -> dt.date:
    return week_start(dt.date.fromisoformat(text))


def title(asked: Asked, chosen: Chosen, words: Words) -> str:
    """Return what these lines are."""
    _ = words._
    if asked["set"] == "action":
        when = {"before": _("before the action"), "after": _("under the action")}[asked["when"]]
        told = [when, *([_("other goods")] if asked["side"] == "others" else [])]
    elif asked["set"] == "signal":
        scope = _scope(chosen, asked)
        name = cell_name(words, *(scope.get(one) for one in ("category", "supplier", *PLACES)))
        newest = words.n_("newest {count} week of orders", "newest {count} weeks of orders", int(asked["weeks_of"]))
        before = _("the 12 weeks of orders before")
        told = [name, label(words, CAUSES, asked["cause"]), before if asked.get("when") == "before" else newest]
    else:
        span = words.week(_monday(asked["week"]))
        if "since" in asked:
            span = _("{first} – {last}", first=words.day(_monday(asked["since"])),
                     last=words.day(_monday(asked["week"]) + dt.timedelta(days=6)))  # fmt: skip
        told = [kpi_name(words, asked["kpi"], int(asked["days"])), span]
        told += [one for one in (chosen.category, chosen.supplier, asked.get("sku")) if one]
    if "only" in asked:
        told.append({"yes": _("came back"), "no": _("did not come back")}[asked["only"]])
    return " · ".join(told)


def totals(_conn: Connection, chosen: Chosen, asked: Asked, sums: dict[str, Any], words: Words) -> list[Total]:
    """Return what the lines come to."""
    _ = words._

    def part(only: str) -> str:
        return chosen.to("lines", "lines", **{**asked, "only": only})

    back = part("yes")
    told = [
        Total("lines", _("order lines"), "count", sums["all_lines"], part("") if "only" in asked else None),
        Total("pieces", _("pieces sold"), "count", sums["all_pieces"]),
    ]
    if asked["set"] == "cohort":
        told.append(Total("back", _("pieces that came back in time"), "count", sums["all_back"], back))
        value = share(sums["all_back"], sums["all_pieces"])
        if asked["kpi"] != "return_rate_nowcast":
            told.append(Total("kpi", kpi_name(words, "return_rate", int(asked["days"])), "share", value))
        return told
    told.append(Total("back", _("came back for this cause"), "count", sums["all_back"], back))
    if asked["set"] == "signal":
        before = "_before" if asked.get("when") == "before" else ""
        exposed = float(sums["evidence"].get(f"could_be_back{before}", 0))
        told.append(Total("exposed", _("could be back by now"), "count", round(exposed)))
        if not before:
            told += [Total("rate", _("came back, of these"), "share", share(sums["all_back"], exposed)),
                     Total("expected", _("expected by its past"), "count", sums["evidence"].get("expected")),
                     Total("baseline", _("usually"), "share", share(sums["evidence"].get("expected", 0), exposed)),
                     ]  # fmt: skip
    return told


def told(_asked: Asked, row: dict[str, Any], _words: Words) -> dict[str, Any]:
    """Return a line as the page shows it."""
    return row


def heading(words: Words) -> list[str]:
    """Return the heading of the file."""
    _ = words._
    return [_("merchant"), _("order"), _("ordered"), _("SKU"), _("product"), _("city"), _("carrier"), _("pieces sold"),
            _("came back"), _("unit")]  # fmt: skip


def lines(rows: Rows, _words: Words) -> Iterator[list[Any]]:
    """Return these order lines as lines of the file."""
    for row in rows:
        yield [
            row["merchant_id"], row["order_code"], row["at"].isoformat(), row["sku"], row["product_name"], row["city"],
            row["carrier"], row["quantity"], row["back"], row["unit_id"] and str(row["unit_id"]),
        ]  # fmt: skip


LINES = Kind("lines", asked_of, read, totals, title, told, heading, lines, key=str)
