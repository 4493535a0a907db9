"""The last step of the week: write a mail for every reader, then send what was not sent before."""

import datetime as dt
import logging
from typing import Any

from include.clock import ALMATY, almaty_day
from include.db import lease
from include.db.connection import Connection, connect
from include.db.statements import run as run_statement
from include.domain import kpi
from include.flows import batch
from include.flows.return_causes_weekly import WHOLE
from include.flows.run import Run
from include.locale.words import words
from include.notify.outbox import MailServer, queue, send_queued
from include.reports.facts import CauseLine, Flow, KpiLine, Open, Point, SignalLine, WeeklyFacts
from include.reports.weekly_mail import compose, message_key, report_week

log = logging.getLogger(__name__)
KIND = "kpi_weekly"
ORDER = {definition.name: place for place, definition in enumerate(kpi.DEFINITIONS)}


class MailNotDelivered(RuntimeError):
    """A mail could not be handed over, or nobody knows whether it was."""


def send_weekly_mail(dsn: str, run: Run, server: MailServer, owner: str) -> dict[str, int]:
    """Write the week's mails (once a reader and week) and send what is queued; return counts by outcome.

    A reader whose part was held back gets his mail when the part is published: a mail is written once.
    Raises :class:`MailNotDelivered` when a mail stays unsent; what was sent stays sent.
    """
    with connect(dsn) as conn, lease.hold(conn, "outbox:" + KIND, owner) as held:
        published = set(batch.with_status(conn, run, "published"))
        readers = [reader for reader in _readers(conn) if (reader[0] or WHOLE) in published]
        conn.commit()
        written = 0
        for merchant_id, name, language, recipient in readers:
            with held.transaction():
                facts = weekly_facts(conn, run, merchant_id, name, language, recipient)
                if run_statement(conn, "report/message_exists", message_key=message_key(facts)).fetchone():
                    continue
                message = compose(facts, server.sender)
                written += queue(conn, message_key(facts), facts.key, KIND, message, run.now)
        counts = send_queued(held, KIND, server, run.now)
    log.info("weekly mail: %s written, %s", written, counts)
    stuck = {status: counts[status] for status in ("queued", "dead", "unknown") if counts[status]}
    if stuck:
        raise MailNotDelivered(
            f"{stuck} of the weekly mails; ops.outbox.last_error says why. Queued ones go out when this task is "
            "cleared; an unknown one may have arrived: look it up by its Message-ID before setting it to queued."
        )
    return {"written": written, **counts}


def weekly_facts(
    conn: Connection, run: Run, merchant_id: str | None, name: str, language: str, recipient: str
) -> WeeklyFacts:
    """Read what the mail of one reader says; ``merchant_id`` None is the whole house."""
    week = report_week(run.now)
    starts = dt.datetime.combine(week, dt.time(), ALMATY)
    one_week = dt.timedelta(weeks=1)
    whose: dict[str, Any] = {"merchant_id": merchant_id}
    kpis = run_statement(
        conn, "report/kpis", **whose, week_start=week, version=kpi.VERSION, known_on=almaty_day(run.now)
    ).fetchall()
    unquantified = run_statement(conn, "report/unquantified", **whose).fetchone() or {}
    held = run_statement(conn, "report/held_parts", **run.key, **whose).fetchall()
    return WeeklyFacts(
        merchant_id=merchant_id,
        name=name,
        language=language,
        recipient=recipient,
        week_start=week,
        now=run.now,
        flow=_flow(conn, merchant_id, starts, starts + one_week),
        flow_before=_flow(conn, merchant_id, starts - one_week, starts),
        kpis=sorted((KpiLine(**row) for row in kpis), key=lambda line: (ORDER[line.kpi], line.horizon_days or 0)),
        causes=[
            CauseLine(**row)
            for row in run_statement(conn, "report/causes", **whose, since=starts, until=starts + one_week)
        ],
        signals=[SignalLine(**row) for row in run_statement(conn, "report/signals", **whose, week_start=week)],
        open_items=[Open(**row) for row in run_statement(conn, "report/open_discrepancies", **whose, now=run.now)],
        unquantified_cases=unquantified.get("cases", 0),
        unquantified_lo=unquantified.get("units_lo", 0),
        unquantified_hi=unquantified.get("units_hi", 0),
        series=[Point(**row) for row in run_statement(conn, "report/series", **whose, week_start=week)],
        held=[row["merchant_id"] for row in held],
    )


def _flow(conn: Connection, merchant_id: str | None, starts: dt.datetime, ends: dt.datetime) -> Flow:
    row = run_statement(conn, "report/flow", merchant_id=merchant_id, since=starts, until=ends).fetchone()
    assert row is not None
    return Flow(**row)


def _readers(conn: Connection) -> list[tuple[str | None, str, str, str]]:
    """Return (merchant id, name, language, address) of everybody who gets a mail, the team's last."""
    readers: list[tuple[str | None, str, str, str]] = [
        (row["merchant_id"], row["name"], row["locale"], row["report_email"])
        for row in run_statement(conn, "report/merchants").fetchall()
        if row["report_email"]
    ]
    team = {row["name"]: row["value"] for row in run_statement(conn, "report/team").fetchall() if row["value"]}
    if "team_email" in team:
        language = str(team.get("team_locale", "ru"))
        readers.append((None, words(language)._("All merchants"), language, str(team["team_email"])))
    return readers
