"""The units behind a number: a page of them after the other, by an index, and all of them as a file."""

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import HTTPException, status

from include.clock import week_start
from include.console.board.chosen import WEEK, Chosen, day_of, midnight
from include.console.board.flow import AGES, CHANNELS, STEPS
from include.console.board.money import TERMS
from include.db.connection import Connection
from include.db.statements import run
from include.domain import speed
from include.domain.unit_life import STATES
from include.locale.desk_labels import STATES as STATE_NAMES
from include.locale.desk_labels import TERMS as TERM_NAMES
from include.locale.desk_labels import ZONES
from include.locale.labels import CAUSES, label
from include.locale.words import Words

SHOWN = 50
LONGEST_LIST = 200  # letters of what is asked for
FIRST = uuid.UUID(int=0)
EVER = dt.datetime(1, 1, 2, tzinfo=dt.UTC)
NEVER = dt.datetime(9998, 1, 1, tzinfo=dt.UTC)
TEXTS = ("cause", "reason", "batch", "sku", "zone", "city", "carrier")
CODES: Mapping[str, tuple[str, ...]] = {
    "became": ("put_back", "resold", "ended", "open"),
    "channel": CHANNELS,
    "measure": speed.MEASURES,
    "outcome": ("reached", "open", "ended"),
    "term": (*TERMS, "compensation"),
    "known": ("no",),
}


def asked_of(query: Mapping[str, str]) -> dict[str, str]:
    """Return which units are asked for, as it stands in the address. Raises a 404 for what no number leads to."""
    step = query.get("step", "")
    asked = {"step": step}
    asked |= {name: query[name][:LONGEST_LIST] for name in TEXTS if query.get(name)}
    asked |= {name: query[name] for name, codes in CODES.items() if query.get(name) in codes}
    asked |= {name: query[name] for name in ("bucket", "age") if query.get(name, "").isdecimal()}
    if day_of(query.get("week")):
        asked["week"] = query["week"]
    states = [state for state in query.get("state", "").split(",") if state in STATES]
    if states:
        asked["state"] = ",".join(states)
    if (
        step not in (*STEPS, "waiting")
        or int(asked.get("age", 0)) >= len(AGES)
        or int(asked.get("bucket", 0)) >= speed.SPANS
    ):
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such units")
    return asked


def page_of(
    conn: Connection, chosen: Chosen, asked: Mapping[str, str], after: tuple[dt.datetime, uuid.UUID] | None, shown: int
) -> list[dict[str, Any]]:
    """Return the next units that are asked for, behind the one shown last."""
    place = {"shown": shown, **chosen.goods}
    if asked["step"] == "waiting":
        begins, ends = _since(chosen, asked.get("age"))
        states = asked["state"].split(",") if "state" in asked else list(STATES)
        found = run(
            conn, "console/board_units_waiting", **place, **_behind(after, begins), states=states,
            zone=asked.get("zone"), begins=begins, ends=ends,
        ).fetchall()  # fmt: skip
    else:
        begins, ends = chosen.begins, chosen.ends
        if week := day_of(asked.get("week")):
            begins, ends = midnight(week_start(week)), midnight(week_start(week) + WEEK)
        more = {name: asked.get(name) for name in ("reason", "batch", "sku", "city", "carrier", *CODES)}
        causes = asked["cause"].split(",") if "cause" in asked else None
        found = run(
            conn, "console/board_units_of_step", **place, **_behind(after, begins), **more, causes=causes,
            step=asked["step"], bucket=int(asked["bucket"]) if "bucket" in asked else None, begins=begins,
            ends=ends, today=chosen.today,
        ).fetchall()  # fmt: skip
    units, moments = [row["unit_id"] for row in found], [row["at"] for row in found]
    return run(conn, "console/board_units", units=units, moments=moments).fetchall()


def _behind(after: tuple[dt.datetime, uuid.UUID] | None, begins: dt.datetime) -> dict[str, Any]:
    """Return behind which place a list goes on: the index is entered there, so it is never before the span begins."""
    at, unit_id = max(after or (begins, FIRST), (begins, FIRST))
    return {"after": at, "after_unit": unit_id}


