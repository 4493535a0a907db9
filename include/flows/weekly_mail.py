"""The last step of the week: write a mail for every reader, keep it, then send what was not sent before."""

import hashlib
import json
import logging
from email.policy import SMTP

from include.clock import almaty_day
from include.db import lease
from include.db.connection import Connection, connect
from include.db.statements import run as run_statement
from include.domain import kpi
from include.flows import batch
from include.flows.run import Run
from include.flows.weekly_facts import WHOLE, facts_known, readers
from include.notify.outbox import Letter, MailServer, queue_bytes, send_queued
from include.reports.facts import WeeklyFacts
from include.reports.weekly_mail import compose, message_id, message_key, report_week

log = logging.getLogger(__name__)
KIND = "kpi_weekly"


class MailNotDelivered(RuntimeError):
    """A mail could not be handed over, or nobody knows whether it was."""


def send_weekly_mail(dsn: str, run: Run, server: MailServer, owner: str) -> dict[str, int]:
    """Write the week's mails (once a reader and week) and send what is queued; return counts by outcome.

    A reader whose part was held back gets his mail when the part is published: a mail is written once.
    Raises :class:`MailNotDelivered` when a mail stays unsent; what was sent stays sent.
    """
    week = report_week(run.now)
    with connect(dsn) as conn, lease.hold(conn, "outbox:" + KIND, owner) as held:
        published = set(batch.with_status(conn, run, "published"))
        to_write = [reader for reader in readers(conn) if (reader.merchant_id or WHOLE) in published]
        conn.commit()
        written = 0
        for reader in to_write:
            with held.transaction():
                if _kept(conn, reader.merchant_id, week):
                    continue
                facts = facts_known(conn, reader, week, run.now)
                parts = run_statement(conn, "report/held_parts", **run.key, merchant_id=reader.merchant_id).fetchall()
                facts.held.extend(row["merchant_id"] for row in parts)
                _keep(conn, facts, server.sender)
            written += 1
        counts = send_queued(held, KIND, server, run.now)
    log.info("weekly mail: %s written, %s", written, counts)
    stuck = {status: counts[status] for status in ("queued", "dead", "unknown") if counts[status]}
    if stuck:
        raise MailNotDelivered(
            f"{stuck} of the weekly mails; ops.outbox.last_error says why. Queued ones go out when this task is "
            "cleared; an unknown one may have arrived: look it up by its Message-ID before setting it to queued."
        )
    return {"written": written, **counts}


def _kept(conn: Connection, merchant_id: str | None, week: object) -> bool:
    found = run_statement(
        conn, "ops/weekly_mail__of", merchant_id=merchant_id, week_start=week, version=kpi.VERSION
    ).fetchone()
    return found is not None


def _keep(conn: Connection, facts: WeeklyFacts, sender: str) -> None:
    """Archive the mail and queue the very same bytes, in the caller's transaction."""
    message = compose(facts, sender)
    letter = Letter(facts.recipient, str(message["Subject"]), message.as_bytes(policy=SMTP))
    queue_bytes(conn, message_key(facts), facts.key, KIND, letter, facts.now)
    run_statement(
        conn,
        "ops/weekly_mail",
        message_key=message_key(facts),
        merchant_id=facts.merchant_id,
        week_start=facts.week_start,
        version=kpi.VERSION,
        message_id=message_id(facts),
        language=facts.language,
        recipient=letter.recipient,
        subject=letter.subject,
        known_at=facts.now,
        known_on=almaty_day(facts.now),
        message=letter.body,
        sha256=hashlib.sha256(letter.body).digest(),
        numbers=json.dumps(facts.numbers),
    )
