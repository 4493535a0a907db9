"""The archive of weekly mails: what was sent to whom, as it was; the same bytes once more; the mail to come."""

import datetime as dt
from email.policy import SMTP
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, HTTPException, Query, Request, Response, status
from fastapi.responses import HTMLResponse, RedirectResponse

from include.console.guard import Refused
from include.console.site import Site, View, actor_of, back, form_of, id_of_form, language_of, text_of_form
from include.db.connection import Connection
from include.db.statements import run
from include.domain.staff import EVERY_MERCHANT, Staff
from include.flows import weekly_archive
from include.flows.weekly_archive import AgainRefused
from include.flows.weekly_facts import Reader
from include.locale.labels import NOTICES, SENDING_ACTIONS, label
from include.locale.words import Words
from include.reports.facts import WeeklyFacts
from include.reports.mail_page import opened
from include.reports.weekly_mail import compose, text_part

WEEKS_SHOWN = 8
CHIPS = {"sent": "good", "queued": "none", "sending": "warn", "unknown": "bad", "dead": "bad", "dismissed": "none"}
DIFFERENCES_SHOWN = 20
Merchant = Annotated[str | None, Query(max_length=100)]


def mails_routes(site: Site) -> APIRouter:
    """Return the pages and what their forms do."""
    router = APIRouter()

    @router.get("/mails", response_class=HTMLResponse)
    def listed(
        request: Request, merchant: Merchant = None, upto: Annotated[dt.date | None, Query()] = None
    ) -> HTMLResponse:
        language = language_of(request)
        with site.warehouse() as conn:
            view = site.view(conn, request, merchant)
            content = archive(conn, view, upto, language)
        return site.page(request, "mails.html", language, {**content, "now": site.now()}, section="mails")

    _preview(router, site)  # before the numbers of mails: "preview" is none
    _one(router, site)

    @router.post("/mails/{mail_id}/again")
    def again(request: Request, mail_id: int) -> RedirectResponse:
        form = form_of(request)
        kept = {name: text_of_form(form, name) for name in ("merchant", "lang")}
        with site.warehouse(reading=False) as conn:
            staff = site.staff(conn, request)
            row = _seen(conn, staff, mail_id)
            if not staff.may("supervisor", row["merchant_id"] or EVERY_MERCHANT):
                raise Refused(status.HTTP_403_FORBIDDEN, "not_supervisor")
            reason = text_of_form(form, "reason", most=weekly_archive.LONGEST_REASON)
            try:
                weekly_archive.send_again(conn, row, id_of_form(form), actor_of(request), reason, site.now())
            except AgainRefused as refusal:
                return back(request, f"mails/{mail_id}", **kept, refused=refusal.code)
        return back(request, f"mails/{mail_id}", **kept, done="again")

    return router


def _preview(router: APIRouter, site: Site) -> None:
    @router.get("/mails/preview", response_class=HTMLResponse)
    def preview(request: Request, merchant: Merchant = None) -> HTMLResponse:
        language = language_of(request)
        with site.warehouse() as conn:
            view, facts = _to_come(conn, site, request, merchant, language)
        content = {
            **view.content,
            "now": site.now(),
            "week": language.week(facts.week_start),
            "recipient": facts.recipient,
            "text": text_part(facts),
        }
        return site.page(request, "mail_preview.html", language, content, section="mails")

    @router.get("/mails/preview/page", response_class=HTMLResponse)
    def preview_page(request: Request, merchant: Merchant = None) -> HTMLResponse:
        with site.warehouse() as conn:
            _view, facts = _to_come(conn, site, request, merchant, language_of(request))
        return HTMLResponse(opened(compose(facts, "preview@qaitarym").as_bytes(policy=SMTP)).page)


def _to_come(
    conn: Connection, site: Site, request: Request, merchant: str | None, language: Words
) -> tuple[View, WeeklyFacts]:
    """Return the mail to come of who is shown; only a supervisor sees it before its reader does."""
    view = site.view(conn, request, merchant)
    if not view.may("supervisor"):
        raise Refused(status.HTTP_403_FORBIDDEN, "not_supervisor")
    return view, weekly_archive.mail_to_come(conn, _reader(view, language), site.now())


def _reader(view: View, language: Words) -> Reader:
    """Return who reads the mail, should nobody have an address for it."""
    for row in view.merchants:
        if row["merchant_id"] == view.merchant_id:
            return Reader(view.merchant_id, row["name"], row["locale"], "")
    return Reader(None, language._("All merchants"), language.language, "")