def _since(chosen: Chosen, age: str | None) -> tuple[dt.datetime, dt.datetime]:
    """Return since when, at the earliest and before when, units of this age have waited."""
    if age is None:
        return EVER, NEVER
    least, most = AGES[int(age)]
    day = dt.timedelta(days=1)
    ends = NEVER if least == 0 else midnight(chosen.today - least * day + day)
    return EVER if most is None else midnight(chosen.today - most * day), ends


def after_of(text: str | None) -> tuple[dt.datetime, uuid.UUID] | None:
    """Return the place behind which a page begins; None: at the beginning."""
    moment, _sep, unit_id = (text or "").rpartition("_")
    try:
        at = dt.datetime.fromisoformat(moment)
        return (at, uuid.UUID(unit_id)) if at.tzinfo else None
    except ValueError:
        return None


def place_of(row: Mapping[str, Any]) -> str:
    """Return the place of a unit in its list, for the address of the next page."""
    return f"{row['at'].isoformat()}_{row['unit_id']}"


def title(asked: Mapping[str, str], chosen: Chosen, words: Words) -> str:
    """Return what these units are."""
    _ = words._
    names = {
        "waiting": _("waiting"), "requested": _("requested"), "received": _("received"),
        "on_sale": _("back on sale"), "resold": _("sold again"), "ended": _("ended otherwise"),
    }  # fmt: skip
    parts = [names[asked["step"]]]
    if "state" in asked:
        parts.append(", ".join(label(words, STATE_NAMES, state) for state in asked["state"].split(",")))
    if "zone" in asked:
        parts.append(label(words, ZONES, asked["zone"]))
    if "age" in asked:
        least, most = AGES[int(asked["age"])]
        parts.append(
            _("over {days} days", days=least - 1) if most is None else _("{least}–{most} days", least=least, most=most)
        )
    if "week" in asked:
        parts.append(words.week(week_start(dt.date.fromisoformat(asked["week"]))))
    elif asked["step"] != "waiting":
        parts.append(_("{first} – {last}", first=words.day(chosen.first),
                       last=words.day(chosen.last + dt.timedelta(days=6))))  # fmt: skip
    for name in ("cause", "reason"):
        parts += [", ".join(label(words, CAUSES, one) for one in asked[name].split(","))] if name in asked else []
    if "term" in asked:
        code = asked["term"] if asked["term"] == "compensation" else f"cost_{asked['term']}"
        parts.append(label(words, TERM_NAMES, code))
    if "known" in asked:
        parts.append(_("not known"))
    parts += [asked[name] for name in ("batch", "sku", "city", "carrier") if name in asked]
    parts += [one for one in (chosen.category, chosen.supplier) if one]
    return " · ".join(parts)


def known_cost(row: Mapping[str, Any]) -> int:
    """Return what is known of a unit's cost, less what the carrier paid; storage of one that is here not yet."""
    return sum(row[term] or 0 for term in TERMS) - int(row["compensation"])


def file_heading(words: Words) -> list[str]:
    """Return the heading of the file."""
    _ = words._
    return [
        _("unit"), _("merchant"), _("piece"), _("SKU"), _("product"), _("order"), _("Category"), _("Supplier"),
        _("state"), _("zone"), _("said"), _("cause"), _("requested"), _("received"), _("decided"), _("back on sale"),
        _("ended"), _("goods' price"), _("proceeds"),
        *(label(words, TERM_NAMES, f"cost_{term}") for term in TERMS), _("paid by the carrier"),
    ]  # fmt: skip


def file_lines(rows: list[dict[str, Any]], words: Words) -> Iterator[list[Any]]:
    """Return these units as lines of the file."""
    for row in rows:
        times = (row[f"{name}_at"] for name in ("requested", "received", "decided", "on_sale", "closed"))
        yield [
            str(row["unit_id"]), row["merchant_id"], row["unit_label"], row["sku"], row["product_name"],
            row["order_code"], row["category"], row["supplier"], label(words, STATE_NAMES, row["state"]),
            label(words, ZONES, row["zone"]) if row["zone"] else None, label(words, CAUSES, row["stated_reason"]),
            label(words, CAUSES, row["cause"]), *(one and one.isoformat() for one in times), row["value"],
            row["proceeds"], *(row[term] for term in TERMS), row["compensation"],
        ]  # fmt: skip
