"""The console's FastAPI app, mounted by the plugin under /qaitarym/."""

import gc
import logging
from collections.abc import Callable
from typing import Annotated, Any

import psycopg
from fastapi import Depends, FastAPI, HTTPException, Request, Response, status
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles

from include.clock import Clock
from include.console import desk
from include.console.applications import UPLOAD_BYTES, Importer, applications_routes
from include.console.board.pages import board_routes
from include.console.claims import claims_routes
from include.console.differences import differences_routes
from include.console.guard import DESK, FORM_BYTES, SAFE, Refused, Tokens, guard_change, guard_message, with_headers
from include.console.lists import lists_routes
from include.console.mails import mails_routes
from include.console.notices import notices_routes
from include.console.quality import quality_routes
from include.console.quality_results import results_routes
from include.console.routes import route_routes
from include.console.site import FOLDER, Site, language_of, path_of
from include.console.stock import stock_routes
from include.console.suppliers import suppliers_routes
from include.console.writes import writes_routes
from include.domain.text import storable
from include.flows.contacts import Sealer
from include.flows.kaspi_writes import WritesOf

log = logging.getLogger(__name__)
DESK_API = f"{DESK}api/"
LARGE_FORMS = {"/applications": UPLOAD_BYTES + FORM_BYTES}


def build_app(
    dsn_provider: Callable[[], str],
    clock_provider: Callable[[], Clock],
    logged_in: Callable[..., Any] | None = None,
    *,
    secret: Callable[[], str] | None = None,
    importer: Importer | None = None,
    qc_passed: Callable[[], None] = lambda: None,
    writes_of: WritesOf | None = None,
    sealer: Callable[[], Sealer] | None = None,
) -> FastAPI:
    """Return the console. Every route needs a logged-in user of Airflow unless a test gives another ``logged_in``.

    ``secret`` signs the forms' tokens, Airflow's where none is given; ``importer`` reads files of applications, else
    the flow does; ``qc_passed`` is called after a piece's QC was booked. What a user may see and do is a role in the
    warehouse. ``writes_of`` gives the port by which a merchant's orders at Kaspi are written to; without it such writes
    are shown and none can be asked for. ``sealer`` gives what seals the desk's steps that are put aside; without it
    none can be judged again. The providers are asked at each request, so that a changed connection or clock needs no
    restart.
    """
    if logged_in is None:
        from airflow.api_fastapi.core_api.security import get_user

        logged_in = get_user
    site = Site(dsn_provider, clock_provider, Tokens(secret or _airflow_secret), qc_passed, sealer)

    async def guarded(request: Request, user: Annotated[Any, Depends(logged_in)]) -> None:
        request.state.console_user = user
        path = path_of(request)
        if not storable([path, *request.query_params.values()]):
            raise Refused(status.HTTP_400_BAD_REQUEST, "broken_message" if path.startswith(DESK) else "broken_form")
        if request.method in SAFE:
            return
        if path.startswith(DESK):
            request.state.body = await guard_message(request, site.may_work, desk.LIMITS.get(path, {}))
        else:
            limit = LARGE_FORMS.get(path, FORM_BYTES)
            request.state.form = await guard_change(request, user, site.may_work, site.tokens, limit)

    app = FastAPI(title="Qaitarym", docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(guarded)])
    app.middleware("http")(with_headers)
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), name="static")

    app.include_router(board_routes(site))
    app.include_router(quality_routes(site))
    app.include_router(results_routes(site))
    app.include_router(applications_routes(site, importer))
    app.include_router(route_routes(site))
    app.include_router(claims_routes(site))
    app.include_router(suppliers_routes(site))
    app.include_router(notices_routes(site))
    app.include_router(mails_routes(site))
    app.include_router(lists_routes(site))
    app.include_router(differences_routes(site))
    app.include_router(stock_routes(site))
    app.include_router(writes_routes(site, writes_of))
    app.include_router(desk.desk_routes(site))

    _refusals(app, site)
    # What lives as long as the process is never looked through again: a full collection of it held all pages up for
    # nearly a tenth of a second, and there were many a minute.
    gc.freeze()
    return app


def _refusals(app: FastAPI, site: Site) -> None:
    """Answer what is not done: to a person with a page, to the desk's scripts with a code and a sentence."""
    desk.handle(app)

    @app.exception_handler(psycopg.OperationalError)
    def warehouse_away(request: Request, error: Exception) -> Response:
        log.error("the warehouse does not answer: %s", error)
        if path_of(request).startswith(DESK_API):
            return desk.refusal(request, "away", status.HTTP_503_SERVICE_UNAVAILABLE)
        page = site.page(request, "away.html", language_of(request), {}, status_code=503)
        page.headers["Retry-After"] = "30"
        return page

    @app.exception_handler(status.HTTP_401_UNAUTHORIZED)
    @app.exception_handler(status.HTTP_403_FORBIDDEN)
    async def not_let_in(request: Request, error: HTTPException) -> Response:
        if isinstance(error, Refused):
            return refused(request, error)
        if request.method == "GET" and path_of(request) == DESK:  # a person's bookmark
            return RedirectResponse(desk.login_address(request), status_code=status.HTTP_303_SEE_OTHER)
        return await http_exception_handler(request, error)

    @app.exception_handler(Refused)
    def refused(request: Request, error: HTTPException) -> Response:
        log.warning("refused: %s %s: %s", request.method, request.url.path, error.detail)
        if path_of(request).startswith(DESK):
            return desk.refusal(request, str(error.detail), error.status_code)
        language = language_of(request)
        return site.page(request, "refused.html", language, {"why": str(error.detail)}, status_code=error.status_code)


def _airflow_secret() -> str:
    from airflow.configuration import conf

    return str(conf.get("api", "secret_key"))
