"""Taking in a file of applications (заявки): first what would change and what is wrong, then a person's yes."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, Protocol
from uuid import UUID

from fastapi import APIRouter, Query, Request, status
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import UploadFile

from include.clock import Clock
from include.console.guard import Refused
from include.console.sheets import sheet_bytes
from include.console.site import Site, actor_of, back, form_of, language_of, merchants_of, text_of_form
from include.flows import uploads
from include.locale.labels import COLUMNS, VERDICTS, label
from include.locale.words import Words

KIND = "applications"
UPLOAD_BYTES = 20 * 1024 * 1024
ROWS_SHOWN = 200


class Importer(Protocol):
    """Who reads and takes in a file; the flow, or a test's stand-in."""

    def needed(self, body: bytes) -> bytes:
        """Return the file less the columns that are not read. Raises ValueError: the code of what is wrong with it."""

    def trouble(self, code: str, language: str) -> str:
        """Return what is wrong with a file in words; empty for a code that nobody knows."""

    def preview(self, dsn: str, merchant_id: str, name: str, body: bytes, clock: Clock) -> Any:
        """Return what taking the file in would change; nothing is written."""

    def take_in(self, dsn: str, merchant_id: str, name: str, body: bytes, actor: str, clock: Clock) -> Any:
        """Take the file in and return what came of it."""


class FlowImporter:
    """The flow ``include.flows.applications``; imported when a file comes."""

    def needed(self, body: bytes) -> bytes:
        """Return the file as CSV with the needed columns only."""
        from include.kaspi.applications_file import needed_csv

        return needed_csv(body)

    def trouble(self, code: str, language: str) -> str:
        """Return the words of a code."""
        from include.domain.applications import PROBLEMS, problem

        return problem(code, language) if code in PROBLEMS else ""

    def preview(self, dsn: str, merchant_id: str, name: str, body: bytes, clock: Clock) -> Any:
        """Ask the flow what would change."""
        from include.flows.applications import preview

        return preview(dsn, merchant_id, name, body, clock.now())

    def take_in(self, dsn: str, merchant_id: str, name: str, body: bytes, actor: str, clock: Clock) -> Any:
        """Let the flow take it in."""
        from include.flows.applications import take_in

        return take_in(dsn, merchant_id, name, body, actor, clock)


def applications_routes(site: Site, importer: Importer | None = None) -> APIRouter:
    """Return the upload, the preview, the bad rows as a file, and the taking in."""
    router = APIRouter()
    files: Importer = importer or FlowImporter()

    @router.get("/applications", response_class=HTMLResponse)
    def upload_page(
        request: Request,
        merchant: Annotated[str | None, Query(max_length=100)] = None,
        done: Annotated[str | None, Query(max_length=40)] = None,
    ) -> HTMLResponse:
        language = language_of(request)
        with site.warehouse() as conn:
            view = site.view(conn, request, merchant)
        content = {
            **view.content,
            "his": [row for row in view.merchants if view.staff.may("operator", row["merchant_id"])],
            "now": site.now(),
            "columns": [language._(name) for name in COLUMNS.values()],
            "most_megabytes": UPLOAD_BYTES // 1024**2,
            "trouble": _trouble(files, done, language),
        }
        return site.page(request, "applications.html", language, content, section="applications")

    @router.post("/applications")
    def upload(request: Request) -> RedirectResponse:
        form, now = form_of(request), site.now()
        merchant_id, language = text_of_form(form, "merchant"), text_of_form(form, "lang", most=5)
        sent = form.get("file")
        told = {"lang": language, "merchant": merchant_id}
        if not isinstance(sent, UploadFile) or not sent.filename:
            return back(request, "applications", **told, done="no_file")
        body = sent.file.read()
        try:
            needed = files.needed(body)
        except ValueError as error:
            return back(request, "applications", **told, done=str(error)[:40])
        with site.warehouse(reading=False) as conn:
            known = merchant_id in {row["merchant_id"] for row in merchants_of(conn)}
            if not known or not site.staff(conn, request).may("operator", merchant_id):
                return back(request, "applications", lang=language, done="no_merchant")
            kept = uploads.keep(
                conn, merchant_id, KIND, actor_of(request), sent.filename, hashlib.sha256(body).digest(), needed, now
            )
        return back(request, f"applications/{kept}", lang=language)

    @router.get("/applications/{upload_id}", response_class=HTMLResponse)
    def preview_page(request: Request, upload_id: UUID) -> HTMLResponse:
        language = language_of(request)
        kept = _kept(site, request, upload_id)
        seen = files.preview(site.dsn(), kept["merchant_id"], kept["file_name"], bytes(kept["body"]), site.clock())
        content = {
            **_preview(seen, language, files),
            "file": kept,
            "now": site.now(),
        }
        return site.page(request, "applications_preview.html", language, content, section="applications")

    @router.get("/applications/{upload_id}/bad.csv")
    def bad_rows(request: Request, upload_id: UUID) -> Response:
        language = language_of(request)
        kept = _kept(site, request, upload_id)
        seen = files.preview(site.dsn(), kept["merchant_id"], kept["file_name"], bytes(kept["body"]), site.clock())
        return Response(
            bad_rows_csv(seen.bad, language),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="bad-rows.csv"'},
        )

    @router.post("/applications/{upload_id}/take")
    def take(request: Request, upload_id: UUID) -> RedirectResponse:
        kept = _kept(site, request, upload_id)
        files.take_in(
            site.dsn(), kept["merchant_id"], kept["file_name"], bytes(kept["body"]), actor_of(request), site.clock()
        )
        with site.warehouse(reading=False) as conn:
            uploads.accepted(conn, upload_id, site.now())
        return back(request, f"applications/{upload_id}", lang=text_of_form(form_of(request), "lang", most=5))

    return router


