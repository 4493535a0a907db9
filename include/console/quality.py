"""What could not be used and why: records put aside, changed fields, alerts, the checks of the last runs."""

import datetime as dt
from itertools import groupby
from operator import itemgetter
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse

from include.console.alerts import alerts_of
from include.console.quality_results import failed_check
from include.console.sheets import portions, sheet_stream
from include.console.site import (
    Site,
    View,
    actor_of,
    back,
    form_of,
    his,
    language_of,
    numbers_of,
    text_of_form,
)
from include.db.connection import Connection
from include.db.statements import run
from include.flows.drift import acknowledge
from include.flows.quarantine import FILE_SOURCE, ORDER_SOURCES, dismiss, replay, replay_chosen, replayable
from include.locale.check_labels import promise_of
from include.locale.labels import DRIFTS, QUARANTINE, SOURCES, label
from include.locale.words import Words
from include.notify.alerts import clear_alerts

RECORDS_SHOWN = 50
DRIFTS_SHOWN = 100
ALERTS_SHOWN = 50
GROUPS_SHOWN = 30
LOOKED_BACK = dt.timedelta(days=90)
KEPT = ("merchant", "source", "reason", "status", "lang")


def quality_routes(site: Site) -> APIRouter:
    """Return the page and what its forms do."""
    router = APIRouter()

    @router.get("/quality", response_class=HTMLResponse)
    def page(
        request: Request,
        merchant: Annotated[str | None, Query(max_length=100)] = None,
        source: Annotated[str | None, Query(max_length=100)] = None,
        status: Annotated[str | None, Query(max_length=20)] = None,
        reason: Annotated[str | None, Query(max_length=1000)] = None,
        before: Annotated[int | None, Query(ge=0, le=2**62)] = None,
        done: Annotated[str | None, Query(max_length=20)] = None,
        n: Annotated[int, Query(ge=0, le=10**6)] = 0,
        left: Annotated[int, Query(ge=0, le=10**6)] = 0,
    ) -> HTMLResponse:
        language = language_of(request)
        wanted = {"source": source or None, "status": status or "open", "reason": reason or None}
        with site.warehouse() as conn:
            view = site.view(conn, request, merchant)
            content = quality(conn, view, wanted, before, site.now(), language)
        content["notice"] = _notice(done, n, left, language)
        return site.page(request, "quality.html", language, content, section="quality")

    @router.get("/quality/records.csv")
    def file(
        request: Request,
        merchant: Annotated[str | None, Query(max_length=100)] = None,
        source: Annotated[str | None, Query(max_length=100)] = None,
        status: Annotated[str | None, Query(max_length=20)] = None,
        reason: Annotated[str | None, Query(max_length=1000)] = None,
    ) -> StreamingResponse:
        language, now = language_of(request), site.now()
        wanted = {"source": source or None, "status": status or "open", "reason": reason or None}
        with site.warehouse() as conn:
            view = site.view(conn, request, merchant or None)

        def read(before: int | None, most: int) -> list[dict[str, Any]]:
            with site.warehouse() as conn:
                return _records(conn, view, wanted, before, now, most)

        lines = (_lines(rows, now, language) for rows in portions(read, itemgetter("id")))
        return sheet_stream("records.csv", _heading(language), lines)

    _decisions(router, site)
    return router


def _decisions(router: APIRouter, site: Site) -> None:
    @router.post("/quality/records")
    def decide(request: Request) -> RedirectResponse:
        form, now = form_of(request), site.now()
        ids, actor = numbers_of(form, "id"), actor_of(request)
        kept = {name: text_of_form(form, name) for name in KEPT}
        verdict = text_of_form(form, "do")
        if not ids and verdict != "replay_all":
            return back(request, "quality", **kept, done="nothing")
        with site.warehouse(reading=False) as conn:
            staff = site.staff(conn, request)
            ids = his(staff, "supervisor", run(conn, "console/quarantine__whose", ids=ids).fetchall(), "id")
            if verdict == "replay_all":
                mine = kept["merchant"] and staff.may("supervisor", kept["merchant"])
                if not mine or not replayable(kept["source"]):
                    return back(request, "quality", **kept, done="nothing")
                count = replay(conn, kept["merchant"], kept["source"], actor=actor, now=now)
                return back(request, "quality", **kept, done="replayed", n=count)
            if verdict == "replay":
                replayed, left = replay_chosen(conn, ids, actor, now)
                return back(request, "quality", **kept, done="replayed", n=replayed, left=left)
            reason = text_of_form(form, "reason", most=500)
            if not reason:
                return back(request, "quality", **kept, done="why")
            count = dismiss(conn, ids, actor, reason, now)
            return back(request, "quality", **kept, done="dismissed", n=count)

    @router.post("/quality/drift")
    def seen(request: Request) -> RedirectResponse:
        form = form_of(request)
        with site.warehouse(reading=False) as conn:
            rows = run(conn, "console/drift__whose", ids=numbers_of(form, "id")).fetchall()
            ids = his(site.staff(conn, request), "supervisor", rows, "id")
            count = acknowledge(conn, ids, actor_of(request), site.now())
        return back(request, "quality", **{name: text_of_form(form, name) for name in KEPT}, done="seen", n=count)

    @router.post("/quality/alerts")
    def over(request: Request) -> RedirectResponse:
        form = form_of(request)
        with site.warehouse(reading=False) as conn:
            rows = run(conn, "console/alerts__whose", keys=[text_of_form(form, "key", most=500)]).fetchall()
            keys = his(site.staff(conn, request), "supervisor", rows, "alert_key")
            count = clear_alerts(conn, keys, site.now())
        return back(request, "quality", **{name: text_of_form(form, name) for name in KEPT}, done="over", n=count)


