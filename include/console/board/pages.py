"""The addresses of the dashboard: the overview and its pages, each figure as a file, the units behind a number."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request, Response, status
from fastapi.responses import HTMLResponse, StreamingResponse

from include.console.board import actions, causes, flow, money, overview, restated, speed
from include.console.board.cases import CASES
from include.console.board.chosen import PRESETS, Chosen, chosen_of
from include.console.board.figures import Figure, drawing, heading, lines, shown
from include.console.board.kpis import cards, kpi_rows
from include.console.board.lists import SHOWN, After, Kind, Rows, place_of
from include.console.board.order_lines import LINES
from include.console.board.units import UNITS
from include.console.sheets import PORTION, portions, sheet, sheet_stream
from include.console.site import Site, language_of
from include.db.connection import Connection
from include.db.statements import run
from include.domain import kpi
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
    for kind in (UNITS, LINES, CASES):
        _lists(router, site, kind)
    _restated(router, site)
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
        "fixed": False,
        "tabs": [
            ("", _("Overview")), ("flow", _("Flow")), ("speed", _("Speed")), ("causes", _("Causes")),
            ("money", _("Money")), ("actions", _("Actions")), ("restated", _("Restated")),
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
        "unquantified": overview.unquantified(conn, chosen),
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


def _lists(router: APIRouter, site: Site, kind: Kind) -> None:
    @router.get(f"/{kind.page}", response_class=HTMLResponse, name=kind.page)
    def listed(request: Request, merchant: Merchant = None) -> HTMLResponse:
        language = language_of(request)
        asked = kind.asked_of(request.query_params)
        with site.warehouse() as conn:
            chosen = chosen_of(request, site.view(conn, request, merchant), site.now(), language.language)
            after = kind.after_of(request.query_params.get("after"))
            rows, sums = kind.read(conn, chosen, asked, after, SHOWN + 1)
            content = _frame(conn, chosen, language, kind.page)
            content["totals"] = kind.totals(conn, chosen, asked, sums, language)
        here = rows[:SHOWN]
        content |= {
            "title": kind.title(asked, chosen, language),
            "rows": [kind.told(asked, row, language) for row in here],
            "file": chosen.address(f"{kind.page}.csv", **asked),
            "next": chosen.address(kind.page, **asked, after=place_of(here[-1])) if len(rows) > SHOWN else None,
            "kept": {**chosen.kept, **asked},
            "fixed": "step" not in asked,
        }
        return site.page(request, f"board_{kind.page}.html", language, content, section="home")

    @router.get(f"/{kind.page}.csv", name=f"{kind.page} as a file")
    def file(request: Request, merchant: Merchant = None) -> StreamingResponse:
        language = language_of(request)
        asked = kind.asked_of(request.query_params)
        with site.warehouse() as conn:
            chosen = chosen_of(request, site.view(conn, request, merchant), site.now(), language.language)
            # what is not there is said before the file begins
            first = kind.read(conn, chosen, asked, None, PORTION)[0]

        def read(after: After | None, most: int) -> Rows:
            if after is None:
                return first
            with site.warehouse() as conn:
                return kind.read(conn, chosen, asked, after, most)[0]

        said = (kind.lines(rows, language) for rows in portions(read, lambda row: (row["at"], row["key"])))
        return sheet_stream(f"{kind.page}.csv", kind.heading(language), said)


def _restated(router: APIRouter, site: Site) -> None:
    @router.get("/restated", response_class=HTMLResponse)
    def listed(request: Request, merchant: Merchant = None) -> HTMLResponse:
        language = language_of(request)
        with site.warehouse() as conn:
            chosen = chosen_of(request, site.view(conn, request, merchant), site.now(), language.language)
            content = _frame(conn, chosen, language, "restated")
            content |= restated.page(conn, chosen, request.query_params, language)
        return site.page(request, "board_restated.html", language, content, section="home")

    @router.get("/restated.csv")
    def file(request: Request, merchant: Merchant = None) -> Response:
        language = language_of(request)
        with site.warehouse() as conn:
            chosen = chosen_of(request, site.view(conn, request, merchant), site.now(), language.language)
            lines = list(restated.file_lines(conn, chosen, request.query_params, language))
        return sheet("restated.csv", restated.file_heading(language), lines)
