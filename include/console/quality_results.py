"""What the gates promise and what they found: results by flow, merchant and day, the runs of a flow, what failed."""

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query, Request, Response, status
from fastapi.responses import HTMLResponse, StreamingResponse

from include.clock import ALMATY, almaty_day
from include.console.board.figures import Cell, Column, Figure, Row, Unit, drawing, share, shown
from include.console.sheets import portions, sheet, sheet_stream
from include.console.site import Site, View, language_of
from include.db.connection import Connection
from include.db.statements import run
from include.locale.check_labels import promise_of, subject_of
from include.locale.labels import SEVERITIES, label
from include.locale.words import Words
from include.quality.catalogue import SUITES

PERIODS = (30, 90)
RUNS_SHOWN = 24
FAILURES_SHOWN = 50
SAMPLES_SHOWN = 5
# A gate that has not judged for so long is late: twice its interval.
LATE_AFTER: Mapping[str, dt.timedelta] = {
    "kaspi_returns_ingest": dt.timedelta(minutes=30),
    "warehouse_receipts_reconcile": dt.timedelta(minutes=30),
    "restock_sync": dt.timedelta(hours=2),
    "restock_reconcile_daily": dt.timedelta(days=2),
    "return_causes_weekly": dt.timedelta(days=14),
    "housekeeping": dt.timedelta(days=2),
}
WORST = {"batch": "bad", "row": "bad", "warning": "warn"}
# What a check said in a run: the sign stands for those who see no colours.
SIGNS = {"passed": "✓", "batch": "✕", "row": "◐", "warning": "!", "none": "·"}
PLACE = ("at", "dag_id", "run_id", "merchant_id", "suite", "check_name")
# A day, a merchant or a flow of which no gate said anything.
NOTHING = dict.fromkeys(("runs", "parts", "checks", "failed", "failed_rows", "quarantined", "staged", "held"), 0)

Text = Annotated[str | None, Query(max_length=100)]
RunId = Annotated[str | None, Query(max_length=300)]
Place = Annotated[str | None, Query(max_length=1_500)]
Day = Annotated[dt.date | None, Query()]
Period = Annotated[int, Query(ge=1, le=90)]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for. ``since`` and ``until`` are Almaty midnights; None of the others is no filter."""

    merchant_id: str | None
    flow: str | None
    severity: str | None
    since: dt.datetime
    until: dt.datetime
    days: int
    day: dt.date | None = None

    @property
    def bound(self) -> dict[str, Any]:
        """Return the values that every statement of these pages binds."""
        return {
            "merchant_id": self.merchant_id, "flow": self.flow, "severity": self.severity, "since": self.since,
            "until": self.until,
        }  # fmt: skip

    @property
    def kept(self) -> dict[str, str]:
        """Return what the page's address keeps beside merchant and language."""
        return {
            "flow": self.flow or "", "severity": self.severity or "", "days": str(self.days),
            "day": self.day.isoformat() if self.day else "",
        }  # fmt: skip


def asked(
    view: View, now: dt.datetime, flow: str | None, severity: str | None, days: int, day: dt.date | None = None
) -> Asked:
    """Return what is asked for: a day, or the last ``days`` days, today included. What is no filter is none."""
    days = days if days in PERIODS else PERIODS[0]
    first = day or almaty_day(now) - dt.timedelta(days=days - 1)
    last = day or almaty_day(now)
    return Asked(
        view.merchant_id,
        flow if flow in SUITES else None,
        severity if severity in SEVERITIES else None,
        dt.datetime.combine(first, dt.time(), ALMATY),
        dt.datetime.combine(last + dt.timedelta(days=1), dt.time(), ALMATY),
        days,
        day,
    )


def results_routes(site: Site) -> APIRouter:
    """Return the pages and their files. Who looks sees the parts of his own merchants only."""
    router = APIRouter()
    _overview(router, site)
    _failures(router, site)
    _flow(router, site)
    return router


def _overview(router: APIRouter, site: Site) -> None:
    @router.get("/quality/results", response_class=HTMLResponse)
    def page(
        request: Request, merchant: Text = None, flow: Text = None, severity: Text = None, days: Period = PERIODS[0]
    ) -> HTMLResponse:
        language, now = language_of(request), site.now()
        with site.warehouse() as conn:
            view = site.view(conn, request, merchant or None)
            content = _results(conn, view, asked(view, now, flow, severity, days), now, language)
        return site.page(request, "quality_results.html", language, content, section="quality")

    @router.get("/quality/days.csv")
    def file(
        request: Request, merchant: Text = None, flow: Text = None, severity: Text = None, days: Period = PERIODS[0]
    ) -> Response:
        language, now = language_of(request), site.now()
        with site.warehouse() as conn:
            view = site.view(conn, request, merchant or None)
            wanted = asked(view, now, flow, severity, days)
            rows = _days(conn, _sums(conn, wanted), wanted)
        return sheet("quality.csv", [name for _, name in _columns(language)], _lines(rows, _columns(language)))


