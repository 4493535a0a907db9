"""What buyers and merchants were told, what waits, and what a person has to decide. Nobody's address is shown."""

import datetime as dt
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import FormData

from include.console.site import (
    MOST_CHOSEN,
    Site,
    View,
    actor_of,
    back,
    form_of,
    his,
    language_of,
    numbers_of,
    text_of_form,
)
from include.db.connection import Connection
from include.db.statements import run
from include.domain.notices import DECISIONS, UNDECIDED
from include.domain.staff import Staff
from include.flows.notices import decide, decide_mails
from include.locale.labels import MAILS, NOTICES, SENDING_ACTIONS, label, notice_reason
from include.locale.words import Words
from include.notify.letters import arrived

NOTICES_SHOWN = 50
MAILS_SHOWN = 50
KEPT = ("merchant", "status", "lang")
CHIPS = {"sent": "good", "queued": "none", "sending": "warn", "unknown": "bad", "dead": "bad", "dismissed": "none"}
UNDECIDED_FILTER = "undecided"


def notices_routes(site: Site) -> APIRouter:
    """Return the page and what its forms do."""
    router = APIRouter()

    @router.get("/notices", response_class=HTMLResponse)
    def page(
        request: Request,
        merchant: Annotated[str | None, Query(max_length=100)] = None,
        status: Annotated[str | None, Query(max_length=20)] = None,
        before: Annotated[int | None, Query(ge=0, le=2**62)] = None,
        done: Annotated[str | None, Query(max_length=20)] = None,
        n: Annotated[int, Query(ge=0, le=10**6)] = 0,
    ) -> HTMLResponse:
        language = language_of(request)
        with site.warehouse() as conn:
            view = site.view(conn, request, merchant)
            content = notices(conn, view, status or UNDECIDED_FILTER, before, site.now(), language)
        content["notice"] = _notice(done, n, language)
        return site.page(request, "notices.html", language, content, section="notices")

    @router.post("/notices/decide")
    def decide_notices(request: Request) -> RedirectResponse:
        form = form_of(request)
        ids = numbers_of(form, "id")

        def settle(conn: Connection, staff: Staff, *said: Any) -> int:
            rows = run(conn, "console/notices__whose", ids=ids).fetchall()
            return decide(conn, his(staff, "supervisor", rows, "notice_id"), *said)

        return _decided(request, form, bool(ids), settle)

    @router.post("/notices/mails")
    def decide_about_mails(request: Request) -> RedirectResponse:
        form = form_of(request)
        keys = sorted({value for value in form.getlist("key")[:MOST_CHOSEN] if isinstance(value, str)})

        def settle(conn: Connection, staff: Staff, *said: Any) -> int:
            rows = run(conn, "console/outbox__whose", keys=keys).fetchall()
            return decide_mails(conn, his(staff, "supervisor", rows, "message_key"), *said)

        return _decided(request, form, bool(keys), settle)

    def _decided(request: Request, form: FormData, chosen: bool, settle: Callable[..., int]) -> RedirectResponse:
        kept = {name: text_of_form(form, name) for name in KEPT}
        decision, reason = text_of_form(form, "do"), text_of_form(form, "reason", most=500)
        if not chosen or decision not in DECISIONS:
            return back(request, "notices", **kept, done="nothing")
        if decision == "dismissed" and not reason:
            return back(request, "notices", **kept, done="why")
        with site.warehouse(reading=False) as conn:
            count = settle(conn, site.staff(conn, request), decision, actor_of(request), site.now(), reason)
        return back(request, "notices", **kept, done=decision, n=count)

    return router


def notices(
    conn: Connection, view: View, status: str, before: int | None, now: dt.datetime, words: Words
) -> dict[str, Any]:
    """Return the values of the template ``notices.html``. ``status`` is one, ``undecided`` or ``all``."""
    merchant_id = view.merchant_id
    rows = run(
        conn, "console/notices", merchant_id=merchant_id, status=None if status == "all" else status, before=before,
        shown=NOTICES_SHOWN + 1,
    ).fetchall()  # fmt: skip
    counts = {row["status"]: row["notices"] for row in run(conn, "console/notices__counts", merchant_id=merchant_id)}
    untold = run(conn, "console/notices__untold", merchant_id=merchant_id, now=now).fetchone() or {}
    mails = run(conn, "console/outbox", merchant_id=merchant_id, shown=MAILS_SHOWN).fetchall()
    return {
        **view.content,
        "can_write": view.may("supervisor"),
        "now": now,
        "kept": {"status": status},
        "status": status,
        "statuses": [
            (UNDECIDED_FILTER, words._("wait for a person"), sum(counts.get(one, 0) for one in UNDECIDED)),
            *((code, words._(name), counts.get(code, 0)) for code, name in NOTICES.items()),
        ],
        "rows": [_row(row, words) for row in rows[:NOTICES_SHOWN]],
        "next_before": rows[NOTICES_SHOWN - 1]["notice_id"] if len(rows) > NOTICES_SHOWN else None,
        "untold": untold.get("cases", 0),
        "mails": [
            {
                **row,
                "kind_name": label(words, MAILS, row["kind"]),
                "status_name": label(words, NOTICES, row["status"]),
                "chip": CHIPS[row["status"]],
            }
            for row in mails
        ],
    }


def _row(row: dict[str, Any], words: Words) -> dict[str, Any]:
    """Return a notice as the page shows it. The text is the one that is sent, less the name."""
    return {
        **row,
        "order_code": row["params"]["order_code"],
        "pieces": words.n_("{count} piece", "{count} pieces", row["params"]["units"]),
        "text": arrived(row["params"], row["name"], row["locale"], "").text,
        "status_name": label(words, NOTICES, row["status"]),
        "chip": CHIPS[row["status"]],
        "why": notice_reason(words, row["reason"]) if row["reason"] else "",
        "action_name": label(words, SENDING_ACTIONS, row["action"] or ""),
        "undecided": row["status"] in UNDECIDED,
    }


def _notice(done: str | None, n: int, words: Words) -> str:
    """Say what a form did. Only codes come with the address, the sentence is made here."""
    if done == "nothing":
        return words._("Nothing was chosen.")
    if done == "why":
        return words._("Say why the messages are dismissed.")
    if done == "again":
        return words.n_("{count} message will be sent again.", "{count} messages will be sent again.", n)
    if done == "sent":
        return words.n_("{count} message counts as sent.", "{count} messages count as sent.", n)
    if done == "dismissed":
        return words.n_("{count} message is dismissed.", "{count} messages are dismissed.", n)
    return ""
