"""Units by the step that they reached or by where they wait: which are asked for, and what the kept sums say of them.

A list is read by an index, a page after the other; it is never counted. What it comes to is said by the sums that the
number was made of (mart.flow_weekly and its like), for the span and the goods of the list.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fastapi import HTTPException, status

from include.clock import week_start
from include.console.board import money
from include.console.board.chosen import Chosen, day_of, midnight
from include.console.board.figures import share
from include.console.board.flow import AGES, CHANNELS, STEPS, age_of
from include.console.board.lists import EVER, After, Asked, Total, behind, codes_of, texts_of
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

NEVER = dt.datetime(9998, 1, 1, tzinfo=dt.UTC)
CODES: Mapping[str, tuple[str, ...]] = {
    "became": ("put_back", "resold", "ended", "open"),
    "channel": CHANNELS,
    "measure": speed.MEASURES,
    "outcome": ("reached", "open", "ended"),
    "known": ("no",),
}
# What may be asked of received units; nothing of one line together with something of another.
ASKED_TOGETHER = (
    {"cause", "reason"}, {"measure", "outcome", "bucket", "within"}, {"became", "channel"}, {"term", "known"},
)  # fmt: skip
OF_WAITING = {"state", "zone", "age"}
# What means nothing alone.
NEEDS = {"channel": "became", "outcome": "measure", "measure": "outcome", "bucket": "measure", "within": "measure"}


def asked_of(query: Asked) -> dict[str, str]:
    """Return which units are asked for, as it stands in the address. Raises a 404 for what no number leads to."""
    step = query.get("step", "")
    asked = texts_of(query, ("cause", "reason", "zone")) | codes_of(query, CODES)
    asked |= {name: query[name] for name in ("bucket", "within", "age") if query.get(name, "").isdecimal()}
    for name, codes in (("state", STATES), ("term", (*TERMS, "compensation"))):
        told = [code for code in query.get(name, "").split(",") if code in codes]
        if told:
            asked[name] = ",".join(told)
    together = {"waiting": (OF_WAITING,), "received": ASKED_TOGETHER}.get(step, ())
    if (
        step not in (*STEPS, "waiting")
        or (asked and not any(set(asked) <= names for names in together))
        or any(name in asked and needed not in asked for name, needed in NEEDS.items())
        or ("channel" in asked and asked["became"] not in ("put_back", "resold"))
        or int(asked.get("age", 0)) >= len(AGES)
        or any(int(asked.get(name, 0)) >= speed.SPANS for name in ("bucket", "within"))
    ):  # fmt: skip
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such units")
    if day_of(query.get("week")) and step != "waiting":
        asked["week"] = query["week"]
    return {"step": step, **asked}


def places(conn: Connection, chosen: Chosen, asked: Asked, after: After | None, shown: int) -> list[dict[str, Any]]:
    """Return the moments and keys of the next units, behind the one shown last."""
    place = {"shown": shown, **chosen.goods}
    if asked["step"] == "waiting":
        begins, ends = _since(chosen, asked.get("age"))
        return run(
            conn, "console/board_units_waiting", **place, **behind(after, begins), states=_states(asked),
            zone=asked.get("zone"), begins=begins, ends=ends,
        ).fetchall()  # fmt: skip
    span = _span(chosen, asked)
    more = {name: asked.get(name) for name in ("reason", *CODES)}
    return run(
        conn, "console/board_units_of_step", **place, **behind(after, span.begins), **more, step=asked["step"],
        causes=asked["cause"].split(",") if "cause" in asked else None, terms=_terms(asked),
        bucket_from=int(asked.get("bucket", 0)), bucket_to=int(asked.get("bucket", asked.get("within", speed.SPANS))),
        begins=span.begins, ends=span.ends, today=chosen.today,
    ).fetchall()  # fmt: skip


def _since(chosen: Chosen, age: str | None) -> tuple[dt.datetime, dt.datetime]:
    """Return since when, at the earliest and before when, units of this age have waited."""
    if age is None:
        return EVER, NEVER
    least, most = AGES[int(age)]
    day = dt.timedelta(days=1)
    ends = NEVER if least == 0 else midnight(chosen.today - least * day + day)
    return EVER if most is None else midnight(chosen.today - most * day), ends


def _states(asked: Asked) -> list[str]:
    return asked["state"].split(",") if "state" in asked else list(STATES)


def _span(chosen: Chosen, asked: Asked) -> Chosen:
    """Return the choice with the week that is asked for as its period."""
    week = day_of(asked.get("week"))
    return replace(chosen, first=week_start(week), last=week_start(week)) if week else chosen


def _terms(asked: Asked) -> list[str] | None:
    """Return the terms of the cost that are asked for: all ten where only is asked what is not known."""
    if "term" in asked:
        return asked["term"].split(",")
    return list(TERMS) if "known" in asked else None


def title(asked: Asked, chosen: Chosen, words: Words) -> list[str]:
    """Return what these units are, in parts."""
    _ = words._
    names = {
        "waiting": _("waiting"), "requested": _("requested"), "received": _("received"),
        "on_sale": _("back on sale"), "resold": _("sold again"), "ended": _("ended otherwise"),
    }  # fmt: skip
    told = [names[asked["step"]]]
    if "state" in asked:
        told.append(", ".join(label(words, STATE_NAMES, state) for state in asked["state"].split(",")))
    if "zone" in asked:
        told.append(label(words, ZONES, asked["zone"]))
    if "age" in asked:
        least, most = AGES[int(asked["age"])]
        told.append(
            _("over {days} days", days=least - 1) if most is None else _("{least}–{most} days", least=least, most=most)
        )
    span = _span(chosen, asked)
    if "week" in asked:
        told.append(words.week(span.first))
    elif asked["step"] != "waiting":
        last = span.last + dt.timedelta(days=6)
        told.append(_("{first} – {last}", first=words.day(span.first), last=words.day(last)))
    for name in ("cause", "reason"):
        told += [", ".join(label(words, CAUSES, one) for one in asked[name].split(","))] if name in asked else []
    told += [", ".join(term_name(term, words) for term in asked["term"].split(","))] if "term" in asked else []
    told += [_("not known")] if "known" in asked else []
    return told


def term_name(term: str, words: Words) -> str:
    """Return what a term of the cost is called."""
    return label(words, TERM_NAMES, term if term == "compensation" else f"cost_{term}")


def totals(conn: Connection, chosen: Chosen, asked: Asked, words: Words) -> list[Total]:
    """Return what the list comes to, by the sums that the numbers are made of."""
    span = _span(chosen, asked)
    if asked["step"] == "waiting":
        return _of_waiting(conn, chosen, asked, words)
    if asked["step"] != "received":
        return _of_flow(conn, span, asked["step"], words)
    if "cause" in asked or "reason" in asked:
        return _of_causes(conn, span, asked, words)
    if "measure" in asked:
        return _of_speed(conn, span, asked, words)
    sums: dict[str, int] = defaultdict(int)
    for row in money.costs(conn, span).values():
        for name, value in row.items():
            sums[name] += value if name != "week_start" else 0
    if "became" in asked:
        return _of_became(sums, chosen, asked, words)
    if "term" in asked:
        return _of_terms(sums, asked, words)
    return _of_received(sums, asked, words)


def _units(words: Words, count: int) -> Total:
    return Total("units", words._("units"), "count", count)


def _value(words: Words, amount: int) -> Total:
    return Total("value", words._("goods' price"), "money", amount)


def _proceeds(words: Words, amount: int) -> Total:
    return Total("proceeds", words._("proceeds"), "money", amount)


def _of_received_share(words: Words, part: int, whole: int, link: str | None = None) -> Total:
    name = words.n_("share of {count} unit received", "share of {count} units received", whole)
    return Total("share", name, "share", share(part, whole), link)


def _of_waiting(conn: Connection, chosen: Chosen, asked: Asked, words: Words) -> list[Total]:
    states = _states(asked)
    rows = [
        row
        for row in run(conn, "console/board_waiting", **chosen.goods, today=chosen.today)
        if row["state"] in states
        and asked.get("zone") in (None, row["zone"])
        and asked.get("age") in (None, str(age_of(row["days"])))
    ]
    return [
        _units(words, sum(row["units"] for row in rows)),
        _value(words, sum(row["value"] for row in rows)),
        Total("oldest", words._("longest, days"), "count", max((row["days"] for row in rows), default=None)),
    ]


def _of_flow(conn: Connection, span: Chosen, step: str, words: Words) -> list[Total]:
    rows = [row for row in run(conn, "console/board_flow", **span.params) if row["step"] == step]
    told = [_units(words, sum(row["units"] for row in rows)), _value(words, sum(row["value"] for row in rows))]
    return [*told, _proceeds(words, sum(row["proceeds"] for row in rows))] if step == "resold" else told


def _of_causes(conn: Connection, span: Chosen, asked: Asked, words: Words) -> list[Total]:
    causes = asked["cause"].split(",") if "cause" in asked else None
    every = run(conn, "console/board_causes", **span.params).fetchall()
    rows = [
        row
        for row in every
        if (causes is None or row["cause"] in causes) and asked.get("reason") in (None, row["stated_reason"])
    ]
    units = sum(row["units"] for row in rows)
    return [
        _units(words, units),
        _value(words, sum(row["value"] for row in rows)),
        _of_received_share(words, units, sum(row["units"] for row in every)),
    ]


def _of_speed(conn: Connection, span: Chosen, asked: Asked, words: Words) -> list[Total]:
    every = [row for row in run(conn, "console/board_speed", **span.params) if row["measure"] == asked["measure"]]
    least, most = int(asked.get("bucket", 0)), int(asked.get("bucket", asked.get("within", speed.SPANS)))
    units = sum(
        row["units"]
        for row in every
        if row["outcome"] == asked.get("outcome") and (row["outcome"] != "reached" or least <= row["bucket"] <= most)
    )
    return [_units(words, units), _of_received_share(words, units, sum(row["units"] for row in every))]


def _of_became(sums: Mapping[str, int], chosen: Chosen, asked: Asked, words: Words) -> list[Total]:
    column = {"ended": "ended_otherwise", "open": "still_here"}.get(asked["became"], asked["became"])
    channel = f"_{asked['channel']}" if "channel" in asked else ""
    units, received = sums[column + channel], sums["units"]
    everything = chosen.to("units", "units", step="received", week=asked.get("week"))
    told = [_units(words, units), _of_received_share(words, units, received, everything)]
    return [*told, _proceeds(words, sums[f"proceeds{channel}"])] if asked["became"] == "resold" else told


def _of_terms(sums: Mapping[str, int], asked: Asked, words: Words) -> list[Total]:
    terms = asked["term"].split(",")
    if "known" in asked:
        return [_units(words, sums[f"no_{terms[0]}"])] if len(terms) == 1 else []
    amount = sum(sums[term] for term in terms)
    told = [Total("amount", ", ".join(term_name(term, words) for term in terms), "money", amount)]
    if terms == ["compensation"]:
        amount = -amount
        told.append(Total("taken_off", words._("taken off the cost"), "money", amount))
    return [*told, Total("a_unit", words._("for one unit received"), "money", share(amount, sums["units"]))]


def _of_received(sums: Mapping[str, int], asked: Asked, words: Words) -> list[Total]:
    unknown = sum(sums[f"no_{term}"] for term in TERMS)
    unknown_total = Total("unknown", words._("costs that are not known"), "count", unknown)
    if "known" in asked:
        return [unknown_total]
    cost = money.known_cost(sums)
    return [
        _units(words, sums["units"]),
        _value(words, sums["value"]),
        Total("cost", words._("known cost so far"), "money", cost),
        Total("a_unit", words._("for one unit received"), "money", share(cost, sums["units"])),
        unknown_total,
        _proceeds(words, sums["proceeds"]),
        Total("won", words._("proceeds against the goods' price"), "share", share(sums["proceeds"], sums["value"])),
    ]