def _failures(router: APIRouter, site: Site) -> None:
    @router.get("/quality/failures", response_class=HTMLResponse)
    def page(
        request: Request,
        merchant: Text = None,
        flow: Text = None,
        severity: Text = None,
        days: Period = PERIODS[0],
        day: Day = None,
        check: Text = None,
        of: RunId = None,
        held: Text = None,
        after: Place = None,
    ) -> HTMLResponse:
        language, now = language_of(request), site.now()
        with site.warehouse() as conn:
            view = site.view(conn, request, merchant or None)
            wanted = asked(view, now, flow, severity, days, day)
            more = {"check": check or "", "of": of or "", "held": "1" if held else ""}
            rows = _failed(conn, wanted, more, _place(after), FAILURES_SHOWN + 1)
        content = _head(view, wanted, now, language, more) | {
            "rows": [_failure(row, language) for row in rows[:FAILURES_SHOWN]],
            "next": _place_of(rows[FAILURES_SHOWN - 1]) if len(rows) > FAILURES_SHOWN else None,
        }
        return site.page(request, "quality_failures.html", language, content, section="quality")

    @router.get("/quality/failures.csv")
    def file(
        request: Request,
        merchant: Text = None,
        flow: Text = None,
        severity: Text = None,
        days: Period = PERIODS[0],
        day: Day = None,
        check: Text = None,
        of: RunId = None,
        held: Text = None,
    ) -> StreamingResponse:
        language, now = language_of(request), site.now()
        with site.warehouse() as conn:
            wanted = asked(site.view(conn, request, merchant or None), now, flow, severity, days, day)
        more = {"check": check or "", "of": of or "", "held": held or ""}
        columns = _failure_columns(language)

        def read(after: list[Any] | None, most: int) -> list[dict[str, Any]]:
            with site.warehouse() as conn:
                return _failed(conn, wanted, more, after, most)

        lines = (_lines(rows, columns) for rows in portions(read, lambda row: [row[name] for name in PLACE]))
        return sheet_stream("failures.csv", [name for _, name in columns], lines)


def _flow(router: APIRouter, site: Site) -> None:
    @router.get("/quality/{flow}", response_class=HTMLResponse)
    def page(
        request: Request, flow: str, merchant: Text = None, severity: Text = None, before: Place = None
    ) -> HTMLResponse:
        language, now = language_of(request), site.now()
        if flow not in SUITES:
            raise HTTPException(status.HTTP_404_NOT_FOUND, "no such flow")
        with site.warehouse() as conn:
            view = site.view(conn, request, merchant or None)
            content = _strip(conn, view, asked(view, now, flow, severity, PERIODS[0]), before, language)
        content |= {"now": now, "kept": {"severity": severity or ""}}
        return site.page(request, "quality_flow.html", language, content, section="quality")


def _results(conn: Connection, view: View, wanted: Asked, now: dt.datetime, words: Words) -> dict[str, Any]:
    """Return the values of the template ``quality_results.html``."""
    sums = _sums(conn, wanted)
    flows = {row["dag_id"]: row for row in sums if row["dag_id"]}
    content = _head(view, wanted, now, words)
    # what is judged of all together is no sum of theirs, and is not called like one
    names = content["names"] | {"all": words._("judged of all together")}
    merchants = [
        _shares(row | {"name": names.get(row["merchant_id"], row["merchant_id"])}) for row in sums if row["merchant_id"]
    ]
    (whole,) = (row for row in sums if not (row["day"] or row["merchant_id"] or row["dag_id"]))
    return content | {
        "results": [_flow_row(name, flows.get(name), now, words) for name in SUITES if wanted.flow in (None, name)],
        "by_merchant": sorted(merchants, key=lambda row: (-row["failed"], row["name"])),
        "whole": _shares(whole),
        "charts": _charts(_days(conn, sums, wanted), wanted, words),
        "drawing": lambda figure: drawing(figure, words),
        "shown": lambda unit, value: shown(words, unit, value),
    }


def _head(
    view: View, wanted: Asked, now: dt.datetime, words: Words, more: Mapping[str, str] | None = None
) -> dict[str, Any]:
    return {
        **view.content,
        "now": now,
        "kept": wanted.kept | dict(more or {}),
        "wanted": wanted,
        "flows": list(SUITES),
        "periods": PERIODS,
        "severities": [(code, words._(name)) for code, name in SEVERITIES.items()],
        "names": {row["merchant_id"]: row["name"] for row in view.merchants},
    }


