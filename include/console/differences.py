"""Differences between what was expected and what came: the verdicts, the cases, the balance; and the units behind."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query, Request, status
from fastapi.responses import HTMLResponse, RedirectResponse

from include.clock import almaty_day
from include.console.guard import Refused
from include.console.site import Site, View, actor_of, back, form_of, language_of, text_of_form
from include.db.connection import Connection
from include.db.statements import run
from include.domain.reconcile import BY_A_PERSON, OWNERS, VERDICTS
from include.domain.staff import Staff
from include.domain.unit_life import STATES
from include.flows import discrepancies
from include.flows.balance import balance, end_of
from include.flows.discrepancies import DifferenceRefused, Said
from include.locale import difference_labels
from include.locale.desk_labels import STATES as STATE_NAMES
from include.locale.labels import label
from include.locale.words import Words

SHOWN = 50
PIPELINE = "pipeline"
GOOD, QUIET = ("matched", "late"), ("expected", "cancelled")


def differences_routes(site: Site) -> APIRouter:
    """Return the pages and what their form does."""
    router = APIRouter()
    _lists(router, site)

    @router.get("/differences/{discrepancy_id}", response_class=HTMLResponse)
    def one(
        request: Request,
        discrepancy_id: UUID,
        done: Annotated[str | None, Query(max_length=20)] = None,
        refused: Annotated[str | None, Query(max_length=20)] = None,
    ) -> HTMLResponse:
        language = language_of(request)
        with site.warehouse() as conn:
            staff = site.staff(conn, request)
            row = _seen(conn, staff, discrepancy_id)
        may_say = staff.may("supervisor", row["merchant_id"])
        content = _difference(row, site.now(), language, may_say=may_say) | {
            "notice": language._("It is written down.") if done == "done" else "",
            "trouble": label(language, difference_labels.REFUSALS, refused)
            if refused in difference_labels.REFUSALS
            else "",
        }
        return site.page(request, "difference.html", language, content, section="differences")

    @router.post("/differences/{discrepancy_id}")
    def say(request: Request, discrepancy_id: UUID) -> RedirectResponse:
        form = form_of(request)
        with site.warehouse(reading=False) as conn:
            staff = site.staff(conn, request)
            row = _seen(conn, staff, discrepancy_id)
            if not staff.may("supervisor", row["merchant_id"]):
                raise Refused(status.HTTP_403_FORBIDDEN, "not_supervisor")
            conn.commit()
            how = None if text_of_form(form, "do") == "reopen" else text_of_form(form, "how")
            note = text_of_form(form, "note", most=discrepancies.LONGEST_NOTE)
            kept = {"lang": text_of_form(form, "lang")}
            try:
                discrepancies.say(conn, discrepancy_id, Said(actor_of(request), site.now(), how, note))
            except DifferenceRefused as refusal:
                return back(request, f"differences/{discrepancy_id}", **kept, refused=refusal.code)
        return back(request, f"differences/{discrepancy_id}", **kept, done="done")

    return router


def _lists(router: APIRouter, site: Site) -> None:
    @router.get("/differences", response_class=HTMLResponse)
    def listed(
        request: Request,
        merchant: Annotated[str | None, Query(max_length=100)] = None,
        kind: Annotated[str | None, Query(max_length=40)] = None,
        owner: Annotated[str | None, Query(max_length=40)] = None,
        overdue: Annotated[str | None, Query(max_length=3)] = None,
        category: Annotated[str | None, Query(max_length=100)] = None,
        supplier: Annotated[str | None, Query(max_length=100)] = None,
        show: Annotated[str | None, Query(max_length=20)] = None,
        as_of: Annotated[str | None, Query(max_length=10)] = None,
        known_on: Annotated[str | None, Query(max_length=10)] = None,
        page: Annotated[int, Query(ge=0, le=10_000)] = 0,
    ) -> HTMLResponse:
        language, now = language_of(request), site.now()
        days = Days(now, as_of, known_on)
        with site.warehouse() as conn:
            view = site.view(conn, request, merchant)
            whose = view.whose
            asked = Wanted(
                kind or None, owner or None, category or None, supplier or None, overdue == "yes", show == "settled",
                page,
            )  # fmt: skip
            content = _listing(conn, whose, days, asked, language)
            content |= {"balances": [_balance(conn, one, days) for one in whose]}
            content |= {"states": {code: label(language, STATE_NAMES, code) for code in STATES}}
        content |= _head(view, now) | {"kept": {**days.asked, **content["goods"]}}
        return site.page(request, "differences.html", language, content, section="differences")

    @router.get("/differences/units", response_class=HTMLResponse)
    def units(
        request: Request,
        merchant: Annotated[str | None, Query(max_length=100)] = None,
        verdict: Annotated[str | None, Query(max_length=40)] = None,
        state: Annotated[str | None, Query(max_length=40)] = None,
        as_of: Annotated[str | None, Query(max_length=10)] = None,
        known_on: Annotated[str | None, Query(max_length=10)] = None,
        page: Annotated[int, Query(ge=0, le=10_000)] = 0,
    ) -> HTMLResponse:
        language, now = language_of(request), site.now()
        days = Days(now, as_of, known_on)
        with site.warehouse() as conn:
            view = site.view(conn, request, merchant)
            whose = view.whose
            part = {"shown": SHOWN + 1, "passed": page * SHOWN}
            if verdict in VERDICTS:
                rows = run(conn, "console/units_of_verdict", merchants=whose, verdict=verdict, **part).fetchall()
                title = label(language, difference_labels.VERDICTS, verdict)
                kept: dict[str, str | None] = {"verdict": verdict}
            elif state in STATES and len(whose) == 1:
                rows = run(
                    conn, "console/units_of_state", merchant_id=whose[0], state=state, as_of=days.as_of,
                    known_at=days.known_at, **part,
                ).fetchall()  # fmt: skip
                title, kept = label(language, STATE_NAMES, state), {"state": state, **days.asked}
            else:
                raise HTTPException(status.HTTP_404_NOT_FOUND, "no such units")
        content = _head(view, now) | {
            "title": title,
            "units": [{**row, "state_name": label(language, STATE_NAMES, row["state"])} for row in rows[:SHOWN]],
            "page": page,
            "more": len(rows) > SHOWN,
            "kept": kept,
        }
        return site.page(request, "difference_units.html", language, content, section="differences")


class Days:
    """Of which day is asked, and as known on which: today where nobody says; a day ahead is known by nobody."""

    def __init__(self, now: dt.datetime, as_of: str | None, known_on: str | None) -> None:
        today = almaty_day(now)
        self.now = now
        self.known_on = min(_day_of(known_on) or today, today)
        self.as_of = min(_day_of(as_of) or self.known_on, self.known_on)
        self.past = self.known_on < today
        self.asked = {"as_of": as_of and self.as_of.isoformat(), "known_on": known_on and self.known_on.isoformat()}

    @property
    def known_at(self) -> dt.datetime:
        """Return the moment up to which facts count."""
        return min(end_of(self.known_on), self.now)


def _day_of(text: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _head(view: View, now: dt.datetime) -> dict[str, Any]:
    return {**view.content, "names": {row["merchant_id"]: row["name"] for row in view.merchants}, "now": now}


def _seen(conn: Connection, staff: Staff, discrepancy_id: UUID) -> dict[str, Any]:
    """Return the difference; one of a merchant that is not his is not there for him."""
    row = discrepancies.one(conn, discrepancy_id)
    if row is None or not staff.may("viewer", row["merchant_id"]):
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such difference")
    return row


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which differences are asked for; None: of all kinds, owners, goods. Goods are known of what is open now."""

    kind: str | None
    owner: str | None
    category: str | None
    supplier: str | None
    overdue: bool
    settled: bool
    page: int


