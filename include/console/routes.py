"""Routes by money: what each route of a piece is expected to leave, which is proposed, and a person's ruling."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, HTTPException, Query, Request, status
from fastapi.responses import HTMLResponse, RedirectResponse

from include.console.guard import Refused
from include.console.site import Site, View, actor_of, back, form_of, id_of_form, language_of, text_of_form
from include.db.connection import Connection
from include.db.statements import run
from include.domain.routes import Estimate, may_rule
from include.domain.staff import Staff
from include.flows import routes
from include.flows.routes import Proposal, RulingRefused
from include.locale import desk_labels, route_labels
from include.locale.labels import label
from include.locale.words import Words

SHOWN = 50
LONGEST_REASON = 500


def route_routes(site: Site) -> APIRouter:
    """Return the pages and what their forms do."""
    router = APIRouter()
    _pages(router, site)

    @router.post("/routes/{unit_id}")
    def say(request: Request, unit_id: UUID) -> RedirectResponse:
        form, now = form_of(request), site.now()
        kept = {name: text_of_form(form, name) for name in ("merchant", "lang")}
        with site.warehouse(reading=False) as conn:
            staff = site.staff(conn, request)
            row = _seen(conn, staff, unit_id)
            if not staff.may("supervisor", row["merchant_id"]):
                raise Refused(status.HTTP_403_FORBIDDEN, "not_supervisor")
            conn.commit()
            try:
                with conn.transaction():
                    if text_of_form(form, "do") == "compare":
                        routes.proposals(conn, [unit_id], now)
                    else:
                        routes.rule(
                            conn,
                            unit_id,
                            text_of_form(form, "route"),
                            text_of_form(form, "reason", most=LONGEST_REASON),
                            actor_of(request),
                            now,
                            id_of_form(form),
                        )
            except RulingRefused as refusal:
                return back(request, f"routes/{unit_id}", **kept, refused=refusal.code)
        return back(request, f"routes/{unit_id}", **kept, done="done")

    return router


def _pages(router: APIRouter, site: Site) -> None:
    @router.get("/routes", response_class=HTMLResponse)
    def listed(
        request: Request,
        merchant: Annotated[str | None, Query(max_length=100)] = None,
        show: Annotated[str | None, Query(max_length=20)] = None,
        after: Annotated[UUID | None, Query()] = None,
    ) -> HTMLResponse:
        language = language_of(request)
        with site.warehouse() as conn:
            content = listing(conn, site.view(conn, request, merchant), show or "differ", after, language)
        return site.page(request, "routes.html", language, {**content, "now": site.now()}, section="routes")

    @router.get("/routes/{unit_id}", response_class=HTMLResponse)
    def one(
        request: Request,
        unit_id: UUID,
        done: Annotated[str | None, Query(max_length=20)] = None,
        refused: Annotated[str | None, Query(max_length=20)] = None,
    ) -> HTMLResponse:
        language = language_of(request)
        with site.warehouse() as conn:
            staff = site.staff(conn, request)
            row = _seen(conn, staff, unit_id)
            content = _unit(conn, row, language)
            may_rule_it = staff.may("supervisor", row["merchant_id"]) and row["open"]
        content |= {
            "now": site.now(),
            "may_rule": may_rule_it,
            "form": str(uuid4()),
            "notice": language._("It is written down.") if done == "done" else "",
            "trouble": label(language, route_labels.REFUSALS, refused) if refused in route_labels.REFUSALS else "",
        }
        return site.page(request, "route.html", language, content, section="routes")


def _seen(conn: Connection, staff: Staff, unit_id: UUID) -> dict[str, Any]:
    """Return the unit; one of a merchant that is not his is not there for him."""
    row = run(conn, "console/route", unit_id=unit_id).fetchone()
    if row is None or not staff.may("viewer", row["merchant_id"]):
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such unit")
    return row


def listing(conn: Connection, view: View, show: str, after: UUID | None, words: Words) -> dict[str, Any]:
    """Return the values of the template ``routes.html``: units whose way is open, of the merchants he is shown."""
    show = show if show in route_labels.LISTS else "differ"
    rows = run(conn, "console/routes", merchants=view.whose, show=show, after=after, shown=SHOWN + 1).fetchall()
    return view.content | {
        "names": {row["merchant_id"]: row["name"] for row in view.merchants},
        "kept": {"show": show},
        "show": show,
        "lists": [(code, words._(name)) for code, name in route_labels.LISTS.items()],
        "rows": [
            {
                **row,
                "state_name": label(words, desk_labels.STATES, row["state"]),
                "plain_name": _route(words, row["plain"]),
                "proposed_name": _route(words, row["proposed"]),
                "ruled_name": _route(words, row["ruled_route"]),
                "why_name": label(words, route_labels.WHY, row["why"]) if row["why"] else "",
            }
            for row in rows[:SHOWN]
        ],
        "next_after": rows[SHOWN - 1]["unit_id"] if len(rows) > SHOWN else None,
    }


def _unit(conn: Connection, row: dict[str, Any], words: Words) -> dict[str, Any]:
    unit_id = row["unit_id"]
    proposal = routes.stored(conn, [unit_id]).get(unit_id)
    history = run(conn, "console/route_rulings", unit_id=unit_id).fetchall()
    return {
        "unit": row,
        "state_name": label(words, desk_labels.STATES, row["state"]),
        "proposal": proposal,
        "proposed_name": _route(words, proposal.choice.route) if proposal else "",
        "plain_name": _route(words, proposal.choice.plain) if proposal else "",
        "why_name": label(words, route_labels.WHY, proposal.choice.why) if proposal else "",
        "estimates": _estimates(proposal, words),
        "part_names": [(code, words._(name)) for code, name in route_labels.PARTS.items()],
        "rulings": [{**one, "route_name": _route(words, one["route"])} for one in history],
    }


def _estimates(proposal: Proposal | None, words: Words) -> list[dict[str, Any]]:
    return [] if proposal is None else [_estimate(one, proposal, words) for one in proposal.estimates]


def _estimate(one: Estimate, proposal: Proposal, words: Words) -> dict[str, Any]:
    parts: Mapping[str, int] = {}
    if one.parts is not None:
        parts = {code: getattr(one.parts, code) for code in route_labels.PARTS}
    return {
        "route": one.route,
        "name": _route(words, one.route),
        "refusal": label(words, route_labels.REFUSALS, one.refusal) if one.refusal else "",
        "may": may_rule(one.route, proposal.estimates) is None,
        "proposed": one.route == proposal.choice.route,
        "price": one.price,
        "discount": one.discount_permille / 1000,
        "chance": one.sale_probability,
        "days": one.days,
        "parts": parts,
        "unknown": set(one.unknown),
        "net": one.net,
        "low": one.low,
        "high": one.high,
    }


def _route(words: Words, route: str | None) -> str:
    return label(words, desk_labels.ROUTES, route) if route else "—"