def _sums(conn: Connection, wanted: Asked) -> list[dict[str, Any]]:
    return run(conn, "console/quality_sums", **wanted.bound).fetchall()


def _shares(row: dict[str, Any]) -> dict[str, Any]:
    """Add the share of checks that passed; None where there was nothing."""
    return {**row, "passed_share": share(row["checks"] - row["failed"], row["checks"])}


def _flow_row(name: str, row: dict[str, Any] | None, now: dt.datetime, words: Words) -> dict[str, Any]:
    age = now - row["judged_at"] if row else None
    late = age is None or age > LATE_AFTER[name]
    return {
        **_shares(row or NOTHING),
        "dag_id": name,
        "judged_at": row["judged_at"] if row else None,
        "age": words.hours(max(age.total_seconds(), 0) / 3600) if age is not None else "",
        "chip": "warn" if late else "good",
        "freshness": words._("late") if late else words._("in time"),
    }


def _days(conn: Connection, sums: list[dict[str, Any]], wanted: Asked) -> list[dict[str, Any]]:
    """Return a row for every day of the period: what the gates said, what came to the quarantine and left it."""
    judged = {row["day"]: row for row in sums if row["day"]}
    bound = {name: value for name, value in wanted.bound.items() if name != "severity"}
    records = {row["day"]: row for row in run(conn, "console/quarantine__days", **bound)}
    nothing = NOTHING | dict.fromkeys(("put_aside", "replayed", "settled", "dismissed", "reopened"), 0)
    length = (wanted.until.date() - wanted.since.date()).days
    days = [wanted.since.date() + dt.timedelta(days=number) for number in range(length)]
    return [
        _shares(nothing | {"hours": None} | judged.get(day, {}) | records.get(day, {}) | {"day": day}) for day in days
    ]


def _charts(days: list[dict[str, Any]], wanted: Asked, words: Words) -> list[Figure]:
    _ = words._
    named: tuple[tuple[str, str, Unit], ...] = (
        ("passed_share", _("Checks that passed"), "share"),
        ("failed_rows", _("Rows that failed a check"), "count"),
        ("quarantined", _("Rows put aside by the gates"), "count"),
        ("held", _("Parts held back"), "count"),
        ("hours", _("Hours until a record was settled, the middle one"), "hours"),
    )
    link = "quality/failures?" + urlencode(
        {"lang": words.language, "merchant": wanted.merchant_id or "", "flow": wanted.flow or "",
         "severity": wanted.severity or ""}
    )  # fmt: skip
    return [
        Figure(
            code,
            name,
            _("day"),
            [Column(code, name, unit, drawn=True)],
            [
                Row(words.day(row["day"]), {code: Cell(row[code], f"{link}&day={row['day']}")}, f"{row['day']:%d.%m}")
                for row in days
            ],
            "columns",
            unit="share" if unit == "share" else "count",  # a line of the scale at half an hour would read 0 h
        )
        for code, name, unit in named
        if code != "hours" or wanted.severity is None
    ]


def _columns(words: Words) -> list[tuple[str, str]]:
    _ = words._
    return [
        ("day", _("day")), ("runs", _("runs")), ("parts", _("parts")), ("checks", _("checks")),
        ("failed", _("checks failed")), ("failed_rows", _("rows failed")), ("staged", _("rows judged")),
        ("quarantined", _("rows put aside")), ("held", _("parts held")), ("put_aside", _("records put aside")),
        ("replayed", _("records judged again")), ("settled", _("records settled")),
        ("reopened", _("records that failed again")), ("dismissed", _("records dismissed")),
        ("hours", _("hours until settled, the middle one")),
    ]  # fmt: skip


def _failure_columns(words: Words) -> list[tuple[str, str]]:
    _ = words._
    return [
        ("at", _("run of")), ("dag_id", _("flow")), ("run_id", _("run")), ("merchant_id", _("merchant")),
        ("check_name", _("check")), ("severity", _("what it does")), ("failed_rows", _("rows failed")),
        ("status", _("part")), ("detail", _("why")), ("sample", _("for example")),
    ]  # fmt: skip


def _lines(rows: Iterable[dict[str, Any]], columns: list[tuple[str, str]]) -> Iterable[list[Any]]:
    return ([_cell(row[code]) for code, _ in columns] for row in rows)


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    return value.isoformat() if isinstance(value, dt.date) else value


def _failed(
    conn: Connection, wanted: Asked, more: Mapping[str, str], after: list[Any] | None, shown: int
) -> list[dict[str, Any]]:
    names = ("after_at", "after_flow", "after_run", "after_merchant", "after_suite", "after_check")
    return run(
        conn,
        "console/quality_failures",
        **wanted.bound,
        check_name=more["check"] or None,
        run=more["of"] or None,
        held=bool(more["held"]),
        **dict(zip(names, after or [None] * len(names), strict=True)),
        shown=shown,
    ).fetchall()