def quality(
    conn: Connection, view: View, wanted: dict[str, str | None], before: int | None, now: dt.datetime, words: Words
) -> dict[str, Any]:
    """Return the values of the template ``quality.html``. ``wanted`` filters by source and status."""
    merchant_id = view.merchant_id
    status = None if wanted["status"] == "all" else wanted["status"]
    rows = _records(conn, view, wanted, before, now, RECORDS_SHOWN + 1)
    groups = _groups(conn, view, wanted, now, words) if status == "open" and not before else []
    counts = run(conn, "console/quarantine__sources", merchant_id=merchant_id, now=now).fetchall()
    drifts = run(conn, "console/drift", merchant_id=merchant_id, shown=DRIFTS_SHOWN).fetchall()
    checks = run(conn, "console/checks", merchant_id=merchant_id).fetchall()
    return {
        **view.content,
        "can_write": view.may("supervisor"),
        "names": {row["merchant_id"]: row["name"] for row in view.merchants},
        "now": now,
        "kept": {name: wanted[name] for name in ("source", "reason", "status")},
        "source": wanted["source"],
        "reason": wanted["reason"],
        "groups": groups,
        "replays": _replays(conn, merchant_id, now),
        "status": wanted["status"],
        "sources": [(source, label(words, SOURCES, source)) for source in sorted({row["source"] for row in counts})],
        "statuses": [
            (code, words._(name), sum(row["records"] for row in counts if row["status"] == code))
            for code, name in QUARANTINE.items()
        ],
        "gone": sum(row["records"] for row in counts if row["status"] == "gone"),
        "replayable_in_all": sum(
            row["at_hand"]
            for row in counts
            if merchant_id
            and row["source"] == wanted["source"]
            and replayable(row["source"])
            and row["status"] == "open" == status
        ),
        "records": [_record(row, now, words) for row in rows[:RECORDS_SHOWN]],
        "next_before": rows[RECORDS_SHOWN - 1]["id"] if len(rows) > RECORDS_SHOWN else None,
        "drifts": [_drift(row, words) for row in drifts if row["acknowledged_at"] is None],
        "acknowledged": [_drift(row, words) for row in drifts if row["acknowledged_at"] is not None],
        "alerts": alerts_of(conn, view, words, ALERTS_SHOWN),
        "flows": [_flow(dag_id, list(members), words) for dag_id, members in groupby(checks, key=itemgetter("dag_id"))],
    }


def _records(
    conn: Connection, view: View, wanted: dict[str, str | None], before: int | None, now: dt.datetime, shown: int
) -> list[dict[str, Any]]:
    status = None if wanted["status"] == "all" else wanted["status"]
    return run(
        conn, "console/quarantine", merchant_id=view.merchant_id, source=wanted["source"], reason=wanted["reason"],
        status=status, before=before, now=now, shown=shown,
    ).fetchall()  # fmt: skip


def _groups(
    conn: Connection, view: View, wanted: dict[str, str | None], now: dt.datetime, words: Words
) -> list[dict[str, Any]]:
    rows = run(
        conn, "console/quarantine__groups", merchant_id=view.merchant_id, source=wanted["source"],
        reason=wanted["reason"], now=now, shown=GROUPS_SHOWN,
    )  # fmt: skip
    return [
        {
            **row,
            "source_name": label(words, SOURCES, row["source"]),
            "promise": promise_of(words, row["reason"]),
        }
        for row in rows
    ]