def _listing(conn: Connection, whose: list[str], days: Days, wanted: Wanted, words: Words) -> dict[str, Any]:
    """Return the verdicts, the kinds of differences and the differences chosen, of these merchants."""
    settled = wanted.settled and not days.past
    goods = {name: None if settled or days.past else getattr(wanted, name) for name in ("category", "supplier")}
    asked: dict[str, Any] = {
        "merchants": whose, "known_at": days.known_at if days.past else None, "now": days.known_at, **goods,
    }  # fmt: skip
    kinds = run(conn, "console/differences__kinds", **asked).fetchall()
    rows = run(
        conn, "console/differences", **asked, kind=wanted.kind, owner=wanted.owner, overdue=wanted.overdue,
        settled=settled, shown=SHOWN + 1, passed=wanted.page * SHOWN,
    ).fetchall()  # fmt: skip
    return {
        "verdicts": _verdicts({row["verdict"]: row for row in run(conn, "console/verdicts", merchants=whose)}, words),
        "kinds": [{**row, "name": label(words, difference_labels.KINDS, row["kind"])} for row in kinds],
        "open_count": sum(row["differences"] for row in kinds),
        "open_money": sum(row["money"] for row in kinds),
        "kind": wanted.kind,
        "goods": goods,
        "narrowed": {"owner": wanted.owner, "overdue": "yes" if wanted.overdue else None},
        "narrowed_name": " · ".join(
            [
                *(one for one in goods.values() if one),
                *([label(words, difference_labels.OWNERS, wanted.owner)] if wanted.owner else []),
                *([words._("past the deadline")] if wanted.overdue else []),
            ]
        ),
        "listed": rows[0]["listed"] if rows else 0,
        "listed_money": rows[0]["listed_money"] if rows else 0,
        "settled": settled,
        "past": days.past,
        "as_of": days.as_of,
        "known_on": days.known_on,
        "today": almaty_day(days.now),
        "differences": [_row(row, days.known_at, words) for row in rows[:SHOWN]],
        "page": wanted.page,
        "more": len(rows) > SHOWN,
    }