def _place(after: str | None) -> list[Any] | None:
    """Return the place that a page's link names; a link that was tampered with begins at the newest."""
    try:
        found = json.loads(after or "null")
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found) or len(found) != len(PLACE):
            return None
        return [dt.datetime.fromisoformat(found[0]).astimezone(dt.UTC), *found[1:]]
    except ValueError:
        return None


def _place_of(row: dict[str, Any]) -> str:
    return json.dumps([row["at"].isoformat(), *(row[name] for name in PLACE[1:])], ensure_ascii=False)


def failed_check(row: dict[str, Any], words: Words) -> dict[str, Any]:
    """Add to a verdict that failed how it is shown: its severity, and some of the records."""
    return {
        **row,
        "chip": WORST.get(row["severity"], "warn"),
        "severity_name": label(words, SEVERITIES, row["severity"] or ""),
        "shown": [one for one in row["sample"] or [] if isinstance(one, dict)][:SAMPLES_SHOWN],
    }


def _failure(row: dict[str, Any], words: Words) -> dict[str, Any]:
    return {
        **failed_check(row, words),
        "promise": promise_of(words, row["check_name"]),
        # the records that a row check put aside
        "records": urlencode({"merchant": row["merchant_id"], "source": row["suite"], "reason": row["check_name"],
                              "status": "all"}) if row["severity"] == "row" else "",
    }  # fmt: skip


def _strip(conn: Connection, view: View, wanted: Asked, before: str | None, words: Words) -> dict[str, Any]:
    """Return the values of the template ``quality_flow.html``: a flow's promises, and its newest runs side by side."""
    assert wanted.flow is not None
    at, _, run_id = (before or "").partition("|")
    bound = {"merchant_id": wanted.merchant_id, "flow": wanted.flow}
    rows = run(
        conn, "console/quality_runs", **bound, before_at=_moment(at), before_run=run_id, shown=RUNS_SHOWN + 1
    ).fetchall()
    runs = rows[:RUNS_SHOWN][::-1]  # the newest stands on the right
    said = {
        (row["check_name"], row["run_id"]): row
        for row in run(
            conn, "console/quality_strip", **bound, severity=wanted.severity, runs=[row["run_id"] for row in runs]
        )
    }
    known = [check for check in SUITES[wanted.flow].checks if wanted.severity in (None, check.severity)]
    forgotten = sorted({name for name, _ in said} - {check.name for check in SUITES[wanted.flow].checks})
    return {
        **view.content,
        "flow": wanted.flow,
        "severity": wanted.severity,
        "severities": [(code, words._(name)) for code, name in SEVERITIES.items()],
        "runs": runs,
        "older": f"{runs[0]['at'].isoformat()}|{runs[0]['run_id']}" if len(rows) > RUNS_SHOWN else None,
        "checks": [
            _check_row(name, severity, subject, [said.get((name, row["run_id"])) for row in runs], words)
            for name, severity, subject in [
                *((check.name, check.severity, subject_of(check)) for check in known),
                *((name, None, "") for name in forgotten),
            ]
        ],
        "legend": [(code, SIGNS[code], _said(code, words)) for code in SIGNS],
    }


def _check_row(
    name: str, severity: str | None, subject: str, cells: list[dict[str, Any] | None], words: Words
) -> dict[str, Any]:
    return {
        "name": name,
        "promise": promise_of(words, name),
        "subject": subject,
        "severity": severity,
        "severity_name": label(words, SEVERITIES, severity) if severity else words._("is not checked any more"),
        "failed": sum(1 for cell in cells if cell and cell["failed"]),
        "cells": [_cell_of(cell, words) for cell in cells],
    }


def _cell_of(cell: dict[str, Any] | None, words: Words) -> dict[str, Any]:
    """Return a cell of the strip: its code, its sign, and the same in words."""
    code = "none" if cell is None else cell["severity"] if cell["failed"] else "passed"
    rows = cell["failed_rows"] if cell else 0
    told = [_said(code, words)]
    if rows:
        told.append(words.n_("{count} row", "{count} rows", rows))
    return {"code": code, "sign": SIGNS.get(code, "!"), "told": ", ".join(told)}


def _said(code: str, words: Words) -> str:
    if code == "passed":
        return words._("passed")
    if code == "none":
        return words._("was not looked at")
    return {
        "batch": words._("failed: the part is held back"),
        "row": words._("failed: the rows are put aside"),
    }.get(code, words._("failed: a warning"))


def _moment(text: str) -> dt.datetime | None:
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None