def _one(router: APIRouter, site: Site) -> None:
    def found(request: Request, mail_id: int) -> dict[str, Any]:
        with site.warehouse() as conn:
            return _seen(conn, site.staff(conn, request), mail_id)

    @router.get("/mails/{mail_id}", response_class=HTMLResponse)
    def one(
        request: Request,
        mail_id: int,
        check: Annotated[bool, Query()] = False,
        done: Annotated[str | None, Query(max_length=20)] = None,
        refused: Annotated[str | None, Query(max_length=20)] = None,
    ) -> HTMLResponse:
        language = language_of(request)
        with site.warehouse() as conn:
            staff = site.staff(conn, request)
            row = _seen(conn, staff, mail_id)
            content = _mail(conn, row, language)
            if check and row["numbers"] is not None:
                content |= _checked(row, weekly_archive.numbers_again(conn, row))
        content |= {
            "now": site.now(),
            "can_send": staff.may("supervisor", row["merchant_id"] or EVERY_MERCHANT),
            "form": uuid4(),
            "notice": language._("It goes out within a quarter of an hour.") if done == "again" else "",
            "trouble": _trouble(refused, language),
        }
        return site.page(request, "mail.html", language, content, section="mails")

    @router.get("/mails/{mail_id}/page", response_class=HTMLResponse)
    def page(request: Request, mail_id: int) -> HTMLResponse:
        return HTMLResponse(opened(bytes(found(request, mail_id)["message"])).page)

    @router.get("/mails/{mail_id}/mail.eml")
    def eml(request: Request, mail_id: int) -> Response:
        row = found(request, mail_id)
        name = f"returns-{row['week_start']}-v{row['version']}.eml"
        return _file(name, "message/rfc822", bytes(row["message"]))

    @router.get("/mails/{mail_id}/attachment")
    def attachment(request: Request, mail_id: int) -> Response:
        attached = opened(bytes(found(request, mail_id)["message"])).attachment
        if attached is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND, "nothing is attached to this mail")
        return _file(*attached)


def _file(name: str, kind: str, body: bytes) -> Response:
    plain = name.encode("ascii", "ignore").decode().replace('"', "")
    return Response(body, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{plain}"'})


def _seen(conn: Connection, staff: Staff, mail_id: int) -> dict[str, Any]:
    """Return the mail; one that is not for him is not there for him."""
    row = weekly_archive.mail(conn, mail_id) if 0 < mail_id < 2**63 else None
    if row is None or not staff.may("viewer", row["merchant_id"] or EVERY_MERCHANT):
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such mail")
    return row


def archive(conn: Connection, view: View, upto: dt.date | None, words: Words) -> dict[str, Any]:
    """Return the values of the template ``mails.html``."""
    rows = run(
        conn, "console/mails", merchants=view.whose, house=view.house and view.merchant_id is None, upto=upto,
        weeks=WEEKS_SHOWN + 1,
    ).fetchall()  # fmt: skip
    weeks: dict[dt.date, list[dict[str, Any]]] = {}
    for row in rows:
        weeks.setdefault(row["week_start"], []).append(_row(row, words))
    older = weeks.popitem()[0] if len(weeks) > WEEKS_SHOWN else None
    return {
        **view.content,
        "kept": {},
        "weeks": [(words.week(monday), monday.year, mails) for monday, mails in weeks.items()],
        "older": older,
        "may_preview": view.may("supervisor"),
    }


def _row(row: dict[str, Any], words: Words) -> dict[str, Any]:
    return {
        **row,
        "whose": row["name"] or words._("All merchants"),
        "status_name": label(words, NOTICES, row["status"]) if row["status"] else "",
        "chip": CHIPS.get(row["status"] or "", "none"),
    }


def _mail(conn: Connection, row: dict[str, Any], words: Words) -> dict[str, Any]:
    mail = opened(bytes(row["message"]))
    sendings = run(
        conn, "console/mail__sendings", message_key=row["message_key"], merchant_id=row["merchant_id"]
    ).fetchall()
    return {
        "mail": _row(row, words),
        "merchant": row["merchant_id"],
        "text": mail.text,
        "attachment": mail.attachment[0] if mail.attachment else None,
        "size": len(row["message"]),
        "week": words.week(row["week_start"]),
        "sha256": bytes(row["sha256"]).hex(),
        "checked": False,
        "differences": [],
        "sendings": [
            {
                **one,
                "said": label(words, SENDING_ACTIONS, one["action"]) if one["actor"] else "",
                "status_name": label(words, NOTICES, one["status"]) if one["status"] else "",
            }
            for one in sendings
        ],
    }


def _checked(row: dict[str, Any], again: dict[str, Any]) -> dict[str, Any]:
    found = weekly_archive.differing(row["numbers"], again)
    return {"checked": True, "differences": found[:DIFFERENCES_SHOWN]}


def _trouble(code: str | None, words: Words) -> str:
    if code == "why":
        return words._("Say why the mail is sent again.")
    if code == "on_its_way":
        return words._("This mail has not gone out yet: it goes by itself.")
    if code == "no_address":
        return words._("Its reader has no address any more: nothing was sent.")
    return ""