def _verdicts(counted: Mapping[str, Mapping[str, Any]], words: Words) -> list[dict[str, Any]]:
    return [
        {
            "code": code,
            "name": label(words, difference_labels.VERDICTS, code),
            "units": counted[code]["units"],
            "settled": counted[code]["settled"],
            "chip": "good" if code in GOOD else "none" if code in QUIET else "warn",
        }
        for code in VERDICTS
        if code in counted
    ]


def _row(row: dict[str, Any], now: dt.datetime, words: Words) -> dict[str, Any]:
    return {
        **row,
        "name": label(words, difference_labels.KINDS, row["kind"]),
        "piece": _piece(row),
        "owner_name": label(words, difference_labels.OWNERS, row["owner"]),
        "end": label(words, difference_labels.ENDS, row["resolution"]) if row["resolution"] else "",
        "age": words.hours(max((now - row["opened_at"]).total_seconds(), 0) / 3600),
        "overdue": row["status"] == "open" and row["due_at"] is not None and row["due_at"] <= now,
    }


def _piece(row: dict[str, Any]) -> str:
    """Return what the difference is about; of an offer its SKU and store, its causes stand on the page of stock."""
    offer: str = row["subject"].partition(": ")[0].replace(" at ", " · ")
    return row["unit_label"] or row["order_code"] or (offer if row["kind"] == "stock_divergence" else row["subject"])


def _balance(conn: Connection, merchant_id: str, days: Days) -> dict[str, Any]:
    """Return a merchant's balance of the day that is asked for."""
    lines = balance(conn, merchant_id, days.as_of, days.known_on)
    return {"merchant_id": merchant_id, "lines": lines, "closes": all(line.closes for line in lines)}


def _difference(row: dict[str, Any], now: dt.datetime, words: Words, *, may_say: bool) -> dict[str, Any]:
    _ = words._
    by_hand = may_say and row["kind"] in OWNERS
    return {
        **_row(row, now, words),
        "now": now,
        "one": row,
        "state_name": label(words, STATE_NAMES, row["state"]) if row["state"] else "—",
        "verdict_name": label(words, difference_labels.VERDICTS, row["verdict"]) if row["verdict"] else "",
        "ways": [(code, _(difference_labels.ENDS[code])) for code in BY_A_PERSON]
        if by_hand and row["status"] == "open"
        else [],
        "can_reopen": by_hand and row["status"] == "resolved" and row["resolved_by"] is not None,
        "history": [
            {
                **event,
                "what": label(words, difference_labels.ENDS, event["resolution"])
                if event["resolution"]
                else _("open again")
                if event["status"] == "open"
                else _("settled"),
                "who": _("by the facts") if event["actor"] == PIPELINE else event["actor"],
            }
            for event in row["history"]
        ],
    }
