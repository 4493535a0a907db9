"""The console's FastAPI app, mounted by the plugin under /qaitarym/."""

import logging
from collections.abc import Callable
from typing import Annotated, Any

import psycopg
from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from include.clock import Clock
from include.console.applications import UPLOAD_BYTES, Importer, applications_routes
from include.console.claims import Staff, StaffOf, claims_routes
from include.console.dashboard import dashboard
from include.console.guard import FORM_BYTES, SAFE, Refused, Tokens, guard_change, with_headers
from include.console.notices import notices_routes
from include.console.quality import quality_routes
from include.console.site import FOLDER, Site, language_of
from include.console.stock import stock_routes
from include.console.writes import writes_routes
from include.db.connection import Connection
from include.flows.kaspi_writes import WritesOf

log = logging.getLogger(__name__)
# Who may change this DAG may decide here: Airflow's auth managers all know such a right, and viewers lack it.
RIGHT = "kaspi_returns_ingest"
LARGE_FORMS = {"/applications": UPLOAD_BYTES + FORM_BYTES}


def build_app(
    dsn_provider: Callable[[], str],
    clock_provider: Callable[[], Clock],
    logged_in: Callable[..., Any] | None = None,
    *,
    may_write: Callable[[Request, Any], bool] | None = None,
    secret: Callable[[], str] | None = None,
    importer: Importer | None = None,
    staff_of: StaffOf | None = None,
    writes_of: WritesOf | None = None,
) -> FastAPI:
    """Return the console. Every route needs a logged-in user of Airflow unless a test gives another ``logged_in``.

    ``may_write`` judges a user's right to change things, ``secret`` signs the forms' tokens, ``importer`` reads files
    of applications, ``staff_of`` says what somebody may do at the warehouse; without them Airflow is asked for the
    first two, the flow does the third, and the roles are those of the warehouse. ``writes_of`` gives the port by which
    a merchant's orders at Kaspi are written to; without it such writes are shown and none can be asked for. The
    providers are asked at each request, so that a changed connection or clock needs no restart.
    """
    if logged_in is None:
        from airflow.api_fastapi.core_api.security import get_user

        logged_in = get_user
    site = Site(dsn_provider, clock_provider, may_write or _may_edit, Tokens(secret or _airflow_secret))

    async def guarded(request: Request, user: Annotated[Any, Depends(logged_in)]) -> None:
        request.state.console_user = user
        if request.method not in SAFE:
            path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
            limit = LARGE_FORMS.get(path, FORM_BYTES)
            request.state.form = await guard_change(request, user, site.may_write, site.tokens, limit)

    app = FastAPI(title="Qaitarym", docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(guarded)])
    app.middleware("http")(with_headers)
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), name="static")

    @app.get("/", response_class=HTMLResponse)
    def home(
        request: Request,
        merchant: Annotated[str | None, Query(max_length=100)] = None,
        lang: Annotated[str | None, Query(max_length=5)] = None,  # noqa: ARG001 (site reads it; here it is bounded)
    ) -> HTMLResponse:
        language = language_of(request)
        now = site.now()
        with site.warehouse() as conn:
            content = dashboard(conn, merchant or None, now, language)
        return site.page(
            request, "dashboard.html", language, {**content, "merchant": merchant or None, "now": now}, section="home"
        )

    app.include_router(quality_routes(site))
    app.include_router(applications_routes(site, importer))
    app.include_router(claims_routes(site, staff_of or _staff_of))
    app.include_router(notices_routes(site))
    app.include_router(stock_routes(site, staff_of or _staff_of))
    app.include_router(writes_routes(site, staff_of or _staff_of, writes_of))

    @app.exception_handler(psycopg.OperationalError)
    def warehouse_away(request: Request, error: Exception) -> HTMLResponse:
        log.error("the warehouse does not answer: %s", error)
        page = site.page(request, "away.html", language_of(request), {}, status_code=503)
        page.headers["Retry-After"] = "30"
        return page

    @app.exception_handler(Refused)
    def refused(request: Request, error: HTTPException) -> HTMLResponse:
        log.warning("refused: %s %s: %s", request.method, request.url.path, error.detail)
        language = language_of(request)
        return site.page(request, "refused.html", language, {"why": str(error.detail)}, status_code=error.status_code)

    return app


def _staff_of(conn: Connection, user_name: str) -> Staff:
    """Return what a user of Airflow may do at the warehouse."""
    from include.flows.desk import staff_of  # type: ignore[import-not-found, unused-ignore]

    return staff_of(conn, user_name)  # type: ignore[no-any-return, unused-ignore]


def _may_edit(request: Request, user: Any) -> bool:
    """Tell whether Airflow lets the user edit the ingest DAG."""
    from airflow.api_fastapi.core_api.security import requires_access_dag

    try:
        requires_access_dag(method="PUT", param_dag_id=RIGHT)(request, user)
    except HTTPException:
        return False
    return True


def _airflow_secret() -> str:
    from airflow.configuration import conf

    return str(conf.get("api", "secret_key"))
