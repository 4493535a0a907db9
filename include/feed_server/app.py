"""What the feed server answers. Addresses hold a secret token; anything else is the same constant 404."""

import csv
import io
import json
import logging
from email.utils import format_datetime
from typing import Any

import psycopg
import requests
from fastapi import FastAPI, Request, Response

from include.clock import Clock
from include.db.pool import Pool
from include.db.statements import run as run_statement

log = logging.getLogger(__name__)

XML = "application/xml; charset=utf-8"
CSV_COLUMNS = (
    "unit", "offer_sku", "sku", "name", "category", "grade", "signs_of_use", "repaired", "store", "price", "main_price",
)  # fmt: skip
RETRY_SECONDS = "120"


def build_app(pool: Pool, clock: Clock) -> FastAPI:
    """Return the application over ``pool``; GETs are logged with ``clock``'s time before they are answered."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.exception_handler(404)
    @app.exception_handler(405)
    async def unknown(_: Request, __: Exception) -> Response:
        return _not_found()

    @app.api_route("/healthz", methods=["GET", "HEAD"])
    def healthz() -> Response:
        try:
            with pool.connection() as conn:
                conn.execute("select 1")
        except psycopg.Error:
            return _away()
        return Response("ok\n", media_type="text/plain")

    @app.api_route("/{token}.xml", methods=["GET", "HEAD"])
    def price_list(token: str, request: Request) -> Response:
        return _guarded(lambda: _price_list(pool, clock, token, request))

    @app.api_route("/{token}/off-kaspi.json", methods=["GET", "HEAD"])
    def off_kaspi_json(token: str) -> Response:
        return _guarded(lambda: _off_kaspi(pool, token, as_csv=False))

    @app.api_route("/{token}/off-kaspi.csv", methods=["GET", "HEAD"])
    def off_kaspi_csv(token: str) -> Response:
        return _guarded(lambda: _off_kaspi(pool, token, as_csv=True))

    return app


def _guarded(answer: Any) -> Response:
    """Answer 503 where the database or the clock is away: Kaspi then keeps the list it has."""
    try:
        result: Response = answer()
    except (psycopg.Error, requests.RequestException) as error:
        log.error("a list could not be served: %s", error)
        return _away()
    return result


def _price_list(pool: Pool, clock: Clock, token: str, request: Request) -> Response:
    body = b""
    with pool.connection() as conn:
        row = run_statement(conn, "channel/feed__served", token=token).fetchone()
        if row is None:
            return _not_found()
        etag = "" if row["version"] is None else f"{row['version']}-{row['sha256'].hex()[:32]}"
        status = _status(etag, _tags(request.headers.get("if-none-match")))
        if status == 200 and request.method == "GET":
            stored = run_statement(
                conn, "channel/feed__body", merchant_id=row["merchant_id"], version=row["version"]
            ).fetchone()
            assert stored is not None
            body = bytes(stored["body"])
        if request.method == "GET":
            run_statement(
                conn,
                "channel/feed_fetch",
                merchant_id=row["merchant_id"],
                version=row["version"],
                now=clock.now(),
                status=status,
                user_agent=(request.headers.get("user-agent") or "")[:400],
            )
    if status == 503:
        return _away()
    headers = {
        "ETag": f'"{etag}"',
        "Last-Modified": format_datetime(row["published_at"].replace(microsecond=0), usegmt=True),
        "X-Feed-Version": str(row["version"]),
        "Cache-Control": "no-cache",
    }
    if status == 304:
        return Response(status_code=304, headers=headers)
    if request.method == "HEAD":
        return Response(headers={**headers, "Content-Length": str(row["size"])}, media_type=XML)
    return Response(body, headers=headers, media_type=XML)


def _status(etag: str, known: list[str]) -> int:
    """Return 503 where nothing is published yet, 304 where the caller has the list, else 200."""
    if not etag:
        return 503
    return 304 if etag in known or "*" in known else 200


def _off_kaspi(pool: Pool, token: str, *, as_csv: bool) -> Response:
    with pool.connection() as conn:
        row = run_statement(conn, "channel/off_kaspi_list__served", token=token).fetchone()
    if row is None:
        return _not_found()
    offers: list[dict[str, Any]] = row["body"] or []
    headers = {"X-Feed-Version": str(row["version"] or 0), "Cache-Control": "no-cache"}
    if row["published_at"]:
        headers["Last-Modified"] = format_datetime(row["published_at"].replace(microsecond=0), usegmt=True)
    if as_csv:
        return Response(_csv(offers), headers=headers, media_type="text/csv; charset=utf-8")
    body = json.dumps({"version": row["version"] or 0, "offers": offers}, ensure_ascii=False)
    return Response(body, headers=headers, media_type="application/json")


def _csv(offers: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, CSV_COLUMNS, extrasaction="ignore", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: _cell(offer.get(name)) for name in CSV_COLUMNS} for offer in offers)
    return out.getvalue()


def _cell(value: Any) -> Any:
    """Keep a spreadsheet from taking a text for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value


def _tags(header: str | None) -> list[str]:
    """Return the entity tags of an If-None-Match header, without quotes and weakness."""
    return [tag.strip().removeprefix("W/").strip('"') for tag in (header or "").split(",") if tag.strip()]


def _not_found() -> Response:
    return Response("not found\n", status_code=404, media_type="text/plain")


def _away() -> Response:
    headers = {"Retry-After": RETRY_SECONDS}
    return Response("try again later\n", status_code=503, media_type="text/plain", headers=headers)
