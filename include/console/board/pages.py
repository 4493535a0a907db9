"""The addresses of the dashboard: the overview and its five pages, each figure as a file, the units behind a number."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query, Request, Response, status
from fastapi.responses import HTMLResponse, StreamingResponse

from include.console.board import actions, causes, flow, money, overview, speed, units
from include.console.board.chosen import PRESETS, Chosen, chosen_of
from include.console.board.figures import Figure, drawing, heading, lines, shown
from include.console.board.kpis import cards, kpi_rows
from include.console.sheets import portions, sheet, sheet_stream
from include.console.site import Site, language_of
from include.db.connection import Connection
from include.db.statements import run
from include.domain import kpi
from include.locale.desk_labels import STATES as STATE_NAMES
from include.locale.labels import CAUSES, label
from include.locale.words import Words

Figures = Callable[[Connection, Chosen, Words], list[Figure]]
# Which page a figure is on; the file is made by the same function that the page is made by.
FIGURES: Mapping[str, Figures] = {
    **dict.fromkeys(("flow", "waiting", "zones", "outcomes", "shares"), flow.figures),
    **dict.fromkeys(("decided_spans", "sellable_spans", "decided_weekly", "sellable_weekly"), speed.figures),
    **dict.fromkeys(
        ("causes", "causes_weekly", "goods_sku", "goods_supplier", "stated", "worth", "corrected"), causes.figures
    ),
    **dict.fromkeys(("terms", "cost_weekly", "cost_kpi"), money.figures),
    **dict.fromkeys(("actions", "differences", "claims"), actions.figures),
}
Merchant = Annotated[str | None, Query(max_length=100)]


def board_routes(site: Site) -> APIRouter:
    """Return the pages."""
    router = APIRouter()
    pages: Mapping[str, Callable[[Connection, Chosen, Words], dict[str, Any]]] = {
        "": overview.overview,
        "flow": lambda conn, chosen, said: {"figures": flow.figures(conn, chosen, said)},
        "speed": _speed,
        "causes": causes.page,
        "money": _money,
        "actions": _actions,
    }

    def page(name: str, template: str) -> None:
        @router.get(f"/{name}", response_class=HTMLResponse, name=f"board {name}")
        def answer(request: Request, merchant: Merchant = None) -> HTMLResponse:
            language = language_of(request)
            with site.warehouse() as conn:
                chosen = chosen_of(request, site.view(conn, request, merchant), site.now(), language.language)
                content = _frame(conn, chosen, language, name) | pages[name](conn, chosen, language)
            return site.page(request, template, language, content, section="home")

    page("", "dashboard.html")
    for name in ("flow", "speed", "causes", "money", "actions"):
        page(name, f"board_{name}.html")
    _files(router, site)
    _units(router, site)
    return router


def _frame(conn: Connection, chosen: Chosen, said: Words, page: str) -> dict[str, Any]:
    """Return what every page of the dashboard is told: its filters, its sisters, how figures are drawn."""
    choices = run(conn, "console/board_choices", merchants=chosen.view.whose).fetchall()
    as_of = run(conn, "console/board_as_of", merchants=chosen.view.whose).fetchone()
    _ = said._
    return {
        **chosen.view.content,
        "chosen": chosen,
        "kept": chosen.kept,
        "names": {row["merchant_id"]: row["name"] for row in chosen.view.merchants} | {"all": _("All merchants")},
        "categories": [row["name"] for row in choices if row["what"] == "category"],
        "suppliers": [row["name"] for row in choices if row["what"] == "supplier"],
        "presets": PRESETS,
        "board": page,
        "tabs": [
            ("", _("Overview")), ("flow", _("Flow")), ("speed", _("Speed")), ("causes", _("Causes")),
            ("money", _("Money")), ("actions", _("Actions")),
        ],
        "now": as_of["looked_at"] if as_of else None,
        "drawing": lambda figure: drawing(figure, said),
        "shown": lambda unit, value: shown(said, unit, value),
    }  # fmt: skip


def _speed(conn: Connection, chosen: Chosen, said: Words) -> dict[str, Any]:
    figures, kpis, typical = speed.page(conn, chosen, said)
    return {"figures": figures, "cards": cards(kpis, chosen, said), "typical": typical, "kpi_version": kpi.VERSION}


def _money(conn: Connection, chosen: Chosen, said: Words) -> dict[str, Any]:
    figures, kpis, total = money.page(conn, chosen, said)
    return {"figures": figures, "cards": cards(kpis, chosen, said), "total": total, "kpi_version": kpi.VERSION}


def _actions(conn: Connection, chosen: Chosen, said: Words) -> dict[str, Any]:
    rows = actions.actions(conn, chosen, said)
    return {
        "figures": [
            actions.effects(rows, said),
            actions.differences(conn, chosen, said),
            actions.claims(conn, chosen, said),
        ],
        "actions": rows,
        "cards": cards(kpi_rows(conn, chosen, actions.KPIS), chosen, said),
        "kpi_version": kpi.VERSION,
        "unquantified": run(conn, "report/unquantified", merchant_id=chosen.view.merchant_id).fetchone(),
    }


def _files(router: APIRouter, site: Site) -> None:
    @router.get("/figures/{code}.csv")
    def figure(request: Request, code: str, merchant: Merchant = None) -> Response:
        language = language_of(request)
        if code not in FIGURES:
            raise HTTPException(status.HTTP_404_NOT_FOUND, "no such figure")
        with site.warehouse() as conn:
            chosen = chosen_of(request, site.view(conn, request, merchant), site.now(), language.language)
            found = next(one for one in FIGURES[code](conn, chosen, language) if one.code == code)
        return sheet(f"{code}.csv", heading(found), lines(found))


def _units(router: APIRouter, site: Site) -> None:
    @router.get("/units", response_class=HTMLResponse)
    def listed(request: Request, merchant: Merchant = None) -> HTMLResponse:
        language = language_of(request)
        asked = units.asked_of(request.query_params)
        with site.warehouse() as conn:
            chosen = chosen_of(request, site.view(conn, request, merchant), site.now(), language.language)
            after = units.after_of(request.query_params.get("after"))
            rows = units.page_of(conn, chosen, asked, after, units.SHOWN + 1)
            content = _frame(conn, chosen, language, "units")
        here = rows[: units.SHOWN]
        content |= {
            "title": units.title(asked, chosen, language),
            "units": [_unit(row, language) for row in here],
            "file": chosen.address("units.csv", **asked),
            "next": chosen.address("units", **asked, after=units.place_of(here[-1]))
            if len(rows) > units.SHOWN
            else None,
            "kept": {**chosen.kept, **asked},
        }
        return site.page(request, "board_units.html", language, content, section="home")

    @router.get("/units.csv")
    def file(request: Request, merchant: Merchant = None) -> StreamingResponse:
        language = language_of(request)
        asked = units.asked_of(request.query_params)
        with site.warehouse() as conn:
            chosen = chosen_of(request, site.view(conn, request, merchant), site.now(), language.language)

        def read(after: tuple[dt.datetime, UUID] | None, most: int) -> list[dict[str, Any]]:
            with site.warehouse() as conn:
                return units.page_of(conn, chosen, asked, after, most)

        said = (units.file_lines(rows, language) for rows in portions(read, lambda row: (row["at"], row["unit_id"])))
        return sheet_stream("units.csv", units.file_heading(language), said)


def _unit(row: dict[str, Any], said: Words) -> dict[str, Any]:
    return {
        **row,
        "state_name": label(said, STATE_NAMES, row["state"]),
        "cause_name": label(said, CAUSES, row["cause"]),
        "cost": units.known_cost(row),
    }