def _replays(conn: Connection, merchant_id: str | None, now: dt.datetime) -> dict[str, int]:
    """Return what became of the records that were judged again in the last 90 days."""
    row = run(conn, "console/quarantine__replays", merchant_id=merchant_id, since=now - LOOKED_BACK).fetchone()
    assert row is not None
    return row


def _heading(words: Words) -> list[str]:
    """Return the heading of the file of records; what they hold stands nowhere in it, only where."""
    _ = words._
    return [
        _("merchant"), _("Source"), _("record"), _("reason"), _("where it was read"), _("State"), _("first seen"),
        _("last seen"), _("runs"), _("hours old"), _("decided by"), _("decided"), _("why"),
    ]  # fmt: skip


def _lines(rows: list[dict[str, Any]], now: dt.datetime, words: Words) -> list[tuple[Any, ...]]:
    return [
        (
            row["merchant_id"], row["source"], row["record_key"], row["reason"], row["pointer"],
            label(words, QUARANTINE, row["status"]), row["first_seen"].isoformat(), row["last_seen"].isoformat(),
            row["times_seen"], round(max((now - row["first_seen"]).total_seconds(), 0) / 3600), row["actor"],
            row["action_at"] and row["action_at"].isoformat(), row["action_reason"],
        )
        for row in rows
    ]  # fmt: skip


def _record(row: dict[str, Any], now: dt.datetime, words: Words) -> dict[str, Any]:
    return {
        **row,
        "source_name": label(words, SOURCES, row["source"]),
        "status_name": label(words, QUARANTINE, row["status"]),
        "action_name": label(words, QUARANTINE | {"reopened": QUARANTINE["open"]}, row["action"] or ""),
        "age": words.hours(max((now - row["first_seen"]).total_seconds(), 0) / 3600),
        "promise": promise_of(words, row["reason"]),
        "decidable": row["status"] != "resolved",
        "remedy": _remedy(row, words) if row["status"] == "open" else "",
        "why": _why(row, words),
    }


def _remedy(row: dict[str, Any], words: Words) -> str:
    """Say what helps a record that cannot be judged again from here; nothing where it can."""
    if replayable(row["source"]) and row["at_hand"]:
        return ""
    if row["source"] == FILE_SOURCE:
        return words._(
            "Correct the file and upload it again; the same file will do where it was the rule that was wrong."
        )
    if row["source"] in ORDER_SOURCES:
        return words._(
            "Its id is not legible and nothing is kept of it: make sure that the order is here, then dismiss it."
        )
    return words._("Whoever sent it corrects it and sends it again.")


def _why(row: dict[str, Any], words: Words) -> str:
    """Say why a person decided as he did, or what was wrong before a record failed for another reason."""
    reason = row["action_reason"] or ""
    if reason and row["action"] == "reopened":
        return words._("before: {reason}", reason=promise_of(words, reason))
    return reason


def _drift(row: dict[str, Any], words: Words) -> dict[str, Any]:
    return {**row, "kind_name": label(words, DRIFTS, row["kind"])}


def _flow(dag_id: str, rows: list[dict[str, Any]], words: Words) -> dict[str, Any]:
    """Return a flow's checks: those that failed with samples, the others by name."""
    failed = [failed_check(row, words) for row in rows if not row["success"]]
    passed = {row["check_name"] for row in rows if row["success"]} - {row["check_name"] for row in failed}
    chip = "good"
    if failed:
        chip = "bad" if any(row["chip"] == "bad" for row in failed) else "warn"
    return {
        "dag_id": dag_id,
        "failed": failed,
        "passed": sorted(passed),
        "checks": len({row["check_name"] for row in rows}),
        "now_at": max((row["now_at"] for row in rows if row["now_at"]), default=None),
        "chip": chip,
    }


def _notice(done: str | None, n: int, left: int, words: Words) -> str:
    """Say what a form did. Only codes come with the address, the sentence is made here."""
    if done == "nothing":
        return words._("Nothing was chosen.")
    if done == "why":
        return words._("Say why the records are dismissed.")
    if done == "dismissed":
        return words.n_("{count} record is dismissed.", "{count} records are dismissed.", n)
    if done == "seen":
        return words.n_("{count} difference is acknowledged.", "{count} differences are acknowledged.", n)
    if done == "over":
        return words.n_("{count} alert is ended.", "{count} alerts are ended.", n)
    if done != "replayed":
        return ""
    said = words.n_(
        "{count} record will be judged again by the next run.",
        "{count} records will be judged again by the next run.",
        n,
    )
    if left:
        said += " " + words.n_(
            "{count} cannot be replayed from here: whoever sent it sends it again.",
            "{count} cannot be replayed from here: whoever sent them sends them again.",
            left,
        )
    return said
