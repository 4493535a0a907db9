"""The console's FastAPI app, mounted by the plugin under /qaitarym/."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import jinja2
import psycopg
from fastapi import Depends, FastAPI, Query, Request
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from include.clock import Clock
from include.console.dashboard import dashboard
from include.console.guard import same_site_only, with_headers
from include.db.connection import connect
from include.locale.words import LANGUAGES, words

log = logging.getLogger(__name__)
FOLDER = Path(__file__).resolve().parent


def build_app(
    dsn_provider: Callable[[], str],
    clock_provider: Callable[[], Clock],
    logged_in: Callable[..., Any] | None = None,
) -> FastAPI:
    """Return the console. Every route needs a logged-in user of Airflow unless a test gives another ``logged_in``.

    The providers are asked at each request, so that a changed connection or clock needs no restart.
    """
    if logged_in is None:
        from airflow.api_fastapi.core_api.security import get_user

        logged_in = get_user
    app = FastAPI(
        title="Qaitarym",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(logged_in), Depends(same_site_only)],
    )
    app.middleware("http")(with_headers)
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), name="static")
    pages = _environment()

    @app.get("/", response_class=HTMLResponse)
    def home(
        merchant: Annotated[str | None, Query(max_length=100)] = None,
        lang: Annotated[str | None, Query(max_length=5)] = None,
    ) -> HTMLResponse:
        language = words(lang)
        now = clock_provider().now()
        with connect(dsn_provider(), application="qaitarym console") as conn:
            conn.read_only = True
            content = dashboard(conn, merchant or None, now, language)
        page = pages.get_template("dashboard.html").render(
            **content,
            words=language,
            _=language._,
            n_=language.n_,
            languages=LANGUAGES,
            merchant=merchant or None,
            now=now,
        )
        return HTMLResponse(page)

    @app.exception_handler(psycopg.OperationalError)
    def warehouse_away(_request: Request, error: Exception) -> HTMLResponse:
        log.error("the warehouse does not answer: %s", error)
        language = words(_request.query_params.get("lang"))
        page = pages.get_template("away.html").render(words=language, _=language._)
        return HTMLResponse(page, status_code=503, headers={"Retry-After": "30"})

    return app


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
