"""Tell merchants what they owe: decisions after arrival, and claims against the carrier, before their time is over.

A subject is told once a kind (new, near, passed), all that is new in one mail. The mail goes by the outbox.
"""

import datetime as dt
import hashlib
import logging
from dataclasses import dataclass
from typing import Any

from include.db.connection import Connection, connect
from include.db.copying import copy_rows
from include.db.lease import LeaseBusy, hold
from include.db.statements import run as run_statement
from include.domain.clocks import NEWS, Calendar, Urgency, decision_due, decision_start, urgency
from include.flows.settings import setting
from include.notify.outbox import MailServer, queue, send_queued
from include.notify.owed_mail import Owed, compose

log = logging.getLogger(__name__)

KIND = "owed"
PATIENCE_SECONDS = 5.0  # another task is telling just now: it tells all
# How long a scan may wait for its clock: longer than this no flow stands still unnoticed. Kaspi's word comes by files.
SCANNED_SINCE = dt.timedelta(days=7)
ARRIVED_SINCE = dt.timedelta(days=21)
KINDS = {
    ("decision", Urgency.NEW): "decision_owed",
    ("decision", Urgency.NEAR): "decision_near",
    ("decision", Urgency.PASSED): "decision_passed",
    ("claim", Urgency.NEW): "claim_new",
    ("claim", Urgency.NEAR): "claim_near",
    ("claim", Urgency.PASSED): "claim_expired",
}
# The settings that say how many hours before its deadline a subject is near.
NEAR = {"decision": "decision_near_hours", "claim": "claim_alert_hours"}
CLOCK_COLUMNS = ("case_id", "merchant_id", "started_at", "due_at", "settled_at")
NOTICE_COLUMNS = ("merchant_id", "subject", "kind", "order_code", "amount", "due_at", "found_at")


@dataclass(frozen=True, slots=True)
class Rules:
    """The figures of the clocks; ``near`` is how long before a deadline its owner is reminded."""

    decision_days: int
    calendar: Calendar
    near: dict[str, dt.timedelta]

    @classmethod
    def of_settings(cls, conn: Connection) -> "Rules":
        """Read them from ``ops.setting``."""
        return cls(
            int(setting(conn, "decision_working_days")),
            Calendar.of_setting(setting(conn, "calendar_changes")),
            {what: dt.timedelta(hours=float(setting(conn, name))) for what, name in NEAR.items()},
        )


def tell_merchants(dsn: str, server: MailServer | None, owner: str, now: dt.datetime) -> dict[str, int]:
    """Bring the clocks up to date, write down what is new, mail it; return counts.

    ``now`` is the present by the business clock. Without a mail server (``None``) or an address of the merchant all of
    it waits. A mail that could not be sent stays in the outbox.
    """
    counts = {"found": 0, "mails": 0}
    try:
        with (
            connect(dsn, application="qaitarym owed") as conn,
            hold(conn, f"outbox:{KIND}", owner, wait_seconds=PATIENCE_SECONDS) as held,
        ):
            with held.transaction():
                rules = Rules.of_settings(conn)
                merchants = run_statement(conn, "report/merchants").fetchall()
            for merchant in merchants:
                with held.transaction():
                    keep_clocks(conn, merchant["merchant_id"], rules, now)
                    counts["found"] += find(conn, merchant["merchant_id"], rules, now)
                    if server is not None and merchant["report_email"]:
                        counts["mails"] += _write(conn, merchant, server.sender, now)
            if server is not None:
                counts |= send_queued(held, KIND, server, now)
    except LeaseBusy:
        log.info("another sender is at work: it tells all")
    log.info("merchants told: %s", counts)
    return counts


def keep_clocks(conn: Connection, merchant_id: str, rules: Rules, now: dt.datetime) -> int:
    """Start, move and settle the clocks of decisions, in the caller's transaction; return how many rows changed.

    Silence is the decision where nobody heard of another one: a clock is settled by itself when it is no news any more.
    """
    cases = run_statement(
        conn,
        "core/decision_clock__cases",
        merchant_id=merchant_id,
        scanned_since=now - SCANNED_SINCE,
        arrived_since=now - ARRIVED_SINCE,
    ).fetchall()
    run_statement(conn, "core/decision_clock__stage")
    copy_rows(
        conn,
        "stage_decision_clock",
        CLOCK_COLUMNS,
        (row for case in cases if (row := _clock(case, merchant_id, rules, now))),
    )
    return run_statement(conn, "core/decision_clock", now=now).rowcount


def _clock(case: dict[str, Any], merchant_id: str, rules: Rules, now: dt.datetime) -> tuple[Any, ...] | None:
    """Return the row of a case's clock; None for a case that has none and needs none."""
    started = decision_start(case["arrived_at"], case["scanned_at"])
    if started is None:
        return None
    due = decision_due(started, rules.decision_days, rules.calendar)
    over = now - due >= NEWS
    if not case["known"] and (over or not case["owed"]):
        return None
    settled = now if not case["owed"] else due if over else None
    return case["case_id"], merchant_id, started, due, settled


def find(conn: Connection, merchant_id: str, rules: Rules, now: dt.datetime) -> int:
    """Write down what is to be told of the merchant's deadlines, in the caller's transaction; return what is new."""
    owed = run_statement(conn, "core/decision_clock__owed", merchant_id=merchant_id, since=now - NEWS).fetchall()
    run_statement(conn, "ops/merchant_notice__stage")
    copy_rows(
        conn,
        "stage_merchant_notice",
        NOTICE_COLUMNS,
        (
            (
                merchant_id, row["subject"], KINDS[row["what"], how], row["order_code"], row["amount"], row["due_at"],
                now,
            )
            for row in owed
            if (how := urgency(row["due_at"], now, rules.near[row["what"]]))
        ),
    )  # fmt: skip
    return run_statement(conn, "ops/merchant_notice", merchant_id=merchant_id).rowcount


def _write(conn: Connection, merchant: dict[str, Any], sender: str, now: dt.datetime) -> int:
    """Write one mail of all that the merchant was not told yet, unless his last one is too fresh; return how many."""
    merchant_id = merchant["merchant_id"]
    rows = run_statement(
        conn, "ops/merchant_notice__untold", merchant_id=merchant_id, mail_kind=KIND, now=now
    ).fetchall()
    if not rows:
        return 0
    subjects, kinds = [row["subject"] for row in rows], [row["kind"] for row in rows]
    key = message_key(merchant_id, subjects, kinds)
    owed = [Owed(row["kind"], row["order_code"], row["amount"], row["due_at"]) for row in rows]
    message = compose(owed, merchant["name"], key, sender, merchant["report_email"], merchant["locale"], now)
    queue(conn, key, merchant_id, KIND, message, now)
    run_statement(
        conn, "ops/merchant_notice__told", merchant_id=merchant_id, subjects=subjects, kinds=kinds, message_key=key
    )
    return 1


def message_key(merchant_id: str, subjects: list[str], kinds: list[str]) -> str:
    """Return the outbox key of a mail: the same subjects and kinds are one mail."""
    told = "\n".join(f"{subject}\t{kind}" for subject, kind in zip(subjects, kinds, strict=True))
    return f"{KIND}/{merchant_id}/{hashlib.sha256(told.encode()).hexdigest()[:32]}"