def _kept(site: Site, request: Request, upload_id: UUID) -> dict[str, Any]:
    """Return the file of this very person; another's, or of a merchant not his any more, is as if it were not there."""
    with site.warehouse() as conn:
        kept = uploads.find(conn, upload_id, KIND, actor_of(request), site.now())
        staff = site.staff(conn, request)
    if kept is None or not staff.may("operator", kept["merchant_id"]):
        raise Refused(status.HTTP_404_NOT_FOUND, "no_upload")
    return kept


def _trouble(files: Importer, code: str | None, words: Words) -> str:
    if not code:
        return ""
    if code == "no_file":
        return words._("Choose a file first.")
    if code == "no_merchant":
        return words._("Choose the merchant whose applications these are.")
    return files.trouble(code, words.language) or words._("The file could not be read.")


def _preview(seen: Any, words: Words, files: Importer) -> dict[str, Any]:
    """Return what the page shows of a preview: counts, what would change first, bad rows with their reason."""
    counts = Counter(row.verdict for row in seen.rows)
    places = {code: place for place, code in enumerate(VERDICTS)}
    rows = sorted(seen.rows, key=lambda row: (places.get(row.verdict, -1), row.line))
    return {
        "counts": [
            (code, label(words, VERDICTS, code), counts[code])
            for code in sorted(counts, key=lambda code: places.get(code, -1))
        ],
        "rows": [
            {
                "line": row.line,
                "application_number": row.application_number,
                "order_code": row.order_code,
                "verdict": row.verdict,
                "verdict_name": label(words, VERDICTS, row.verdict),
                "detail": row.details[words.language == "en"],
            }
            for row in rows[:ROWS_SHOWN]
        ],
        "rows_in_all": len(seen.rows),
        "bad": [_bad(row, words) for row in seen.bad[:ROWS_SHOWN]],
        "bad_in_all": len(seen.bad),
        "bad_lines": len({row.line for row in seen.bad}),
        "refused": files.trouble(seen.refused, words.language) if seen.refused else "",
        "known_since": seen.known_since,
        "known_by": seen.known_by,
        "unknown": sorted(seen.unknown.items()),
    }


def _bad(row: Any, words: Words) -> dict[str, Any]:
    return {
        "line": row.line,
        "column": label(words, COLUMNS, row.column) if row.column else "",
        "reason": row.text(words.language),
    }


def bad_rows_csv(bad: Sequence[Any], words: Words) -> bytes:
    """Return the bad rows as a file that a spreadsheet opens."""
    told = [_bad(row, words) for row in bad]
    heading = (words._("line"), words._("column"), words._("reason"))
    return sheet_bytes(heading, [(one["line"], one["column"], one["reason"]) for one in told])
