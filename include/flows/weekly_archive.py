"""The archive of weekly mails: what was sent, its numbers computed again, sent again, the mail to come."""

import datetime as dt
import logging
from dataclasses import replace
from typing import Any
from uuid import UUID

from include.clock import almaty_day
from include.db.connection import Connection, connect
from include.db.lease import LeaseBusy, hold
from include.db.statements import run as run_statement
from include.domain import kpi
from include.flows.weekly_facts import WHOLE, Reader, facts_known, readers
from include.notify.outbox import Letter, MailServer, queue_bytes, send_queued
from include.reports.facts import WeeklyFacts

log = logging.getLogger(__name__)
AGAIN = "kpi_weekly_again"
LONGEST_REASON = 500
PATIENCE_SECONDS = 5.0
ON_ITS_WAY = frozenset({"queued", "sending"})


class AgainRefused(ValueError):
    """The mail is not sent again; ``code`` says why: why, on_its_way, no_address."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def mail(conn: Connection, mail_id: int) -> dict[str, Any] | None:
    """Return an archived mail with its bytes and how it fared, None where there is none of this number."""
    return run_statement(conn, "ops/weekly_mail__one", mail_id=mail_id).fetchone()


def numbers_again(conn: Connection, row: dict[str, Any]) -> dict[str, Any]:
    """Return the numbers of an archived mail, read anew from what was known at its moment."""
    reader = Reader(row["merchant_id"], "", row["language"], row["recipient"])
    return facts_known(conn, reader, row["week_start"], row["known_at"]).numbers


def differing(kept: Any, again: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    """Return where two trees of numbers differ: the path, what was kept, what is computed now."""
    if type(kept) is not type(again):
        return [] if kept == again else [(path, kept, again)]
    if isinstance(kept, dict):
        names = [*kept, *(name for name in again if name not in kept)]
        pairs = [(f"{path}.{name}" if path else name, kept.get(name), again.get(name)) for name in names]
    elif isinstance(kept, list) and len(kept) == len(again):
        pairs = [(f"{path}[{place}]", *both) for place, both in enumerate(zip(kept, again, strict=True))]
    else:
        return [] if kept == again else [(path, kept, again)]
    return [one for where, before, now in pairs for one in differing(before, now, where)]


def mail_to_come(conn: Connection, reader: Reader, now: dt.datetime) -> WeeklyFacts:
    """Return what the next mail would say by what is known now; ``reader`` is who reads it where nobody has an address.

    KPIs and signals are those of the last weekly run.
    """
    reader = next((one for one in readers(conn) if one.merchant_id == reader.merchant_id), reader)
    last = kpi.last_full_week(almaty_day(now))
    sent = run_statement(
        conn, "ops/weekly_mail__of", merchant_id=reader.merchant_id, week_start=last, version=kpi.VERSION
    ).fetchone()
    week = last + dt.timedelta(weeks=1) if sent else last
    return replace(facts_known(conn, reader, week, now, signals_of=last), preview=True)


def send_again(conn: Connection, row: dict[str, Any], form: UUID, actor: str, reason: str, now: dt.datetime) -> str:
    """Queue the archived bytes once more, in the caller's transaction; return the address they go to.

    ``form`` makes a repeated click one sending. The address is the reader's of today, the bytes are those of then, with
    their Message-ID. Raises :class:`AgainRefused`.
    """
    if not reason.strip():
        raise AgainRefused("why", "who sends a mail again says why")
    if row["status"] in ON_ITS_WAY:
        raise AgainRefused("on_its_way", f"the mail is {row['status']}: it goes out by itself")
    addressed = {reader.merchant_id: reader.recipient for reader in readers(conn)}
    if row["merchant_id"] not in addressed:
        raise AgainRefused("no_address", "the reader has no address any more")
    letter = Letter(addressed[row["merchant_id"]], row["subject"], bytes(row["message"]))
    if queue_bytes(conn, f"{row['message_key']}/again/{form}", row["merchant_id"] or WHOLE, AGAIN, letter, now):
        run_statement(
            conn,
            "ops/weekly_mail__again",
            message_key=row["message_key"],
            was=row["status"] or "sent",
            actor=actor,
            reason=reason.strip()[:LONGEST_REASON],
            now=now,
        )
    return letter.recipient


def send_what_is_asked(dsn: str, server: MailServer | None, owner: str, now: dt.datetime) -> dict[str, int]:
    """Send the mails that somebody asked for again; return counts by outcome."""
    if server is None:
        return {}
    try:
        with (
            connect(dsn, application="qaitarym mails again") as conn,
            hold(conn, f"outbox:{AGAIN}", owner, wait_seconds=PATIENCE_SECONDS) as held,
        ):
            counts = send_queued(held, AGAIN, server, now)
    except LeaseBusy:
        log.info("another sender is at work: it sends all")
        return {}
    return counts
