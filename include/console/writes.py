"""What is written to orders at Kaspi: who asked for what, what came of it, and a supervisor's form of two steps."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query, Request, status
from fastapi.responses import HTMLResponse, RedirectResponse

from include.console.guard import Refused as NotDone
from include.console.site import Site, View, actor_of, back, form_of, language_of, text_of_form
from include.db.connection import Connection
from include.domain.kaspi_writes import RULES
from include.domain.staff import Staff
from include.flows import kaspi_writes
from include.flows.desk_access import NotAllowed, Refused
from include.flows.kaspi_writes import WritesOf
from include.kaspi.errors import KaspiError
from include.locale import write_labels
from include.locale.labels import label
from include.locale.words import Words

SHOWN = 100
CHIPS = {"done": "good", "not_needed": "good", "unknown": "bad", "refused": "bad", "not_done": "bad", "sending": "warn",
         "accepted": "warn", "asked": "warn"}  # fmt: skip


def writes_routes(site: Site, writes_of: WritesOf | None) -> APIRouter:
    """Return the pages and what their forms do: ask, then confirm by the order's number, then it is carried out."""
    router = APIRouter()
    _pages(router, site, writes_of)
    _forms(router, site, writes_of)
    return router


def _pages(router: APIRouter, site: Site, writes_of: WritesOf | None) -> None:
    @router.get("/writes", response_class=HTMLResponse)
    def page(
        request: Request,
        merchant: Annotated[str | None, Query(max_length=100)] = None,
        refused: Annotated[str | None, Query(max_length=30)] = None,
    ) -> HTMLResponse:
        language = language_of(request)
        with site.warehouse() as conn:
            content = listing(conn, site.view(conn, request, merchant or None), language)
        content |= {
            "now": site.now(),
            "may_ask": writes_of is not None and bool(content["supervised"]),
            "trouble": label(language, write_labels.REFUSALS, refused) if refused in write_labels.REFUSALS else "",
        }
        return site.page(request, "writes.html", language, content, section="stock")

    @router.get("/writes/{write_id}", response_class=HTMLResponse)
    def one(
        request: Request, write_id: UUID, refused: Annotated[str | None, Query(max_length=30)] = None
    ) -> HTMLResponse:
        language = language_of(request)
        with site.warehouse() as conn:
            staff = site.staff(conn, request)
            write, steps = _seen(conn, staff, write_id)
        may = writes_of is not None and staff.may("supervisor", write["merchant_id"])
        content = {
            "now": site.now(),
            "write": _row(write, language),
            "steps": [{**step, "name": label(language, write_labels.STATES, step["step"])} for step in steps],
            "may_send": may and not write["ended"] and write["sent_at"] is None,
            "may_look": may and not write["ended"] and write["sent_at"] is not None,
            "trouble": label(language, write_labels.REFUSALS, refused) if refused in write_labels.REFUSALS else "",
        }
        return site.page(request, "write.html", language, content, section="stock")


def _forms(router: APIRouter, site: Site, writes_of: WritesOf | None) -> None:
    @router.post("/writes")
    def ask(request: Request) -> RedirectResponse:
        form = form_of(request)
        kept = {name: text_of_form(form, name) for name in ("merchant", "lang")}
        if writes_of is None:
            raise NotDone(status.HTTP_403_FORBIDDEN, "only_looking")
        with site.warehouse(reading=False) as conn:
            staff = site.staff(conn, request)
            try:
                write_id = kaspi_writes.ask(
                    conn,
                    staff,
                    text_of_form(form, "shop"),
                    text_of_form(form, "order"),
                    text_of_form(form, "action"),
                    actor=actor_of(request),
                    reason=text_of_form(form, "reason", most=kaspi_writes.LONGEST_REASON),
                    cancellation_reason=text_of_form(form, "cancellation_reason") or None,
                    clock=site.clock(),
                )
            except NotAllowed as error:
                raise NotDone(status.HTTP_403_FORBIDDEN, "not_supervisor") from error
            except Refused as error:
                return back(request, "writes", **kept, refused=error.reason_code)
        return back(request, f"writes/{write_id}", lang=kept["lang"])

    @router.post("/writes/{write_id}")
    def confirm(request: Request, write_id: UUID) -> RedirectResponse:
        form = form_of(request)
        language = text_of_form(form, "lang")
        with site.warehouse() as conn:
            staff = site.staff(conn, request)
            write, _ = _seen(conn, staff, write_id)
        if writes_of is None or not staff.may("supervisor", write["merchant_id"]):
            raise NotDone(status.HTTP_403_FORBIDDEN, "not_supervisor")
        if write["sent_at"] is None and text_of_form(form, "order") != write["order_code"]:
            return back(request, f"writes/{write_id}", lang=language, refused="not_confirmed")
        try:
            with writes_of(write["merchant_id"]) as writes:
                kaspi_writes.carry_out(
                    site.dsn(), writes, write_id, site.clock(), f"console/{write_id}#0", actor_of(request)
                )
        except Refused as error:
            return back(request, f"writes/{write_id}", lang=language, refused=error.reason_code)
        except KaspiError:
            return back(request, f"writes/{write_id}", lang=language, refused="not_read")
        return back(request, f"writes/{write_id}", lang=language)


def _seen(conn: Connection, staff: Staff, write_id: UUID) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the write; one of a merchant that is not his is not there for him."""
    try:
        write, steps = kaspi_writes.one(conn, write_id)
    except Refused:
        write = None
    if write is None or not staff.may("viewer", write["merchant_id"]):
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such write")
    return write, steps


def listing(conn: Connection, view: View, words: Words) -> dict[str, Any]:
    """Return the values of the template ``writes.html``: the writes of the merchants that are shown."""
    supervised = [row for row in view.merchants if view.staff.may("supervisor", row["merchant_id"])]
    return {
        **view.content,
        "supervised": supervised,
        "actions": [(code, words._(name)) for code, name in write_labels.ACTIONS.items() if code in RULES],
        "cancellation_reasons": sorted(RULES["CANCELLED"].reasons),
        "live": [
            (row["name"], words._(write_labels.ACTIONS[action]))
            for row in view.merchants
            for action in RULES
            if row["merchant_id"] in view.whose and kaspi_writes.is_live(conn, row["merchant_id"], action)
        ],
        "rows": [_row(row, words) for row in kaspi_writes.listed(conn, view.whose, SHOWN)],
    }


def _row(row: dict[str, Any], words: Words) -> dict[str, Any]:
    return {
        **row,
        "action_name": label(words, write_labels.ACTIONS, row["action"]),
        "state_name": label(words, write_labels.STATES, row["state"]),
        "chip": CHIPS.get(row["state"], "none"),
    }
