"""Price lists: the versions and what changed in each, and the cards of resale SKUs, of which a person tells."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, status
from fastapi.responses import HTMLResponse, RedirectResponse

from include.console.guard import Refused
from include.console.site import Site, View, actor_of, back, form_of, language_of, text_of_form
from include.db.connection import Connection
from include.db.statements import run
from include.flows.resale_cards import STATES, tell
from include.locale.labels import label
from include.locale.list_labels import ABNORMAL, CARDS, TOLD, VERSIONS
from include.locale.words import Words
from include.reports.list_question import KINDS, examples

VERSIONS_SHOWN = 20
CHIPS = {
    "published": "good",
    "approved": "good",
    "pending": "warn",
    "rejected": "bad",
    "held": "none",
    "staged": "none",
}
CARD_CHIPS = {"linked": "good", "pending_card": "warn", "rejected": "bad"}


def lists_routes(site: Site) -> APIRouter:
    """Return the page and what its forms do."""
    router = APIRouter()

    @router.get("/lists", response_class=HTMLResponse)
    def page(
        request: Request,
        merchant: Annotated[str | None, Query(max_length=100)] = None,
        done: Annotated[str | None, Query(max_length=20)] = None,
    ) -> HTMLResponse:
        language = language_of(request)
        with site.warehouse() as conn:
            view = site.view(conn, request, merchant)
            content = price_lists(conn, view, language)
        told = language._(TOLD[done]) if done in TOLD else ""
        return site.page(
            request, "lists.html", language, {**content, "notice": told, "now": site.now()}, section="lists"
        )

    @router.post("/lists/cards")
    def card(request: Request) -> RedirectResponse:
        form = form_of(request)
        whose, sku, state = (text_of_form(form, name) for name in ("whose", "sku", "state"))
        kept = {"lang": text_of_form(form, "lang", most=5), "merchant": text_of_form(form, "merchant")}
        with site.warehouse(reading=False) as conn:
            if not site.staff(conn, request).may("supervisor", whose):
                raise Refused(status.HTTP_403_FORBIDDEN, "not_supervisor")
            if (
                state not in STATES
                or not run(conn, "channel/resale_sku__one", merchant_id=whose, offer_sku=sku).fetchone()
            ):
                return back(request, "lists", **kept, done="none")
            note = text_of_form(form, "note", most=500)
            changed = tell(conn, whose, sku, state, actor=actor_of(request), now=site.now(), note=note)
        return back(request, "lists", **kept, done="told" if changed else "known")

    return router


def price_lists(conn: Connection, view: View, words: Words) -> dict[str, Any]:
    """Return the values of the template ``lists.html``."""
    whose = {"merchant_id": view.merchant_id}
    versions = run(conn, "console/list_versions", **whose, shown=VERSIONS_SHOWN).fetchall()
    cards = run(conn, "console/resale_cards", **whose, state=None).fetchall()
    return {
        **view.content,
        "served": run(conn, "console/lists", **whose).fetchall(),
        "versions": [_version(row, words) for row in versions],
        "cards": [
            {
                **row,
                "state_name": label(words, CARDS, row["state"]),
                "chip": CARD_CHIPS[row["state"]],
                "may": view.staff.may("supervisor", row["merchant_id"]),
                "others": [(code, words._(CARDS[code])) for code in STATES if code != row["state"]],
            }
            for row in cards
        ],
    }


def _version(row: dict[str, Any], words: Words) -> dict[str, Any]:
    diff = row["diff"] or {"counts": {}, "examples": {}}
    return {
        **row,
        "state_name": label(words, VERSIONS, row["status"]),
        "chip": CHIPS[row["status"]],
        "abnormal": [words._(ABNORMAL[reason]) for reason in row["abnormal"]],
        "changes": [
            {
                "name": words._(name),
                "count": diff["counts"][kind],
                "examples": examples(words, kind, diff["examples"].get(kind, [])),
            }
            for kind, name in KINDS.items()
            if diff["counts"].get(kind)
        ],
    }
