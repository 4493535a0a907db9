"""Claims against the carrier: what must be sent by when, one claim with its why, its packet, what became of it."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query, Request, Response, status
from fastapi.responses import HTMLResponse, RedirectResponse

from include.console.guard import Refused
from include.console.site import Site, View, actor_of, back, form_of, language_of, text_of_form
from include.db.connection import Connection
from include.db.statements import run
from include.domain.claims import BACK, OPEN, STEPS
from include.domain.days import ALMATY
from include.domain.staff import Staff
from include.flows import claims
from include.flows.claims import ClaimRefused, Said
from include.flows.second_look import waits_for
from include.locale import claim_labels
from include.locale.labels import CAUSES, label
from include.locale.words import Words

SHOWN = 50
LISTS: Mapping[str, frozenset[str]] = {
    "open": OPEN,
    "sent": frozenset({"sent", "accepted"}),
    "over": frozenset({"paid", "rejected", "expired", "withdrawn"}),
}
# Beside the lists what the dashboard counts: those that can still be acted on, together and in one state each.
ONLY = {f"only_{one}": frozenset({one}) for states in LISTS.values() for one in states}
SHOWS = {**LISTS, "unsettled": LISTS["open"] | LISTS["sent"], **ONLY}
TIERS = {str(percent): text for percent, text in claim_labels.TIERS.items()}
CHIPS = {"draft": "warn", "ready": "warn", "accepted": "good", "paid": "good", "rejected": "bad", "expired": "bad"}


def claims_routes(site: Site) -> APIRouter:
    """Return the pages and what their forms do."""
    router = APIRouter()
    _pages(router, site)
    _papers(router, site)

    @router.post("/claims/{claim_id}")
    def say(request: Request, claim_id: UUID) -> RedirectResponse:
        form, now = form_of(request), site.now()
        kept = {name: text_of_form(form, name) for name in ("merchant", "lang")}
        with site.warehouse(reading=False) as conn:
            staff = site.staff(conn, request)
            row = _seen(conn, staff, claim_id)
            if not staff.may("supervisor", row["merchant_id"]):
                raise Refused(status.HTTP_403_FORBIDDEN, "not_supervisor")
            conn.commit()
            try:
                said = Said(
                    text_of_form(form, "do"),
                    actor_of(request),
                    now,
                    _moment_of(text_of_form(form, "at")),
                    _tenge_of(text_of_form(form, "money")),
                    text_of_form(form, "note", most=claims.LONGEST_NOTE),
                )
                claims.change(conn, claim_id, said)
            except ClaimRefused as refusal:
                return back(request, f"claims/{claim_id}", **kept, refused=refusal.code)
        return back(request, f"claims/{claim_id}", **kept, done="done")

    return router


def _pages(router: APIRouter, site: Site) -> None:
    @router.get("/claims", response_class=HTMLResponse)
    def listed(
        request: Request,
        merchant: Annotated[str | None, Query(max_length=100)] = None,
        show: Annotated[str | None, Query(max_length=20)] = None,
        category: Annotated[str | None, Query(max_length=100)] = None,
        supplier: Annotated[str | None, Query(max_length=100)] = None,
        after: Annotated[UUID | None, Query()] = None,
    ) -> HTMLResponse:
        language = language_of(request)
        with site.warehouse() as conn:
            view = site.view(conn, request, merchant)
            goods = {"category": category or None, "supplier": supplier or None}
            content = listing(conn, view, show or "open", goods, after, site.now(), language)
        return site.page(request, "claims.html", language, content, section="claims")

    @router.get("/claims/{claim_id}", response_class=HTMLResponse)
    def one(
        request: Request,
        claim_id: UUID,
        done: Annotated[str | None, Query(max_length=20)] = None,
        refused: Annotated[str | None, Query(max_length=20)] = None,
    ) -> HTMLResponse:
        language = language_of(request)
        with site.warehouse() as conn:
            staff = site.staff(conn, request)
            row = _seen(conn, staff, claim_id)
            content = _claim(conn, row, site.now(), language)
            may_say = staff.may("supervisor", row["merchant_id"])
        content |= {
            "steps": _steps(row, language) if may_say else [],
            "step_back": BACK.get(row["status"]) if may_say else None,
            "notice": language._("It is written down.") if done == "done" else "",
            "trouble": label(language, claim_labels.REFUSALS, refused) if refused in claim_labels.REFUSALS else "",
        }
        return site.page(request, "claim.html", language, content, section="claims")


def _papers(router: APIRouter, site: Site) -> None:
    @router.get("/claims/{claim_id}/packet.pdf")
    def packet(request: Request, claim_id: UUID) -> Response:
        with site.warehouse() as conn:
            row = _seen(conn, site.staff(conn, request), claim_id)
            body = claims.packet(conn, claim_id, site.now(), language_of(request))
        name = f"claim-{row['unit_label'] or claim_id}.pdf".encode("ascii", "ignore").decode().replace('"', "")
        return Response(
            body, media_type="application/pdf", headers={"Content-Disposition": f'attachment; filename="{name}"'}
        )

    @router.get("/claims/{claim_id}/photos/{photo_id}")
    def photo(request: Request, claim_id: UUID, photo_id: UUID) -> Response:
        with site.warehouse() as conn:
            row = _seen(conn, site.staff(conn, request), claim_id)
            found = run(conn, "core/claim__photo", photo_id=photo_id, unit_id=row["unit_id"]).fetchone()
        if found is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND, "no such photo of this claim")
        return Response(bytes(found["jpeg"]), media_type="image/jpeg")


def _seen(conn: Connection, staff: Staff, claim_id: UUID) -> dict[str, Any]:
    """Return the claim; one of a merchant that is not his is not there for him.

    It tells what the first inspector found: who is to look again sees none of it until he has looked.
    """
    row = claims.one(conn, claim_id)
    if row is None or not staff.may("viewer", row["merchant_id"]) or waits_for(conn, staff, [row]):
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such claim")
    return row


def listing(
    conn: Connection, view: View, show: str, goods: Mapping[str, str | None], after: UUID | None, now: dt.datetime,
    words: Words,
) -> dict[str, Any]:  # fmt: skip
    """Return the values of the template ``claims.html``: the claims of a list, with ``goods`` chosen those of them."""
    show = show if show in SHOWS else "open"
    whose = view.whose
    rows = claims.claims_due(conn, whose, SHOWS[show], **goods, after=after, shown=SHOWN + 1)
    blind = waits_for(conn, view.staff, rows)
    counts = {row["status"]: row for row in run(conn, "core/claim__counts", merchants=whose, **goods).fetchall()}
    return {
        **view.content,
        "names": {row["merchant_id"]: row["name"] for row in view.merchants},
        "now": now,
        "kept": {"show": show, **goods},
        "goods": goods,
        "show": show,
        "listed": sum(counts[one]["claims"] for one in SHOWS[show] if one in counts),
        "listed_money": sum(counts[one]["amount"] for one in SHOWS[show] if one in counts),
        "lists": [
            (code, name, sum(counts[one]["claims"] for one in LISTS[code] if one in counts))
            for code, name in (("open", words._("To be sent")), ("sent", words._("Sent")), ("over", words._("Over")))
        ],
        "sums": _sums(counts, words),
        "claims": [_row(row, now, words) for row in rows[:SHOWN] if row["unit_id"] not in blind],
        "next_after": rows[SHOWN - 1]["claim_id"] if len(rows) > SHOWN else None,
    }


def _sums(counts: Mapping[str, Mapping[str, Any]], words: Words) -> list[tuple[str, str]]:
    def amount(*states: str, of: str = "amount") -> str:
        return words.money(sum(counts[state][of] for state in states if state in counts))

    return [
        (words._("to be sent"), amount("draft", "ready")),
        (words._("sent, not paid yet"), amount("sent", "accepted")),
        (words._("paid"), amount("paid", of="paid")),
        (words._("lost to a deadline"), amount("expired")),
    ]


def _row(row: dict[str, Any], now: dt.datetime, words: Words) -> dict[str, Any]:
    return {
        **row,
        "status_name": label(words, claim_labels.STATUSES, row["status"]),
        "chip": CHIPS.get(row["status"], "none"),
        "left": _left(row, now, words),
        "lacks": [words._(claim_labels.MISSING[code]) for code in row["missing"] if code in claim_labels.MISSING],
        "lost": label(words, claim_labels.LOST, row["lost_because"]) if row["lost_because"] else "",
    }


def _left(row: Mapping[str, Any], now: dt.datetime, words: Words) -> str:
    """Return how long there is still; nothing of a claim that is not open."""
    if row["status"] not in OPEN:
        return ""
    return words.hours(max((row["due_at"] - now).total_seconds(), 0) / 3600)


def _claim(conn: Connection, row: dict[str, Any], now: dt.datetime, words: Words) -> dict[str, Any]:
    _ = words._
    seen = row["inspection"] or {}
    return {
        **_row(row, now, words),
        "now": now,
        "claim": row,
        "merchant": None,
        "why_words": [_(claim_labels.WHY[code]) for code in row["why"] if code in claim_labels.WHY],
        "note_words": [_(claim_labels.NOTES[code]) for code in row["notes"] if code in claim_labels.NOTES],
        "tier_name": label(words, TIERS, str(row["tier"])) if row["tier"] else _("not known yet"),
        "finding": label(words, CAUSES, seen.get("finding") or "unknown"),
        "defects": "; ".join(claims.defect_names(conn, row, words.language)),
        "kind": label(words, claim_labels.KINDS, row["return_kind"]),
        "pictures": run(conn, "core/claim__pictures", unit_id=row["unit_id"], most=claims.MOST_PHOTOS).fetchall(),
        "history": [
            {
                **one,
                "status_name": label(words, claim_labels.STATUSES, one["status"]),
                "who": _("by the facts") if one["actor"] == claims.BY_FACTS else one["actor"],
            }
            for one in row["history"]
        ],
    }


def _steps(row: Mapping[str, Any], words: Words) -> list[tuple[str, str, bool]]:
    """Return what may be said of the claim now: the step, its words, whether tenge belong to it."""
    return [
        (step, words._(claim_labels.STEPS[step]), step in ("accepted", "paid"))
        for step, states in STEPS.items()
        if row["status"] in states
    ]


def _moment_of(text: str) -> dt.datetime | None:
    """Return the Almaty wall time of a form's field; None where it is left empty."""
    if not text:
        return None
    try:
        return dt.datetime.fromisoformat(text).replace(tzinfo=ALMATY)
    except ValueError:
        raise ClaimRefused("when", f"{text!r} is no day and time") from None


def _tenge_of(text: str) -> int | None:
    digits = text.replace(" ", "").replace("\u00a0", "")
    if not digits:
        return None
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 12):
        raise ClaimRefused("how_much", f"{text!r} is no whole number of tenge")
    return int(digits)
